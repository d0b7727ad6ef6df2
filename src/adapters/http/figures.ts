// Figures of one moment that Prometheus asks for, and the table of gauges that show them: name, help, labels and where
// the value comes from.
import type { Check } from './server.ts';

/** How a chat is at this moment. */
export interface ChatFigures {
  readonly chat: string;
  readonly ok: boolean;
  readonly unanswered: number;
  /** Since the oldest delivery without an answer came in; 0 where there is none. */
  readonly oldestUnansweredSeconds: number;
}

export interface WorkerFigures {
  readonly name: string;
  readonly ok: boolean;
  /** Its last pass threw something. */
  readonly failing: boolean;
  /** Epoch seconds; 0 before the first. */
  readonly lastRun: number;
}

/** What is left of one rate of one kind of call to Defender. */
export interface BudgetFigures {
  readonly kind: string;
  readonly window: string;
  readonly left: number;
  readonly limit: number;
}

/** How things are at this moment. */
export interface Figures {
  readonly version: string;
  /** Those of /readyz. */
  readonly checks: readonly Check[];
  /** Whether deliveries are taken. */
  readonly ready: boolean;
  /** Every state in which something is open, with the number of requests in it. */
  readonly openRequests: ReadonlyMap<string, number>;
  /** In memory, ended ones as well. */
  readonly requestsKept: number;
  /** What workers remember of them: entries by name. */
  readonly remembered: ReadonlyMap<string, number>;
  readonly oldestWaitingSeconds: number;
  /** Requests in the last quarter of their time for approval, for which nobody has voted. */
  readonly nearExpiry: number;
  readonly frozen: boolean;
  readonly stalenessSeconds: number;
  readonly budgets: readonly BudgetFigures[];
  /** Until the next call of each kind may be sent. */
  readonly waits: readonly { readonly kind: string; readonly seconds: number }[];
  readonly cardsBehind: number;
  readonly cardsBehindSeconds: number;
  readonly placesClosed: number;
  readonly chats: readonly ChatFigures[];
  readonly workers: readonly WorkerFigures[];
  readonly journal: {
    readonly lines: number;
    readonly linesSinceSnapshot: number;
    readonly bytes: number;
    /** Epoch seconds; 0 where none was taken yet. */
    readonly snapshotAt: number;
  };
  readonly clockJumps: number;
}

type Labels = Readonly<Record<string, string>>;
/** One series: its labels, and its value. */
export type Series = readonly [labels: Labels, value: number];

export interface GaugeRow {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (figures: Figures) => readonly Series[];
}

function single(name: string, help: string, value: (figures: Figures) => number): GaugeRow {
  return { name, help, labels: [], read: (figures) => [[{}, value(figures)]] };
}

function labelled(
  name: string,
  help: string,
  label: string,
  read: (figures: Figures) => Iterable<readonly [string, number]>,
): GaugeRow {
  return {
    name,
    help,
    labels: [label],
    read: (figures) => [...read(figures)].map(([of, value]): Series => [{ [label]: of }, value]),
  };
}

function perBudget(name: string, help: string, value: (budget: BudgetFigures) => number): GaugeRow {
  return {
    name,
    help,
    labels: ['kind', 'window'],
    read: ({ budgets }) =>
      budgets.map((budget): Series => [{ kind: budget.kind, window: budget.window }, value(budget)]),
  };
}

const flag = (yes: boolean): number => (yes ? 1 : 0);

/** 1 while the check is well, or is not made. */
const well = (name: string) => (figures: Figures) =>
  flag(figures.checks.every((check) => check.name !== name || check.ok));

/** 1 while a check that is always well has nothing to say. */
const silent = (name: string) => (figures: Figures) =>
  flag(figures.checks.every((check) => check.name !== name || check.why === undefined));

const process: readonly GaugeRow[] = [
  {
    name: 'lr_build_info',
    help: '1, with the version of the bot.',
    labels: ['version'],
    read: ({ version }) => [[{ version }, 1]],
  },
  single('lr_ready', '1 while deliveries are taken, as /readyz says.', ({ ready }) => flag(ready)),
  labelled('lr_check_ok', '1 while the check of /readyz is well.', 'check', ({ checks }) =>
    checks.map(({ name, ok }) => [name, flag(ok)] as const),
  ),
  single('lr_policy_usable', '1 while the file of the policy can be used.', well('policy')),
  labelled('lr_worker_alive', '1 while the worker runs; 0 asks for a restart.', 'worker', ({ workers }) =>
    workers.map(({ name, ok }) => [name, flag(ok)] as const),
  ),
  labelled('lr_worker_failing', '1 while the last pass of the worker failed.', 'worker', ({ workers }) =>
    workers.map(({ name, failing }) => [name, flag(failing)] as const),
  ),
  labelled(
    'lr_worker_last_run_timestamp_seconds',
    'When the last pass of the worker ended; 0 before the first.',
    'worker',
    ({ workers }) => workers.map(({ name, lastRun }) => [name, lastRun] as const),
  ),
];

const requests: readonly GaugeRow[] = [
  labelled('lr_open_requests', 'Open requests by state.', 'state', ({ openRequests }) => openRequests),
  single('lr_requests_kept', 'Requests in memory, ended ones as well.', ({ requestsKept }) => requestsKept),
  labelled(
    'lr_memory_entries',
    'What is remembered of requests while the process runs, in entries.',
    'of',
    ({ remembered }) => remembered,
  ),
  single(
    'lr_approval_oldest_waiting_seconds',
    'For how long the oldest request has waited for approval; 0 where none waits.',
    ({ oldestWaitingSeconds }) => oldestWaitingSeconds,
  ),
  single(
    'lr_approvals_near_expiry',
    'Requests in the last quarter of their time for approval, for which nobody has voted.',
    ({ nearExpiry }) => nearExpiry,
  ),
  single('lr_submissions_frozen', '1 while nothing is sent, because of a freeze.', ({ frozen }) =>
    flag(frozen),
  ),
];

const defender: readonly GaugeRow[] = [
  single(
    'lr_defender_readable',
    '1 while Defender can be read and lets the bot do what waits.',
    well('defender'),
  ),
  single(
    'lr_sessions_staleness_seconds',
    'Since running sessions were last read with success; 0 while none runs.',
    ({ stalenessSeconds }) => stalenessSeconds,
  ),
  perBudget('lr_defender_budget_left', 'Calls that may still be sent within the window.', ({ left }) => left),
  perBudget('lr_defender_budget_limit', 'Calls that may be sent within the window.', ({ limit }) => limit),
  labelled(
    'lr_defender_wait_seconds',
    'Until the next call of the kind may be sent: by our own budget, or as Defender asked.',
    'kind',
    ({ waits }) => waits.map(({ kind, seconds }) => [kind, seconds] as const),
  ),
];

const chats: readonly GaugeRow[] = [
  labelled('lr_chat_up', '1 while the chat is connected and answers.', 'chat', (figures) =>
    figures.chats.map(({ chat, ok }) => [chat, flag(ok)] as const),
  ),
  single(
    'lr_cards_behind',
    'Requests whose cards do not show the newest state yet.',
    ({ cardsBehind }) => cardsBehind,
  ),
  single(
    'lr_cards_behind_oldest_seconds',
    'For how long the oldest of the cards that are behind has been; 0 where none is.',
    ({ cardsBehindSeconds }) => cardsBehindSeconds,
  ),
  single(
    'lr_places_closed',
    'Places in which cards cannot be written now.',
    ({ placesClosed }) => placesClosed,
  ),
  labelled(
    'lr_deliveries_unanswered',
    'Commands and presses that were taken and have no answer yet.',
    'chat',
    (figures) => figures.chats.map(({ chat, unanswered }) => [chat, unanswered] as const),
  ),
  labelled(
    'lr_deliveries_unanswered_oldest_seconds',
    'Since the oldest of them came in; 0 where there is none.',
    'chat',
    (figures) =>
      figures.chats.map(({ chat, oldestUnansweredSeconds }) => [chat, oldestUnansweredSeconds] as const),
  ),
];

const storage: readonly GaugeRow[] = [
  single('lr_journal_writable', '1 while the journal can be written.', well('journal')),
  single(
    'lr_journal_verified',
    '1 while nothing in the journal was found that does not verify.',
    silent('audit'),
  ),
  single('lr_anchors_writable', '1 while the head of the journal can be noted elsewhere.', well('anchors')),
  single('lr_journal_lines', 'Lines of the journal.', ({ journal }) => journal.lines),
  single('lr_journal_bytes', 'Size of the files of the journal.', ({ journal }) => journal.bytes),
  single(
    'lr_journal_lines_since_snapshot',
    'Lines that the next start has to read, because they are newer than the snapshot.',
    ({ journal }) => journal.linesSinceSnapshot,
  ),
  single(
    'lr_snapshot_timestamp_seconds',
    'When the newest snapshot was taken; 0 where there is none.',
    ({ journal }) => journal.snapshotAt,
  ),
];

export const gauges: readonly GaugeRow[] = [...process, ...requests, ...defender, ...chats, ...storage];
