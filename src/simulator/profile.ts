// Profile of the Defender that the simulator plays: every number and every undocumented choice, with the
// default taken from what is documented or was seen in the field. docs/simulator.md says what each setting is
// for; a test compares the two.

export const kinds = [
  'run',
  'list',
  'get',
  'link',
  'cancel',
  'machines',
  'library',
  'isolate',
  'collect',
  'scan',
  'restrict',
  'alerts',
] as const;
export type Kind = (typeof kinds)[number];

/** At most `max` calls in any `perMs` milliseconds. */
export interface Limit {
  readonly max: number;
  readonly perMs: number;
}
export type Limits = Readonly<Record<Kind, readonly Limit[]>>;
/** Application permissions that allow each call; one of them is enough. */
export type Roles = Readonly<Record<Kind, readonly string[]>>;
/** Lowest and highest, both possible; milliseconds in keys that end in Ms. */
export type Range = readonly [number, number];

/**
 * How a script's transcript is written: `transcript` the real Windows shape (transcript line, trailing
 * escaped NULs), `clean` neither of them, `seed` the documentation's sample to the letter (raw newline inside
 * the string, `script_error`), `rawNuls` unescaped NULs, `oldNames` keys `name`/`script_error`, `bash` no
 * transcript line, `empty` a script that prints nothing, `huge` 5 MB of output, `notJson` plain text,
 * `hostile` output and errors that attack the reader of them (`hostile.ts`), `hostileText` the same without
 * any JSON around it.
 */
export const transcriptModes = [
  'transcript',
  'clean',
  'seed',
  'rawNuls',
  'oldNames',
  'bash',
  'empty',
  'huge',
  'notJson',
  'hostile',
  'hostileText',
] as const;
export type TranscriptMode = (typeof transcriptModes)[number];

/**
 * How a collected file arrives: gzipped, plain, without a byte, announced as 3 GB and broken off, or as 500
 * MB that really come.
 */
export const collectedModes = ['gzip', 'plain', 'empty', 'hugeLength', 'huge'] as const;
export type CollectedMode = (typeof collectedModes)[number];

/** Settings with a few possible values; the first one is the default. */
export const choices = {
  auth: ['none', 'token'],
  paths: ['anyCase', 'exact'],
  wrongBodyKey: ['MissingRequiredParameter', 'InvalidRequestBody'],
  errorBody: ['full', 'none'],
  runStatus: [201, 200],
  runBody: ['full', 'sample'],
  requestorIs: ['appId', 'appName'],
  comment: ['required', 'optional'],
  wrongOrder: ['refused', 'accepted'],
  unknownFile: ['failsCommand', 'refused'],
  liveResponse: ['on', 'off'],
  unsignedScripts: ['run', 'fail'],
  noRemediation: ['DisallowedOperation', 'BadRequest'],
  secondSession: ['refused', 'joined'],
  throttleBody: ['quota', 'code'],
  offlineEnd: ['TimeOut', 'Failed'],
  nonZeroExit: ['completed', 'failed'],
  afterFailure: ['created', 'failed'],
  commandStates: ['documented', 'connector'],
  startTimes: ['notOfGetFile', 'all', 'none'],
  odata: ['field', 'documented'],
  otherCommands: ['empty', 'absent'],
  cancelFinal: ['refused', 'answered'],
  results: ['whenCompleted', 'whenEnded'],
  notReadyStatus: [400, 404],
  blobBearer: ['refused', 'ignored'],
  transcript: transcriptModes,
  collected: collectedModes,
  noMachineMatch: ['empty', 'notFound'],
  machineNames: ['exact', 'anyCase'],
  rbacGroupId: ['number', 'text'],
  nextLink: ['absolute', 'relative'],
  paging: ['skip', 'skiptoken'],
  failureCodes: ['given', 'none'],
} as const;
type Choices = { readonly [Key in keyof typeof choices]: (typeof choices)[Key][number] };

export interface Profile extends Choices {
  /** The audience a token must have, or those it may have; with or without a slash at the end. */
  readonly audience: string | readonly string[];
  readonly roles: Roles;
  /**
   * The app id that appears as requestor when there is no token, and the name when `requestorIs` is `appName`
   * and the token holds none.
   */
  readonly requestor: string;
  readonly appName: string;
  readonly requestSource: string;
  /** Work on devices; divided by the device speed. */
  readonly pendingMs: Range;
  readonly commandMs: Range;
  readonly getFileMs: Range;
  readonly settleMs: Range;
  readonly cancelMs: Range;
  readonly releaseMs: Range;
  readonly scriptTimeoutMs: number;
  /**
   * How long a session waits for an offline device: 3 days, 2 hours in newer tenants. Not divided by the
   * speed.
   */
  readonly offlineQueueMs: number;
  readonly maxSessions: number;
  /** Whether sessions waiting for an offline device count against `maxSessions`. */
  readonly parkedCount: boolean;
  readonly limits: Limits;
  /** Whether a 429 for the rate says how long to wait. */
  readonly retryAfter: boolean;
  readonly sessionCapRetryAfter: boolean;
  /** Whether a refused call counts in its window too, so that early retries keep a client throttled. */
  readonly refusedCallsCount: boolean;
  /**
   * With `joined`, how old the session may be that a second POST is answered with; a later one is refused.
   */
  readonly joinWithinMs: number;
  readonly fractionDigits: Range;
  /** How long after Completed a link is still refused. */
  readonly resultDelayMs: number;
  readonly linkMs: number;
  readonly uploadMaxBytes: number;
  /** How far a device's report may be from the time asked for in findbyip, and how far back may be asked. */
  readonly ipWindowMs: number;
  readonly ipDays: number;
  /** Scheme and host in @odata.context and nextLink; empty: those that were called. */
  readonly contextOrigin: string;
  readonly pageSize: number;
}

const minute = 60_000;
const hour = 60 * minute;
const reading: readonly Limit[] = [
  { max: 100, perMs: minute },
  { max: 1_500, perMs: hour },
];

const defaultLimits: Limits = {
  run: [{ max: 10, perMs: minute }],
  list: reading,
  get: reading,
  link: reading,
  cancel: reading,
  machines: reading,
  library: reading,
  isolate: reading,
  collect: reading,
  scan: reading,
  restrict: reading,
  alerts: reading,
};

const defaultRoles: Roles = {
  run: ['Machine.LiveResponse'],
  list: ['Machine.ReadWrite.All'],
  get: ['Machine.ReadWrite.All'],
  link: ['Machine.ReadWrite.All'],
  cancel: [
    'Machine.CollectForensics',
    'Machine.Isolate',
    'Machine.RestrictExecution',
    'Machine.Scan',
    'Machine.Offboard',
    'Machine.StopAndQuarantine',
    'Machine.LiveResponse',
  ],
  machines: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  library: ['Library.Manage'],
  isolate: ['Machine.Isolate'],
  collect: ['Machine.CollectForensics'],
  scan: ['Machine.Scan'],
  restrict: ['Machine.RestrictExecution'],
  alerts: ['Alert.Read.All', 'Alert.ReadWrite.All'],
};

/**
 * What clients in the field ask tokens for and get through with: the older host's name, the one of the first
 * years, the older regional hosts, and the resource's application id, which is the audience of tokens in
 * Entra's newer format. The newest host is none of them: it answers 403 to its own name.
 */
const knownAudiences: readonly string[] = [
  'https://api.securitycenter.microsoft.com',
  'https://api.securitycenter.windows.com',
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
  ...['us', 'eu', 'uk', 'au'].map((region) => `https://api-${region}.securitycenter.microsoft.com`),
  'fc780465-2017-40d4-a0c5-307022471b92',
];

const firstChoices = Object.fromEntries(
  Object.entries(choices).map(([key, values]) => [key, values[0]]),
) as unknown as Choices;

export const defaultProfile: Profile = {
  ...firstChoices,
  audience: knownAudiences,
  roles: defaultRoles,
  requestor: '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e',
  appName: 'Simulated application',
  requestSource: 'PublicApi',
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
  retryAfter: true,
  sessionCapRetryAfter: false,
  refusedCallsCount: false,
  joinWithinMs: 72 * hour,
  fractionDigits: [2, 7],
  resultDelayMs: 0,
  linkMs: 30 * minute,
  uploadMaxBytes: 20 * 1024 * 1024,
  ipWindowMs: 15 * minute,
  ipDays: 30,
  contextOrigin: '',
  pageSize: 10_000,
};

/** Settings to change; limits and roles are merged call by call. */
export type ProfileChange = Partial<Omit<Profile, 'limits' | 'roles'>> & {
  readonly limits?: Partial<Limits>;
  readonly roles?: Partial<Roles>;
};

export function changedProfile(profile: Profile, change: ProfileChange): Profile {
  const { limits, roles, ...rest } = change;
  return {
    ...profile,
    ...rest,
    limits: { ...profile.limits, ...limits },
    roles: { ...profile.roles, ...roles },
  };
}
