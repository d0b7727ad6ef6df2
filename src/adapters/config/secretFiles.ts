// Secrets from files: `NAME_FILE` names a file whose content is the secret `NAME`, as containers and systemd
// provide secrets.
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { chatPlatforms } from '../chats.ts';
import { diskWords } from '../store/journal/disk.ts';
import { codeOf } from '../clock.ts';
import { groupIsOwn, isCredential } from '../store/journal/keys.ts';
import type { FileRights } from '../store/journal/keys.ts';

/**
 * Settings whose values must never be shown. Each may come from a file; the journal key has its own reader
 * (src/adapters/store/journal/keys.ts).
 */
export const secretNames: readonly string[] = [
  'AZURE_CLIENT_SECRET',
  ...chatPlatforms.flatMap(({ settings }) => settings.secrets),
  'LIBRARY_CLIENT_SECRET',
];
/** The address of a proxy may contain a password. */
const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY'] as const;
/** Settings that may come from a file by `NAME_FILE`. */
const fromFiles = [...secretNames, ...proxyNames];

export const fileSettings: readonly string[] = fromFiles.map((name) => `${name}_FILE`);

/** Bytes, as for a key file. The longest of these, a client secret of Entra, has 40 characters. */
const mostBytes = 16_384;

export interface SecretFiles {
  /** Names that were read from a file. */
  readonly read: readonly string[];
  /** Why a named file is not used; one sentence each, with the next step and without any content. */
  readonly wrong: readonly string[];
  /** What works but should be changed: who else may read a file. */
  readonly odd: readonly string[];
}

/** Puts the content of each file named by `NAME_FILE` into `variables` as `NAME`, without its line end. */
export function readSecretFiles(variables: Record<string, string | undefined>): SecretFiles {
  const found = { read: [] as string[], wrong: [] as string[], odd: [] as string[] };
  for (const name of fromFiles) {
    const setting = `${name}_FILE`;
    const path = variables[setting]?.trim() ?? '';
    if (path === '') continue;
    const other = [name, ...(isProxy(name) ? [name.toLowerCase()] : [])].find(
      (one) => (variables[one]?.trim() ?? '') !== '',
    );
    if (other !== undefined) {
      found.wrong.push(`${other} and ${setting} are both set. Remove one: nobody could tell which counts.`);
      continue;
    }
    const secret = readSecretFile(path, setting);
    if ('wrong' in secret) found.wrong.push(secret.wrong);
    else {
      variables[name] = secret.text;
      found.read.push(name);
      if (secret.odd !== undefined) found.odd.push(secret.odd);
    }
  }
  return found;
}

function isProxy(name: string): boolean {
  return proxyNames.some((one) => one === name);
}

type ReadSecret = { readonly text: string; readonly odd: string | undefined } | { readonly wrong: string };

/** @param what the setting that names it, for messages */
export function readSecretFile(path: string, what: string): ReadSecret {
  const named = `The file ${path} (${what})`;
  if (/^~(?:[\\/]|$)|^\$|^%[A-Za-z_]+%/.test(path))
    return {
      wrong: `${what} is ${path}, and only a shell replaces what it begins with: write the whole path.`,
    };
  const opened = smallFile(path, mostBytes);
  if ('wrong' in opened)
    return {
      wrong: `${named} cannot be read: ${opened.wrong}. Let it name a file that the bot’s user can read and that holds the secret alone.`,
    };
  const { bytes, rights } = opened;
  if (bytes.length > mostBytes)
    return {
      wrong: `${named} is larger than ${mostBytes / 1024} KiB, and no secret is. Let it name the right file.`,
    };
  if (!isUtf8(bytes) || bytes.includes(0))
    return { wrong: `${named} is no UTF-8 text. Save it as UTF-8, with the secret alone in it.` };
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim();
  if (text === '') return { wrong: `${named} is empty. Write the secret into it.` };
  // A token that continues in a second line was pasted with something else, and a header cannot contain it.
  if (/[\r\n]/.test(text))
    return { wrong: `${named} holds several lines. Leave the secret alone in it, in one line.` };
  return { text, odd: whoElseReads(path, rights) };
}

/**
 * A sentence when somebody besides the owner may use a file with secrets. On Windows a mode says nothing
 * about others.
 */
export function whoElseReads(path: string, rights: FileRights): string | undefined {
  const { mode } = rights;
  if (
    process.platform === 'win32' ||
    (mode & 0o077) === 0 ||
    groupIsOwn(rights) ||
    isCredential(path, rights)
  )
    return undefined;
  const who = (mode & 0o007) === 0 ? 'A group' : 'Everybody on this machine';
  return `${who} may use the secret in ${path} (mode ${(mode & 0o777).toString(8)}). Take that away: chmod 600 ${path} (in Kubernetes: defaultMode 0400 and an fsGroup).`;
}

/** A path that a shell passes for `<(command)`: a pipe that the command closes. */
const handedOver = /^\/dev\/(?:fd\/\d{1,4}|stdin)$/;

/**
 * Reads a file that must be small: at most one byte more than `most`, so that the caller can detect a larger
 * one. Never waits for a pipe that nobody writes into.
 */
export function smallFile(
  path: string,
  most: number,
):
  | { readonly bytes: Buffer; readonly rights: FileRights }
  | { readonly wrong: string; readonly code?: string } {
  const piped = handedOver.test(path);
  let file: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe at the path would wait until somebody writes into it.
    file = openSync(
      path,
      constants.O_RDONLY | (process.platform === 'win32' || piped ? 0 : constants.O_NONBLOCK),
    );
    const about = fstatSync(file);
    if (!about.isFile() && !(piped && about.isFIFO())) return { wrong: 'it is not a file' };
    const chunks: Buffer[] = [];
    for (let length = 0; length <= most;) {
      const chunk = Buffer.alloc(Math.min(65_536, most + 1 - length));
      const count = readSync(file, chunk, 0, chunk.length, null);
      if (count === 0) break;
      length += count;
      chunks.push(chunk.subarray(0, count));
    }
    return { bytes: Buffer.concat(chunks), rights: about };
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return { wrong: diskWords(error), code: codeOf(error) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
