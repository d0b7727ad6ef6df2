// Questions in a terminal, through @clack/prompts.
import { confirm, isCancel, log, password, select, text } from '@clack/prompts';
import type { Asker, Question } from './asker.ts';
import { Left } from './asker.ts';

const controlC = 0x03;

const shown = ({ ask, why }: Question, usual?: string): string => `${ask}${usual === undefined ? '' : ` [${usual}]`}\n${why}`;

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Left('left');
  return answer as Exclude<T, symbol>;
}

export const terminal: Asker = {
  say(words) {
    log.message(words);
  },
  async choose(question, choices, usual) {
    const values: string[] = choices.map(({ value }) => value);
    const answer = answered(await select<string>({ message: shown(question), options: choices.map(({ value, label, hint }) => ({ value, label, ...(hint === undefined ? {} : { hint }) })), initialValue: usual }));
    const found = choices[values.indexOf(answer)];
    if (found === undefined) throw new Error('an answer that was not offered');
    return found.value;
  },
  async text(question, check, usual) {
    const answer = answered(await text({ message: shown(question, usual), ...(usual === undefined ? {} : { defaultValue: usual, placeholder: usual }), validate: (typed) => check((typed ?? '') === '' && usual !== undefined ? usual : (typed ?? '')) }));
    return answer.trim();
  },
  async maybe(question, check) {
    const answer = answered(await text({ message: shown(question, 'later'), defaultValue: '', validate: (typed) => ((typed ?? '').trim() === '' ? undefined : check(typed ?? '')) }));
    return answer.trim() === '' ? undefined : answer.trim();
  },
  async secret(question, check, kept) {
    const answer = answered(await password({ message: shown(question, kept ? 'as before' : 'later'), validate: (typed) => ((typed ?? '').trim() === '' ? undefined : check(typed ?? '')) })) as string | undefined;
    return (answer ?? '').trim() === '' ? undefined : answer?.trim();
  },
  async confirm(question, usual) {
    return answered(await confirm({ message: shown(question), initialValue: usual }));
  },
  async during(what, work, after) {
    log.step(`${what} ...`);
    const listens = process.stdin.isTTY;
    // Typed ahead, a secret would be echoed; and the sign of @clack/prompts ends the program with 0 at Ctrl-C.
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
