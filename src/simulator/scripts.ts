// What a command does on a device: how long it works, what it prints, which files it leaves, and how it fails.
import { drawWithin } from './seed.ts';
import { paramOf } from './shapes.ts';
import type { Command, Device, LibraryFile, ScriptResult } from './shapes.ts';
import type { Profile } from './profile.ts';

export interface Outcome {
  /** Milliseconds at device speed 1. */
  readonly workMs: number;
  /** Why the command fails; undefined when it completes. */
  readonly failure?: string;
  readonly result?: ScriptResult;
  /** Paths that exist on the device afterwards. */
  readonly leaves: readonly string[];
}

type Library = (name: string) => LibraryFile | undefined;

/** Decides a command's outcome. `library` finds a file of the live response library; `salt` makes the duration the action's own. */
export function outcomeOf(command: Command, device: Device, profile: Profile, library: Library, salt: string): Outcome {
  const outcome = ownOutcome(command, device, profile, library, salt);
  return outcome.failure === undefined || device.errorText === null ? outcome : { ...outcome, failure: device.errorText };
}

function ownOutcome(command: Command, device: Device, profile: Profile, library: Library, salt: string): Outcome {
  const range = command.type === 'GetFile' ? profile.getFileMs : profile.commandMs;
  const workMs = drawWithin(range, salt);
  if (device.broken) return { workMs, failure: 'Failed to execute the command on the device. Error: 0x80004005 (Unspecified error).', leaves: [] };
  switch (command.type) {
    case 'PutFile': {
      const name = paramOf(command, 'FileName') ?? '';
      return library(name) !== undefined ? { workMs, leaves: [workingFolder(device) + name] } : { workMs, failure: `File '${name}' was not found in the library.`, leaves: [] };
    }
    case 'GetFile': {
      const path = paramOf(command, 'Path') ?? '';
      if (device.lockedFiles.some((file) => file.toLowerCase() === path.toLowerCase())) {
        return { workMs, failure: `The process cannot access the file '${path}' because it is being used by another process.`, leaves: [] };
      }
      return existsOn(device, path) ? { workMs, leaves: [] } : { workMs, failure: `File not found: ${path}`, leaves: [] };
    }
    case 'RunScript':
      return scriptOutcome(command, device, profile, library, workMs);
  }
}

function scriptOutcome(command: Command, device: Device, profile: Profile, library: Library, workMs: number): Outcome {
  const name = paramOf(command, 'ScriptName') ?? '';
  const args = paramOf(command, 'Args') ?? '';
  const file = library(name);
  if (file === undefined) return { workMs, failure: `Script '${name}' was not found in the library.`, leaves: [] };
  // The signature check is for PowerShell only.
  if (profile.unsignedScripts === 'fail' && name.toLowerCase().endsWith('.ps1') && !file.signed) {
    return { workMs, failure: `Script '${name}' is not signed, and unsigned script execution is not allowed in this organization.`, leaves: [] };
  }
  const takes = device.scriptMs ?? workMs;
  if (takes > profile.scriptTimeoutMs) {
    return { workMs: profile.scriptTimeoutMs, failure: `Script execution timed out after ${Math.round(profile.scriptTimeoutMs / 60_000)} minutes.`, leaves: [] };
  }
  if (name.toLowerCase() === 'exit3.ps1' || args.split(/\s+/).includes('--fail')) {
    const result: ScriptResult = { exitCode: 3, output: 'Starting.\n', errors: `${name} : The script ended with exit code 3.\n` };
    return profile.nonZeroExit === 'failed'
      ? { workMs: takes, failure: 'Script ended with exit code 3.', result, leaves: [] }
      : { workMs: takes, result, leaves: [] };
  }
  const { output, leaves } = prints(name.toLowerCase(), args);
  return { workMs: takes, result: { exitCode: 0, output: device.scriptOutput ?? output, errors: '' }, leaves };
}

/** Output and files of the scripts in the library; any other script greets. */
function prints(name: string, args: string): { readonly output: string; readonly leaves: readonly string[] } {
  switch (name) {
    case 'minidump.ps1': {
      const path = `C:\\windows\\TEMP\\${args.trim()}.dmp.zip`;
      return { output: `${path}\n51 MB\n`, leaves: [path] };
    }
    case 'collect.ps1':
      return { output: 'C:\\windows\\TEMP\\collect.zip\n8 MB\n', leaves: ['C:\\windows\\TEMP\\collect.zip'] };
    case 'collect.sh':
      return { output: '/var/tmp/lr-collect/collect.tar.gz\n3 MB\n', leaves: ['/var/tmp/lr-collect/collect.tar.gz'] };
    default:
      return { output: `Hello from Defender${args === '' ? '' : `: ${args}`}\n`, leaves: [] };
  }
}

const workingFolder = (device: Device): string =>
  device.os === 'windows' ? 'C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Downloads\\' : '/opt/microsoft/mdatp/downloads/';

/**
 * A path exists when a script or PutFile left it there, in this session or an earlier one.
 * Beside those, everything below C:\Windows exists except its TEMP folder (or a dump nobody made could be fetched), and everything below /var/log.
 */
export function existsOn(device: Device, path: string): boolean {
  if (device.os === 'linux') return device.files.includes(path) || path.startsWith('/var/log/');
  const wanted = path.toLowerCase();
  if (device.files.some((file) => file.toLowerCase() === wanted)) return true;
  return wanted.startsWith('c:\\windows\\') && !wanted.startsWith('c:\\windows\\temp\\');
}
