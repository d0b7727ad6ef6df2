// Logger of Bolt and its clients, over our log. Their debug lines hold whole bodies, links and addresses to
// answer to, so nothing below "warn" is taken.
import { LogLevel } from '@slack/bolt';
import type { Logger } from '@slack/bolt';
import type { Log } from '../../liveResponse/ports.ts';

/** Longer lines are cut: an error text of the SDK may quote what it was sent. */
const most = 500;

export function boltLogger(log: Log): Logger {
  let name = 'slack';
  const line = (parts: readonly unknown[]): string =>
    redacted(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ')).slice(
      0,
      most,
    );
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...parts: unknown[]) => {
      log.warn('slackSdk', { name, said: line(parts) });
    },
    error: (...parts: unknown[]) => {
      log.error('slackSdk', { name, said: line(parts) });
    },
    // Constant: the SDK asks for the level before it builds its debug lines.
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: (given: string) => {
      name = given;
    },
  };
}

/** Tokens, addresses to answer to, socket tickets and signed links. */
function redacted(text: string): string {
  return text
    .replace(/x(?:ox[a-z]|app)-[\w-]+/gi, '[token]')
    .replace(/(?:https?|wss?):\/\/[^\s"'<>]+/gi, '[address]')
    .replace(/\bsig=[^\s&"']+/gi, '[signature]');
}
