// What a command does on a device: how long it works, what it prints, which files it leaves, and how it fails.
import { drawWithin } from './seed.ts';
import { paramOf } from './shapes.ts';
import type { Command, Device, ScriptResult } from './shapes.ts';
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

/** Decides a command's outcome. `inLibrary` tells whether a file of that name is in the live response library; `salt` makes the duration the action's own. */
export function outcomeOf(command: Command, device: Device, profile: Profile, inLibrary: (name: string) => boolean, salt: string): Outcome {
  const range = command.type === 'GetFile' ? profile.getFileMs : profile.commandMs;
  const workMs = drawWithin(range, salt);
  if (device.broken) return { workMs, failure: 'Failed to execute the command on the device. Error: 0x80004005 (Unspecified error).', leaves: [] };
  switch (command.type) {
    case 'PutFile': {
      const name = paramOf(command, 'FileName') ?? '';
      return inLibrary(name) ? { workMs, leaves: [workingFolder(device) + name] } : { workMs, failure: `File '${name}' was not found in the library.`, leaves: [] };
    }
    case 'GetFile': {
      const path = paramOf(command, 'Path') ?? '';
      return existsOn(device, path) ? { workMs, leaves: [] } : { workMs, failure: `File not found: ${path}`, leaves: [] };
    }
    case 'RunScript':
      return scriptOutcome(command, device, profile, inLibrary, workMs);
  }
}

function scriptOutcome(command: Command, device: Device, profile: Profile, inLibrary: (name: string) => boolean, workMs: number): Outcome {
  const name = paramOf(command, 'ScriptName') ?? '';
  const args = paramOf(command, 'Args') ?? '';
  if (!inLibrary(name)) return { workMs, failure: `Script '${name}' was not found in the library.`, leaves: [] };
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
  return { workMs: takes, result: { exitCode: 0, output, errors: '' }, leaves };
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
