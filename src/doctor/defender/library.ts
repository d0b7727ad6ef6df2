// The live response library against the policy: every script and file that a recipe names must be there, or
// the recipe fails on the device after two people have agreed on it.
import { readLibraryFile, readPage } from '../../adapters/defender/wire.ts';
import { commandFor } from '../../adapters/ownCommands.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { neededFiles } from '../../bot/policy/recipes/libraryFiles.ts';
import { isAnswer } from '../../adapters/checks/call.ts';
import type { CallDefender } from '../../adapters/checks/call.ts';
import { fail, ok, skip, warn } from '../../adapters/checks/line.ts';
import type { Tell } from '../../adapters/checks/line.ts';
import { refused } from '../refused.ts';

export interface LibrarySubject {
  readonly api: CallDefender;
  readonly policy: Policy | undefined;
  /** Why the library cannot be listed, as far as the token says. */
  readonly lacking: string | undefined;
}

/** A file of the library, as far as the doctor looks at it. */
export interface ListedFile {
  readonly name: string;
  readonly sha256: string;
}

const check = 'defender.library';

/** The scripts that come with this program, in manifest/defender. */
export const ownScripts: readonly string[] = ['collect.ps1', 'collect.sh', 'minidump.ps1'];

/** Resolves with the files that were listed, none where the library may not be listed. */
export async function examineLibrary(
  { api, policy, lacking }: LibrarySubject,
  tell: Tell,
): Promise<readonly ListedFile[]> {
  const needed = policy === undefined ? new Map<string, readonly string[]>() : neededFiles(policy);
  const byHand =
    needed.size === 0
      ? 'Nothing.'
      : `Look in the portal (live response, "Upload file to library") whether these are there: ${[...needed.keys()].join(', ')}.`;
  if (lacking !== undefined) {
    tell(skip(check, `not listed, because ${lacking}`, byHand));
    return [];
  }
  const listed = await api('GET', '/api/libraryfiles');
  if (!isAnswer(listed)) {
    tell(
      fail(
        check,
        `no whole answer: ${listed.why}`,
        'Run the doctor again; if it stays so, look at the way to Defender.',
      ),
    );
    return [];
  }
  if (listed.status === 403) {
    tell(warn(check, 'the library may not be listed: Library.Manage is not granted', byHand));
    return [];
  }
  const { items, next } = readPage(listed.body?.value);
  if (listed.status >= 300 || items === undefined) {
    tell(refused(check, 'library', listed));
    return [];
  }
  const files = items.map(readLibraryFile).filter((file) => file !== undefined);
  tell(ok(check, `${files.length} files can be listed`));
  // No page says whether the service compares names by case; a recipe that relies on it is not worth a red
  // line.
  const names = new Set(files.map(({ name }) => name.toLowerCase()));
  const missing = [...needed].filter(([file]) => !names.has(file.toLowerCase()));
  const present = [...needed.keys()].filter((file) => names.has(file.toLowerCase()));
  if (present.length > 0) tell(ok('defender.scripts', `the recipes’ files are there: ${present.join(', ')}`));
  for (const [file, recipes] of missing) {
    const why = `${file} is not in the live response library, and ${recipes.length === 1 ? 'the recipe' : 'the recipes'} ${recipes.join(', ')} ${recipes.length === 1 ? 'needs' : 'need'} it`;
    // A list with more pages may hold the file on its next page; libraries of that size have not been seen.
    if (next === undefined)
      tell(
        fail(
          'defender.scripts',
          why,
          `Upload it: ${commandFor('library', 'push')} (docs/library.md), or live response in the portal, "Upload file to library"${ownScripts.includes(file) ? `; the file is manifest/defender/${file}` : ''}.`,
        ),
      );
    else
      tell(
        warn(
          'defender.scripts',
          `${why}, as far as the first page of the list tells`,
          'Look in the portal whether it is there.',
        ),
      );
  }
  return files;
}
