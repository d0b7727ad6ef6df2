// Secrets and other settings that the assistant is given: from the file of settings and the environment, each
// checked. A secret that has a file of its own stays there.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { mostBytes, settingsIn, settingsText } from '../../adapters/config/dotEnv.ts';
import { readSecretFile, secretNames, smallFile } from '../../adapters/config/secretFiles.ts';
import { knownNames } from '../../adapters/config/settings.ts';
import { diskWords } from '../../adapters/store/journal/disk.ts';
import { nearest } from '../../bot/commands/lineReaders.ts';
import { checkSecret } from './answers.ts';
import type { SecretAnswer } from './answers.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface GivenSettings {
  readonly secrets: ReadonlyMap<string, SecretAnswer>;
  /** Other settings of the file. */
  readonly more: Readonly<Record<string, string>>;
  /** Secrets given by a flag or in the file; what the environment holds may be another program's. */
  readonly named: readonly string[];
}

export interface SettingsSources {
  /** The file of settings, "-" for standard input. */
  readonly file: string | undefined;
  /** The file of a secret, given as a flag. */
  readonly fileOf: (name: string) => string | undefined;
  readonly environment: Variables;
}

/** The secrets of the bot; those of the library are for its own program. */
const ownSecrets = secretNames.filter((name) => !name.startsWith('LIBRARY_'));

/** Settings that are answers, or follow from them; how each is given. */
const answers: Readonly<Record<string, string>> = {
  LR_POLICY: 'it lies in --folder',
  LR_DATA_DIR: 'it lies in --folder',
  LR_JOURNAL_KEY: 'it makes a key, or takes the file that --key names',
  LR_JOURNAL_KEY_FILE: 'give --key',
  LR_ENV_FILE: 'give --folder',
  MicrosoftAppType: 'give --teams-type',
  MicrosoftAppId: 'give --teams-id',
  MicrosoftAppTenantId: 'give --teams-tenant',
  LR_DEFENDER: 'give --tenant',
  AZURE_TENANT_ID: 'give --tenant-id',
  AZURE_CLIENT_ID: 'give --client-id',
  AZURE_CLIENT_CERTIFICATE_PATH: 'give --certificate',
  DEFENDER_AUTH: 'give --tenant',
  DEFENDER_CLOUD: 'give --cloud',
};

/** Every problem is added to `problems`; no sentence holds a secret. */
export function readSettings(
  { file, fileOf, environment }: SettingsSources,
  problems: string[],
): GivenSettings {
  const lines = file === undefined ? {} : linesOf(file, problems);
  problems.push(...Object.entries(lines).flatMap(([name, value]) => whyNotInFile(name, value) ?? []));
  const secrets = new Map<string, SecretAnswer>();
  for (const name of ownSecrets) {
    const flagged = fileOf(name);
    const [value, named] = [name, `${name}_FILE`].map((one) => (lines[one] ?? environment[one] ?? '').trim());
    const path = flagged ?? named;
    if (value !== '' && path !== '') problems.push(`${name} and ${name}_FILE are both given. Remove one.`);
    else if (path !== undefined && path !== '') {
      const read = readSecretFile(path, `${name}_FILE`);
      const wrong = 'wrong' in read ? read.wrong : told(name, checkSecret(name)(read.text));
      if (wrong !== undefined) problems.push(wrong);
      else secrets.set(name, { file: resolve(path) });
    } else if (value !== undefined && value !== '') {
      const wrong = told(name, checkSecret(name)(value));
      if (wrong !== undefined) problems.push(wrong);
      else secrets.set(name, { value });
    }
  }
  const more = Object.fromEntries(
    Object.entries(lines).filter(
      ([name, value]) =>
        value.trim() !== '' && !secretNames.some((one) => name === one || name === `${one}_FILE`),
    ),
  );
  const named = ownSecrets.filter((name) =>
    [fileOf(name), lines[name], lines[`${name}_FILE`]].some((one) => (one ?? '').trim() !== ''),
  );
  return { secrets, more, named };
}

/** Why a line of the file of settings is refused. */
function whyNotInFile(name: string, value: string): string | undefined {
  const own = value.trim() === '' ? undefined : answers[name];
  const library = value.trim() !== '' && name.startsWith('LIBRARY_');
  if (!knownNames.includes(name)) return `--settings: ${name} is not a setting.${meant(name, knownNames)}`;
  if (library)
    return `--settings holds ${name}, which the bot must never have. It belongs into a file of the library’s own (docs/library.md).`;
  return own === undefined
    ? undefined
    : `--settings holds ${name}, which the setup writes itself: ${own}. In both places, nobody could tell which counts.`;
}

/** A question after a word that is wrong; empty where nothing is near. */
export function meant(word: string, words: readonly string[], before = ''): string {
  const [near] = nearest(word, words);
  return near === undefined ? '' : ` Did you mean ${before}${near}?`;
}

function told(name: string, wrong: string | undefined): string | undefined {
  return wrong === undefined ? undefined : `${name}: ${wrong}`;
}

function linesOf(file: string, problems: string[]): Readonly<Record<string, string>> {
  const where = file === '-' ? 'on standard input' : resolve(file);
  const read = file === '-' ? standardInput() : smallFile(resolve(file), mostBytes);
  const text = 'wrong' in read ? undefined : settingsText(read.bytes);
  const why =
    'wrong' in read
      ? read.wrong
      : read.bytes.length > mostBytes
        ? 'it is too large for a file of settings'
        : text === undefined
          ? 'it is no UTF-8 text'
          : undefined;
  if (why !== undefined || text === undefined) {
    problems.push(`The file of settings ${where} (--settings) cannot be read: ${why ?? ''}.`);
    return {};
  }
  const { set, odd } = settingsIn(text);
  problems.push(...odd.map((one) => `The file of settings ${where} (--settings): ${one}`));
  return set;
}

function standardInput(): { readonly bytes: Buffer } | { readonly wrong: string } {
  try {
    return { bytes: readFileSync(0) };
  } catch (error) {
    return { wrong: diskWords(error) };
  }
}
