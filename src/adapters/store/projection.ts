// What the journal folds to: the requests, the freeze, and the times that pacing counts. Start, running store
// and audit fold with this one.
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
  /** Absent in snapshots that did not keep it yet: then nothing is told of a change. */
  readonly policy?: LastPolicy;
  /** Absent in snapshots that did not keep it yet, and while nothing is. */
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
   * When somebody accepted it after a restore (epoch ms), each time: what was asked before may have gone on
   * in lines that are lost.
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
  const requests = new Map(from.requests.map((request) => [request.id, request]));
  const origins = new Map(
    from.requests.flatMap((request) => originsOf(request).map((origin) => [origin, request.id] as const)),
  );
  // Kept apart so that the loop, which asks every tick, does not walk thousands of finished requests.
  const open = new Set(from.requests.filter(isOpen).map((request) => request.id));
  const submissions = recentTimes(from.submissions);
  const links = recentTimes(from.links);
  let freeze = from.freeze;
  let announced = from.announced;
  let policy = from.policy;
  let learned = from.learned ?? [];
  let record = from.record;

  return {
    get: (id) => requests.get(id),
    byOrigin: (origin) => requests.get(origins.get(origin) ?? ''),
    requests: () => [...requests.values()],
    count: () => requests.size,
    open: () => [...open].flatMap((id) => requests.get(id) ?? []),
    freeze: () => freeze,
    announcedFreeze: () => announced,
    lastPolicy: () => policy,
    learned: () => learned,
    submissions: submissions.all,
    links: links.all,
    record: () => record,
    preview: (entry) => {
      if (!isKnown(entry))
        // Left out in silence, a newer version's freeze would hold nothing: after a rollback the older
        // program says so instead.
        throw new IllegalEntry(
          `it is a "${entry.event.type.slice(0, 40)}", which this version does not know: a newer one wrote it. Start that one again, or restore the backup made before the upgrade (docs/operate.md)`,
        );
      if (entry.request === null) return undefined;
      const known = requests.get(entry.request);
      const made = requestMade(entry);
      if (made !== undefined) {
        if (known !== undefined) throw new IllegalEntry(`request ${entry.request} is asked twice`);
        if (made.id !== entry.request)
          throw new IllegalEntry(`request ${entry.request} is asked under another id`);
        return create(made);
      }
      if (known === undefined)
        throw new IllegalEntry(`"${entry.event.type}" for request ${entry.request}, which is not known`);
      return apply(known, changeOf(entry, known), entry.at);
    },
    apply: (entry, next) => {
      if (entry.request === null) {
        if (entry.event.type === 'frozen')
          freeze = { by: entry.event.by, why: entry.event.why, at: entry.at };
        if (entry.event.type === 'unfrozen') freeze = undefined;
        if (entry.event.type === 'freezeAnnounced') announced = entry.event.freeze;
        if (entry.event.type === 'policyRead' || entry.event.type === 'policyChanged')
          policy = { ...policy, sha256: entry.event.sha256 };
        if (entry.event.type === 'policyTold')
          policy = { sha256: entry.event.sha256, ...policy, told: entry.event.sha256 };
        if (entry.event.type === 'tenantLearned') learned = learnedWith(learned, entry.event.learned);
        if (entry.event.type === 'accepted')
          freeze = { by: entry.event.by, why: entry.event.why, at: entry.at };
        if (entry.event.type === 'takenOver' && entry.event.approved > 0)
          freeze ??= { by: 'the bot', why: takenOverWhy(entry.event.approved), at: entry.at };
        record = recorded(record, entry.event, entry.at);
        return;
      }
      if (next === undefined) return;
      if (entry.event.type === 'asked') for (const origin of originsOf(next)) origins.set(origin, next.id);
      if (entry.event.type === 'claimed') submissions.add(entry.at);
      if (entry.event.type === 'linkMinted') links.add(entry.at);
      requests.set(next.id, next);
      if (isOpen(next)) open.add(next.id);
      else open.delete(next.id);
    },
    forget: (ids) => {
      for (const id of ids) {
        const request = requests.get(id);
        if (request === undefined) continue;
        requests.delete(id);
        open.delete(id);
        for (const origin of originsOf(request)) if (origins.get(origin) === id) origins.delete(origin);
      }
    },
    state: () => ({
      requests: [...requests.values()],
      submissions: submissions.all(),
      links: links.all(),
      record,
      ...(freeze === undefined ? {} : { freeze }),
      ...(announced === undefined ? {} : { announced }),
      ...(policy === undefined ? {} : { policy }),
      ...(learned.length === 0 ? {} : { learned }),
    }),
  };
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
function recentTimes(from: readonly number[]): {
  readonly all: () => readonly number[];
  readonly add: (time: number) => void;
} {
  let times = [...from];
  let trimAt = times.length + 1000;
  return {
    all: () => [...times],
    add: (time) => {
      times.push(time);
      if (times.length < trimAt) return;
      times = times.filter((one) => one > time - remembered);
      trimAt = 2 * times.length + 1000;
    },
  };
}

/** Requests over longer than `keepMs`, and the oldest of those over beyond `keepMost`. */
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
