// Effects of a command on a device: how long it works, what it prints, which files it leaves, and how it
// fails.
import { hresults } from './hresults.ts';
import { oddFileAt, whyNotFetched } from '../results/oddFiles.ts';
import { drawWithin } from '../seed.ts';
import { paramOf } from '../shapes.ts';
import type { Command, Device, LibraryFile, ScriptResult } from '../shapes.ts';
import type { Profile } from '../profile.ts';

export interface Outcome {
  /** Milliseconds at device speed 1. */
  readonly workMs: number;
  /** Why the command fails; undefined when it completes. */
  readonly failure?: string;
  /** With a failure: its HRESULT. */
  readonly hresult?: number;
  readonly result?: ScriptResult;
  /** Paths that exist on the device afterwards. */
  readonly leaves: readonly string[];
}

/** What a command runs in. `library` finds a file of the live response library. */
export interface Surroundings {
  readonly device: Device;
  readonly profile: Profile;
  readonly library: (name: string) => LibraryFile | undefined;
}

/** Decides a command's outcome. `salt` makes the duration the action's own. */
export function outcomeOf(command: Command, within: Surroundings, salt: string): Outcome {
  const outcome = ownOutcome(command, within, salt);
  const { errorText } = within.device;
  return outcome.failure === undefined || errorText === null ? outcome : { ...outcome, failure: errorText };
}

function ownOutcome(command: Command, within: Surroundings, salt: string): Outcome {
  const { device, profile, library } = within;
  const range = command.type === 'GetFile' ? profile.getFileMs : profile.commandMs;
  const workMs = drawWithin(range, salt);
  if (device.broken)
    return {
      workMs,
      failure: 'Failed to execute the command on the device. Error: 0x80004005 (Unspecified error).',
      hresult: hresults.unspecified,
      leaves: [],
    };
  switch (command.type) {
    case 'PutFile': {
      const name = paramOf(command, 'FileName') ?? '';
      return library(name) !== undefined
        ? { workMs, leaves: [workingFolder(device) + name] }
        : {
            workMs,
            failure: `File '${name}' was not found in the library.`,
            hresult: hresults.fileNotFound,
            leaves: [],
          };
    }
    case 'GetFile':
      return { workMs, ...fetched(paramOf(command, 'Path') ?? '', device), leaves: [] };
    case 'RunScript':
      return scriptOutcome(command, within, workMs);
  }
}

/** What keeps `getfile` from bringing a file; nothing when it comes. */
function fetched(path: string, device: Device): Pick<Outcome, 'failure' | 'hresult'> {
  if (device.lockedFiles.some((file) => file.toLowerCase() === path.toLowerCase())) {
    return {
      failure: `The process cannot access the file '${path}' because it is being used by another process.`,
      hresult: hresults.sharingViolation,
    };
  }
  const odd = oddFileAt(device, path);
  if (odd !== undefined) return whyNotFetched(path, odd);
  return existsOn(device, path) ? {} : { failure: `File not found: ${path}`, hresult: hresults.fileNotFound };
}

function scriptOutcome(
  command: Command,
  { device, profile, library }: Surroundings,
  workMs: number,
): Outcome {
  const name = paramOf(command, 'ScriptName') ?? '';
  const args = paramOf(command, 'Args') ?? '';
  const file = library(name);
  if (file === undefined)
    return {
      workMs,
      failure: `Script '${name}' was not found in the library.`,
      hresult: hresults.fileNotFound,
      leaves: [],
    };
  const stopped = name.toLowerCase().endsWith('.ps1')
    ? stoppedPowerShell(name, file, device, profile)
    : undefined;
  if (stopped !== undefined) return { workMs, leaves: [], ...stopped };
  const takes = device.scriptMs ?? workMs;
  if (takes > profile.scriptTimeoutMs) {
    return {
      workMs: profile.scriptTimeoutMs,
      failure: `Script execution timed out after ${Math.round(profile.scriptTimeoutMs / 60_000)} minutes.`,
      hresult: hresults.timeout,
      leaves: [],
    };
  }
  if (name.toLowerCase() === 'exit3.ps1' || args.split(/\s+/).includes('--fail')) {
    const result: ScriptResult = {
      exitCode: 3,
      output: 'Starting.\n',
      errors: `${name} : The script ended with exit code 3.\n`,
    };
    return profile.nonZeroExit === 'failed'
      ? {
          workMs: takes,
          failure: 'Script ended with exit code 3.',
          hresult: hresults.unspecified,
          result,
          leaves: [],
        }
      : { workMs: takes, result, leaves: [] };
  }
  const { output, leaves } = prints(name.toLowerCase(), args);
  return {
    workMs: takes,
    result: { exitCode: 0, output: device.scriptOutput ?? output, errors: '' },
    leaves,
  };
}

/**
 * What keeps a PowerShell script from running at all, in the order in which a device would notice: the
 * tenant's rule for unsigned scripts, the antivirus that is shown the script, PowerShell's own version. The
 * rule for unsigned scripts is for PowerShell only.
 */
function stoppedPowerShell(
  name: string,
  file: LibraryFile,
  device: Device,
  profile: Profile,
): Omit<Outcome, 'workMs' | 'leaves'> | undefined {
  if (profile.unsignedScripts === 'fail' && !file.signed) {
    return {
      failure: `Script '${name}' is not signed, and unsigned script execution is not allowed in this organization.`,
      hresult: hresults.noSignature,
    };
  }
  if (device.amsi !== null) {
    const said = 'This script contains malicious content and has been blocked by your antivirus software.';
    return device.amsi === 'failed'
      ? { failure: said, hresult: hresults.virus }
      : inErrors(
          `${name} : ${said}\n    + FullyQualifiedErrorId : ScriptContainedMaliciousContent\n`,
          profile,
        );
  }
  const has = powerShellOf(device);
  if (file.requires === undefined || Number(file.requires) <= Number(has)) return undefined;
  return inErrors(
    `The script '${name}' cannot be run because it contained a "#requires" statement for Windows PowerShell ${file.requires}. The version of Windows PowerShell that is required by the script does not match the currently running version of Windows PowerShell ${has}.\n`,
    profile,
  );
}

/** A script of which only errors come back: PowerShell ends with exit code 1. */
function inErrors(errors: string, profile: Profile): Omit<Outcome, 'workMs' | 'leaves'> {
  const result: ScriptResult = { exitCode: 1, output: '', errors };
  return profile.nonZeroExit === 'failed'
    ? { failure: 'Script ended with exit code 1.', hresult: hresults.unspecified, result }
    : { result };
}

/** Windows PowerShell as the system brings it along. */
const powerShellOf = (device: Device): string =>
  device.osPlatform === 'WindowsServer2012R2' ? '4.0' : '5.1';

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
      return {
        output: '/var/tmp/lr-collect/collect.tar.gz\n2 MB\n',
        leaves: ['/var/tmp/lr-collect/collect.tar.gz'],
      };
    default:
      return { output: `Hello from Defender${args === '' ? '' : `: ${args}`}\n`, leaves: [] };
  }
}

const workingFolder = (device: Device): string =>
  device.os === 'windows'
    ? 'C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Downloads\\'
    : '/opt/microsoft/mdatp/downloads/';

/**
 * A path exists when a script or PutFile left it there, in this session or an earlier one. Beside those,
 * everything below C:\Windows exists except its TEMP folder (or a dump nobody made could be fetched), and
 * everything below /var/log.
 */
export function existsOn(device: Device, path: string): boolean {
  if (device.os === 'linux') return device.files.includes(path) || path.startsWith('/var/log/');
  const wanted = path.toLowerCase();
  if (device.files.some((file) => file.toLowerCase() === wanted)) return true;
  return wanted.startsWith('c:\\windows\\') && !wanted.startsWith('c:\\windows\\temp\\');
}
