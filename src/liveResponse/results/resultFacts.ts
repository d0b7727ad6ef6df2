// Facts about the results of a session: they are kept with the request, while the texts and files themselves
// are not.
import type { ErrorAnswer } from '../request/errorAnswer.ts';
import type { PersonRef } from '../request/vote.ts';
import type { Encoding } from './encoding.ts';
import type { ErrorKind } from '../codes/winErrors.ts';

/** A script transcript read from Defender; its text is kept next to the journal for the retention time. */
export interface Excerpt {
  readonly index: number;
  readonly at: number;
  /** Characters of the text kept, and the SHA-256 of its UTF-8 bytes. */
  readonly length: number;
  readonly sha256: string;
  readonly exitCode?: number;
  readonly errors: boolean;
  /**
   * What its errors tell by a code, an id or known words; absent where they tell nothing, and in journals
   * that did not keep it.
   */
  readonly cause?: ErrorKind;
  /** The transcript was larger than we read. */
  readonly cut: boolean;
  /** What lay there in place of a text: then nobody knows what the script printed. */
  readonly notText?: NotText;
  /** How it came, where that was not plain UTF-8. */
  readonly form?: TextForm;
}

/** How a text came: packed, and in which letters. */
export interface TextForm {
  /** How it was packed; what is kept was unpacked. */
  readonly packed?: string;
  /** What its letters were read as; absent for UTF-8. */
  readonly encoding?: Encoding;
  /** `encoding` is a guess. */
  readonly guessed?: true;
  /** Some of it could not be read, and is shown as U+FFFD. */
  readonly lost?: true;
}

/**
 * `gzip` `zip` `other`: bytes that are no text. `empty`: no bytes at all. `blank`: nothing but zero bytes and
 * white space. `cut`: it ends before any output.
 */
export interface NotText {
  readonly kind: 'gzip' | 'zip' | 'other' | 'empty' | 'blank' | 'cut';
  readonly bytes: number;
}

/** A collected file as its first bytes and headers tell it. */
export interface CollectedFile {
  readonly index: number;
  readonly at: number;
  readonly name?: string;
  readonly bytes?: number;
  readonly format: 'gzip' | 'zip' | 'other' | 'empty';
  /**
   * How the storage says that it packs it for the way: browsers undo that by themselves, other programs may
   * not.
   */
  readonly encoding?: string;
}

/** A minted link. The URL is a bearer secret and is never part of this. */
export interface LinkFact {
  readonly index: number;
  readonly at: number;
  readonly expiresAt: number;
  /** Person, or undefined when the bot minted it for the finished card. */
  readonly by?: PersonRef;
}

/** Why a result could not be read yet, or no link be made, shown on its row. */
export interface ResultTrouble {
  readonly index: number;
  readonly at: number;
  readonly code: string;
  readonly tries: number;
  readonly error?: ErrorAnswer;
}

export interface Results {
  readonly excerpts: readonly Excerpt[];
  readonly files: readonly CollectedFile[];
  readonly links: readonly LinkFact[];
  readonly troubles: readonly ResultTrouble[];
  /** Links that Defender refused to make since the last one it made. */
  readonly linkTroubles?: readonly ResultTrouble[];
}
