// The manifest that is pasted at api.slack.com/apps, with the public name of the bot in it where Slack has to
// reach it.
import { readFileSync } from 'node:fs';
import { packageFile } from '../adapters/packageFiles.ts';
import type { Chat } from './answers.ts';

const placeholder = /REPLACE-ME\.example/g;

/** @param host of the bot; not looked at for Socket Mode */
export function slackManifest(
  chat: Extract<Chat, 'slack-socket' | 'slack-http'>,
  host: string | undefined,
): string {
  const text = readFileSync(
    packageFile('manifest', 'slack', chat === 'slack-socket' ? 'socket.json' : 'http.json'),
    'utf8',
  );
  return host === undefined ? text : text.replaceAll(placeholder, host.toLowerCase());
}
