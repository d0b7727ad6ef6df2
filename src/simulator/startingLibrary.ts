// The files the live response library holds in a new tenant.
import { createHash } from 'node:crypto';
import type { LibraryFile } from './shapes.ts';

const startingFiles: readonly (Pick<LibraryFile, 'fileName' | 'description' | 'parametersDescription' | 'signed'> & { readonly content: string })[] = [
  { fileName: 'minidump.ps1', description: 'Dumps a process and zips the dump', parametersDescription: '<process>', signed: true, content: 'param([string]$Process)\nWrite-Output "dump of $Process"\n' },
  { fileName: 'collect.ps1', description: 'Collects triage files', parametersDescription: null, signed: false, content: 'Write-Output "collect"\n' },
  { fileName: 'collect.sh', description: 'Collects triage files (Linux, macOS)', parametersDescription: null, signed: false, content: '#!/bin/sh\necho collect\n' },
  { fileName: 'exit3.ps1', description: 'Ends with exit code 3', parametersDescription: null, signed: false, content: 'exit 3\n' },
  { fileName: 'hello.sh', description: null, parametersDescription: null, signed: false, content: '#!/bin/bash\necho "Hello from Defender"\n' },
  { fileName: 'triage.zip', description: 'Triage tools', parametersDescription: null, signed: false, content: 'PK simulated' },
];

export function startingLibrary(now: number): readonly LibraryFile[] {
  const createdAt = now - 30 * 24 * 3_600_000;
  return startingFiles.map(({ content, ...file }) => ({
    ...file, sha256: sha256(Buffer.from(content)), createdAt, updatedAt: createdAt, createdBy: 'admin@corp.example', hasParameters: file.parametersDescription !== null,
  }));
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
