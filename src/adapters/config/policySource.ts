// The policy file on disk: read completely or not at all, with its hash, and with a warning about who else
// could write it.
import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Policy } from '../../bot/policy/policy.ts';
import { codeOf, hash } from '../clock.ts';
import { whyItFailed } from '../store/fileTrouble.ts';
import type { ReadText } from './policyApart.ts';
import { readPolicy } from './policyFile.ts';
import type { FileProblem } from './yamlFile.ts';

/** Bytes; no policy of people and recipes is as large as this. */
export const mostBytes = 1024 * 1024;

export type FoundPolicy =
  | { readonly policy: Policy; readonly sha256: string; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[]; readonly sha256: string }
  | { readonly unread: string };

/** How a text becomes a policy: here, where nobody waits for anything else, or in a thread of its own. */
type Read = (text: string) => ReadText | Promise<ReadText | { readonly unread: string }>;

/**
 * Opens the path each time, so that a link which now leads elsewhere is followed. Never rejects.
 */
export async function findPolicy(file: string, read: Read = readPolicy): Promise<FoundPolicy> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(file);
  } catch (error) {
    return { unread: whyItFailed(error) };
  }
  if (bytes.length > mostBytes) return { unread: `it is larger than ${mostBytes / 1024} KiB` };
  const text = bytes.toString('utf8');
  const sha256 = hash.sha256(text);
  // Every few seconds the same text: reading it again would keep the event loop each time.
  if (last?.sha256 === sha256) return last;
  const found = await read(text);
  if ('unread' in found) return found;
  last =
    'problems' in found
      ? { problems: found.problems, sha256 }
      : { policy: found.policy, sha256, warnings: found.warnings };
  return last;
}

/** What the newest text that was looked at means. */
let last: Exclude<FoundPolicy, { readonly unread: string }> | undefined;

async function readBounded(file: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a pipe at the path would wait until somebody writes into it, and keep the
  // process from ending.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a file');
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

/**
 * One sentence for each way in which somebody else could write the policy. Never rejects: the reader reports
 * what cannot be examined.
 */
export async function policyFileWarnings(file: string, uid = process.getuid?.()): Promise<readonly string[]> {
  // On Windows a mode says nothing about others.
  if (uid === undefined) return [];
  try {
    const real = await realpath(file);
    const folders = [...new Set([dirname(file), dirname(real)])];
    return (
      await Promise.all([
        warnAbout('the policy', real, uid),
        ...folders.map((folder) => warnAbout('the folder of the policy', folder, uid)),
      ])
    ).flat();
  } catch (error) {
    if (codeOf(error) === '') throw error;
    // It cannot be found: the code that reads it reports that.
    return [];
  }
}

async function warnAbout(what: string, path: string, uid: number): Promise<readonly string[]> {
  const { mode, uid: owner } = await stat(path);
  const isFolder = what !== 'the policy';
  // In a folder with the sticky bit nobody can replace the files of others, and on a file system mounted
  // read-only nobody writes.
  const writable = (mode & 0o022) !== 0 && !(isFolder && (mode & 0o1000) !== 0) && !(await isReadOnly(path));
  return [
    ...(writable
      ? [
          `${what}, ${path}, can be written by ${(mode & 0o002) !== 0 ? 'everybody on this machine' : 'its group'} (mode ${(mode & 0o777).toString(8)}), and who writes it decides who may run what: chmod go-w ${path}`,
        ]
      : []),
    ...(owner === 0 || owner === uid
      ? []
      : [
          `${what}, ${path}, belongs to another user (uid ${owner}) than root or the bot (uid ${uid}), who can change who may run what: chown it`,
        ]),
  ];
}

async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}
