// Device records of Defender: whether a device can take a live response session at all, where only a definite word
// counts, and which commands do not fit its operating system, which is reported, not refused.
import type { Command } from '../commands.ts';

/**
 * A device, fixed by its id once its name was resolved; the rest is what the approver is shown. Times in epoch
 * milliseconds.
 */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly health: string;
  readonly risk?: string;
  readonly exposure?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  /** Last full report, roughly daily: not "last seen online". */
  readonly lastReportAt?: number;
  readonly ip?: string;
  /**
   * Defender's own word, such as Onboarded or CanBeOnboarded; absent where it gave none, and in requests made
   * before it was kept.
   */
  readonly onboarding?: string;
  /** Id of the record that this one was merged into. */
  readonly mergedInto?: string;
  /** Defender takes it for a possible duplicate of another record. */
  readonly duplicate?: true;
  /** Left out of Defender's own lists by somebody; it may still take sessions. */
  readonly excluded?: true;
}

/**
 * `merged`: the record lives on in another one. `notOnboarded`: known from the network, without a sensor.
 * `tooLittle`: the same, and Defender knows too little to say whether it could be onboarded. `unsupported`:
 * Defender for Endpoint does not support it. `system`: it has a sensor, and no live response on that
 * operating system.
 */
export type Unfit =
  | { readonly why: 'merged'; readonly into: string }
  | { readonly why: 'notOnboarded' | 'tooLittle' | 'unsupported' | 'system' };

/** What of a device tells it, as its record is kept. */
export interface RecordFacts {
  readonly id: string;
  readonly os: string;
  readonly onboarding?: string;
  readonly mergedInto?: string;
}

/** A record of the name that was asked for, left out because it cannot take a session. */
export interface LeftOut {
  readonly id: string;
  readonly name: string;
  readonly unfit: Unfit;
}

/**
 * `onboardingStatus` (learn.microsoft.com/defender-endpoint/api/machine and the device inventory), in any
 * case and spacing.
 */
const onboarding: ReadonlyMap<string, 'onboarded' | Exclude<Unfit['why'], 'merged' | 'system'>> = new Map([
  ['onboarded', 'onboarded'],
  ['canbeonboarded', 'notOnboarded'],
  ['notonboarded', 'notOnboarded'],
  ['offboarded', 'notOnboarded'],
  ['unsupported', 'unsupported'],
  ['notsupported', 'unsupported'],
  ['insufficientinfo', 'tooLittle'],
  ['insufficientinformation', 'tooLittle'],
]);

/**
 * Systems that live response has never run on (learn.microsoft.com/defender-endpoint/live-response, before
 * you begin).
 */
const tooOld = /^windows\s*(?:xp|vista|7|8(?:\.1)?|server\s*(?:2003|2008)(?:\s*r2)?)(?![\d.])/i;

/** Undefined where the record can take a session, or nobody can know. */
export function unfitness({ id, os, onboarding: word, mergedInto }: RecordFacts): Unfit | undefined {
  if (mergedInto !== undefined && mergedInto.toLowerCase() !== id.toLowerCase())
    return { why: 'merged', into: mergedInto };
  const known = onboardingKind(word);
  if (known !== undefined && known !== 'onboarded') return { why: known };
  return familyOf(os) === 'mobile' || tooOld.test(os) ? { why: 'system' } : undefined;
}

/** Undefined for a word that is not known, and for none. */
export function onboardingKind(
  word: string | undefined,
): 'onboarded' | Exclude<Unfit['why'], 'merged' | 'system'> | undefined {
  return word === undefined ? undefined : onboarding.get(word.toLowerCase().replace(/[\s_-]+/g, ''));
}

/** A record that others were merged into, as an id: of 40 hex digits, or whatever else is no empty value. */
export function mergedInto(word: string | undefined): string | undefined {
  const id = word?.trim() ?? '';
  return /^[0-9a-z-]{8,64}$/i.test(id) && /[1-9a-z]/i.test(id) ? id : undefined;
}

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
