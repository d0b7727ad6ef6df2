// The key of the record: made into one key per purpose, named by an id that gives nothing away. Its first
// form writes, older ones after it only verify.
import { createHmac, createSecretKey, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { realpathSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { Disk } from './disk.ts';
import { codeOf } from '../../clock.ts';
import { diskWords } from './disk.ts';

export interface Key {
  /** Part of every line that this key wrote. */
  readonly id: string;
  /** Authenticates journal lines. */
  readonly chain: KeyObject;
  /** Authenticates the other files of the data folder, and anchors. */
  readonly files: KeyObject;
  /** Wraps the keys of persons. */
  readonly wrap: KeyObject;
}

export interface Keys {
  readonly current: Key;
  byId(id: string): Key | undefined;
  /** 0 for the key that writes; older ones have higher numbers. Undefined for a key that is not here. */
  rank(id: string): number | undefined;
  /** Kept in the data folder itself: it stops accidents, and nobody who may write there. */
  readonly own: boolean;
}

/** What a key is made of, in bytes, at least. */
const leastBytes = 32;
const ownName = 'journal.key';
const maxFileBytes = 16_384;

/** What the person who sets the bot up types; printed where a key is missing. */
export const makeKey = `(umask 077; set -C; mkdir -p ~/.live-response-bot && openssl rand -base64 32 > ~/.live-response-bot/journal.key && echo "LR_JOURNAL_KEY_FILE=$HOME/.live-response-bot/journal.key")`;
/** The same for a path that is set. It overwrites no key that is there. */
const makeKeyAt = (path: string): string =>
  `(umask 077; set -C; mkdir -p "${dirname(path)}" && openssl rand -base64 32 > "${path}")`;
export const makeKeyText = 'openssl rand -base64 32';

function derived(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `live-response-bot 2 ${purpose}`, 32));
}

function keyFrom(secret: Uint8Array): Key {
  const key = (purpose: string): KeyObject => createSecretKey(derived(secret, purpose));
  return {
    id: derived(secret, 'key id').toString('hex').slice(0, 16),
    chain: key('journal chain'),
    files: key('files and anchors'),
    wrap: key('wrapping of person keys'),
  };
}

/** @param secrets the key that writes first, older ones behind it */
export function keysFrom(secrets: readonly Uint8Array[], own = false): Keys {
  const all = secrets.map(keyFrom);
  const [current] = all;
  if (current === undefined) throw new Error('a key ring needs a key');
  const ranks = new Map(all.map((key, index) => [key.id, index] as const));
  return { current, own, byId: (id) => all[ranks.get(id) ?? -1], rank: (id) => ranks.get(id) };
}

/**
 * Keys in base64 or hex, separated by white space or commas, the newest first; or why they cannot be used.
 */
export function parseKeys(
  text: string,
): { readonly secrets: readonly Uint8Array[] } | { readonly wrong: string } {
  const secrets: Uint8Array[] = [];
  for (const word of text.split(/[\s,]+/)) {
    if (word === '') continue;
    const hex = /^[0-9a-f]+$/i.test(word) && word.length % 2 === 0;
    const bytes = hex
      ? Buffer.from(word, 'hex')
      : /^[A-Za-z0-9+/_-]+={0,2}$/.test(word)
        ? Buffer.from(word, 'base64')
        : undefined;
    if (bytes === undefined) return { wrong: 'is neither base64 nor hexadecimal' };
    if (bytes.length < leastBytes)
      return { wrong: `holds ${bytes.length} bytes, and a key has ${leastBytes} or more` };
    if (bytes.every((byte) => byte === bytes[0])) return { wrong: 'holds one byte over and over' };
    secrets.push(bytes);
  }
  return secrets.length === 0 ? { wrong: 'is empty' } : { secrets };
}

/** Why a key file cannot be taken; what it says is for people. */
export class KeyFileError extends Error {
  readonly code = 'keyFile';
}

/** What a file's owner, group and mode are; of `fs.Stats`. */
export interface FileRights {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The user and group numbers that this process has; undefined on Windows. */
export function ownNumbers(): { readonly uid: number; readonly gid: number } | undefined {
  const { getuid, getgid } = process;
  return getuid === undefined || getgid === undefined ? undefined : { uid: getuid(), gid: getgid() };
}

/**
 * Whether the group's right to read a file is the bot's own: root's file, which the group may read and nobody
 * else, and a group that is this user's alone, by having its number. So the kubelet hands secrets in with an
 * fsGroup (mode 0440), and no mode that it takes is narrower.
 */
export function groupIsOwn({ uid, gid, mode }: FileRights, own = ownNumbers()): boolean {
  return (
    own !== undefined &&
    own.uid !== 0 &&
    uid === 0 &&
    (mode & 0o077) === 0o040 &&
    gid === own.gid &&
    own.gid === own.uid
  );
}

/**
 * Whether systemd hands the file to this service alone: in its folder of credentials, where a list of rights
 * (ACL) lets the service's user read and the mode shows 0440 of root for it (systemd 254 and later). Nobody
 * else gets into that folder, and the mode cannot be changed.
 */
export function isCredential(
  path: string,
  { uid, gid, mode }: FileRights,
  directory = process.env['CREDENTIALS_DIRECTORY'],
): boolean {
  return (
    directory !== undefined &&
    isAbsolute(directory) &&
    resolve(path).startsWith(`${resolve(directory)}${sep}`) &&
    uid === 0 &&
    gid === 0 &&
    (mode & 0o777) === 0o440
  );
}

/**
 * The keys in a file.
 * @throws KeyFileError when it cannot be read, holds no key, lies in the data folder, or everybody may read
 * it
 */
export function readKeyFile(
  path: string,
  folder: string,
): { readonly keys: Keys; readonly warnings: readonly string[] } {
  let text: string;
  let rights: FileRights;
  try {
    const about = statSync(path);
    if (!about.isFile()) throw new Error('it is not a file');
    if (about.size > maxFileBytes) throw new Error(`it has ${about.size} bytes, and a key has some forty`);
    rights = about;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new KeyFileError(
      `The journal key in ${path} (LR_JOURNAL_KEY_FILE) cannot be read: ${diskWords(error)}.${codeOf(error) === 'ENOENT' ? ` To make one, as the bot’s user: ${makeKeyAt(path)}` : ''}`,
    );
  }
  if (isInside(path, folder))
    throw new KeyFileError(
      `The journal key ${path} (LR_JOURNAL_KEY_FILE) lies in the data folder ${folder}: anyone who may write the folder could then forge the journal. Move it elsewhere.`,
    );
  const posix = process.platform !== 'win32';
  const { mode } = rights;
  if (posix && (mode & 0o007) !== 0)
    throw new KeyFileError(
      `Everybody on this machine may use the journal key ${path} (mode ${(mode & 0o777).toString(8)}). Take that away: chmod 600 ${path} (in Kubernetes: defaultMode 0400 and an fsGroup).`,
    );
  const read = parseKeys(text);
  if ('wrong' in read)
    throw new KeyFileError(
      `The journal key in ${path} (LR_JOURNAL_KEY_FILE) ${read.wrong}. If it never was a key of this journal, move it away and make one, as the bot’s user: ${makeKeyAt(path)}`,
    );
  const warnings =
    posix && (mode & 0o070) !== 0 && !groupIsOwn(rights) && !isCredential(path, rights)
      ? [
          `A group may use the journal key ${path} (mode ${(mode & 0o777).toString(8)}): anyone in it can forge the journal.`,
        ]
      : [];
  return { keys: keysFrom(read.secrets), warnings };
}

/** Whether a path lies in a folder, by its name or by where its links lead. */
export function isInside(path: string, folder: string): boolean {
  const real = (one: string): string => {
    for (let at = resolve(one), rest = ''; ; rest = join(basename(at), rest), at = dirname(at)) {
      try {
        return join(realpathSync(at), rest);
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error)) || dirname(at) === at) throw error;
      }
    }
  };
  return [resolve(path), real(path)].some((one) =>
    [resolve(folder), real(folder)].some((whole) => one.startsWith(`${whole}${sep}`)),
  );
}

/**
 * The key that console and simulator keep in the data folder; undefined when there is none. @throws when it
 * cannot be used
 */
export function findOwnKeys(disk: Disk, folder: string): Keys | undefined {
  if (!disk.list(folder).includes(ownName)) return undefined;
  const file = disk.open(join(folder, ownName), 'read');
  try {
    const read = parseKeys(Buffer.from(file.read(0, maxFileBytes)).toString('utf8'));
    if ('wrong' in read)
      throw new KeyFileError(
        `The key ${join(folder, ownName)} ${read.wrong}. Put back the one that the journal was written with.`,
      );
    return keysFrom(read.secrets, true);
  } finally {
    file.close();
  }
}

/** The same, made if need be, and durable before anything is written with it. */
export function ownKeys(disk: Disk, folder: string): Keys {
  const found = findOwnKeys(disk, folder);
  if (found !== undefined) return found;
  const secret = randomBytes(leastBytes);
  const path = join(folder, ownName);
  const file = disk.open(`${path}.tmp`, 'new');
  try {
    file.append(Buffer.from(`${secret.toString('base64')}\n`));
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(`${path}.tmp`, path);
  disk.syncFolder(folder);
  return keysFrom([secret], true);
}

/**
 * Hex of the HMAC over some parts; `purpose` keeps what was made for one file from being taken in another.
 */
export function macOf(key: Key, purpose: string, ...parts: readonly (string | Uint8Array)[]): string {
  const mac = createHmac('sha256', key.files);
  mac.update(`${purpose}\0`);
  for (const part of parts) mac.update(part);
  return mac.digest('hex');
}

export function sameMac(one: string, other: unknown): boolean {
  if (typeof other !== 'string') return false;
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A small file's content with what proves who wrote it. */
export function signedText(keys: Keys, name: string, text: string): string {
  return JSON.stringify({ key: keys.current.id, mac: macOf(keys.current, name, text), text });
}

/** What `signedText` made; undefined when it is not of one of these keys and of this name. */
export function verifiedText(keys: Keys, name: string, signed: unknown): string | undefined {
  if (
    typeof signed !== 'object' ||
    signed === null ||
    !('text' in signed) ||
    typeof signed.text !== 'string' ||
    !('key' in signed) ||
    typeof signed.key !== 'string' ||
    !('mac' in signed)
  )
    return undefined;
  const key = keys.byId(signed.key);
  return key !== undefined && sameMac(macOf(key, name, signed.text), signed.mac) ? signed.text : undefined;
}
