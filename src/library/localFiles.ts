// Files that the library should hold: the scripts that come with the program and every file that a recipe
// names, read from manifest/defender and from the folder given by --scripts, whose copies (signed ones,
// mostly) count before the shipped ones.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { neededFiles, parametersOf } from '../bot/policy/recipes/libraryFiles.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { codeOf } from '../adapters/clock.ts';
import { diskWords } from '../adapters/store/journal/disk.ts';

/**
 * One file by API: 20 MB (learn.microsoft.com/defender-endpoint/api/upload-library). The portal takes more.
 * Bytes.
 */
export const mostBytes = 20 * 1024 * 1024;

export interface LocalFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Lower case. */
  readonly sha256: string;
  /** SHA-256 of the script of this name that comes with this program; absent where none does. */
  readonly shippedSha256?: string;
  readonly description: string | undefined;
  /** What the script takes; absent where no recipe hands it anything. */
  readonly parameters: string | undefined;
  readonly recipes: readonly string[];
  /**
   * Of the same text with other line ends, as git's autocrlf makes them; without what no shell would run.
   * Lower case.
   */
  readonly otherLineEnds: readonly string[];
  /** It ends with a signature, good or not. */
  readonly signed: boolean;
  /** What to know before it is uploaded, in sentences. */
  readonly warnings: readonly string[];
}

/** A wanted name without a file that could be uploaded. `why` absent: it lies nowhere here. */
export interface NoFile {
  readonly name: string;
  readonly recipes: readonly string[];
  readonly why?: string;
}

export interface LocalFiles {
  readonly files: readonly LocalFile[];
  readonly without: readonly NoFile[];
  /** Files of the folder given by --scripts that nothing names. */
  readonly unnamed: readonly string[];
}

export interface LocalPlaces {
  /** manifest/defender. */
  readonly shipped: string;
  /** Given by --scripts. */
  readonly scripts?: string;
  /** Absent: the shipped scripts alone. */
  readonly policy?: Policy;
}

/** The folder of --scripts cannot be read. */
export class NoFolder extends Error {}

/** What does not run with Windows line ends. */
const forShell = /\.(?:sh|bash|py)$/i;
const script = /\.(?:ps1|psm1|psd1|sh|bash|py|cmd|bat)$/i;
/** live-response: letters, digits, "-", "_" and "." only. */
const allowed = /^[A-Za-z0-9._-]+$/;

/** What the library's entry says of our own scripts. */
const ours: Readonly<Record<string, { readonly description: string; readonly parameters?: string }>> = {
  'minidump.ps1': {
    description: 'Memory dump of one process, as a zip in C:\\windows\\TEMP',
    parameters: 'process name or id',
  },
  'collect.ps1': { description: 'Triage package, as a zip in C:\\windows\\TEMP' },
  'collect.sh': { description: 'Triage package of Linux and macOS, as an archive' },
};

/** @throws NoFolder */
export function localFiles({ shipped, scripts, policy }: LocalPlaces): LocalFiles {
  const own = entriesOf(shipped, false).filter((name) => script.test(name));
  const given = scripts === undefined ? [] : entriesOf(scripts, true);
  const needed = policy === undefined ? new Map<string, readonly string[]>() : neededFiles(policy);
  // Two recipes may spell one file in two ways: the library does not tell names apart by case.
  const wanted = new Map<string, { readonly name: string; readonly recipes: readonly string[] }>();
  for (const [name, recipes] of [...needed, ...own.map((one) => [one, []] as const)]) {
    const known = wanted.get(name.toLowerCase());
    wanted.set(name.toLowerCase(), {
      name: known?.name ?? name,
      recipes: [...new Set([...(known?.recipes ?? []), ...recipes])],
    });
  }
  const files: LocalFile[] = [];
  const without: NoFile[] = [];
  for (const one of [...wanted.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const found = pick(one.name, [
      { folder: scripts, names: given },
      { folder: shipped, names: own },
    ]);
    if (found.path === undefined) {
      without.push({ ...one, ...(found.why === undefined ? {} : { why: found.why }) });
      continue;
    }
    const read = readFile(found.path, one.name);
    if ('why' in read) without.push({ ...one, why: read.why });
    else
      files.push({
        ...one,
        ...about(one.name, policy),
        ...shippedHash(one.name, shipped, own),
        path: found.path,
        bytes: read.bytes,
        sha256: sha256Of(read.bytes),
        otherLineEnds: script.test(one.name) ? otherLineEnds(one.name, read.bytes) : [],
        signed: isSigned(read.bytes),
        warnings: warningsOf(one.name, read.bytes),
      });
  }
  return { files, without, unnamed: given.filter((name) => !wanted.has(name.toLowerCase())) };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function about(name: string, policy: Policy | undefined): Pick<LocalFile, 'description' | 'parameters'> {
  const own = ours[name.toLowerCase()];
  return {
    description: own?.description,
    parameters: own?.parameters ?? (policy === undefined ? undefined : parametersOf(policy, name)),
  };
}

interface ScriptFolder {
  readonly folder: string | undefined;
  readonly names: readonly string[];
}

/** The file that counts for a name: that of --scripts before the shipped one. */
function pick(
  name: string,
  [scripts, shipped]: readonly [scripts: ScriptFolder, shipped: ScriptFolder],
): { readonly path: string | undefined; readonly why?: string } {
  const isSame = (one: string): boolean => one.toLowerCase() === name.toLowerCase();
  const same = scripts.names.filter(isSame);
  if (same.length > 1)
    return {
      path: undefined,
      why: `${scripts.folder ?? ''} holds ${same.join(' and ')}, which the library does not tell apart: keep one`,
    };
  if (scripts.folder !== undefined && same[0] !== undefined) return { path: join(scripts.folder, same[0]) };
  const ship = shipped.names.find(isSame);
  return { path: ship === undefined ? undefined : join(shipped.folder ?? '', ship) };
}

function shippedHash(
  name: string,
  shipped: string,
  own: readonly string[],
): Pick<LocalFile, 'shippedSha256'> {
  const ship = own.find((one) => one.toLowerCase() === name.toLowerCase());
  const read = ship === undefined ? undefined : readFile(join(shipped, ship), ship);
  return read === undefined || 'why' in read ? {} : { shippedSha256: sha256Of(read.bytes) };
}

/** Names in a folder. @throws NoFolder where it was asked for */
function entriesOf(folder: string, asked: boolean): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (!asked && codeOf(error) === 'ENOENT') return [];
    throw new NoFolder(`The folder ${folder} cannot be read: ${diskWords(error)}.`, { cause: error });
  }
}

function readFile(path: string, name: string): { readonly bytes: Uint8Array } | { readonly why: string } {
  if (!allowed.test(name))
    return {
      why: `the library takes letters, digits, "-", "_" and "." in a name and nothing else: rename it, and in the recipe too`,
    };
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK a pipe at the path would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { why: `${path} is no file` };
    if (stats.size > mostBytes)
      return {
        why: `${path} has ${stats.size} bytes, and the API takes 20 MB (${mostBytes} bytes) at most: upload it in the portal, which takes more`,
      };
    if (stats.size === 0) return { why: `${path} is empty` };
    const bytes = Buffer.alloc(stats.size);
    let length = 0;
    for (;;) {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) break;
    }
    if (length < bytes.length) return { why: `${path} became shorter while it was read: run this again` };
    if (script.test(name) && !isUtf8(bytes))
      return { why: `${path} is no UTF-8 text: save it as UTF-8 (and sign it again, if it was signed)` };
    return { bytes };
  } catch (error) {
    return { why: `${path} cannot be read: ${diskWords(error)}` };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function otherLineEnds(name: string, bytes: Uint8Array): readonly string[] {
  const lf = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n');
  const own = sha256Of(bytes);
  return [lf, ...(forShell.test(name) ? [] : [lf.replaceAll('\n', '\r\n')])]
    .map((text) => sha256Of(Buffer.from(text, 'latin1')))
    .filter((sha256) => sha256 !== own);
}

/** What Set-AuthenticodeSignature writes; whether the signature is good only a Windows machine can say. */
function isSigned(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('# SIG # Begin signature block');
}

function warningsOf(name: string, bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString('latin1');
  return [
    ...(/\.ps1$/i.test(name) && !isSigned(bytes)
      ? [
          `${name} is not signed: it runs only where "Live response unsigned script execution" is on in the tenant. Sign it (manifest/defender/README.md) and give its folder with --scripts.`,
        ]
      : []),
    ...(forShell.test(name) && text.includes('\r\n')
      ? [`${name} has Windows line ends (CR LF), with which a shell does not run it: save it with LF.`]
      : []),
    ...(forShell.test(name) && text.startsWith('\u00ef\u00bb\u00bf')
      ? [
          `${name} begins with a byte order mark, which a shell takes for a part of its first line: save it without.`,
        ]
      : []),
  ];
}
