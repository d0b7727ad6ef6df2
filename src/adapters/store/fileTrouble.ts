// File errors of the system in words: a sentence with the path and the next step. "EROFS" alone helps nobody
// at three in the morning.
import { dirname } from 'node:path';
import { codeOf } from '../clock.ts';
import { diskWords } from './journal/disk.ts';

const next: Readonly<Record<string, (path: string, code: string) => string>> = {
  EROFS: (path, code) =>
    `The file system of ${path} is read-only (${code}): mount it so that it can be written, or set LR_DATA_DIR to a folder that can.`,
  EACCES: (path, code) =>
    `This user may not use ${path} (${code}): give the user that runs the program the right to it, or set LR_DATA_DIR to a folder of that user’s own.`,
  EPERM: (path, code) =>
    `This user may not change ${path} (${code}): give the user that runs the program the right to it, or set LR_DATA_DIR to a folder of that user’s own.`,
  ENOSPC: (path, code) =>
    `There is no room left on the file system of ${path} (${code}): free some, or set LR_DATA_DIR to a folder on another one.`,
  EFBIG: (path, code) =>
    `${path} may not grow any more (${code}): raise the limit of this user’s file size (ulimit -f), or that of the file system.`,
  EDQUOT: (path, code) =>
    `The quota of this user is used up on the file system of ${path} (${code}): free some room or raise the quota.`,
  EIO: (path, code) =>
    `The disk of ${path} reports an error (${code}): look at the system’s log, and restore the folder to a disk that is well.`,
  ENOENT: (path, code) =>
    `${path} does not exist (${code}): make the folder ${dirname(path)} first, or set LR_DATA_DIR to one that exists.`,
  ENOTDIR: (path, code) =>
    `A part of ${path} is a file and no folder (${code}): set LR_DATA_DIR to a folder.`,
  EISDIR: (path, code) => `${path} is a folder where a file belongs (${code}): move it away.`,
  EEXIST: (path, code) =>
    `${path} is a file where a folder belongs (${code}): move it away, or set LR_DATA_DIR to another folder.`,
  EMFILE: (path, code) =>
    `This process may open no more files, among them ${path} (${code}): raise the limit of open files.`,
  ENFILE: (path, code) =>
    `This machine can open no more files, among them ${path} (${code}): raise the limit of open files.`,
  ENAMETOOLONG: (path, code) =>
    `The name ${path} is too long for this file system (${code}): set LR_DATA_DIR to a shorter path.`,
  ELOOP: (path, code) => `The links in ${path} lead in a circle (${code}): set LR_DATA_DIR to a folder.`,
};

/** Undefined when it is no refusal of a file. The error itself, or what caused it, may be the system's. */
export function fileTrouble(error: unknown): string | undefined {
  for (
    let at: unknown = error, depth = 0;
    depth < 5 && typeof at === 'object' && at !== null;
    at = (at as { readonly cause?: unknown }).cause, depth += 1
  ) {
    const { path } = at as { readonly path?: unknown };
    const sentence = next[codeOf(at)];
    if (sentence !== undefined && typeof path === 'string') return sentence(path, codeOf(at));
  }
  return undefined;
}

/** For a program that ends with it. */
export function whyItFailed(error: unknown): string {
  return fileTrouble(error) ?? diskWords(error);
}
