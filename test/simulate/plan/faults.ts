// Kinds of faults that a simulated day may have, each with what it does and for how long.

/** `ms` 0: at one moment. `often`: the chance that what it could happen to meets it while it lasts. */
export interface FaultKind {
  readonly says: string;
  /** Lasts between so many minutes; absent: one moment. */
  readonly minutes?: readonly [number, number];
  readonly often: number;
  /** How many a day draws, at most. */
  readonly most: number;
}

export const faultKinds = {
  resetBefore: {
    says: 'the connection to Defender is reset before the work',
    minutes: [20, 120],
    often: 0.15,
    most: 3,
  },
  resetAfter: { says: 'and after it, so that the answer is lost', minutes: [20, 120], often: 0.3, most: 4 },
  acceptedThenFailed: { says: 'Defender does it and answers 5xx', minutes: [20, 120], often: 0.3, most: 3 },
  throttled: {
    says: 'Defender answers 429, with Retry-After or without',
    minutes: [10, 90],
    often: 0.3,
    most: 3,
  },
  slowAnswers: { says: 'answers of Defender take up to 90 s', minutes: [20, 90], often: 0.2, most: 3 },
  staleList: {
    says: 'lists and single readings leave out young actions, or lists are in another order',
    minutes: [20, 120],
    often: 0.4,
    most: 3,
  },
  otherApplication: {
    says: 'another application uses the same budgets and devices',
    minutes: [20, 90],
    often: 0.5,
    most: 3,
  },
  defenderDown: { says: 'Defender cannot be reached', minutes: [5, 60], often: 0.8, most: 3 },
  chatRefused: { says: 'chats refuse calls', minutes: [20, 120], often: 0.2, most: 3 },
  chatLost: { says: 'chats do it and the answer is lost', minutes: [20, 120], often: 0.2, most: 3 },
  chatThrottled: { says: 'chats answer 429', minutes: [10, 60], often: 0.2, most: 3 },
  chatDown: { says: 'chats cannot be reached', minutes: [5, 60], often: 0.9, most: 3 },
  lateDeliveries: { says: 'deliveries come minutes late', minutes: [20, 120], often: 0.4, most: 3 },
  doubledDeliveries: {
    says: 'deliveries come twice or three times',
    minutes: [20, 120],
    often: 0.5,
    most: 3,
  },
  lostAcks: {
    says: 'acknowledgements are lost, so that a chat delivers again',
    minutes: [20, 120],
    often: 0.3,
    most: 3,
  },
  doublePresses: { says: 'people press twice', minutes: [30, 120], often: 0.6, most: 3 },
  diskFull: { says: 'the disk is full', minutes: [2, 40], often: 0.6, most: 3 },
  diskError: { says: 'the disk fails to sync', minutes: [10, 60], often: 0.1, most: 3 },
  slowDisk: { says: 'a sync takes seconds', minutes: [10, 60], often: 0.3, most: 2 },
  clockSet: { says: 'the machine’s clock is set', often: 1, most: 6 },
  suspended: { says: 'the process stands still for minutes', often: 1, most: 4 },
  crash: { says: 'the power is cut: any legal subset of what was not synced is left', often: 1, most: 8 },
  killed: { says: 'kill -9: what was written is left', often: 1, most: 5 },
  restart: { says: 'a clean stop and a start', often: 1, most: 4 },
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultName = keyof typeof faultKinds;
export const faultNames = Object.keys(faultKinds) as readonly FaultName[];

/** Changes by people, which count as faults in the table of what was met. */
export const changeNames = ['roleChange', 'policyChange', 'contentChange', 'freeze', 'deviceChange'] as const;
export type ChangeName = (typeof changeNames)[number];

/** A fault in a plan. Times in milliseconds since the start. */
export interface PlannedFault {
  readonly kind: FaultName;
  readonly at: number;
  /** 0 for what happens at one moment. */
  readonly ms: number;
  /** For the clock: by how many milliseconds it is set; for a stand-still: how long; for 429: its Retry-After; for lists: how old an action is that they leave out. */
  readonly by?: number;
  /** Strikes calls of this name alone, and counts as there only when it does. */
  readonly only?: string;
  /** How often, where not as often as its kind. */
  readonly often?: number;
}

/** How long after its end a fault still counts as met. Milliseconds. */
export const afterwards = 60_000;
