// Request ids (`lr-7f3k2q`, with or without the prefix, in any case) and approval codes, as people see and type
// them.
import { bindingDigits, bindingOf } from '../../liveResponse/commands.ts';
import type { Request } from '../../liveResponse/request/request.ts';

/** Crockford's base 32: no I, L, O or U, so that no two ids look alike. Ids are `lr-` and six of these. */
export const idAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const shape = /^[0-9a-hjkmnp-tv-z]{4,10}$/;
/** What people put around an id, or leave behind it. */
const opening = /^[[({<#@"'\u00AB\u2018\u201C]+/;
const ending = /[\])}>"'\u00BB\u2019\u201D.,;:!?\u2026\u3002\uFF0C\uFF01\uFF1F\uFF1B\uFF1A]+$/;
/**
 * Every hyphen and dash, and what people type instead; without any, the six characters follow at once.
 */
const prefix = /^lr(?:[\u2010-\u2015\u2212\-_:.]|(?=[0-9a-z]{6}$))/;

/** The word without brackets, quotes and the end of a sentence. */
export function bareWord(text: string): string {
  return text.replace(opening, '').replace(ending, '');
}

/**
 * Whether a word can be meant for nothing else than an id: devices are called `lr_web1` too, but not with the
 * hyphen.
 */
export function isSurelyId(text: string): boolean {
  return /^lr[\u2010-\u2015\u2212-]/i.test(bareWord(text));
}

/**
 * The stored form of a typed id, or undefined when it cannot be one. A typed O is a zero, a typed I or L a
 * one.
 */
export function normaliseId(text: string): string | undefined {
  const bare = bareWord(text)
    .toLowerCase()
    .replace(prefix, '')
    .replaceAll('o', '0')
    .replaceAll('i', '1')
    .replaceAll('l', '1');
  return shape.test(bare) ? `lr-${bare}` : undefined;
}

/** A new id from 30 bits of randomness, given as at least 8 hex digits. */
export function idFrom(hex: string): string {
  const bits = Number.parseInt(hex.slice(0, 8), 16);
  return `lr-${[0, 5, 10, 15, 20, 25].map((shift) => idAlphabet.charAt((bits >>> shift) & 31)).join('')}`;
}

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
