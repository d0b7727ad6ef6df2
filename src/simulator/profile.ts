// Which Defender the simulator plays: every number and every undocumented choice, with the default taken from what is documented or was seen in the field.

export type Kind = 'run' | 'list' | 'get' | 'link' | 'cancel' | 'machines' | 'library';
export const kinds: readonly Kind[] = ['run', 'list', 'get', 'link', 'cancel', 'machines', 'library'];

/** At most `max` calls in any `perMs` milliseconds. */
export interface Limit { readonly max: number; readonly perMs: number }
export type Limits = Readonly<Record<Kind, readonly Limit[]>>;
/** Milliseconds, lowest and highest. */
export type Range = readonly [number, number];

/**
 * How a script's transcript is written:
 * `transcript` the real Windows shape (transcript line, trailing escaped NULs), `clean` neither of them, `seed` the documentation's sample to the letter
 * (raw newline inside the string, `script_error`), `rawNuls` unescaped NULs, `oldNames` keys `name`/`script_error`, `bash` no transcript line,
 * `empty` a script that prints nothing, `huge` 5 MB of output, `notJson` plain text,
 * `hostile` output and errors that attack whoever shows them (`hostile.ts`), `hostileText` the same without any JSON around it.
 */
export const transcriptModes = ['transcript', 'clean', 'seed', 'rawNuls', 'oldNames', 'bash', 'empty', 'huge', 'notJson', 'hostile', 'hostileText'] as const;
export type TranscriptMode = (typeof transcriptModes)[number];

export interface Profile {
  /** `token` checks audience, expiry and roles of a bearer JWT (its signature is not looked at). */
  readonly auth: 'none' | 'token';
  readonly audience: string;
  /** The app id that appears as requestor when there is no token. */
  readonly requestor: string;
  /** Work on devices; divided by the device speed. */
  readonly pendingMs: Range;
  readonly commandMs: Range;
  readonly getFileMs: Range;
  readonly settleMs: Range;
  readonly cancelMs: Range;
  readonly releaseMs: Range;
  readonly scriptTimeoutMs: number;
  /** How long a session waits for an offline device: 3 days, 2 hours in newer tenants. Not divided by the speed. */
  readonly offlineQueueMs: number;
  readonly maxSessions: number;
  /** Whether sessions waiting for an offline device count against `maxSessions`. */
  readonly parkedCount: boolean;
  readonly limits: Limits;
  /** Body of a 429: `quota` has the code "429" and the quota sentence, `code` has TooManyRequests. */
  readonly throttleBody: 'quota' | 'code';
  readonly sessionCapRetryAfter: boolean;
  /** Whether a refused call counts in its window too, so that early retries keep a client throttled. */
  readonly refusedCallsCount: boolean;
  /** A second POST for a busy device is refused with 400, or answered with the action that is already there. */
  readonly secondSession: 'refused' | 'joined';
  readonly runStatus: 200 | 201;
  readonly results: 'whenCompleted' | 'whenEnded';
  /** How long after Completed a link is still refused. */
  readonly resultDelayMs: number;
  readonly linkMs: number;
  /** For Windows devices; Linux always writes the bash shape unless the device says otherwise. */
  readonly transcript: TranscriptMode;
  readonly collected: 'gzip' | 'plain' | 'empty' | 'hugeLength';
  /** What a script's exit code other than 0 does to its command. */
  readonly nonZeroExit: 'completed' | 'failed';
  /** `documented`: Created, Completed, Failed; `connector` also shows Submitted, PendingResource, Executing. */
  readonly commandStates: 'documented' | 'connector';
  /** Answer of a machine filter that matches nothing. */
  readonly noMachineMatch: 'empty' | 'notFound';
  readonly pageSize: number;
}

const minute = 60_000;
const hour = 60 * minute;
const reading: readonly Limit[] = [{ max: 100, perMs: minute }, { max: 1_500, perMs: hour }];

export const defaultLimits: Limits = {
  run: [{ max: 10, perMs: minute }], list: reading, get: reading, link: reading, cancel: reading, machines: reading, library: reading,
};

export const defaultProfile: Profile = {
  auth: 'none',
  audience: 'https://api.securitycenter.microsoft.com',
  requestor: '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e',
  pendingMs: [120_000, 155_000],
  commandMs: [1_000, 3_000],
  getFileMs: [2_000, 6_000],
  settleMs: [37_000, 46_000],
  cancelMs: [0, 10_000],
  releaseMs: [0, 10_000],
  scriptTimeoutMs: 10 * minute,
  offlineQueueMs: 72 * hour,
  maxSessions: 25,
  parkedCount: false,
  limits: defaultLimits,
  throttleBody: 'quota',
  sessionCapRetryAfter: false,
  refusedCallsCount: false,
  secondSession: 'refused',
  runStatus: 201,
  results: 'whenCompleted',
  resultDelayMs: 0,
  linkMs: 30 * minute,
  transcript: 'transcript',
  collected: 'gzip',
  nonZeroExit: 'completed',
  commandStates: 'documented',
  noMachineMatch: 'empty',
  pageSize: 10_000,
};

/** Settings to change; limits are merged call by call. */
export type ProfileChange = Partial<Omit<Profile, 'limits'>> & { readonly limits?: Partial<Limits> };

export function changedProfile(profile: Profile, change: ProfileChange): Profile {
  const { limits, ...rest } = change;
  return { ...profile, ...rest, limits: { ...profile.limits, ...limits } };
}
