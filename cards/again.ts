// Trying again: what the approver of the new request must know of the old one.
import type { Command } from '../src/liveResponse/commands.ts';
import type { Request } from '../src/liveResponse/request/request.ts';
import { commandName } from './steps.ts';

/**
 * One sentence on each thing that an earlier session left, or may have done already; none where there is
 * nothing to know.
 */
export function continuationNotes({
  asked: { continues },
  subject: { commands },
}: Pick<Request, 'asked' | 'subject'>): readonly string[] {
  if (continues === undefined) return [];
  const { id, before, mayRepeat } = continues;
  const effect = effectSentence(id, before, commands);
  const names = mayRepeat.flatMap((index) => {
    const command = commands[index];
    return command === undefined ? [] : [`${index} (${commandName(command, 40)})`];
  });
  const repeat =
    names.length === 0
      ? []
      : [
          `${names.length === 1 ? 'Index' : 'Indexes'} ${names.join(', ')} ran in ${id}, or may have, and would run again.`,
        ];
  return [...(effect === undefined ? [] : [effect]), ...repeat];
}

function effectSentence(
  id: string,
  before: readonly Command[],
  commands: readonly Command[],
): string | undefined {
  const put = before.filter((one) => one.type === 'PutFile').map((one) => commandName(one, 40));
  const scripts = before.filter((one) => one.type === 'RunScript').map((one) => commandName(one, 40));
  if (put.length > 0 && commands.some((one) => one.type !== 'PutFile')) {
    return `It counts on ${put.join(', ')}, put there by ${id} into a working folder that Defender deletes when the device restarts; if it is gone, retry ${id} from its index 0.`;
  }
  if (scripts.length > 0)
    return `It counts on what ${scripts.join(', ')} left on the device in ${id}, which may have changed since.`;
  return undefined;
}
