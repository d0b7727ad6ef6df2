// Projection of the journal, which is what its lines fold to: the requests, the freeze, and the times that
// pacing counts. Start, running store and audit fold with this one.
import type { Change } from '../../liveResponse/request/events.ts';
import { isRequestEventType, isSessionEventType } from '../../liveResponse/request/events.ts';
import { apply, create } from '../../liveResponse/request/fold.ts';
import type { Freeze, GlobalEvent, LastPolicy } from '../../liveResponse/ports.ts';
import type { NewRequest, Request } from '../../liveResponse/request/request.ts';
import { endedAt, isOpen } from '../../liveResponse/request/request.ts';
import type { Learned } from '../../liveResponse/tenantLimits.ts';
import { learnedWith } from '../../liveResponse/tenantLimits.ts';
import type { Entry } from './journal/line.ts';
import { lineFormat } from './journal/line.ts';
import { changeToday, requestAsked, typeToday } from './journal/olderEvents.ts';

/** Pacing's longest window is an hour; one more covers a restart and a clock that was put right. */
const remembered = 2 * 60 * 60 * 1000;

export interface ProjectedState {
  readonly requests: readonly Request[];
  readonly freeze?: Freeze;
  /** What was announced last. */
  readonly announced?: Freeze;
  /** Absent in snapshots that did not keep it yet: then a change of the policy is not announced. */
  readonly policy?: LastPolicy;
  /** Absent in snapshots that did not keep it yet, and while nothing has been learned. */
  readonly learned?: readonly Learned[];
  /**
   * Times (epoch ms) of claims, that is of POSTs about to be made, and of minted links, in the last two
   * hours.
   */
  readonly submissions: readonly number[];
  readonly links: readonly number[];
  readonly record: RecordState;
}

/** What the journal says of itself. */
export interface RecordState {
  /** Lines of version 0.1 at its beginning: without a key, and with what is personal in plain words. */
  readonly takenOver?: { readonly lines: number; readonly at: number };
  /**
   * When somebody accepted it after a restore (epoch ms), each time: lines that are lost may hold what
   * happened to requests made before.
   */
  readonly restores?: readonly number[];
  readonly holds: readonly LegalHold[];
  /** Random ids of persons whose keys were destroyed. */
  readonly forgotten: readonly string[];
}

export interface LegalHold {
  readonly kind: 'person' | 'request';
  readonly on: string;
  readonly at: number;
}

export const emptyProjection: ProjectedState = {
  requests: [],
  submissions: [],
  links: [],
  record: { holds: [], forgotten: [] },
};

/** An entry that cannot follow what is folded so far. */
export class IllegalEntry extends Error {
  readonly code = 'illegalEntry';
}

export interface Projection {
  get(id: string): Request | undefined;
  byOrigin(origin: string): Request | undefined;
  /** In order of arrival. */
  requests(): readonly Request[];
  count(): number;
  open(): readonly Request[];
  freeze(): Freeze | undefined;
  announcedFreeze(): Freeze | undefined;
  lastPolicy(): LastPolicy | undefined;
  learned(): readonly Learned[];
  submissions(): readonly number[];
  links(): readonly number[];
  record(): RecordState;
  /** What `entry` would make of its request, without doing it. @throws IllegalTransition, IllegalEntry */
  preview(entry: Entry): Request | undefined;
  /** Folds an entry whose outcome `preview` gave. */
  apply(entry: Entry, next: Request | undefined): void;
  /** Forgets requests (they stay in the journal). */
  forget(ids: readonly string[]): void;
  state(): ProjectedState;
}

/** Every event that belongs to no single request, as far as this version can follow it. */
const globalEventTypes = {
  started: true,
  stopped: true,
  frozen: true,
  unfrozen: true,
  freezeAnnounced: true,
  commandRefused: true,
  refusalsLeftOut: true,
  policyRead: true,
  policyChanged: true,
  policyNotTaken: true,
  policyTold: true,
  takenOver: true,
  accepted: true,
  legalHold: true,
  legalHoldReleased: true,
  tenantLearned: true,
  forgotten: true,
} as const satisfies Record<GlobalEvent['type'], true>;

export function createProjection(from: ProjectedState = emptyProjection): Projection {
  return new JournalProjection(from);
}

class JournalProjection implements Projection {
  readonly #requests: Map<string, Request>;
  readonly #origins: Map<string, string>;
  /** Kept apart so that a worker, which asks every tick, does not walk thousands of finished requests. */
  readonly #open: Set<string>;
  readonly #submissions: RecentTimes;
  readonly #links: RecentTimes;
  #freeze: Freeze | undefined;
  #announced: Freeze | undefined;
  #policy: LastPolicy | undefined;
  #learned: readonly Learned[];
  #record: RecordState;

  constructor({ requests, submissions, links, freeze, announced, policy, learned, record }: ProjectedState) {
    this.#requests = new Map(requests.map((request) => [request.id, request]));
    this.#origins = new Map(
      requests.flatMap((request) => originsOf(request).map((origin) => [origin, request.id] as const)),
    );
    this.#open = new Set(requests.filter(isOpen).map((request) => request.id));
    this.#submissions = new RecentTimes(submissions);
    this.#links = new RecentTimes(links);
    this.#freeze = freeze;
    this.#announced = announced;
    this.#policy = policy;
    this.#learned = learned ?? [];
    this.#record = record;
  }

  get(id: string): Request | undefined {
    return this.#requests.get(id);
  }

  byOrigin(origin: string): Request | undefined {
    return this.#requests.get(this.#origins.get(origin) ?? '');
  }

  requests(): readonly Request[] {
    return [...this.#requests.values()];
  }

  count(): number {
    return this.#requests.size;
  }

  open(): readonly Request[] {
    return [...this.#open].flatMap((id) => this.#requests.get(id) ?? []);
  }

  freeze(): Freeze | undefined {
    return this.#freeze;
  }

  announcedFreeze(): Freeze | undefined {
    return this.#announced;
  }

  lastPolicy(): LastPolicy | undefined {
    return this.#policy;
  }

  learned(): readonly Learned[] {
    return this.#learned;
  }

  submissions(): readonly number[] {
    return this.#submissions.all();
  }

  links(): readonly number[] {
    return this.#links.all();
  }

  record(): RecordState {
    return this.#record;
  }

  preview(entry: Entry): Request | undefined {
    // Left out in silence, a newer version's freeze would hold nothing: after a rollback the older program
    // says so instead.
    if (!isKnown(entry)) throw newer(`it is a "${entry.event.type.slice(0, 40)}"`);
    if (entry.request === null) return undefined;
    const known = this.#requests.get(entry.request);
    const made = requestMade(entry);
    if (made !== undefined) {
      if (known !== undefined) throw new IllegalEntry(`request ${entry.request} is asked twice`);
      if (made.id !== entry.request)
        throw new IllegalEntry(`request ${entry.request} is asked under another id`);
      // The cards show the first device alone: a person would approve what nobody was shown.
      if (made.targets.length !== 1) throw newer(`it asks for ${made.targets.length} devices at once`);
      return create(made);
    }
    if (known === undefined)
      throw new IllegalEntry(`"${entry.event.type}" for request ${entry.request}, which is not known`);
    if (isOfNoSession(entry, known))
      throw newer(
        `it is about session ${entry.session ?? ''} of a request that has ${known.sessions.length}`,
      );
    return apply(known, changeOf(entry, known), entry.at);
  }

  apply(entry: Entry, next: Request | undefined): void {
    if (entry.request === null) {
      this.#applyGlobal(entry);
      return;
    }
    if (next === undefined) return;
    if (entry.event.type === 'asked')
      for (const origin of originsOf(next)) this.#origins.set(origin, next.id);
    if (entry.event.type === 'claimed') this.#submissions.add(entry.at);
    if (entry.event.type === 'linkMinted') this.#links.add(entry.at);
    this.#requests.set(next.id, next);
    if (isOpen(next)) this.#open.add(next.id);
    else this.#open.delete(next.id);
  }

  #applyGlobal(entry: Extract<Entry, { readonly request: null }>): void {
    if (entry.event.type === 'frozen')
      this.#freeze = { by: entry.event.by, why: entry.event.why, at: entry.at };
    if (entry.event.type === 'unfrozen') this.#freeze = undefined;
    if (entry.event.type === 'freezeAnnounced') this.#announced = entry.event.freeze;
    if (entry.event.type === 'policyRead' || entry.event.type === 'policyChanged')
      this.#policy = { ...this.#policy, sha256: entry.event.sha256 };
    if (entry.event.type === 'policyTold')
      this.#policy = { sha256: entry.event.sha256, ...this.#policy, told: entry.event.sha256 };
    if (entry.event.type === 'tenantLearned') this.#learned = learnedWith(this.#learned, entry.event.learned);
    if (entry.event.type === 'accepted')
      this.#freeze = { by: entry.event.by, why: entry.event.why, at: entry.at };
    if (entry.event.type === 'takenOver' && entry.event.approved > 0)
      this.#freeze ??= { by: 'the bot', why: takenOverWhy(entry.event.approved), at: entry.at };
    this.#record = recorded(this.#record, entry.event, entry.at);
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) {
      const request = this.#requests.get(id);
      if (request === undefined) continue;
      this.#requests.delete(id);
      this.#open.delete(id);
      for (const origin of originsOf(request))
        if (this.#origins.get(origin) === id) this.#origins.delete(origin);
    }
  }

  state(): ProjectedState {
    return {
      requests: this.requests(),
      submissions: this.submissions(),
      links: this.links(),
      record: this.#record,
      ...(this.#freeze === undefined ? {} : { freeze: this.#freeze }),
      ...(this.#announced === undefined ? {} : { announced: this.#announced }),
      ...(this.#policy === undefined ? {} : { policy: this.#policy }),
      ...(this.#learned.length === 0 ? {} : { learned: this.#learned }),
    };
  }
}

/** What a newer version wrote and this one cannot follow. */
function newer(what: string): IllegalEntry {
  return new IllegalEntry(
    `${what}, which this version does not know: a newer one wrote it. Start that one again, or restore the backup made before the upgrade (docs/operate.md)`,
  );
}

/** Of a request that was never approved the table of transitions says what is wrong. */
function isOfNoSession(
  { session, format }: Exclude<Entry, { readonly request: null }>,
  { sessions }: Request,
): boolean {
  return (
    format === lineFormat && session !== undefined && sessions.length > 0 && sessions[session] === undefined
  );
}

function isKnown(entry: Entry): boolean {
  const { type } = entry.event;
  if (entry.request === null) return Object.hasOwn(globalEventTypes, type);
  if (entry.format < lineFormat) return typeToday(type) !== undefined;
  return entry.session === undefined ? isRequestEventType(type) : isSessionEventType(type);
}

/** The request that an entry makes; undefined of an entry that changes one. */
export function requestMade({ event, format }: Entry): NewRequest | undefined {
  if (event.type !== 'asked') return undefined;
  return format < lineFormat
    ? requestAsked((event as unknown as { readonly asked: unknown }).asked)
    : event.request;
}

function changeOf(entry: Exclude<Entry, { readonly request: null }>, known: Request): Change {
  const { event, session, format, at } = entry;
  return format < lineFormat ? changeToday(event, known, at) : ({ event, session } as Change);
}

function takenOverWhy(approved: number): string {
  const [what, it] =
    approved === 1 ? ['one request in it was', 'it'] : [`${approved} requests in it were`, 'them'];
  return `the journal of version 0.1 was taken over, nothing proves that nobody changed it, and ${what} approved: look at ${it}, then unfreeze`;
}

function recorded(record: RecordState, event: GlobalEvent, at: number): RecordState {
  const without = (on: string): readonly LegalHold[] => record.holds.filter((hold) => hold.on !== on);
  switch (event.type) {
    case 'takenOver':
      return { ...record, takenOver: { lines: event.lines, at } };
    case 'accepted':
      return { ...record, restores: [...(record.restores ?? []), at] };
    case 'legalHold':
      return { ...record, holds: [...without(event.on), { kind: event.kind, on: event.on, at }] };
    case 'legalHoldReleased':
      return { ...record, holds: without(event.on) };
    case 'forgotten':
      return { ...record, forgotten: [...record.forgotten, ...event.people] };
    default:
      return record;
  }
}

/** What a request is recognised by when its delivery comes again. */
function originsOf({ origin, delivery }: Request): readonly string[] {
  return delivery === undefined ? [origin] : [origin, delivery];
}

/**
 * Times of the last two hours and perhaps some older ones: looking through all of them at each new one would
 * make a busy replay quadratic.
 */
class RecentTimes {
  #times: number[];
  #trimAt: number;

  constructor(from: readonly number[]) {
    this.#times = [...from];
    this.#trimAt = from.length + 1000;
  }

  all(): readonly number[] {
    return [...this.#times];
  }

  add(time: number): void {
    this.#times.push(time);
    if (this.#times.length < this.#trimAt) return;
    this.#times = this.#times.filter((one) => one > time - remembered);
    this.#trimAt = 2 * this.#times.length + 1000;
  }
}

/** Requests that ended longer than `keepMs` ago, and the oldest of the ended ones beyond `keepMost`. */
export function evictable(
  requests: readonly Request[],
  now: number,
  keepMs: number,
  keepMost: number,
): readonly string[] {
  const ended = requests.filter((request) => !isOpen(request));
  const surplus = ended.length - keepMost;
  return ended
    .map((request) => ({ id: request.id, at: endedAt(request) ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .filter((one, index) => index < surplus || one.at < now - keepMs)
    .map((one) => one.id);
}
