// Deterministic draws: everything the simulator "rolls" is derived from a text, so that a restart in the
// middle of an action continues with the same numbers.
import { createHash } from 'node:crypto';

/** As many draws are remembered: what is drawn again is mostly the times of the same actions and files. */
const mostDrawn = 5_000;
const drawn = new Map<string, number>();

/** A number in [0, 1) that depends on the text only. */
export function draw(text: string): number {
  const known = drawn.get(text);
  if (known !== undefined) return known;
  if (drawn.size >= mostDrawn) drawn.clear();
  const number = drawnFrom(text);
  drawn.set(text, number);
  return number;
}

function drawnFrom(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** A duration (ms) inside the range, both ends included, that depends on the text only. */
export function drawWithin(range: readonly [number, number], text: string): number {
  const [low, high] = range;
  return Math.round(low + draw(text) * (high - low));
}

/** A GUID that depends on the text only. */
export function guid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Forty hex digits, the shape of a Defender machine id. */
export function machineIdOf(name: string): string {
  return createHash('sha1').update(`machine:${name}`).digest('hex');
}

/**
 * A timestamp as the service prints it, with a number of fraction digits in the range: 2 to 7 in the field.
 * The same instant and salt always give the same text, because creation and last update of a new action are
 * printed alike.
 */
export function stamp(at: number, salt: string, digitRange: readonly [number, number]): string {
  const text = `${salt}:${at}`;
  const [fewest, most] = digitRange;
  const digits = fewest + Math.floor(draw(`${text}:digits`) * (most - fewest + 1));
  const ticks = String(Math.floor(draw(`${text}:ticks`) * 10_000)).padStart(4, '0');
  const iso = new Date(Math.floor(at)).toISOString();
  return digits === 0
    ? `${iso.slice(0, 19)}Z`
    : `${iso.slice(0, 20)}${(iso.slice(20, 23) + ticks).slice(0, digits)}Z`;
}

/**
 * A timestamp of the API in units of 100 ns since the epoch; undefined when it is none. Numbers cannot hold
 * seven fraction digits.
 */
export function ticksOf(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?)?$/i.exec(
    text,
  );
  if (match === null) return undefined;
  const [, day = '', time = '00:00', fraction = '', zone = 'Z'] = match;
  const at = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : BigInt(at) * 10_000n + BigInt(fraction.padEnd(7, '0'));
}
