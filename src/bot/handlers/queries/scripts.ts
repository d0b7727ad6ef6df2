// The answer to `scripts`: what the live response library holds, with hash and age, and how it fits the
// recipes of the policy.
import { duration, oneLine, stamp } from '../../../../cards/clip.ts';
import { entryNamed, libraryNames } from '../../../liveResponse/request/content.ts';
import { rights } from '../../../liveResponse/codes/permissions.ts';
import type { LibraryFile } from '../../../liveResponse/ports.ts';
import { sentence } from '../context.ts';
import type { HandlerContext } from '../context.ts';
import { nearest } from '../../commands/lineReaders.ts';
import type { Recipe } from '../../policy/policy.ts';
import type { Reply } from '../../ports.ts';
import { placePattern } from '../../policy/recipes/recipes.ts';

/** Files on one page: two lines each, within what the strictest chat lets us answer. */
const filesPerPage = 15;
const missingShown = 8;
/** Of 64 hex digits, those that a person compares. */
const hashDigits = 8;

export interface ScriptsAsk {
  readonly name?: string;
  /** From 1. */
  readonly page?: number;
}

/** @throws DefenderError when the library cannot be read for any other reason than a missing right */
export async function scripts(bot: HandlerContext, { name, page = 1 }: ScriptsAsk): Promise<Reply> {
  const reading = await bot.recentLibrary();
  if (!('files' in reading)) {
    if (reading.notRead === 'forbidden') return withoutRight(bot);
    throw reading.error;
  }
  const { files, at, whole } = reading;
  if (name !== undefined) return oneFile(bot, files, name, whole);
  const sorted = [...files].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const pages = Math.max(1, Math.ceil(sorted.length / filesPerPage));
  if (page > pages)
    return sentence(`The library fits on ${pages === 1 ? 'one page' : `${pages} pages`}; the first is 1.`);
  const missing = whole
    ? missingSentence(bot, files)
    : 'The list could be read only in part: there may be more files.';
  if (sorted.length === 0 && whole) return sentence(`The live response library is empty. ${missing}`.trim());
  const rows = sorted.slice((page - 1) * filesPerPage, page * filesPerPage);
  const more =
    pages === 1
      ? ''
      : ` Page ${page} of ${pages}${page < pages ? `; the next: ${bot.settings.command} scripts ${page + 1}` : ''}.`;
  const count = files.length === 1 ? 'one file' : `${files.length} files`;
  const text = `The live response library held ${count} at ${stamp(at)}: name, first digits of its SHA-256, age, recipes.${more} One in full: ${bot.settings.command} scripts <name>. ${missing}`;
  return sentence(text.trim(), rows.map((file) => row(bot, file)).join('\n'));
}

function row(bot: HandlerContext, file: LibraryFile): string {
  const users = recipesWith(bot, file.name);
  const first = [
    oneLine(file.name, 128),
    file.sha256.slice(0, hashDigits),
    age(bot, file),
    users.length === 0 ? undefined : `recipe ${users.join(', ')}`,
  ];
  const about = [
    file.description === undefined ? undefined : oneLine(file.description, 120),
    file.parameters === undefined ? undefined : `parameters: ${oneLine(file.parameters, 80)}`,
  ].filter((part) => part !== undefined && part !== '');
  return [
    first.filter((part) => part !== undefined).join('  '),
    ...(about.length === 0 ? [] : [`    ${about.join('; ')}`]),
  ].join('\n');
}

function age(bot: HandlerContext, { updatedAt }: LibraryFile): string {
  return updatedAt === undefined ? 'age not known' : `${duration(bot.clock.now() - updatedAt)} old`;
}

function oneFile(bot: HandlerContext, files: readonly LibraryFile[], name: string, whole: boolean): Reply {
  const file = entryNamed(files, name);
  if (file === undefined && !whole)
    return sentence(
      `The list of the live response library could be read only in part, and ${oneLine(name, 128)} is not in that part. Ask again in a minute.`,
    );
  if (file === undefined) {
    const meant = nearest(
      name,
      files.map((one) => one.name),
    );
    const hint =
      meant.length === 0
        ? `"${bot.settings.command} scripts" lists what is there.`
        : `Did you mean ${meant.join(' or ')}?`;
    return sentence(`The live response library holds no ${oneLine(name, 128)}. ${hint}`);
  }
  const users = recipesWith(bot, file.name);
  const lines: readonly (readonly [string, string])[] = [
    ['SHA-256', oneLine(file.sha256, 128)],
    ['Changed', file.updatedAt === undefined ? 'not known' : `${stamp(file.updatedAt)}, ${age(bot, file)}`],
    ['Description', file.description === undefined ? 'none' : oneLine(file.description, 400)],
    ['Parameters', file.parameters === undefined ? 'none described' : oneLine(file.parameters, 400)],
    ['Recipes', users.length === 0 ? 'none' : users.join(', ')],
  ];
  return sentence(
    `${oneLine(file.name, 128)}:`,
    lines.map(([label, value]) => `${label.padEnd(11)}  ${value}`).join('\n'),
  );
}

/** The role by name, what works without it, and what the policy itself knows. */
function withoutRight(bot: HandlerContext): Reply {
  const { anyOf, neededTo } = rights.library;
  const wanted = [...bot.policy.recipes.values()].flatMap((recipe) =>
    filesOf(recipe).map((file) => `${recipe.name}: ${file}`),
  );
  const text =
    `The bot's app registration does not have the permission ${anyOf.join(' or ')}, which is needed to ${neededTo} (Defender answered 403). ` +
    'Everything else works without it: requests, approvals, runs and results; cards then say “script content not verified”. ' +
    `An administrator may grant it in Entra.${wanted.length === 0 ? '' : ' The recipes use:'}`;
  return wanted.length === 0 ? sentence(text) : sentence(text, wanted.join('\n'));
}

function missingSentence(bot: HandlerContext, files: readonly LibraryFile[]): string {
  const missing = [...bot.policy.recipes.values()].flatMap((recipe) =>
    filesOf(recipe).flatMap((file) =>
      entryNamed(files, file) === undefined ? [`${file} (recipe ${recipe.name})`] : [],
    ),
  );
  return missing.length === 0
    ? ''
    : `Used by a recipe and NOT in the library: ${missing.slice(0, missingShown).join(', ')}${missing.length > missingShown ? ` and ${missing.length - missingShown} more` : ''}. Upload it in the portal, or correct the policy.`;
}

function recipesWith(bot: HandlerContext, name: string): readonly string[] {
  return [...bot.policy.recipes.values()]
    .filter((recipe) => filesOf(recipe).some((file) => file.toLowerCase() === name.toLowerCase()))
    .map((recipe) => recipe.name);
}

/**
 * Library files that a recipe always uses; a name that depends on an argument is known only when it is asked
 * for.
 */
function filesOf(recipe: Recipe): readonly string[] {
  return libraryNames(recipe.commands).filter((file) => file.search(placePattern) < 0);
}
