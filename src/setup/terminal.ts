// Questions in a terminal, through @clack/prompts.
import { confirm, isCancel, log, password, select, spinner, text } from '@clack/prompts';
import type { Asker, Question } from './asker.ts';
import { Left } from './asker.ts';

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
  async secret(question, check) {
    const answer = answered(await password({ message: shown(question, 'later'), validate: (typed) => ((typed ?? '').trim() === '' ? undefined : check(typed ?? '')) })) as string | undefined;
    return (answer ?? '').trim() === '' ? undefined : answer?.trim();
  },
  async confirm(question, usual) {
    return answered(await confirm({ message: shown(question), initialValue: usual }));
  },
  async during(what, work) {
    // Where nobody watches, a turning sign fills the log with lines.
    if (!process.stdout.isTTY) return work();
    const sign = spinner();
    sign.start(what);
    try {
      return await work();
    } finally {
      sign.stop(what);
    }
  },
};
