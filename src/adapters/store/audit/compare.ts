// The comparison of the tenant's audit log with the journal: which sessions are in both, and which in one
// alone. Pure. By the id of the action where a record names it, by our tag in its comment, and only where it
// has neither by device and time.
import type { ExportRecord } from './records.ts';
import type { JournalRequest, JournalSession } from './sessions.ts';

const day = 24 * 3_600_000;
/**
 * Between the call and its record, either way, where nothing but device and time is left to compare.
 * Milliseconds.
 */
export const nearWindow = 10 * 60_000;
/** A record may come into the log so late (learn.microsoft.com/purview/audit-search). Milliseconds. */
export const logLag = day;
/** Results can be fetched for so long after a session. Milliseconds. */
const resultsKept = 30 * day;

export interface CompareOptions {
  readonly records: readonly ExportRecord[];
  readonly requests: readonly JournalRequest[];
  /** The time that the export covers, in epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** When it was exported, epoch milliseconds. */
  readonly exportedAt: number;
  /** Ids and names under which the bot's application may appear. */
  readonly apps: readonly string[];
}

export interface Located {
  readonly request: JournalRequest;
  readonly session: JournalSession;
}

export interface Compared {
  /** Sessions that are in both. */
  readonly both: number;
  /** Of those, the ones that were found by device and time alone. */
  readonly byTime: number;
  /** Further records of an action that another record was of already. */
  readonly repeats: number;
  /** Sessions by our application that the journal does not know: the alarming case. */
  readonly ownUnknown: readonly ExportRecord[];
  /** Sessions by API of which the record does not say whose they are. */
  readonly unclear: readonly ExportRecord[];
  /** Sessions by API of other applications and people. */
  readonly othersApi: readonly ExportRecord[];
  readonly portal: readonly ExportRecord[];
  /** The journal only knows that something was sent, and never saw it arrive. */
  readonly unseen: readonly { readonly request: JournalRequest; readonly record: ExportRecord }[];
  /** A second record with the tag of one attempt. */
  readonly twice: readonly { readonly request: JournalRequest; readonly record: ExportRecord }[];
  /** In the journal, and not in the export. */
  readonly missing: readonly Located[];
  /** Not judged: younger than the log's delay, or outside the time of the export. */
  readonly tooNew: number;
  readonly outside: number;
  readonly downloads: {
    readonly both: number;
    readonly ownUnknown: readonly ExportRecord[];
    readonly others: readonly ExportRecord[];
    /**
     * Links that the bot made for people without a record; undefined where the export holds no download of
     * the bot at all, so that nothing can be said.
     */
    readonly missing: readonly { readonly request: JournalRequest; readonly at: number }[] | undefined;
  };
}

/** Whose a record is. */
type Whose = 'own' | 'other' | 'unclear';

export function compare(options: CompareOptions): Compared {
  return new Comparison(options).result();
}

/** Whether the log must have something of a time by now. */
type Judgement = 'outside' | 'tooNew' | 'judged';

class Comparison {
  readonly #options: CompareOptions;
  readonly #records: readonly ExportRecord[];
  readonly #byAction: ReadonlyMap<string, Located>;
  readonly #byTag: ReadonlyMap<string, JournalRequest>;
  readonly #onDevice: (record: ExportRecord) => readonly JournalRequest[];
  readonly #found = new Set<JournalSession>();
  readonly #unseen: { request: JournalRequest; record: ExportRecord }[] = [];
  readonly #twice: { request: JournalRequest; record: ExportRecord }[] = [];
  /** Names and ids of ours, in lower case. */
  readonly #own: Set<string>;
  /** Application ids that are known to be ours. */
  readonly #givenIds: ReadonlySet<string>;
  readonly #ownApps: Set<string>;
  #repeats = 0;

  constructor(options: CompareOptions) {
    const { records, requests, apps } = options;
    this.#options = options;
    this.#byAction = new Map(
      requests.flatMap((request) =>
        request.sessions.map((session) => [session.actionId, { request, session }] as const),
      ),
    );
    this.#byTag = new Map(
      requests.flatMap((request) => request.attempts.map((attempt) => [attempt.tag, request] as const)),
    );
    // Which field holds the id of the action is not documented: one that never names an action of ours is
    // another id.
    const named = records.some(
      ({ kind, actionId }) => kind === 'api' && actionId !== undefined && this.#byAction.has(actionId),
    );
    this.#records = named
      ? records
      : records.map((record): ExportRecord => ({ ...record, actionId: undefined }));
    this.#onDevice = byDevice(requests);
    this.#own = new Set(apps.map((one) => one.toLowerCase()));
    this.#givenIds = new Set([...this.#own].filter(isGuid));
    this.#ownApps = new Set(this.#givenIds);
  }

  result(): Compared {
    // What is certain first; who made those records is us, under whatever name the log has for us.
    const unmatched = this.#matchCertain();
    const byTime = this.#matchByTime(unmatched);
    const left = unmatched.filter((record) => !byTime.has(record));
    const open = this.#options.requests.flatMap((request) =>
      request.sessions
        .filter((session) => !this.#found.has(session))
        .map((session) => ({ request, session, judgement: this.#judge(session.at) })),
    );
    return {
      both: this.#found.size,
      byTime: byTime.size,
      repeats: this.#repeats,
      ownUnknown: left.filter((record) => this.#whose(record) === 'own'),
      unclear: left.filter((record) => this.#whose(record) === 'unclear'),
      othersApi: left.filter((record) => this.#whose(record) === 'other'),
      portal: this.#records.filter(({ kind }) => kind === 'portal'),
      unseen: this.#unseen,
      twice: this.#twice,
      missing: open
        .filter(({ judgement }) => judgement === 'judged')
        .map(({ request, session }) => ({ request, session })),
      tooNew: open.filter(({ judgement }) => judgement === 'tooNew').length,
      outside: open.filter(({ judgement }) => judgement === 'outside').length,
      downloads: this.#downloads(),
    };
  }

  /** By action and by tag. Answers the records that have neither. */
  #matchCertain(): readonly ExportRecord[] {
    const tagged = new Set<JournalRequest>();
    const unmatched: ExportRecord[] = [];
    for (const record of this.#records.filter(({ kind }) => kind === 'api')) {
      const located = actionOf(record, this.#byAction);
      const request = taggedRequest(record, this.#byTag);
      if (located !== undefined) {
        if (this.#found.has(located.session)) this.#repeats += 1;
        this.#found.add(located.session);
      } else if (request !== undefined) {
        this.#matchTagged(record, request, tagged);
      } else {
        unmatched.push(record);
        continue;
      }
      for (const name of record.actors) this.#own.add(name.toLowerCase());
      for (const app of record.appIds) this.#ownApps.add(app);
    }
    return unmatched;
  }

  /** `tagged`: the requests that an earlier record had the tag of. */
  #matchTagged(record: ExportRecord, request: JournalRequest, tagged: Set<JournalRequest>): void {
    const free = request.sessions
      .filter((session) => !this.#found.has(session))
      .sort((a, b) => distance(record, a.at) - distance(record, b.at))[0];
    // A record that names another action than the journal has is another session, whatever its comment says.
    if (record.actionId === undefined && free !== undefined) this.#found.add(free);
    else if (request.sessions.length > 0 || tagged.has(request)) this.#twice.push({ request, record });
    else this.#unseen.push({ request, record });
    tagged.add(request);
  }

  /**
   * The nearest pairs first: which record is left over must not depend on the order of the file. One that
   * names somebody else is never ours.
   */
  #matchByTime(unmatched: readonly ExportRecord[]): ReadonlySet<ExportRecord> {
    const byTime = new Set<ExportRecord>();
    const pairs = unmatched
      .filter((record) => this.#whose(record) !== 'other')
      .flatMap((record) =>
        near(record, this.#onDevice(record)).map((session) => ({
          record,
          session,
          apart: distance(record, session.at),
        })),
      );
    for (const { record, session } of pairs.sort((a, b) => a.apart - b.apart)) {
      if (byTime.has(record) || this.#found.has(session)) continue;
      this.#found.add(session);
      byTime.add(record);
    }
    return byTime;
  }

  #whose(record: ExportRecord): Whose {
    // A comment of our form that the journal does not know is nobody else's to explain.
    if (/lr:[^\s:|]+:[0-9a-f]+/i.test(record.comment ?? '')) return 'own';
    // Who did it is the bot by its own id: an application that is named too, such as Defender's own, takes
    // nothing from that.
    if (record.actors.some((actor) => this.#givenIds.has(actor.toLowerCase()))) return 'own';
    // Where the record names applications these decide: the name of a user may be the same for all of them.
    if (record.appIds.length > 0 && this.#ownApps.size > 0)
      return record.appIds.some((app) => this.#ownApps.has(app)) ? 'own' : 'other';
    if (record.actors.some((actor) => this.#own.has(actor.toLowerCase()))) return 'own';
    return record.actors.some((actor) => actor.includes('@')) ? 'other' : 'unclear';
  }

  #judge(at: number): Judgement {
    const { from, to, exportedAt } = this.#options;
    return at < from || at > to ? 'outside' : at > exportedAt - logLag ? 'tooNew' : 'judged';
  }

  /**
   * A download is a link that somebody had made: for people by the bot (in the journal), by the bot for its
   * own reading (not each is), or in the portal.
   */
  #downloads(): Compared['downloads'] {
    const seen = new Map<JournalRequest, number[]>();
    const ownUnknown: ExportRecord[] = [];
    const others: ExportRecord[] = [];
    let both = 0;
    for (const record of this.#records.filter(({ kind }) => kind === 'download')) {
      const certain = actionOf(record, this.#byAction)?.request ?? taggedRequest(record, this.#byTag);
      const request =
        certain ?? (record.actionId === undefined ? likeliest(record, this.#onDevice(record)) : undefined);
      // A person who fetched the result of our session in the portal is reported: the journal does not know
      // of it.
      if (this.#whose(record) === 'other') others.push(record);
      else if (request === undefined) ownUnknown.push(record);
      else {
        both += 1;
        seen.set(request, [...(seen.get(request) ?? []), record.at ?? 0]);
      }
    }
    const missing = this.#options.requests.flatMap((request) =>
      request.links
        .filter(
          (at) =>
            this.#judge(at) === 'judged' &&
            !(seen.get(request) ?? []).some((one) => Math.abs(one - at) <= nearWindow),
        )
        .map((at) => ({ request, at })),
    );
    return { both, ownUnknown, others, missing: both === 0 ? undefined : missing };
  }
}

/**
 * Of requests on its device whose results can still be fetched, the one with a session or a link nearest in
 * time.
 */
function likeliest(record: ExportRecord, requests: readonly JournalRequest[]): JournalRequest | undefined {
  const { at } = record;
  if (at === undefined) return undefined;
  return requests
    .filter((one) =>
      one.sessions.some((session) => at >= session.at - nearWindow && at <= session.at + resultsKept),
    )
    .map((one) => ({
      one,
      apart: Math.min(
        ...[...one.links, ...one.sessions.map((session) => session.at)].map((other) =>
          distance(record, other),
        ),
      ),
    }))
    .sort((a, b) => a.apart - b.apart)[0]?.one;
}

function actionOf(record: ExportRecord, byAction: ReadonlyMap<string, Located>): Located | undefined {
  const named = record.actionId === undefined ? undefined : byAction.get(record.actionId);
  if (named !== undefined || record.actionId !== undefined) return named;
  for (const guid of record.guids) {
    const located = byAction.get(guid);
    if (located !== undefined) return located;
  }
  return undefined;
}

function taggedRequest(
  { comment }: ExportRecord,
  byTag: ReadonlyMap<string, JournalRequest>,
): JournalRequest | undefined {
  for (const [tag] of comment?.matchAll(/lr:[^\s:|]+:[0-9a-f]+/gi) ?? []) {
    const request = byTag.get(tag);
    if (request !== undefined) return request;
  }
  return undefined;
}

/**
 * Only for a record that says neither which action it is nor with which comment: one that says so has been
 * looked up by it.
 */
function near(record: ExportRecord, requests: readonly JournalRequest[]): readonly JournalSession[] {
  if (record.actionId !== undefined || record.comment !== undefined || record.at === undefined) return [];
  return requests.flatMap((request) =>
    request.sessions.filter((session) => distance(record, session.at) <= nearWindow),
  );
}

function distance({ at }: ExportRecord, other: number): number {
  return at === undefined ? Number.MAX_SAFE_INTEGER : Math.abs(at - other);
}

/**
 * What finds the requests on a record's device: a large export must not look through a large journal once for
 * each of its records.
 */
function byDevice(requests: readonly JournalRequest[]): (record: ExportRecord) => readonly JournalRequest[] {
  const lists = new Map<string, JournalRequest[]>();
  for (const request of requests) {
    for (const key of [`id ${request.deviceId}`, `name ${host(request.deviceName)}`]) {
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [request]);
      else list.push(request);
    }
  }
  return (record) =>
    (
      lists.get(
        record.deviceId === undefined ? `name ${host(record.deviceName ?? '')}` : `id ${record.deviceId}`,
      ) ?? []
    ).filter((request) => sameDevice(record, request));
}

/** A name without its domain. */
function host(name: string): string {
  return name.split('.')[0] ?? '';
}

function sameDevice({ deviceId, deviceName }: ExportRecord, request: JournalRequest): boolean {
  if (deviceId !== undefined) return deviceId === request.deviceId;
  if (deviceName === undefined || request.deviceName === '') return false;
  if (deviceName === request.deviceName) return true;
  // One of the two may be without its domain.
  return (
    host(request.deviceName) === host(deviceName) &&
    (!deviceName.includes('.') || !request.deviceName.includes('.'))
  );
}

function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/**
 * Whether anything is in one of the two alone. `onlyOurs`: what other people and applications did is reported
 * and does not count.
 */
export function differs(
  {
    ownUnknown,
    unclear,
    othersApi,
    portal,
    unseen,
    twice,
    missing,
    downloads: { ownUnknown: files, others, missing: links },
  }: Compared,
  onlyOurs: boolean,
): boolean {
  const ours =
    ownUnknown.length +
    unclear.length +
    unseen.length +
    twice.length +
    missing.length +
    files.length +
    (links?.length ?? 0);
  return ours > 0 || (!onlyOurs && othersApi.length + portal.length + others.length > 0);
}
