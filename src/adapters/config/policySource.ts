// The policy as a file on disk: read whole or not at all, with its hash, and who else could write it.
import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Policy } from '../../bot/policy/policy.ts';
import { hash } from '../hash.ts';
import { whyItFailed } from '../store/fileTrouble.ts';
import { readPolicy } from './policyFile.ts';
import type { FileProblem } from './yamlFile.ts';
import { codeOf } from '../systemErrors.ts';

/** More than any policy of people and recipes; a file that is larger is not one. Bytes. */
export const mostBytes = 1024 * 1024;

export type FoundPolicy =
  | { readonly policy: Policy; readonly sha256: string; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[]; readonly sha256: string }
  | { readonly unread: string };

/** By its path each time, so that a link which points elsewhere since is followed. Never rejects. */
export async function findPolicy(file: string): Promise<FoundPolicy> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(file);
  } catch (error) {
    return { unread: whyItFailed(error) };
  }
  if (bytes.length > mostBytes) return { unread: `it is larger than ${mostBytes / 1024} KiB` };
  const sha256 = hash.sha256(bytes.toString('utf8'));
  const read = readPolicy(bytes.toString('utf8'));
  return 'problems' in read
    ? { problems: read.problems, sha256 }
    : { policy: read.policy, sha256, warnings: read.warnings };
}

async function readBounded(file: string): Promise<Buffer> {
  // Without it a pipe at the path would be waited for until somebody writes into it, and keep the process
  // from ending.
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
 * One sentence for each way in which somebody else could write the policy. Never rejects: what cannot be
 * looked at is the reader's to tell.
 */
export async function policyFileWarnings(file: string, uid = process.getuid?.()): Promise<readonly string[]> {
  // On Windows a mode says nothing of others.
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
    // It cannot be found: the code that reads it says so.
    return [];
  }
}

async function warnAbout(what: string, path: string, uid: number): Promise<readonly string[]> {
  const { mode, uid: owner } = await stat(path);
  const isFolder = what !== 'the policy';
  // In a folder with the sticky bit nobody replaces what is another's; and on a file system mounted for
  // reading nobody writes.
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
