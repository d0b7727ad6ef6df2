// Which e-mail addresses a platform knows for an account: asked by the doctor alone, to find one human who is
// listed as two people.
import type { Caller } from './call.ts';

/** `told`: what the account has, of whatever type. `stopped`: nothing more can be asked, and what to do. */
export type EmailAnswer =
  | { readonly told: readonly unknown[] }
  | {
      readonly stopped: 'unanswered' | 'notAllowed';
      readonly why: string;
      readonly next: string;
    };

export interface EmailDirectory {
  /** As people know it. */
  readonly name: string;
  /** Whose accounts it knows. */
  readonly surface: string;
  ask(id: string, caller: Caller): Promise<EmailAnswer>;
}
