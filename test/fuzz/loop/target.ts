// What a reader under test is to the fuzzer: where inputs come from, and what must hold of each.
import type { Dice } from './dice.ts';

export interface Target {
  readonly name: string;
  /** How its inputs are changed: as bytes and lines, or as JSON whose parts are changed. */
  readonly form: 'text' | 'json';
  /** Good inputs, and those of the field that once did harm. */
  readonly seeds: readonly Buffer[];
  /** What the reader looks for. */
  readonly words: readonly string[];
  /** An input made from the rules of its language. */
  readonly generate?: (dice: Dice) => Buffer;
  /** Bytes that its door lets in at most. */
  readonly most: number;
  /** An input about as large as that. */
  readonly large: (dice: Dice) => Buffer;
  /**
   * Reads one input and checks what must hold of the result. Returns what the reader keeps of it.
   * @throws Wrong, and whatever the reader may not throw
   */
  readonly run: (input: Buffer) => unknown;
  /** It does not compute alone but waits for other parts, such as a server: fewer cases. */
  readonly waits?: true;
  /** Ends what it has started. */
  readonly close?: () => Promise<void>;
}

/** Something that has to hold of every result does not. */
export class Wrong extends Error {
  override readonly name = 'Wrong';
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Wrong(what);
}

/** Text as an input. */
export function bytesOf(...texts: readonly string[]): readonly Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

/** Values as inputs of the form JSON. */
export function jsonOf(...values: readonly unknown[]): readonly Buffer[] {
  return values.map((value) => Buffer.from(JSON.stringify(value)));
}

/** A text repeated to about so many bytes, between a beginning and an end. */
export function filled(bytes: number, unit: string, head = '', tail = ''): Buffer {
  const each = Math.max(1, Buffer.byteLength(unit));
  const times = Math.max(0, Math.floor((bytes - Buffer.byteLength(head + tail)) / each));
  return Buffer.from(head + unit.repeat(times) + tail);
}

/** The JSON in an input; undefined where it is none. */
export function valueOf(input: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(input.toString('utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
