// The code of a typed approval: the revision of the request that was read, and as much of its digest as a
// button carries. Read tolerantly, because it is typed on phones.
import { bindingDigits, bindingOf } from '../../liveResponse/commands.ts';
import type { Request } from '../../liveResponse/request/request.ts';

export interface ApprovalCode {
  /** Absent where only the short fingerprint of a card was typed: it approves nothing. */
  readonly revision?: number;
  readonly fingerprint: string;
}

/** `r3-1c9e04ab5d6f7a8b`: what a line must name to approve exactly this. */
export function approvalCodeOf({ revision, subject }: Pick<Request, 'revision' | 'subject'>): string {
  return `r${revision}-${bindingOf(subject.digest)}`;
}

/** What a keyboard may put between the characters, or around them. */
const between = /[\s\u2010-\u2015\u2212\-_.,:;`'"*\u2018-\u201F()[\]<>]+/g;
const whole = new RegExp(`^r(\\d{1,9})([0-9a-f]{${bindingDigits}})$`);
const short = /^[0-9a-f]{8}$/;

/** A typed code in any case, with any dashes and spaces. A typed O is a zero, a typed I or L a one. */
export function readCode(text: string): ApprovalCode | undefined {
  if (text.length > 100) return undefined;
  const bare = text.replace(between, '').toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');
  const found = whole.exec(bare);
  if (found !== null) return { revision: Number(found[1]), fingerprint: found[2] ?? '' };
  return short.test(bare) ? { fingerprint: bare } : undefined;
}
