// Prometheus metrics: what is counted and timed while the bot works, and gauges of how things are, read once for each
// question. Labels take few and fixed values: no id, no name, no place and no person is among them.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { refusalKinds } from '../../bot/policy/refusals/refusal.ts';
import type { Refusal } from '../../bot/policy/refusals/refusal.ts';
import { callKinds } from '../../liveResponse/pacing/callRates.ts';
import type { CallKind } from '../../liveResponse/pacing/callRates.ts';
import { RecentMap } from '../../liveResponse/pacing/sharedReadings.ts';
import {
  raisesRevision,
  requestFacts,
  requestTransitions,
  sessionFacts,
  sessionTransitions,
} from '../../liveResponse/request/events.ts';
import type { Event, RequestTransition } from '../../liveResponse/request/events.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { answerClasses, chatCallKinds } from '../outbound/answerClass.ts';
import type { ChatCallKind, SeenCall } from '../outbound/answerClass.ts';
import type { SeenWrites } from '../store/measuredDisk.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import { gauges } from './figures.ts';
import type { Figures, GaugeRow } from './figures.ts';
import { processMetrics } from './processMetrics.ts';

/** Seconds. */
const buckets = {
  /** People decide within seconds to a day. */
  decision: [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400],
  /** A call is given up after a minute at most. */
  call: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60],
  /** A card that is drawn at once, one that waits for its turn, and one that waited for a chat to come back. */
  card: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
  /** A quarter of a millisecond on a good disk, seconds on one in trouble. */
  disk: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5],
  snapshot: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
};

/** Every event of a request or a session. */
const eventTypes: readonly string[] = [
  ...new Set([
    'asked',
    ...[requestTransitions, sessionTransitions].flatMap((table) =>
      Object.values(table).flatMap((row) => Object.keys(row)),
    ),
    ...Object.keys(requestFacts),
    ...Object.keys(sessionFacts),
  ]),
];
const decisions = Object.keys(requestTransitions.awaitingApproval) as readonly RequestTransition['type'][];
/** Changes whose first card is waited for; the oldest are forgotten. */
const mostUndrawn = 10_000;

const seconds = (ms: number): number => Math.max(0, ms) / 1_000;

export interface MetricsOptions {
  /** The surfaces of the chats that are set up. */
  readonly chats: readonly string[];
  readonly clock: Pick<Clock, 'elapsed'>;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #undrawn = new RecentMap<string, { readonly revision: number; readonly at: number }>(mostUndrawn);
  readonly #gauges: readonly (readonly [GaugeRow, Gauge])[];
  readonly #clockJumps: Counter;
  readonly #events: Counter;
  readonly #decisions: Histogram;
  readonly #refusals: Counter;
  readonly #defenderCalls: Counter;
  readonly #defenderTimes: Histogram;
  readonly #chatCalls: Counter;
  readonly #chatTimes: Histogram;
  readonly #cardTimes: Histogram;
  readonly #appends: Histogram;
  readonly #syncs: Histogram;
  readonly #snapshots: Histogram;
  #journalBytes = 0;

  constructor({ chats, clock }: MetricsOptions) {
    this.#clock = clock;
    this.#gauges = gauges.map((row) => {
      const { name, help, labels } = row;
      return [row, new Gauge({ name, help, labelNames: labels, registers: [this.#registry] })] as const;
    });
    this.#clockJumps = this.#counter('lr_clock_jumps_total', 'Jumps of the machine’s clock.');
    this.#events = this.#counter('lr_events_total', 'Journaled events by type.', { type: eventTypes });
    this.#refusals = this.#counter('lr_refusals_total', 'Refusals by reason.', { reason: refusalKinds });
    this.#defenderCalls = this.#counter('lr_defender_calls_total', 'Calls to Defender by kind and answer.', {
      kind: callKinds,
      answer: answerClasses,
    });
    this.#chatCalls = this.#counter('lr_chat_calls_total', 'Calls to chats by kind and answer.', {
      chat: chats,
      kind: chatCallKinds,
      answer: answerClasses,
    });
    this.#decisions = this.#histogram(
      'lr_decision_seconds',
      'From the question to the decision about it.',
      buckets.decision,
      { decision: decisions },
    );
    this.#defenderTimes = this.#histogram(
      'lr_defender_call_seconds',
      'Duration of calls to Defender.',
      buckets.call,
      { kind: callKinds },
    );
    this.#chatTimes = this.#histogram('lr_chat_call_seconds', 'Duration of calls to chats.', buckets.call, {
      chat: chats,
    });
    this.#cardTimes = this.#histogram(
      'lr_card_lag_seconds',
      'From a change of a request to the first card that shows it.',
      buckets.card,
    );
    this.#appends = this.#histogram(
      'lr_journal_append_seconds',
      'Handing a line of the journal to the system.',
      buckets.disk,
    );
    this.#syncs = this.#histogram('lr_journal_sync_seconds', 'Making a line durable.', buckets.disk);
    this.#snapshots = this.#histogram('lr_snapshot_seconds', 'Writing a snapshot.', buckets.snapshot);
  }

  /** Told after each durable change of a request. */
  changed(request: Request, event: Event): void {
    this.#events.inc({ type: event.type });
    if (event.type === 'approved' || (request.stage.state === 'closed' && isDecision(event.type)))
      this.#decisions.observe({ decision: event.type }, seconds(request.changedAt - request.asked.at));
    if (event.type === 'cardPosted' || event.type === 'cardShown') this.#drawn(request, event.shown);
    else if (event.type === 'asked' || raisesRevision(event))
      this.#undrawn.set(request.id, {
        revision: request.revision,
        // Of several changes that no card shows yet the first one counts.
        at: this.#undrawn.get(request.id)?.at ?? this.#clock.elapsed(),
      });
  }

  refused(reason: Refusal['refused']): void {
    this.#refusals.inc({ reason });
  }

  defenderCalled({ kind, answer, ms }: SeenCall<CallKind>): void {
    this.#defenderCalls.inc({ kind, answer });
    this.#defenderTimes.observe({ kind }, seconds(ms));
  }

  chatCalled(chat: string, { kind, answer, ms }: SeenCall<ChatCallKind>): void {
    this.#chatCalls.inc({ chat, kind, answer });
    this.#chatTimes.observe({ chat }, seconds(ms));
  }

  /** What the disk of the journal is watched with. */
  readonly writes: SeenWrites = {
    appended: (ms, bytes) => {
      this.#journalBytes += bytes;
      this.#appends.observe(seconds(ms));
    },
    synced: (ms) => this.#syncs.observe(seconds(ms)),
    snapshotTaken: (ms) => this.#snapshots.observe(seconds(ms)),
  };

  /** The journal was opened, and is of this size; what is appended from now on is added. */
  journalIs(bytes: number): void {
    this.#journalBytes = bytes;
  }

  get journalBytes(): number {
    return this.#journalBytes;
  }

  /** Sets every gauge to what holds now. */
  set(figures: Figures): void {
    for (const [row, gauge] of this.#gauges) {
      // What is no more, such as a check that is not made any longer, must not stay in the output.
      gauge.reset();
      for (const [labels, value] of row.read(figures)) gauge.set(labels, value);
    }
    this.#clockJumps.reset();
    this.#clockJumps.inc(figures.clockJumps);
  }

  async read(figures: Figures): Promise<{ readonly type: string; readonly body: string }> {
    this.set(figures);
    const [own, ofProcess] = [await this.#registry.metrics(), await processMetrics().metrics()];
    return { type: this.#registry.contentType, body: `${own}${ofProcess}` };
  }

  #drawn({ id, revision }: Request, shown: number): void {
    const change = this.#undrawn.get(id);
    if (change === undefined || shown !== revision || change.revision !== revision) return;
    this.#undrawn.delete(id);
    this.#cardTimes.observe(seconds(this.#clock.elapsed() - change.at));
  }

  #counter(name: string, help: string, labels: Values = {}): Counter {
    const counter = new Counter({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    });
    for (const one of combinations(labels)) counter.inc(one, 0);
    return counter;
  }

  #histogram(name: string, help: string, within: readonly number[], labels: Values = {}): Histogram {
    const histogram = new Histogram({
      name,
      help,
      buckets: [...within],
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    });
    for (const one of combinations(labels)) histogram.zero(one);
    return histogram;
  }
}

function isDecision(type: Event['type']): boolean {
  return (decisions as readonly string[]).includes(type);
}

/** Every value that a label takes: each series is there from the start. */
type Values = Readonly<Record<string, readonly string[]>>;

function combinations(labels: Values): readonly Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<readonly Readonly<Record<string, string>>[]>(
    (made, [label, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}
