// JSON of strangers: parsed only after its depth is known, because a deep value parses well and kills any
// code that walks it later.

/** Deeper than anything Defender answers, shallower than anything that hurts. */
export const maxJsonDepth = 64;

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
      if (depth > deepest) deepest = depth;
      if (deepest > stop) return deepest;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}

/**
 * The value, wrapped so that a parsed `null` differs from a failure; undefined when it is not JSON or too
 * deep. Never throws.
 */
export function parseJson(
  text: string,
  depth: number = maxJsonDepth,
): { readonly value: unknown } | undefined {
  if (depthOf(text, depth) > depth) return undefined;
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
