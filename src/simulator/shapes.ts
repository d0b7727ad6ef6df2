// The records the tenant keeps. They are plain JSON, so that the state file is simply these records.
import type { CollectedMode, TranscriptMode } from './profile.ts';

export type CommandType = 'PutFile' | 'RunScript' | 'GetFile';
export interface Param {
  readonly key: string;
  readonly value: string;
}
export interface Command {
  readonly type: CommandType;
  readonly params: readonly Param[];
}

/** What a script printed, before it is written down in one of the transcript modes. */
export interface ScriptResult {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

export interface CommandRun {
  readonly command: Command;
  readonly status: 'Created' | 'Completed' | 'Failed';
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly errors: readonly string[];
  readonly result: ScriptResult | null;
  /**
   * The HRESULT it failed with, as the service prints it: signed, 32 bits. Absent while nothing failed, and
   * in states of earlier versions.
   */
  readonly hresult?: number;
}

export const actionStatuses = [
  'Pending',
  'InProgress',
  'Succeeded',
  'Failed',
  'TimeOut',
  'Cancelled',
] as const;
export type ActionStatus = (typeof actionStatuses)[number];

export interface Cancellation {
  readonly requestor: string;
  readonly comment: string;
  readonly at: number;
  /** When it takes effect, unless the action ends by itself before. */
  readonly dueAt: number;
}

export interface Action {
  readonly id: string;
  /** Order of creation; breaks ties between actions of one millisecond. */
  readonly seq: number;
  readonly type: string;
  readonly scope: string | null;
  readonly machineId: string;
  readonly computerDnsName: string;
  readonly requestor: string;
  readonly comment: string;
  readonly status: ActionStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly cancellation: Cancellation | null;
  readonly commands: readonly CommandRun[];
  /** When the device takes another session, set when the action ends. */
  readonly freesAt: number | null;
  /**
   * Made by a POST of the API, not in the portal; absent where that goes by the type, as in states of earlier
   * versions.
   */
  readonly byApi?: boolean;
}

export const refusalCodes = [
  'OsPlatformNotSupported',
  'ClientVersionNotSupported',
  'DisabledFeature',
  'DisallowedOperation',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/**
 * Files that exist and that `getfile` cannot bring: the kinds that the page of live response commands names,
 * a file above its limit of 3 GB, and a folder.
 */
export const oddFileKinds = [
  'sparse',
  'empty',
  'reparsePoint',
  'cloudOnly',
  'tooLarge',
  'directory',
] as const;
export type OddFileKind = (typeof oddFileKinds)[number];
export interface OddFile {
  readonly path: string;
  readonly kind: OddFileKind;
}

/** How an antivirus that blocks PowerShell scripts shows: in the script's errors, or as a failed command. */
export const amsiModes = ['output', 'failed'] as const;
export type AmsiMode = (typeof amsiModes)[number];

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly os: 'windows' | 'linux';
  readonly osPlatform: string;
  readonly groupId: number;
  readonly group: string;
  readonly tags: readonly string[];
  readonly healthStatus: string;
  /** Anything but Onboarded takes no session; null: the field is left out, and it takes them. */
  readonly onboardingStatus: string | null;
  /** Id of the record that this one was merged into; such a record takes no session. */
  readonly mergedIntoMachineId: string | null;
  readonly isPotentialDuplication: boolean;
  readonly isExcluded: boolean;
  readonly riskScore: string | null;
  readonly exposureLevel: string;
  readonly ip: string;
  readonly lastSeenAt: number;
  /** Since when it is online (epoch ms); null while it is offline. */
  readonly onlineSince: number | null;
  /**
   * An offline device wakes this long (divided by the device speed) after a session was queued for it; null:
   * only when the control API says so.
   */
  readonly wakesAfterMs: number | null;
  readonly wakesAt: number | null;
  /** Somebody works on it in the portal: it takes no session, and the list does not show why. */
  readonly portalSession: boolean;
  /** Every command on it fails. */
  readonly broken: boolean;
  /** Commands on it never end. */
  readonly stuck: boolean;
  /**
   * What its commands say when they fail; null: the ordinary sentence. With `broken` this is how foreign
   * error texts are tried.
   */
  readonly errorText: string | null;
  /** How long a script works on it; null: the ordinary time. */
  readonly scriptMs: number | null;
  /** What every script prints on it; null: what that script prints. */
  readonly scriptOutput: string | null;
  /** What it answers to a new session instead of taking it. */
  readonly refusal: RefusalCode | null;
  /** Its device group has no automated remediation level, without which it takes no session. */
  readonly noRemediation: boolean;
  readonly transcript: TranscriptMode | null;
  readonly collected: CollectedMode | null;
  /** Files that scripts and PutFile left on it. */
  readonly files: readonly string[];
  /** Files that exist and cannot be fetched, because a program holds them. */
  readonly lockedFiles: readonly string[];
  /** Files that exist and are of a kind that cannot be fetched. */
  readonly oddFiles: readonly OddFile[];
  /** Its antivirus blocks every PowerShell script before it runs (AMSI). */
  readonly amsi: AmsiMode | null;
}

export interface LibraryFile {
  readonly fileName: string;
  readonly sha256: string;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
  readonly hasParameters: boolean;
  readonly parametersDescription: string | null;
  /** A PowerShell script with a signature block. */
  readonly signed: boolean;
  /**
   * The version of PowerShell that its `#Requires` demands; absent when it demands none, and in states of
   * earlier versions.
   */
  readonly requires?: string;
}

/** One accepted live response POST: what a test compares with what the bot believes it sent. */
export interface Submission {
  readonly at: number;
  readonly actionId: string;
  readonly machineId: string;
  readonly computerDnsName: string;
  readonly commands: readonly Command[];
  readonly comment: string;
}

/** One answer of the blob server: what a test compares with what the bot says it read. */
export interface Download {
  readonly at: number;
  readonly path: string;
  readonly status: number;
  /** Bytes of the body that left; less than announced when the client went away. */
  readonly bytes: number;
  /** The client sent an Authorization header, and so gave its token away. */
  readonly bearer: boolean;
}

export const isFinal = (action: Action): boolean =>
  action.status !== 'Pending' && action.status !== 'InProgress';

/** A parameter's value, undefined when it was not given. */
export const paramOf = (command: Command, key: string): string | undefined =>
  command.params.find((param) => param.key === key)?.value;
