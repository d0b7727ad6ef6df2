// Events of a request and its sessions, as the journal records them, and the two tables of transitions. The
// stage of a request or a session changes by these events alone.
import type { Action, Outcome } from '../action.ts';
import type { Command } from '../commands.ts';
import type { CollectedFile, Excerpt, LinkFact, ResultTrouble } from '../results/resultFacts.ts';
import type { CallKind } from '../pacing/callRates.ts';
import type { Content } from './content.ts';
import type { Blocker, ErrorAnswer } from './errorAnswer.ts';
import type { PersonRef, Approval, Vote } from './vote.ts';
import type { CardRef, NewRequest, Redacted, RequestStage, RetriedAs } from './request.ts';
import type { Attempt, CancelAsked, SessionState, WaitCause, WaitingForDevice } from './session.ts';

interface Withdrawn {
  readonly type: 'withdrawn';
  readonly by: PersonRef;
  readonly reason?: string;
  /** A platform could not be asked about the person, so what it last said counted. */
  readonly byLastKnown?: true;
}

interface Refused {
  readonly type: 'refused';
  readonly code: string;
  readonly detail?: string;
  readonly target?: string;
  readonly call?: CallKind;
  readonly status?: number;
}

/** Transitions of a request: until it is approved, and only then. */
export type RequestTransition =
  | { readonly type: 'approved'; readonly vote: Approval }
  | { readonly type: 'denied'; readonly vote: Vote }
  | { readonly type: 'expired' }
  | Withdrawn
  | Refused;

/** Transitions of one session of an approved request. */
export type SessionTransition =
  | { readonly type: 'claimed'; readonly attempt: Attempt }
  | { readonly type: 'lapsed' }
  | Withdrawn
  | Refused
  | {
      readonly type: 'submitted';
      readonly action: Action;
      readonly deadline: number;
      readonly differs?: readonly Command[];
    }
  | {
      readonly type: 'deferred';
      readonly cause: WaitCause;
      readonly notBefore: number;
      readonly error?: ErrorAnswer;
    }
  | { readonly type: 'lost'; readonly error?: ErrorAnswer }
  | {
      readonly type: 'found';
      readonly action: Action;
      readonly deadline: number;
      readonly differs?: readonly Command[];
    }
  | { readonly type: 'resubmitted'; readonly vote: Approval; readonly runBefore: number }
  | { readonly type: 'abandoned'; readonly by: PersonRef; readonly reason?: string }
  | { readonly type: 'progressed'; readonly action: Action; readonly deadline: number }
  | { readonly type: 'ended'; readonly action: Action; readonly outcome: Outcome }
  | { readonly type: 'actionMissing' }
  | { readonly type: 'overdue' };

/** Facts of a request are recorded but leave its stage as it is; `requestFacts` says which raise the revision. */
export type RequestFact =
  | {
      readonly type: 'cardPosting';
      readonly surface: string;
      readonly place: string;
      readonly intent: string;
    }
  | { readonly type: 'cardPosted'; readonly intent: string; readonly ref: CardRef; readonly shown: number }
  | { readonly type: 'cardShown'; readonly intent: string; readonly shown: number }
  | { readonly type: 'cardGone'; readonly intent: string; readonly why: string; readonly dead: boolean }
  /** The notice of the end. */
  | { readonly type: 'notified'; readonly surface: string; readonly place: string }
  | {
      readonly type: 'contentSeen';
      readonly content: Content;
      readonly digest: string;
      readonly fingerprint: string;
    }
  /** Output and links are removed from the cards, permanently. */
  | { readonly type: 'redacted'; readonly cause: Redacted['cause'] }
  | { readonly type: 'retried'; readonly as: RetriedAs }
  | { readonly type: 'pressRefused'; readonly by: string; readonly verb: string; readonly reason: string }
  | {
      readonly type: 'resultViewed';
      readonly by: PersonRef;
      readonly index: number;
      readonly what: 'output' | 'link';
    };

/** Facts of one session, likewise; `sessionFacts` says which raise the revision. */
export type SessionFact =
  | {
      readonly type: 'waiting';
      readonly cause: WaitCause;
      readonly blocker?: Blocker;
      readonly error?: ErrorAnswer;
    }
  | { readonly type: 'searched' }
  | { readonly type: 'excerptRead'; readonly excerpt: Excerpt }
  | { readonly type: 'fileSeen'; readonly file: CollectedFile }
  | { readonly type: 'resultTrouble'; readonly trouble: ResultTrouble }
  | { readonly type: 'linkMinted'; readonly link: LinkFact; readonly onCard: boolean }
  | { readonly type: 'linkRetired'; readonly index: number }
  | { readonly type: 'linkRefused'; readonly trouble: ResultTrouble }
  | { readonly type: 'cancelAsked'; readonly cancel: CancelAsked }
  | {
      readonly type: 'waitingForDevice';
      readonly waiting: Pick<WaitingForDevice, 'since' | 'until' | 'cancelAt'>;
    }
  /** The notice that the device has taken the session up, or that what was closed has been found. */
  | {
      readonly type: 'sessionNotified';
      readonly surface: string;
      readonly place: string;
      readonly what: 'woke' | 'found';
    }
  /** Of a session that is closed: a lost attempt of it turned up at Defender, or went on there. */
  | { readonly type: 'foundLate'; readonly action: Action; readonly differs?: readonly Command[] };

export type RequestEvent = RequestTransition | RequestFact;
export type SessionEvent = SessionTransition | SessionFact;
/** An event of the request itself, or of the session with that number. */
export type Change =
  | { readonly event: RequestEvent; readonly session?: undefined }
  | { readonly event: SessionEvent; readonly session: number };
/** What the journal holds of requests. */
export type Event = { readonly type: 'asked'; readonly request: NewRequest } | RequestEvent | SessionEvent;

/** Where each transition leads, by stage. What is not here cannot happen. */
export const requestTransitions = {
  awaitingApproval: {
    approved: 'approved',
    denied: 'closed',
    expired: 'closed',
    withdrawn: 'closed',
    refused: 'closed',
  },
  approved: {},
  closed: {},
} as const satisfies Record<
  RequestStage['state'],
  Partial<Record<RequestTransition['type'], RequestStage['state']>>
>;

export const sessionTransitions = {
  queued: { claimed: 'submitting', withdrawn: 'closed', lapsed: 'closed', refused: 'closed' },
  submitting: { submitted: 'running', deferred: 'queued', refused: 'closed', lost: 'unknown' },
  unknown: { found: 'running', resubmitted: 'queued', abandoned: 'closed' },
  running: { progressed: 'running', ended: 'finished', actionMissing: 'unknown', overdue: 'unknown' },
  finished: {},
  closed: {},
} as const satisfies Record<SessionState, Partial<Record<SessionTransition['type'], SessionState>>>;

/** Every fact, and whether the cards have to be drawn again after it. */
export const requestFacts = {
  cardPosting: false,
  cardPosted: false,
  cardShown: false,
  cardGone: false,
  notified: false,
  contentSeen: true,
  redacted: true,
  retried: true,
  pressRefused: false,
  resultViewed: false,
} as const satisfies Record<RequestFact['type'], boolean>;

export const sessionFacts = {
  waiting: true,
  searched: true,
  excerptRead: true,
  fileSeen: true,
  resultTrouble: true,
  // The event itself says whether its link is on the card: `raisesRevision` reads it there.
  linkMinted: undefined,
  linkRetired: true,
  linkRefused: true,
  cancelAsked: true,
  waitingForDevice: true,
  sessionNotified: false,
  foundLate: true,
} as const satisfies Record<SessionFact['type'], boolean | undefined>;

/** The stage after a transition of a request, or undefined when the table has no such transition. */
export function requestTarget(
  state: RequestStage['state'],
  event: RequestTransition['type'],
): RequestStage['state'] | undefined {
  const row: Partial<Record<RequestTransition['type'], RequestStage['state']>> = requestTransitions[state];
  return row[event];
}

/** The same of a session. */
export function sessionTarget(
  state: SessionState,
  event: SessionTransition['type'],
): SessionState | undefined {
  const row: Partial<Record<SessionTransition['type'], SessionState>> = sessionTransitions[state];
  return row[event];
}

export function isRequestFact(event: RequestEvent): event is RequestFact {
  return Object.hasOwn(requestFacts, event.type);
}

export function isSessionFact(event: SessionEvent): event is SessionFact {
  return Object.hasOwn(sessionFacts, event.type);
}

function namesTransition(table: Readonly<Record<string, object>>, type: string): boolean {
  return Object.values(table).some((row) => Object.hasOwn(row, type));
}

/** Whether an event of this type belongs to a request. */
export function isRequestEventType(type: string): boolean {
  return type === 'asked' || Object.hasOwn(requestFacts, type) || namesTransition(requestTransitions, type);
}

/** Whether an event of this type belongs to a session. `withdrawn` and `refused` belong to either. */
export function isSessionEventType(type: string): boolean {
  return Object.hasOwn(sessionFacts, type) || namesTransition(sessionTransitions, type);
}

const facts: Readonly<Record<string, boolean | undefined>> = { ...requestFacts, ...sessionFacts };

/** Whether the cards have to be drawn again after this event. */
export function raisesRevision(event: RequestEvent | SessionEvent): boolean {
  if (event.type === 'linkMinted') return event.onCard;
  return facts[event.type] ?? true;
}
