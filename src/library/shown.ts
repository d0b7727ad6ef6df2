// The comparison in words: one line for each file and the next step below it. Descriptions and names of the
// library are other people's texts.
import { commandFor } from '../adapters/ownCommands.ts';
import { printable } from '../adapters/printable.ts';
import type { Comparison, Standing } from './comparison.ts';
import type { LiveFile } from './liveLibrary.ts';
import type { LocalFile } from './localFiles.ts';

/** Hex digits that name a content: 48 bits, which nobody meets by chance. */
export const shortDigits = 12;

/** For people and for --if-sha. */
export function short(sha256: string | undefined): string {
  return sha256?.slice(0, shortDigits) ?? 'no SHA-256';
}

/** Who put it there and when, as far as Defender tells. */
export function about({ createdBy, updatedAt, description }: LiveFile): string {
  const when =
    updatedAt === undefined ? undefined : new Date(updatedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  return [
    `by ${createdBy ?? 'somebody whom Defender does not name'}`,
    ...(when === undefined ? [] : [`last changed ${when}`]),
    ...(description === undefined ? [] : [`described as "${clipped(description)}"`]),
  ].join(', ');
}

function clipped(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

/**
 * @param options as they were given, with a blank before each: a line to be typed is for the same files,
 * policy and state
 */
export function shown(
  { standings, others }: Comparison,
  policyRead: boolean,
  options = '',
): readonly string[] {
  const lines = standings.flatMap((one) => linesOf(one, policyRead, options));
  if (others.length > 0)
    lines.push(
      '',
      'Not ours (in no recipe, not compared, never touched):',
      ...others.map((one) => `  ${one.name}  ${short(one.sha256)}  ${about(one)}`),
    );
  return lines.map(printable);
}

function row(word: string, name: string, rest: string): string {
  return `${word.padEnd(9)} ${name}  ${rest}`;
}

function used(recipes: readonly string[], policyRead: boolean): string {
  if (recipes.length > 0)
    return `, for ${recipes.length === 1 ? 'the recipe' : 'the recipes'} ${recipes.join(', ')}`;
  return policyRead ? ', in no recipe of the policy' : '';
}

function next(...sentences: readonly string[]): readonly string[] {
  return sentences.map((sentence) => `          -> ${sentence}`);
}

function linesOf(one: Standing, policyRead: boolean, options: string): readonly string[] {
  switch (one.kind) {
    case 'same':
      return [
        row(
          'same',
          one.local.name,
          `${short(one.live.sha256)}${spelt(one.local, one.live)}${used(one.local.recipes, policyRead)}`,
        ),
        ...next(...one.local.warnings, ...unmarked(one.local, one.live)),
      ];
    case 'missing':
      return [
        row(
          'missing',
          one.local.name,
          `not in the library; here ${short(one.local.sha256)} (${one.local.path})${used(one.local.recipes, policyRead)}`,
        ),
        ...next('push uploads it.', ...one.local.warnings),
      ];
    case 'outdated':
      return [
        row(
          'outdated',
          one.local.name,
          `library ${short(one.live.sha256)}${spelt(one.local, one.live)}, here ${short(one.local.sha256)} (${one.local.path})${used(one.local.recipes, policyRead)}`,
        ),
        ...next(
          `push replaces it: what is there was ${one.by === 'shipped' ? 'shipped with this program or an earlier version of it' : `pushed from here (${one.by.at})`}.`,
          ...one.local.warnings,
        ),
      ];
    case 'foreign':
      return foreignLines(one, policyRead, options);
    case 'signedThere':
      return signedLines(one, policyRead, options);
    case 'doubled':
      return [
        row(
          'DOUBLED',
          one.local.name,
          `the library holds ${one.lives.map((live) => `${live.name} (${short(live.sha256)})`).join(' and ')}${used(one.local.recipes, policyRead)}`,
        ),
        ...next(
          'It is not known which of them a session runs: delete the wrong one in the portal. Nothing is pushed before.',
        ),
      ];
    case 'without':
      return withoutLines(one, policyRead);
  }
}

type StandingOf<Kind extends Standing['kind']> = Extract<Standing, { readonly kind: Kind }>;

/** What somebody else changed in the library. */
function foreignLines(one: StandingOf<'foreign'>, policyRead: boolean, options: string): readonly string[] {
  return [
    row(
      'CHANGED',
      one.local.name,
      `library ${short(one.live.sha256)}${spelt(one.local, one.live)}, here ${short(one.local.sha256)} (${one.local.path})${used(one.local.recipes, policyRead)}`,
    ),
    ...next(
      `The library’s content was not pushed from here: ${about(one.live)}.${one.pushed === undefined ? '' : ` What was pushed from here (${one.pushed.at}) was ${short(one.pushed.sha256)}.`}`,
      ...(one.live.sha256 !== undefined && one.local.otherLineEnds.includes(one.live.sha256)
        ? [
            'It is the same text with other line ends, as git with core.autocrlf changes them in a checkout: nobody changed what it does. Check it out with the line ends it has there, and then it is the same.',
          ]
        : []),
      'Ask that person, or look at the file in the portal: the API gives no content of library files, only their hashes.',
      one.live.sha256 === undefined
        ? 'Defender gives no SHA-256 for it, so it cannot be replaced from here: delete it in the portal, then push.'
        : `To replace exactly what is there now: ${commandFor('library', `push --replace ${one.local.name} --if-sha ${short(one.live.sha256)}${options}`)}`,
      ...one.local.warnings,
    ),
  ];
}

/** A signed copy in the library, and an unsigned one here. */
function signedLines(
  one: StandingOf<'signedThere'>,
  policyRead: boolean,
  options: string,
): readonly string[] {
  return [
    row(
      'SIGNED',
      one.local.name,
      `library ${short(one.live.sha256)}${spelt(one.local, one.live)} with a signature, here ${short(one.local.sha256)} (${one.local.path}) without one${used(one.local.recipes, policyRead)}`,
    ),
    ...next(
      `The signed copy was pushed from here (${one.pushed.at}). Give the folder of signed copies with --scripts.`,
      `To replace it by the unsigned one: ${commandFor('library', `push --replace ${one.local.name} --if-sha ${short(one.live.sha256)}${options}`)}`,
    ),
  ];
}

/** A file of a recipe that is not here. */
function withoutLines(one: StandingOf<'without'>, policyRead: boolean): readonly string[] {
  if (one.file.why !== undefined)
    return [row('unusable', one.file.name, `${one.file.why}${used(one.file.recipes, policyRead)}`)];
  return one.live === undefined
    ? [
        row('NOWHERE', one.file.name, `neither in the library nor here${used(one.file.recipes, policyRead)}`),
        ...next(
          'The recipe fails on the device. Put the file into a folder and name that with --scripts DIR.',
        ),
      ]
    : [
        row(
          'no copy',
          one.file.name,
          `only in the library: ${short(one.live.sha256)}, ${about(one.live)}${used(one.file.recipes, policyRead)}`,
        ),
        ...next(
          'Not compared. To have it compared, put your copy into a folder and name that with --scripts DIR.',
        ),
      ];
}

function spelt(local: LocalFile, live: LiveFile): string {
  return live.name === local.name ? '' : ` (spelt ${live.name} there)`;
}

/**
 * The portal asks for arguments only where a script is marked as taking some; by API they are handed over
 * either way, as far as is known.
 */
function unmarked(local: LocalFile, live: LiveFile): readonly string[] {
  return local.parameters !== undefined && live.hasParameters === false
    ? [
        `The library says that it takes no parameters, and a recipe hands it some (${local.parameters}): tick "Script parameters" in the portal.`,
      ]
    : [];
}
