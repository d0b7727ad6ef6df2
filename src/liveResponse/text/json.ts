// Reader of foreign JSON: parsed only after its size and depth are known, because a deep value parses well and
// kills any code that walks it later. Fields of another kind than expected count as absent.

/** Deeper than anything Defender answers, shallower than anything that hurts. */
export const maxJsonDepth = 64;
/** Characters; more than any answer that we read as a whole (the largest is a transcript of 2 MB). Ours. */
export const maxJsonCharacters = 16 * 1024 * 1024;

/**
 * Values within one; more than any answer holds (a page of devices has some 6,000, the largest transcript
 * six), and few enough to be read in some milliseconds: a text of commas takes twenty times as long as words.
 * Ours.
 */
export const maxJsonValues = 200_000;

/**
 * Names of fields within one, the same name each time it occurs; more than any answer holds (a page of a hundred
 * actions of ten commands each has some 15,000, a page of devices 3,000). A name costs up to twenty times what a
 * value does, where no two are the same or no two objects have theirs in the same order. Ours.
 */
export const maxJsonNames = 25_000;

export type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * How deep brackets nest outside strings; one pass, linear, also over text that is not JSON. Stops counting
 * beyond `stop`.
 */
export function depthOf(text: string, stop = Number.MAX_SAFE_INTEGER): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) {
      inString = true;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      deepest = Math.max(deepest, depth);
      if (deepest > stop) return deepest;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}

/** Whether it holds more commas or colons outside strings than these; one pass. */
function hasMore(text: string, values: number, names: number): boolean {
  // Nearly every text is too short for that: a name has its quotes, its colon and its value.
  if (text.length <= values && text.length <= names * 4) return false;
  let commas = 0;
  let colons = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) inString = !inString;
    else if (inString) {
      if (code === 0x5c) i += 1;
    } else if (code === 0x2c || code === 0x3a) {
      if (code === 0x2c) commas += 1;
      else colons += 1;
      if (commas > values || colons > names) return true;
    }
  }
  return false;
}

/**
 * The value, wrapped so that a parsed `null` differs from a failure; undefined when it is not JSON, too long,
 * too deep, or of too many values or names. Never throws.
 */
export function parseJson(
  text: string,
  depth: number = maxJsonDepth,
  names: number = maxJsonNames,
): { readonly value: unknown } | undefined {
  if (text.length > maxJsonCharacters || depthOf(text, depth) > depth) return undefined;
  if (hasMore(text, maxJsonValues, names)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * An own property of an object; undefined for anything else. Inherited names, `__proto__` among them, are
 * never seen.
 */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = (value as Readonly<Record<string, unknown>>)[name];
  return found;
}

/** An object that is no list. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value where it is an object and no list, else an empty one: for reading several fields at once. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** The value where it is a list, else an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Those elements of a list that are texts; of anything else none. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((one) => typeof one === 'string');
}

/** The value where it is a text, else an empty one. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A text that is neither empty nor longer than `max` characters; a longer one counts as absent, uncut. */
export function shortText(value: unknown, max = 1_000): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= max ? value : undefined;
}
