// Questions in a terminal, through @clack/prompts.
import { S_BAR, confirm, isCancel, log, password, select, text } from '@clack/prompts';
import type { Check } from './questions/answers.ts';
import type { Asker, Question } from './questions/asker.ts';
import { Left } from './questions/asker.ts';
import { columnsOf, wrapped } from './layout.ts';

const controlC = 0x03;
/** The bar and two blanks, at the beginning of each line. */
const margin = 3;

// One that does not know its size says 0, and the library would then write one letter a line.
if (process.stdout.isTTY) process.stdout.columns = columnsOf(process.stdout) ?? process.stdout.columns;

const lines = (words: string): readonly string[] =>
  wrapped(words, (columnsOf(process.stdout) ?? 80) - margin);

/**
 * The question, and below it why it is asked. @param bars when the library itself draws none but before the
 * first line
 */
function shown(
  { ask, why }: Question,
  { usual, bars }: { readonly usual?: string | undefined; readonly bars: boolean },
): string {
  return [...lines(`${ask}${usual === undefined ? '' : ` [${usual}]`}`), ...lines(why)].join(
    bars ? `\n${S_BAR}  ` : '\n',
  );
}

/** The sentence of a check, below the answer. */
function told(check: Check, typed: string): string | undefined {
  const wrong = check(typed);
  return wrong === undefined ? undefined : lines(wrong).join(`\n${' '.repeat(margin)}`);
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Left('left');
  return answer as Exclude<T, symbol>;
}

export const terminal: Asker = {
  say(words) {
    log.message(lines(words).join('\n'));
  },
  async choose(question, choices, usual) {
    const values: string[] = choices.map(({ value }) => value);
    const options = choices.map(({ value, label, hint }) => ({
      value,
      label,
      ...(hint === undefined ? {} : { hint }),
    }));
    const answer = answered(
      await select<string>({ message: shown(question, { bars: false }), options, initialValue: usual }),
    );
    const found = choices[values.indexOf(answer)];
    if (found === undefined) throw new Error('an answer that was not offered');
    return found.value;
  },
  async text(question, check, usual) {
    const validate = (typed = ''): string | undefined =>
      told(check, typed === '' && usual !== undefined ? usual : typed);
    const answer = answered(
      await text({
        message: shown(question, { usual, bars: true }),
        ...(usual === undefined ? {} : { defaultValue: usual, placeholder: usual }),
        validate,
      }),
    );
    return answer.trim();
  },
  async maybe(question, check) {
    const validate = (typed = ''): string | undefined =>
      typed.trim() === '' ? undefined : told(check, typed);
    const answer = answered(
      await text({ message: shown(question, { usual: 'later', bars: true }), defaultValue: '', validate }),
    );
    return answer.trim() === '' ? undefined : answer.trim();
  },
  async secret(question, check, kept) {
    const validate = (typed = ''): string | undefined =>
      typed.trim() === '' ? undefined : told(check, typed);
    const answer = answered(
      await password({
        message: shown(question, { usual: kept ? 'as before' : 'later', bars: true }),
        validate,
      }),
    ) as string | undefined;
    return (answer ?? '').trim() === '' ? undefined : answer?.trim();
  },
  async confirm(question, usual) {
    return answered(await confirm({ message: shown(question, { bars: false }), initialValue: usual }));
  },
  async during(what, work, after) {
    log.step(`${what} ...`);
    const listens = process.stdin.isTTY;
    // Typed ahead, a secret would be echoed; and the sign of @clack/prompts ends the program with 0 at
    // Ctrl-C.
    const hear = (typed: Buffer): void => {
      if (typed.includes(controlC)) process.kill(process.pid, 'SIGINT');
    };
    if (listens) process.stdin.setRawMode(true).on('data', hear).resume();
    try {
      const result = await work();
      log.message(after(result), { spacing: 0 });
      return result;
    } finally {
      if (listens) process.stdin.off('data', hear).setRawMode(false).pause();
    }
  },
};
