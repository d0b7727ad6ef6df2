// `npm run setup`: writes `.env`, the journal key, the policy, the manifest of the Slack app and the app
// package for Teams, through the assistant of src/setup. Exit code 0 when the files are there and the doctor
// calls nothing broken, 1 when it does or a file could not be written, 2 when it was called wrongly, 130 when
// it was left with Ctrl-C.
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { whyNoPair } from '../setup/questions/answers.ts';
import { Left } from '../setup/questions/asker.ts';
import { Assistant } from '../setup/assistant.ts';
import { readFlags, usage } from '../setup/questions/flags.ts';
import type { Given } from '../setup/questions/flags.ts';
import { AnswerRefused } from '../setup/keyPlace.ts';
import { say } from '../setup/layout.ts';
import { commandFor } from '../setup/otherPrograms.ts';
import { NoPolicy } from '../setup/policyText.ts';
import { terminal } from '../setup/terminal.ts';
import { NotWritten } from '../setup/writing.ts';

/** As other programs end that are interrupted. */
const interrupted = 130;

/** What must be given where nobody can be asked. */
function whyNotAsked({ yes }: Given): string | undefined {
  if (yes || (process.stdin.isTTY && process.stdout.isTTY)) return undefined;
  return 'There is no terminal to ask in. Give the answers as options, and --yes to leave what is missing for later (--help lists them).';
}

function left(done: readonly string[]): number {
  const again = `Go on: ${commandFor('setup', undefined)}`;
  say(
    done.length === 0
      ? `\nLeft. Nothing was written, and what you typed is not kept. ${again}`
      : `\nLeft. Written, whole: ${done.join(', ')}. What else you typed is not kept. ${again}`,
  );
  return interrupted;
}

async function main(): Promise<number> {
  const given = readFlags(process.argv.slice(2), process.env);
  if (given === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if ('problems' in given) {
    process.stderr.write(
      `${given.problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${commandFor('setup', undefined, '--help')} lists the options.\n`,
    );
    return 2;
  }
  const pair = given.people.length === 0 ? undefined : whyNoPair(given.people);
  const wrong = pair ?? whyNotAsked(given);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n`);
    return 2;
  }
  const assistant = new Assistant(given, given.yes ? undefined : terminal);
  process.on('SIGINT', () => {
    const code = left(assistant.written);
    assistant.leave();
    process.exit(code);
  });
  try {
    return await assistant.run();
  } catch (error) {
    const done = assistant.written;
    if (error instanceof Left) return left(done);
    const why =
      error instanceof NoPolicy
        ? `What was answered makes no policy: ${error.message}`
        : error instanceof NotWritten || error instanceof AnswerRefused
          ? error.message
          : whyItFailed(error);
    process.stderr.write(
      `${why}\n${done.length === 0 ? 'Nothing was written.' : `Written, whole: ${done.join(', ')}.`} Then go on: ${commandFor('setup', undefined)}\n`,
    );
    return error instanceof NoPolicy || error instanceof AnswerRefused ? 2 : 1;
  }
}

process.exitCode = await main();
