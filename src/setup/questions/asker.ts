// Port through which questions are asked: one at a time, each with its reason and a default; a wrong answer
// is refused at once.
import type { Check } from './answers.ts';

/** Somebody pressed Ctrl-C. */
export class Left extends Error {}

export interface Question {
  readonly ask: string;
  /** Why it is asked, or where the answer is found; shown below the question. */
  readonly why: string;
}

export interface Asker {
  say(text: string): void;
  choose<T extends string>(
    question: Question,
    choices: readonly { readonly value: T; readonly label: string; readonly hint?: string }[],
    usual: T,
  ): Promise<T>;
  /** An empty answer is `usual`; with `may: 'later'` it is undefined. */
  text(question: Question, check: Check, usual?: string): Promise<string>;
  maybe(question: Question, check: Check): Promise<string | undefined>;
  /**
   * Not shown while it is typed; undefined when it is left as it was: for later, or, with `kept`, as it was
   * typed before.
   */
  secret(question: Question, check: Check, kept: boolean): Promise<string | undefined>;
  confirm(question: Question, usual: boolean): Promise<boolean>;
  /** Runs with a sign that work is under way, and then says in one line what came of it. */
  during<T>(what: string, work: () => Promise<T>, after: (result: T) => string): Promise<T>;
}
