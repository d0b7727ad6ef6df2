// Records of live response in an audit export: only these are kept, and of them only what is compared. What
// fields such a record has is not documented, so each of them may be missing.
import { maxJsonDepth, maxJsonValues, parseJson } from '../../../liveResponse/text/json.ts';

/** learn.microsoft.com/purview/audit-log-activities, Microsoft Defender for Endpoint response actions. */
export const operations = {
  api: 'RunLiveResponseApi',
  portal: 'RunLiveResponseSession',
  download: 'LiveResponseGetFile',
} as const;
export type OperationKind = keyof typeof operations;

/** One record of live response. Times in epoch milliseconds. */
export interface ExportRecord {
  readonly kind: OperationKind;
  /** Of the record itself, so that one that is in the file twice counts once. */
  readonly recordId: string | undefined;
  readonly at: number | undefined;
  /** Every GUID anywhere in it, in lower case. */
  readonly guids: ReadonlySet<string>;
  /** Of the session, where a field is named so. Lower case. */
  readonly actionId: string | undefined;
  readonly comment: string | undefined;
  readonly deviceId: string | undefined;
  readonly deviceName: string | undefined;
  readonly fileName: string | undefined;
  /** Who did it, as far as the record says: user ids, keys and names. */
  readonly actors: readonly string[];
  /** Application ids that it names. Lower case. */
  readonly appIds: readonly string[];
  readonly tenant: string | undefined;
}

export interface ExportRead {
  readonly records: readonly ExportRecord[];
  /** Records of any kind. */
  readonly rows: number;
  /** Records of live response whose AuditData could not be read. */
  readonly unreadable: number;
  /**
   * As many records the search found, by the cmdlet's column ResultCount, where that is more than the file
   * has.
   */
  readonly foundByCmdlet: number | undefined;
  /** Times of the first and last record of any kind. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly warnings: readonly string[];
}

/** Why the file says nothing, in a sentence with the next step. */
export class ExportUnreadable extends Error {}

/** Records of live response that are kept; a tenant has a few a day. */
const mostRecords = 200_000;
/** Excel keeps so many characters of a cell and drops the rest when it saves. */
const excelCell = 32_767;

type Fields = ReadonlyMap<string, unknown>;

const names = {
  data: ['auditdata', 'raweventdata'],
  operation: ['operation', 'operations', 'actiontype'],
  time: ['creationtime', 'creationdate', 'createddatetime', 'timestamp', 'timegenerated'],
  record: ['id', 'recordid', 'identity', 'reportid'],
  // None of these is documented for live response; taken where one is there.
  action: ['actionid', 'machineactionid', 'liveresponseactionid'],
  comment: ['actioncomment', 'comment', 'requestorcomment'],
  deviceId: ['deviceid', 'machineid'],
  deviceName: ['devicename', 'machinename', 'computerdnsname'],
  file: ['filename', 'filepath'],
  actor: [
    'userid',
    'userids',
    'userkey',
    'userprincipalname',
    'accountid',
    'accountobjectid',
    'accountdisplayname',
  ],
  app: ['appid', 'applicationid', 'clientappid', 'azureappid', 'clientid'],
  tenant: ['organizationid', 'tenantid'],
  // learn.microsoft.com, Search-UnifiedAuditLog: how many records the search found, in each of them.
  count: ['resultcount'],
} as const;

/** Reads rows into records, and counts what it sees. */
export class Collected {
  readonly path: string;
  damaged = false;
  readonly #records: ExportRecord[] = [];
  readonly #known = new Set<string>();
  #rows = 0;
  #unreadable = 0;
  #cut = 0;
  #strange = 0;
  #resultCount = 0;
  /** Pages of Graph that name a next one, and those that are the last of their search. */
  readonly #pages = { more: 0, last: 0 };
  readonly #iso = new Span();
  /** Of times in a local form alone, and whether one of them can only be meant day first. */
  readonly #local = new Span();
  readonly #locals = new Set<ExportRecord>();
  #dayFirst = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws ExportUnreadable where it is the head of something else */
  columns(columns: readonly string[]): void {
    const has = (wanted: readonly string[]): boolean => wanted.some((name) => columns.includes(name));
    if (has(names.data) || has(names.operation)) return;
    throw new ExportUnreadable(
      `${this.path} has no column "AuditData" or "Operation", so it is no export of the audit log. Its first line: ${columns.join(', ').slice(0, 200)}. In Purview: Audit, your search, Export, Download all results.`,
    );
  }

  row(columns: readonly string[], row: readonly string[]): void {
    const fields = new Map<string, string>();
    // Where a column occurs twice, as after tables were put together, an empty cell hides no other.
    for (const [at, name] of columns.entries())
      if ((fields.get(name) ?? '') === '') fields.set(name, row[at] ?? '');
    this.#take(fields);
  }

  json(text: string): void {
    // A page of Graph is one text with hundreds of records; nobody else waits for this program.
    const value = parseJson(text, maxJsonDepth, maxJsonValues)?.value;
    if (typeof value !== 'object' || value === null)
      throw new ExportUnreadable(
        `${this.path} is no JSON that can be read: the record that begins with "${text.slice(0, 60).replace(/\s+/g, ' ')}" is broken. Use the file as it was exported.`,
      );
    const list: unknown = 'value' in value ? value.value : undefined;
    if (Array.isArray(list)) this.#pages['@odata.nextLink' in value ? 'more' : 'last'] += 1;
    for (const one of Array.isArray(list) ? (list as readonly unknown[]) : [value]) {
      const fields = fieldsOf(one);
      if (
        fields === undefined ||
        (find(fields, names.operation) === undefined && find(fields, names.data) === undefined)
      )
        this.#strange += 1;
      else this.#take(fields);
    }
  }

  #take(outer: Fields): void {
    this.#rows += 1;
    const count = Number(findValue(outer, names.count));
    if (Number.isSafeInteger(count)) this.#resultCount = Math.max(this.#resultCount, count);
    const said = find(outer, names.operation);
    // Most records of a tenant are of other kinds: their AuditData is not even parsed, unless the columns do
    // not name the operation.
    const known = said === undefined ? undefined : kindOf(said);
    const written = findValue(outer, names.data);
    const inner = said === undefined || known !== undefined ? dataOf(written) : undefined;
    const kind = known ?? kindOf(inner === undefined ? undefined : find(inner, names.operation));
    const time = this.#timeOf(outer, inner, written);
    if (kind === undefined) {
      if (said === undefined && inner === undefined) this.#unreadable += 1;
      return;
    }
    if (inner === undefined && written !== undefined && written !== '') {
      this.#unreadable += 1;
      if (typeof written === 'string' && written.length >= excelCell - 1) this.#cut += 1;
    }
    const recordId =
      (inner === undefined ? undefined : find(inner, names.record)) ?? find(outer, names.record);
    if (recordId !== undefined) {
      if (this.#known.has(recordId.toLowerCase())) return;
      this.#known.add(recordId.toLowerCase());
    }
    if (this.#records.length >= mostRecords)
      throw new ExportUnreadable(
        `${this.path} holds more than ${mostRecords} records of live response. Export a shorter time.`,
      );
    const record = recordOf({ outer, inner, written }, { kind, recordId, at: time.at });
    this.#records.push(record);
    if (time.isLocal) this.#locals.add(record);
  }

  /** When a record is of, counted into the time that the export covers. */
  #timeOf(
    outer: Fields,
    inner: Fields | undefined,
    written: unknown,
  ): { readonly at: number | undefined; readonly isLocal: boolean } {
    // The time within AuditData is UTC and has one form; that of a column is as the machine that exported
    // writes times.
    const iso =
      timeIn(inner, timeOf) ??
      (typeof written === 'string'
        ? timeOf(/"CreationTime"\s*:\s*"([^"]{1,40})"/i.exec(written)?.[1])
        : undefined) ??
      timeIn(outer, timeOf);
    const local = iso === undefined ? timeIn(outer, localTimeOf) : undefined;
    const at = iso ?? local?.at;
    this.#iso.add(iso);
    this.#local.add(local?.at);
    if (local?.dayFirst === true) this.#dayFirst += 1;
    return { at, isLocal: iso === undefined && at !== undefined };
  }

  /** @throws ExportUnreadable */
  read(size: number): ExportRead {
    if (this.#rows === 0 && this.#strange > 0)
      throw new ExportUnreadable(
        `${this.path} holds JSON, but no record of the audit log (none of its ${this.#strange} objects has "Operation" or "AuditData"). Name the export itself.`,
      );
    if (this.#pages.more > 0 && this.#pages.last === 0)
      throw new ExportUnreadable(
        `${this.path} is not the whole answer of Graph: it names a next page (@odata.nextLink), and the last page is not in it. Get all pages, and put them into one file one after the other.`,
      );
    // One time that can only be day first, and all others of that form are no better than a guess.
    const dayFirst = this.#dayFirst > 0;
    const ends = [this.#iso, ...(dayFirst ? [] : [this.#local])];
    return {
      records: dayFirst
        ? this.#records.map((one) => (this.#locals.has(one) ? { ...one, at: undefined } : one))
        : this.#records,
      rows: this.#rows,
      unreadable: this.#unreadable,
      foundByCmdlet: this.#resultCount > this.#rows ? this.#resultCount : undefined,
      first: least(ends.map(({ first }) => first)),
      last: most(ends.map(({ last }) => last)),
      warnings: [
        ...(dayFirst
          ? [
              `${this.path} has times with the day before the month (${this.#dayFirst} that cannot be meant otherwise), which nobody can tell from the month before the day: times of that form were not read. Export on a machine or in a session with ISO times, or give --from and --to.`,
            ]
          : []),
        ...(this.damaged
          ? [
              `${this.path} is not in the encoding it seems to be in (it has ${size} bytes): letters outside ASCII are lost in names.`,
            ]
          : []),
        ...(this.#strange > 0
          ? [`${this.#strange} objects of ${this.path} are no records of the audit log.`]
          : []),
        ...(this.#cut > 0
          ? [
              `In ${this.#cut} records AuditData ends in the middle: Excel cuts a cell at ${excelCell} characters when it saves. Use the file as it was downloaded.`,
            ]
          : []),
      ],
    };
  }
}

/** What a record consists of: its columns, its AuditData, and that as it is written. */
interface Parts {
  readonly outer: Fields;
  readonly inner: Fields | undefined;
  readonly written: unknown;
}

function recordOf(
  { outer, inner, written }: Parts,
  known: Pick<ExportRecord, 'kind' | 'recordId' | 'at'>,
): ExportRecord {
  const all = new Map([...outer, ...(inner ?? [])]);
  const every = (wanted: readonly string[]): readonly string[] =>
    wanted
      .flatMap((name) => [outer.get(name), inner?.get(name)])
      .filter((one): one is string => typeof one === 'string' && one.trim() !== '');
  const appIds = every(names.app).filter((one) => guid.test(one));
  return {
    ...known,
    guids: guidsIn(
      [
        typeof written === 'string' ? written : JSON.stringify(written ?? ''),
        ...[...outer]
          .filter(([name]) => !(names.record as readonly string[]).includes(name))
          .map(([, value]) => (typeof value === 'string' ? value : '')),
      ].join(' '),
    ),
    actionId: find(all, names.action)?.toLowerCase(),
    comment: find(all, names.comment),
    deviceId: find(all, names.deviceId)?.toLowerCase(),
    deviceName: find(all, names.deviceName)?.toLowerCase(),
    fileName: find(all, names.file),
    actors: [...new Set(every(names.actor))],
    appIds: [...new Set(appIds.map((one) => one.toLowerCase()))],
    tenant: find(all, names.tenant)?.toLowerCase(),
  };
}

function kindOf(operation: string | undefined): OperationKind | undefined {
  const word = operation?.trim().toLowerCase();
  return (Object.keys(operations) as readonly OperationKind[]).find(
    (kind) => operations[kind].toLowerCase() === word,
  );
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one]))
    : undefined;
}

/** AuditData as an object, or as text that holds one. */
function dataOf(written: unknown): Fields | undefined {
  return fieldsOf(typeof written === 'string' ? parseJson(written)?.value : written);
}

function findValue(fields: Fields, wanted: readonly string[]): unknown {
  const name = wanted.find((one) => fields.has(one));
  return name === undefined ? undefined : fields.get(name);
}

function find(fields: Fields, wanted: readonly string[]): string | undefined {
  for (const name of wanted) {
    const value = fields.get(name);
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function guidsIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi)].map(([one]) => one.toLowerCase()),
  );
}

function timeIn<T>(fields: Fields | undefined, read: (value: unknown) => T | undefined): T | undefined {
  if (fields === undefined) return undefined;
  for (const name of names.time) {
    const at = read(fields.get(name));
    if (at !== undefined) return at;
  }
  return undefined;
}

/** ISO 8601, which the log means as UTC also where it does not say so. Epoch milliseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 60) return undefined;
  const iso = /^(\d{4}-\d\d)-(\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/i.exec(
    value.trim(),
  );
  if (iso === null) return undefined;
  const [, month = '', day = '', time = '', zone = 'Z'] = iso;
  // A 30th of February would become a day of March without a word.
  if (new Date(`${month}-${day}T00:00Z`).getUTCDate() !== Number(day)) return undefined;
  const ms = Date.parse(`${month}-${day}T${time.replace(/(\.\d{3})\d+$/, '$1')}${zone}`);
  return Number.isFinite(ms) ? ms : undefined;
}

/**
 * Month first with AM and PM, as PowerShell writes it in its first culture. `dayFirst`: the form is that, and
 * the first number can be no month.
 */
function localTimeOf(
  value: unknown,
): { readonly at: number | undefined; readonly dayFirst: boolean } | undefined {
  if (typeof value !== 'string' || value.length > 60) return undefined;
  const local = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d\d)(?::(\d\d))? ?([AP]M)$/i.exec(value.trim());
  if (local === null) return undefined;
  const [, month = '', day = '', year = '', hour = '', minute = '', second = '0', half = ''] = local;
  if (Number(month) > 12) return { at: undefined, dayFirst: Number(day) <= 12 };
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0),
    Number(minute),
    Number(second),
  );
  return Number.isFinite(ms) && new Date(ms).getUTCDate() === Number(day) && Number(hour) <= 12
    ? { at: ms, dayFirst: false }
    : undefined;
}

/** The first and the last of many moments. */
class Span {
  first: number | undefined;
  last: number | undefined;

  add(at: number | undefined): void {
    this.first = least([this.first, at]);
    this.last = most([this.last, at]);
  }
}

function least(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((a, b) => (a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)), undefined);
}

function most(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((a, b) => (a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)), undefined);
}
