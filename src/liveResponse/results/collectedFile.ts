// Format of a collected file, recognised by its first bytes and never by its name; nothing is unpacked here.
import { hiddenCharacter } from '../text/visible.ts';
import type { CollectedFile } from './resultFacts.ts';

/** Enough of a file to know its format. */
export const sniffBytes = 16;

/** Defender gzips most collected files and sends some plain, whatever their name says. */
export function formatOf(bytes: Uint8Array): CollectedFile['format'] {
  const [a, b, c, d] = bytes;
  if (a === undefined) return 'empty';
  if (a === 0x1f && b === 0x8b) return 'gzip';
  // Local file, end of an empty archive, or a spanned one.
  if (a === 0x50 && b === 0x4b && ((c === 3 && d === 4) || (c === 5 && d === 6) || (c === 7 && d === 8)))
    return 'zip';
  return 'other';
}

/** Our own bound on a shown file name, in code points. */
export const maxNameCharacters = 120;

/**
 * The last part of a name as a server or a path gives it, fit to be shown: no folders, no invisible or
 * reserved characters, no leading dots, its end kept when it is long (that is where the type is).
 * Undefined when nothing is left.
 */
export function safeName(name: string | undefined): string | undefined {
  const last = name?.split(/[\\/]/).at(-1) ?? '';
  const shown = Array.from(last)
    .filter((character) => hiddenCharacter(character) === undefined)
    .map((character) => ('<>:"|?*`'.includes(character) ? '_' : character));
  const text = shown
    .join('')
    .trimEnd()
    .replace(/^[.\s]+/, '');
  if (text === '') return undefined;
  const points = Array.from(text);
  if (points.length <= maxNameCharacters) return text;
  return `${points.slice(0, 80).join('')}…${points.slice(-(maxNameCharacters - 81)).join('')}`;
}

/**
 * What is known of a collected file from the beginning of it. `size` is the server's word where it gave one.
 */
export function describeFile(result: {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
  readonly size?: number;
  readonly fileName?: string;
  readonly encoding?: string;
}): Pick<CollectedFile, 'name' | 'bytes' | 'format' | 'encoding'> {
  const name = safeName(result.fileName);
  const size = result.size ?? (result.cut ? undefined : result.bytes.length);
  return {
    format: formatOf(result.bytes),
    ...(name === undefined ? {} : { name }),
    ...(size === undefined ? {} : { bytes: size }),
    ...(result.encoding === undefined ? {} : { encoding: result.encoding }),
  };
}
