// Which commands do not fit the operating system of their device: a PowerShell script for Linux, a path of
// another system. Told, not refused: Defender decides what a device runs, and its word for a system may be
// new.
import type { Command } from '../commands.ts';

/** Where live response runs. */
export const systems = ['windows', 'linux', 'macos'] as const;
export type System = (typeof systems)[number];
export type Family = System | 'mobile';

export interface Misfit {
  readonly index: number;
  readonly what:
    | 'windowsScript'
    | 'unixScript'
    | 'windowsFile'
    | 'unixFile'
    | 'windowsPath'
    | 'unixPath'
    | 'registry'
    | 'noLiveResponse';
}

const linux =
  /linux|ubuntu|debian|red ?hat|rhel|centos|suse|sles|fedora|oracle|amazon|alma|rocky|mariner|flatcar/i;

/**
 * Of Defender's `osPlatform`, such as Windows11, WindowsServer2022, Ubuntu, RedHatEnterpriseLinux, macOS;
 * undefined for a word nobody knows.
 */
export function familyOf(os: string): Family | undefined {
  if (/^windows/i.test(os)) return /phone|mobile/i.test(os) ? 'mobile' : 'windows';
  if (/^(?:mac ?os|os ?x)/i.test(os)) return 'macos';
  if (/^(?:android|ios|ipados)/i.test(os)) return 'mobile';
  return linux.test(os) ? 'linux' : undefined;
}

/** The first thing about each command that does not fit; none where the system is not known. */
export function misfits(os: string, commands: readonly Command[]): readonly Misfit[] {
  const family = familyOf(os);
  if (family === undefined) return [];
  return commands.flatMap((command, index) => {
    const what =
      family === 'mobile' ? 'noLiveResponse' : family === 'windows' ? onWindows(command) : onUnix(command);
    return what === undefined ? [] : [{ index, what }];
  });
}

/** A key of the registry is no file. */
const registry = /^(?:HK(?:LM|CU|CR|U|CC):?|HKEY_[A-Z_]+|Registry::.*)(?:\\|$)/i;

function onWindows(command: Command): Misfit['what'] | undefined {
  switch (command.type) {
    case 'RunScript':
      return /\.(?:sh|bash|zsh|ksh|csh|py|pl|command|scpt)$/i.test(command.scriptName)
        ? 'unixScript'
        : undefined;
    case 'GetFile':
      if (registry.test(command.path)) return 'registry';
      return /^(?:\/(?!\/)|~[\w.-]*\/|\$(?!env:)\{?[A-Z_]+\}?\/|file:\/{3}(?![A-Za-z]:))/.test(command.path)
        ? 'unixPath'
        : undefined;
    case 'PutFile':
      return /\.(?:so|dylib|deb|rpm|dmg|pkg|appimage)$/i.test(command.fileName) ? 'unixFile' : undefined;
  }
}

function onUnix(command: Command): Misfit['what'] | undefined {
  switch (command.type) {
    case 'RunScript':
      return /\.(?:ps1|psm1|psd1|bat|cmd|vbs|vbe|js|wsf|hta|exe|com|msi)$/i.test(command.scriptName)
        ? 'windowsScript'
        : undefined;
    case 'GetFile':
      return registry.test(command.path) ||
        /^(?:[A-Za-z]:|\\|%[\w()]+%|\$\{?env:|file:\/{3}[A-Za-z]:)/i.test(command.path)
        ? 'windowsPath'
        : undefined;
    case 'PutFile':
      return /\.(?:exe|dll|msi|msix|sys|com|scr|ps1|psm1|bat|cmd|vbs)$/i.test(command.fileName)
        ? 'windowsFile'
        : undefined;
  }
}
