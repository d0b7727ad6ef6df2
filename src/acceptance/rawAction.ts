// Raw actions, as Defender's answers hold them: status, commands and what of an action changes.
import { field } from '../liveResponse/text/json.ts';

/** A word of Defender's as a terminal may show it; anything else could be anything. */
export function wordOf(text: string): string {
  return /^[A-Za-z]{1,30}$/.test(text) ? text : '(no word)';
}

/** What of an action changes while it runs. */
export function shapeOf(action: unknown): string {
  return JSON.stringify([
    statusOf(action),
    field(action, 'lastUpdateDateTimeUtc'),
    commandsOf(action).map((one) => [
      statusOf(one, 'commandStatus'),
      field(one, 'startTime'),
      field(one, 'endTime'),
    ]),
  ]);
}

export function statusOf(value: unknown, name = 'status'): string | undefined {
  const found = field(value, name);
  return typeof found === 'string' ? found : undefined;
}

export function commandsOf(action: unknown): readonly unknown[] {
  const found = field(action, 'commands');
  return Array.isArray(found) ? found : [];
}

export function typeOf(command: unknown): string {
  return statusOf(field(command, 'command'), 'type') ?? '';
}

export function indexOf(command: unknown, position: number): number {
  const index = field(command, 'index');
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : position;
}
