// Options of the acceptance: the words after its name, and which of them exclude each other.
import { parseArgs } from 'node:util';
import { commandFor } from '../adapters/ownCommands.ts';

export const usage = `usage: ${commandFor('acceptance', '--device NAME')} [options]
Does the whole main job once on one test device of your tenant, with two people, and measures what could not be measured without one:
what is written down in docs/acceptance.md. Prints "assumption / simulator / this tenant", and writes acceptance-<date>.json, a redacted
fixture that holds no name, id, address, text or link of yours. Nothing runs without the approval of a second person.
  --device NAME      the test device; the policy must allow it
  --process NAME     the process to be dumped (notepad): start it on the device first
  --chat             ask and approve in Slack or Teams: the bot itself runs here, with its settings and its data folder, and must not run elsewhere
  --watch            ask and approve in the chat of a bot that runs elsewhere: this program only reads Defender
  --play             both people are played; with a simulated Defender alone
  --cancel           somebody types "cancel" while it runs, to see what a cancel does; the main job then ends there
  --patience MIN     minutes for the people, and again for the device (20)
  --data DIR         where the journals of runs at the terminal are kept (./acceptance-data), one folder each
  --out DIR          where the fixture is written (.)
  --help
Without --chat, --watch or --play two people sit at this terminal (docs/acceptance.md). The settings are those of the bot (.env.example).
Exit code: 0 the main job went through from end to end, 1 it did not, 2 called wrongly or something has to be set up first. What differs
from the simulator is told, and fails nothing.
`;

/** Who hands the lines in: two people here, the chats of this process, those of another one, or nobody. */
export type Mode = 'terminal' | 'chat' | 'watch' | 'play';

export interface Options {
  readonly device: string;
  readonly process: string;
  readonly mode: Mode;
  readonly cancel: boolean;
  /** Milliseconds. */
  readonly patience: number;
  readonly data: string;
  readonly out: string;
}

export function readOptions(words: readonly string[]): Options | 'help' | { readonly wrong: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...words],
      options: {
        device: { type: 'string' },
        process: { type: 'string' },
        chat: { type: 'boolean' },
        watch: { type: 'boolean' },
        play: { type: 'boolean' },
        cancel: { type: 'boolean' },
        patience: { type: 'string' },
        data: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return 'help';
  const { device = '', process: named = 'notepad', patience: minutes = '20' } = values;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(device))
    return {
      wrong:
        device === ''
          ? '--device NAME is missing: the test device, by its name in Defender.'
          : `--device ${device.slice(0, 60)}: a device name has letters, digits, ".", "_" and "-" only.`,
    };
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(named))
    return { wrong: `--process ${named.slice(0, 60)}: letters, digits, ".", "_" and "-" only.` };
  const given = (['chat', 'watch', 'play'] as const).filter((one) => values[one] === true);
  if (given.length > 1)
    return { wrong: `--${given.join(' and --')} are two ways to do one thing. Choose one.` };
  if (!/^\d{1,4}$/.test(minutes) || Number(minutes) < 1)
    return { wrong: `--patience ${minutes.slice(0, 20)}: whole minutes, 1 to 9999.` };
  if (values.cancel === true && (given[0] === 'watch' || given[0] === 'chat'))
    return {
      wrong:
        '--cancel is for runs at the terminal; in a chat press Cancel on the card, and it is measured too.',
    };
  return {
    device,
    process: named,
    mode: given[0] ?? 'terminal',
    cancel: values.cancel === true,
    patience: Number(minutes) * 60_000,
    data: values.data ?? './acceptance-data',
    out: values.out ?? '.',
  };
}
