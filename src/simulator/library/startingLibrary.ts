// The files the live response library holds in a new tenant: the scripts that come with this program, byte by
// byte, and some for trying things out.
import { createHash } from 'node:crypto';
import type { LibraryFile } from '../shapes.ts';
import { shippedScripts } from './shippedScripts.ts';

type Described = Pick<LibraryFile, 'fileName' | 'description' | 'parametersDescription'>;

/**
 * What an administrator writes next to a shipped script when uploading it; a script that has no line
 * here has no description.
 */
const descriptions: readonly Described[] = [
  {
    fileName: 'minidump.ps1',
    description: 'Dumps a process and zips the dump',
    parametersDescription: '<process>',
  },
  { fileName: 'collect.ps1', description: 'Collects triage files', parametersDescription: null },
  {
    fileName: 'collect.sh',
    description: 'Collects triage files (Linux, macOS)',
    parametersDescription: null,
  },
];
const others: readonly (Described & { readonly content: string })[] = [
  {
    fileName: 'exit3.ps1',
    description: 'Ends with exit code 3',
    parametersDescription: null,
    content: 'exit 3\n',
  },
  {
    fileName: 'hello.sh',
    description: null,
    parametersDescription: null,
    content: '#!/bin/bash\necho "Hello from Defender"\n',
  },
  {
    fileName: 'triage.zip',
    description: 'Triage tools',
    parametersDescription: null,
    content: 'PK simulated',
  },
];
/**
 * Under these hashes earlier versions kept stand-ins for the shipped scripts, one of them as signed, which it
 * was not.
 */
const standIns: ReadonlySet<string> = new Set([
  '1888bb428ccea6d72ed8bd56b41144d7a2e08d1d723deed730d8267add8b3b1e',
  'de38b984da99902b81f483f97617b29e8136cebe853f38d2f4db438d33f2620f',
]);

export function startingLibrary(now: number): readonly LibraryFile[] {
  const createdAt = now - 30 * 24 * 3_600_000;
  const scripts = shippedScripts();
  const known = descriptions.filter(({ fileName }) => scripts.some((script) => script.fileName === fileName));
  const unknown = scripts
    .filter(({ fileName }) => known.every((one) => one.fileName !== fileName))
    .map(({ fileName }): Described => ({ fileName, description: null, parametersDescription: null }));
  const shipped = [...known, ...unknown].map((file) => ({
    ...file,
    ...contentOf(scripts.find(({ fileName }) => fileName === file.fileName)?.bytes ?? new Uint8Array(0)),
  }));
  return [
    ...shipped,
    ...others.map(({ content, ...file }) => ({ ...file, ...contentOf(Buffer.from(content)) })),
  ].map((file) => ({
    ...file,
    createdAt,
    updatedAt: createdAt,
    createdBy: 'admin@corp.example',
    hasParameters: file.parametersDescription !== null,
  }));
}

/** A saved library, with the real scripts in place of the stand-ins of an earlier version. */
export function broughtUp(saved: readonly LibraryFile[], now: number): readonly LibraryFile[] {
  if (!saved.some((file) => standIns.has(file.sha256))) return saved;
  const today = startingLibrary(now);
  return saved.map((file) =>
    standIns.has(file.sha256) ? (today.find((one) => one.fileName === file.fileName) ?? file) : file,
  );
}

/** What follows from a file's bytes. */
export function contentOf(bytes: Uint8Array): Pick<LibraryFile, 'sha256' | 'signed' | 'requires'> {
  const texts = [Buffer.from(bytes).toString('latin1'), Buffer.from(bytes).toString('utf16le')];
  const requires = texts
    .map((text) => /^[^\w#\r\n]*#requires\s.*-version\s+([\d.]+)/im.exec(text)?.[1])
    .find((version) => version !== undefined);
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    // The block that Set-AuthenticodeSignature appends; whether the signature is good depends on the device.
    signed: texts.some((text) => /^# SIG # Begin signature block\r?$/m.test(text)),
    ...(requires === undefined ? {} : { requires }),
  };
}
