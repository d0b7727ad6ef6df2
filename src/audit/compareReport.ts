// `npm run audit -- compare FILE`: an export of the tenant's audit log against the journal, in words. Exit
// code 0 when all agree, 1 when something is in one alone, 2 when it was called wrongly, 3 when the export or
// the journal cannot be read.
import { readdirSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, Environment } from '../adapters/config/environment.ts';
import { readRecord } from '../adapters/config/recordSettings.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { printable } from '../adapters/printable.ts';
import { audit } from '../adapters/store/audit/audit.ts';
import { compare, differs, logLag } from '../adapters/store/audit/compare.ts';
import type { Compared, Located } from '../adapters/store/audit/compare.ts';
import { readExport } from '../adapters/store/audit/readExport.ts';
import { ExportUnreadable, operations, timeOf } from '../adapters/store/audit/records.ts';
import type { ExportRead, ExportRecord } from '../adapters/store/audit/records.ts';
import { journalRequests } from '../adapters/store/audit/sessions.ts';
import type { JournalRequest } from '../adapters/store/audit/sessions.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { keysOf } from '../app/recordOptions.ts';

export const compareUsage = `       ${commandFor('audit', 'compare')} FILE [options] [--data DIR]      hold an export of the tenant's audit log against the journal (docs/audit-compare.md)
         --from TIME --to TIME   what the export covers, as its search had it; the times of its records when not given
         --app ID                id or name under which the bot appears there besides AZURE_CLIENT_ID; may be given several times
         --tenant ID             AZURE_TENANT_ID when not given
         --only-ours             sessions of others, in the portal or by API, are told and do not count
       Exit code of compare: 0 all agree, 1 something is in one alone, 2 called wrongly, 3 cannot be read`;

interface Arguments {
  readonly file: string;
  readonly folder: string;
  readonly from?: number;
  readonly to?: number;
  readonly apps: readonly string[];
  readonly tenant?: string;
  readonly onlyOurs: boolean;
}

/** Lines of one kind that are printed; the rest is counted. */
const mostShown = 200;
const day = 24 * 3_600_000;

function readArguments(given: readonly string[], variables: NodeJS.ProcessEnv): Arguments | string {
  let read;
  try {
    read = parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        app: { type: 'string', multiple: true },
        tenant: { type: 'string' },
        'only-ours': { type: 'boolean' },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = read;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return 'Name one file: the export.';
  const from = values.from === undefined ? undefined : moment(values.from, false);
  const to = values.to === undefined ? undefined : moment(values.to, true);
  for (const [name, text, at] of [
    ['--from', values.from, from],
    ['--to', values.to, to],
  ] as const) {
    if (text !== undefined && at === undefined)
      return `${name} ${text} is no time: write it in UTC, as 2026-11-29 or 2026-11-29T07:30Z.`;
  }
  if (from !== undefined && to !== undefined && from >= to) return '--from is not before --to.';
  const set = (name: string): readonly string[] =>
    variables[name]?.trim() === undefined || variables[name].trim() === '' ? [] : [variables[name].trim()];
  const tenant = (values.tenant ?? set('AZURE_TENANT_ID')[0])?.toLowerCase();
  return {
    file,
    folder: values.data ?? set('LR_DATA_DIR')[0] ?? './data',
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    apps: [...set('AZURE_CLIENT_ID'), ...(values.app ?? [])],
    ...(tenant === undefined ? {} : { tenant }),
    onlyOurs: values['only-ours'] === true,
  };
}

/** A day means all of it. */
function moment(text: string, end: boolean): number | undefined {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = timeOf(whole ? `${text}T00:00Z` : text);
  return at === undefined ? undefined : whole && end ? at + day - 1 : at;
}

function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

function fail(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const when = (at: number | undefined): string =>
  at === undefined ? 'at an unknown time' : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

function told(record: ExportRecord): string {
  const { actors, appIds, deviceName, deviceId, actionId, comment, fileName, recordId } = record;
  const parts = [
    `on ${deviceName ?? deviceId ?? 'a device that is not named'}`,
    `by ${[...actors, ...appIds.filter((app) => !actors.includes(app))].join(' / ') || 'nobody that is named'}`,
    ...(fileName === undefined ? [] : [`file ${fileName}`]),
    ...(actionId === undefined ? [] : [`action ${actionId}`]),
    ...(comment === undefined ? [] : [`comment "${comment.slice(0, 160)}"`]),
    ...(recordId === undefined ? [] : [`record ${recordId}`]),
  ];
  return `${when(record.at)}  ${operations[record.kind]}  ${parts.join(', ')}`;
}

function group<T>(title: string, items: readonly T[], line: (one: T) => string, next?: string): void {
  if (items.length === 0) return;
  say('');
  say(`${title}: ${items.length}`);
  for (const one of items.slice(0, mostShown)) say(`  ${line(one)}`);
  if (items.length > mostShown) say(`  ... and ${items.length - mostShown} more`);
  if (next !== undefined) say(`  -> ${next}`);
}

const ofRequest = (request: JournalRequest): string =>
  `request ${request.id} on ${request.deviceName || request.deviceId}`;

/** Words for what is in one alone, the alarming first. */
function report(found: Compared): void {
  const { downloads } = found;
  group(
    'ALARM: sessions by the bot’s own application, or with its tag, that the journal does not know',
    found.ownUnknown,
    told,
    `Somebody used the bot’s credential past the bot, or its journal was cut or is another one. Freeze, change the credential, and check the journal: ${commandFor('audit', 'verify')}`,
  );
  group(
    'ALARM: sessions of which the log does not tell whose they are, and that the journal does not know',
    found.unclear,
    told,
    'If they are another application’s, its name or id stands above; if the bot appears in the log under another name, give that with --app.',
  );
  group(
    'ALARM: a second record for one attempt: look whether it ran twice',
    found.twice,
    ({ request, record }) => `${ofRequest(request)}: ${told(record)}`,
  );
  group(
    'Arrived at Defender, though the journal only knows that it was sent',
    found.unseen,
    ({ request, record }) => `${ofRequest(request)}: ${told(record)}`,
    `Its answer was lost and it was never found: it may have run. "${commandFor('audit', 'show <request>')}" tells what was decided then.`,
  );
  group(
    'In the journal, and not in the export',
    found.missing,
    ({ request, session }: Located) =>
      `${when(session.at)}  ${ofRequest(request)}, action ${session.actionId}`,
    'Was the search limited to other operations, people or devices? If not, ask Microsoft’s support: the bot has Defender’s answer with that action.',
  );
  group(
    'Sessions in the portal (RunLiveResponseSession): never the bot’s, and approved by nobody here',
    found.portal,
    told,
  );
  group(
    'Sessions by API of others than the bot',
    found.othersApi,
    told,
    'If the bot appears in the log under one of these names or ids, give that with --app.',
  );
  group(
    'ALARM: downloads by the bot’s application, or of nobody that is named, of which the journal knows no session',
    downloads.ownUnknown,
    told,
  );
  group(
    'Downloads by others than the bot',
    downloads.others,
    told,
    'Results of the bot’s sessions can be fetched in the portal too; the journal does not see that.',
  );
  group(
    'Links in the journal without a download in the export',
    downloads.missing ?? [],
    ({ request, at }) => `${when(at)}  ${ofRequest(request)}`,
  );
}

/** The tenant's own requests; those of a simulated Defender are in no audit log. */
function ofTenant(
  requests: readonly JournalRequest[],
  tenant: string | undefined,
): readonly JournalRequest[] {
  return requests.filter((one) =>
    tenant === undefined ? one.tenant !== 'simulator' : one.tenant === tenant,
  );
}

/** @throws ExportUnreadable */
function range(
  { from, to, file }: Arguments,
  { first, last }: ExportRead,
): { readonly from: number; readonly to: number } {
  const begin = from ?? first;
  const end = to ?? last;
  if (begin === undefined || end === undefined)
    throw new ExportUnreadable(
      `${file} holds no record with a time, so nobody knows which time it covers. Give that with --from and --to, as the search had it.`,
    );
  return { from: begin, to: Math.max(begin, end) };
}

export async function compareExport(words: readonly string[], usage: string): Promise<number> {
  if (words.includes('--help')) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const given = readArguments(words, process.env);
  if (typeof given === 'string') {
    fail(given);
    fail('');
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const { folder } = given;
  try {
    readdirSync(folder);
  } catch (error) {
    fail(`The data folder ${folder} cannot be read: ${whyItFailed(error)}`);
    return 3;
  }
  const env = new Environment(process.env);
  const record = readRecord(env);
  if (env.problems.length > 0) throw new ConfigError(env.problems.join('\n'));
  const { keys, warnings } = keysOf(record, folder);
  for (const warning of warnings) fail(warning);
  try {
    return await compareWith(given, keys);
  } catch (error) {
    if (!(error instanceof ExportUnreadable)) throw error;
    fail(error.message);
    return 3;
  }
}

/** @throws ExportUnreadable */
async function compareWith(given: Arguments, keys: Keys | undefined): Promise<number> {
  const { file, folder, apps, tenant, onlyOurs } = given;
  const read = await readExport(file);
  for (const warning of read.warnings) fail(warning);
  const { from, to } = range(given, read);
  const proof = audit({ disk: realDisk, folder, ...(keys === undefined ? {} : { keys }) });
  if (proof.wrong !== undefined) {
    fail(
      `BROKEN: ${proof.wrong.sentence}. A journal that is not what the bot wrote proves nothing: see ${commandFor('audit', 'verify')}`,
    );
    return 3;
  }
  if (keys === undefined)
    fail(
      'No key was given, so nothing proves that the bot wrote the journal (LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE).',
    );
  const all = journalRequests(realDisk, folder);
  const requests = ofTenant(all, tenant);
  const foreign =
    tenant === undefined
      ? []
      : read.records.filter((one) => one.tenant !== undefined && one.tenant !== tenant);
  if (foreign.length > 0 && foreign.length === read.records.length) {
    fail(
      `The export is of the tenant ${foreign[0]?.tenant ?? ''}, and the journal was asked for ${tenant ?? ''}. Name the right file, or the tenant with --tenant.`,
    );
    return 3;
  }
  const left = new Set(foreign);
  const records = read.records.filter((one) => !left.has(one));
  const exportedAt = Math.min(Date.now(), statSync(file).mtimeMs);
  const found = compare({ records, requests, from, to, exportedAt, apps });
  say(
    `${counted(read.rows, 'record')} read, ${read.records.length} of them of live response; the journal holds ${counted(proof.lines, 'line')}, and ${counted(requests.length, 'request')} sent to Defender`,
  );
  say(
    `compared: ${when(from)} to ${when(to)}${given.from === undefined || given.to === undefined ? ' (the times of the records: at the edges nothing can be said; give --from and --to as the search had them)' : ''}`,
  );
  if (all.length > requests.length)
    say(
      `left out: ${counted(all.length - requests.length, 'request')} of ${tenant === undefined ? 'a simulated Defender' : 'another tenant, or of a simulated Defender'}`,
    );
  if (foreign.length > 0) say(`${foreign.length} records of another tenant were left out`);
  sayCounts(read, found, requests);
  report(found);
  const apart = differs(found, onlyOurs) || read.unreadable > 0 || read.foundByCmdlet !== undefined;
  say('');
  say(apart ? 'They do NOT agree: see above.' : 'They agree.');
  return apart ? 1 : 0;
}

/** How much was compared, and what was not judged. */
function sayCounts(read: ExportRead, found: Compared, requests: readonly JournalRequest[]): void {
  if (read.foundByCmdlet !== undefined)
    say(
      `the export is not whole: its search found ${read.foundByCmdlet} records (ResultCount), of which the file has ${read.rows}. Export a shorter time, or all pages of the search (-SessionCommand ReturnLargeSet) into one file.`,
    );
  if (read.unreadable > 0) say(`${read.unreadable} records could not be read in full`);
  say(
    `in both: ${counted(found.both, 'session')}${found.byTime > 0 ? ` (${found.byTime} by device and time alone, because their records name neither action nor comment)` : ''}, ${counted(found.downloads.both, 'download')}`,
  );
  if (found.repeats > 0) say(`${found.repeats} further records are of actions that were counted already`);
  if (found.tooNew > 0)
    say(
      `not judged: ${found.tooNew} sessions of the last ${logLag / 3_600_000} hours before the file was written, which may come into the log later`,
    );
  if (found.outside > 0) say(`not judged: ${found.outside} sessions outside that time`);
  if (found.downloads.missing === undefined && requests.some(({ links }) => links.length > 0))
    say(
      'not judged: links in the journal, because the export holds no download (LiveResponseGetFile) by the bot',
    );
}
