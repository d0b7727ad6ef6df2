// What was seen of a tenant, held against what our code and the simulator take for granted: one line for each
// assumption. Only words of Defender's vocabulary, names of fields, numbers and families of hosts may stand
// in a cell; nothing of a tenant's own does.
import { field } from '../liveResponse/text/json.ts';
import { readTime } from '../adapters/defender/wire.ts';
import { formatOf } from '../liveResponse/results/collectedFile.ts';
import { readTranscript } from '../liveResponse/results/transcript.ts';
import { activeStatuses, terminalStatuses } from '../liveResponse/action.ts';
import { defaultProfile } from '../simulator/profile.ts';
import { commandsOf, shapeOf, statusOf, typeOf, wordOf } from './observing.ts';
import type { Answered, LinkTry, Observed, Pair, Phase, Probe, ProbeName } from './observing.ts';
import { familyOf, fieldName } from './redaction.ts';
import type { Exchange } from './tap.ts';

/** `unmeasured`: nothing could be said this time; `tenant` says why. */
export type Verdict = 'same' | 'differs' | 'unmeasured';

export interface Measure {
  readonly name: string;
  readonly assumption: string;
  /** What the simulator does by default, which is what our code was written for. */
  readonly simulator: string;
  readonly tenant: string;
  readonly verdict: Verdict;
}

export interface Seen extends Observed {
  readonly exchanges: readonly Exchange[];
  /** Our Comment, where this process sent it. */
  readonly comment?: string;
}

const sim = defaultProfile;
const why = (text: string): Pick<Measure, 'tenant' | 'verdict'> => ({
  tenant: `not measured: ${text}`,
  verdict: 'unmeasured',
});
const judged = (same: boolean, tenant: string): Pick<Measure, 'tenant' | 'verdict'> => ({
  tenant,
  verdict: same ? 'same' : 'differs',
});
const noEnd = why('the session was not seen to its end');

export function measuresOf(seen: Seen): readonly Measure[] {
  const last = lastSingle(seen);
  return [
    ...listMeasures(seen),
    ...timeMeasures(seen, last),
    ...wordMeasures(seen, last),
    ...linkMeasures(seen),
    ...resultMeasures(seen),
    ...serviceMeasures(seen),
    ...cancelMeasures(seen, last),
    {
      name: 'limit.sessions',
      assumption: 'So many sessions run at once',
      simulator: `${sim.maxSessions}`,
      ...why('it takes as many sessions as the limit; one device runs one'),
    },
    {
      name: 'limit.busy',
      assumption: 'A second POST for a busy device is refused',
      simulator: '400 ActiveRequestAlreadyExists',
      ...why('a second POST is a second submission, and the bot holds it back until the device is free'),
    },
    {
      name: 'limit.queue',
      assumption: 'So long a session waits for an offline device',
      simulator: seconds(sim.offlineQueueMs),
      ...why('it takes a device that stays offline for as long'),
    },
  ];
}

function listMeasures({ pairs, idIn, probes, gap }: Seen): readonly Measure[] {
  const both = pairs.filter((pair) => pair.row !== undefined && pair.single !== undefined);
  const lag = lagOf(both);
  return [
    {
      name: 'list.fresh',
      assumption: 'A row of the list is as new as the action read alone',
      simulator: 'as new',
      ...(both.length < 2
        ? why('list and action were not read together often enough')
        : judged(
            lag.behind === 0,
            lag.behind === 0
              ? `as new, in ${both.length} pairs`
              : `older in ${lag.behind} of ${both.length} pairs, by up to ${seconds(lag.most)} (seen every ${seconds(gap)})`,
          )),
    },
    { name: 'list.idIn', assumption: '`$filter=id in (…)` is taken', simulator: 'yes', ...answered(idIn) },
    {
      name: 'list.or',
      assumption: '`or` in a filter of actions is taken',
      simulator: 'yes',
      ...answered(probe(probes, 'or')),
    },
    orderMeasure(probe(probes, 'orderby')),
  ];
}

/**
 * How long the list was behind the action. A change between the two readings of a pair makes them differ as
 * well, so what was over with the next pair says nothing: a lag is known from two pairs in a row, and none
 * below the gap between them.
 */
function lagOf(both: readonly Pair[]): { readonly behind: number; readonly most: number } {
  const apart = both.map((pair) => shapeOf(pair.row) !== shapeOf(pair.single));
  const behind = apart.filter((one, at) => one && (apart[at - 1] === true || apart[at + 1] === true)).length;
  let most = 0;
  for (let at = 0; at < both.length; at += 1) {
    const wanted = shapeOf(both[at]?.single);
    // Each state that the action showed first, until the list showed it: while the list is behind, further
    // ones may come.
    if (
      apart[at] !== true ||
      (apart[at - 1] !== true && apart[at + 1] !== true) ||
      (apart[at - 1] === true && shapeOf(both[at - 1]?.single) === wanted)
    )
      continue;
    const caught = both.findIndex(
      (pair, later) => later >= at && (shapeOf(pair.row) === wanted || apart[later] === false),
    );
    const end = both[caught === -1 ? both.length - 1 : caught]?.at ?? 0;
    most = Math.max(most, end - (both[at]?.at ?? end));
  }
  return { behind, most };
}

function orderMeasure(found: Probe | undefined): Measure {
  const base = {
    name: 'list.orderby',
    assumption: '`$orderby=creationDateTimeUtc desc` is taken, newest first',
    simulator: 'yes',
  };
  const times = (found?.items ?? []).map((item) => readTime(field(item, 'creationDateTimeUtc')) ?? 0);
  if (found?.ok !== true) return { ...base, ...answered(found) };
  return {
    ...base,
    ...judged(
      times.every((time, at) => at === 0 || time <= (times[at - 1] ?? 0)),
      times.length < 2
        ? 'taken; one row, so no order was seen'
        : times[0] !== undefined && times[0] >= (times[1] ?? 0)
          ? 'yes'
          : 'taken, but in another order',
    ),
  };
}

function timeMeasures({ pairs, gap }: Seen, last: unknown): readonly Measure[] {
  const created = readTime(field(last, 'creationDateTimeUtc'));
  const starts = commandsOf(last).flatMap((one) => readTime(field(one, 'startTime')) ?? []);
  const ends = commandsOf(last).flatMap((one) => readTime(field(one, 'endTime')) ?? []);
  const begun = pairs.find((pair) => /^inprogress$/i.test(statusOf(pair.single) ?? ''))?.at;
  const start = starts.length > 0 ? Math.min(...starts) : begun;
  const updated = readTime(field(last, 'lastUpdateDateTimeUtc'));
  return [
    {
      name: 'time.start',
      assumption: 'From the POST until the device begins',
      simulator: span(sim.pendingMs),
      ...(created === undefined || start === undefined
        ? why('the device was not seen to begin')
        : judged(within(start - created, sim.pendingMs, gap), seconds(start - created))),
    },
    {
      name: 'time.settle',
      assumption: 'From the last command’s end to the action’s',
      simulator: span(sim.settleMs),
      ...(updated === undefined || ends.length === 0 || !isFinal(last)
        ? noEnd
        : judged(
            within(updated - Math.max(...ends), sim.settleMs, gap),
            seconds(updated - Math.max(...ends)),
          )),
    },
    {
      name: 'time.startOfGetFile',
      assumption: 'A completed GetFile shows no startTime',
      simulator: 'none',
      ...startOfGetFile(last),
    },
    dates(pairs),
  ];
}

function startOfGetFile(last: unknown): Pick<Measure, 'tenant' | 'verdict'> {
  const done = commandsOf(last).find(
    (one) => typeOf(one) === 'GetFile' && /^completed$/i.test(statusOf(one, 'commandStatus') ?? ''),
  );
  if (done === undefined) return why('no GetFile completed');
  const found = readTime(field(done, 'startTime'));
  return judged(found === undefined, found === undefined ? 'none' : 'one');
}

function dates(pairs: readonly Pair[]): Measure {
  const texts = pairs
    .flatMap(({ row, single }) => [row, single])
    .flatMap((action) =>
      ['creationDateTimeUtc', 'lastUpdateDateTimeUtc'].flatMap((name) => statusOf(action, name) ?? []),
    );
  const digits = texts.map((text) => /\.(\d+)/.exec(text)?.[1]?.length ?? 0);
  const zones = new Set(
    texts.map((text) => (/z$/i.test(text) ? 'Z' : /[+-]\d\d:?\d\d$/.test(text) ? 'offset' : 'no zone')),
  );
  const [low, high] = [Math.min(...digits), Math.max(...digits)];
  return {
    name: 'dates.form',
    assumption: 'Dates are UTC with so many fraction digits',
    simulator: `${sim.fractionDigits[0]} to ${sim.fractionDigits[1]}, Z`,
    ...(texts.length === 0
      ? why('no date was seen')
      : judged(
          low >= sim.fractionDigits[0] &&
            high <= sim.fractionDigits[1] &&
            [...zones].every((zone) => zone === 'Z'),
          `${low === high ? low : `${low} to ${high}`}, ${[...zones].sort().join(' and ')}`,
        )),
  };
}

const actionFields = new Set([
  '@odata.context',
  'id',
  'type',
  'title',
  'requestor',
  'requestorComment',
  'status',
  'machineId',
  'computerDnsName',
  'creationDateTimeUtc',
  'lastUpdateDateTimeUtc',
  'cancellationRequestor',
  'cancellationComment',
  'cancellationDateTimeUtc',
  'errorHResult',
  'scope',
  'externalId',
  'requestSource',
  'relatedFileInfo',
  'commands',
  'troubleshootInfo',
]);
/** What the bot cannot do without. */
const neededFields = [
  'id',
  'type',
  'status',
  'machineId',
  'requestorComment',
  'creationDateTimeUtc',
  'lastUpdateDateTimeUtc',
  'commands',
];
const commandFields = new Set(['index', 'startTime', 'endTime', 'commandStatus', 'errors', 'command']);
const deviceFields = new Set([
  'id',
  'mergedIntoMachineId',
  'isPotentialDuplication',
  'isExcluded',
  'exclusionReason',
  'computerDnsName',
  'firstSeen',
  'lastSeen',
  'osPlatform',
  'osVersion',
  'osProcessor',
  'version',
  'lastIpAddress',
  'lastExternalIpAddress',
  'agentVersion',
  'osBuild',
  'healthStatus',
  'deviceValue',
  'rbacGroupId',
  'rbacGroupName',
  'riskScore',
  'exposureLevel',
  'isAadJoined',
  'aadDeviceId',
  'machineTags',
  'defenderAvStatus',
  'onboardingStatus',
  'osArchitecture',
  'managedBy',
  'managedByStatus',
  'ipAddresses',
  'vmMetadata',
]);
const neededOfDevice = [
  'id',
  'computerDnsName',
  'osPlatform',
  'healthStatus',
  'onboardingStatus',
  'rbacGroupName',
  'machineTags',
  'lastSeen',
];

function wordMeasures(seen: Seen, last: unknown): readonly Measure[] {
  const { pairs } = seen;
  const actions = pairs.flatMap(({ row, single }) => [row, single]).filter((one) => one !== undefined);
  const statuses = words(actions.map((one) => statusOf(one)));
  const known: readonly string[] = [...activeStatuses, ...terminalStatuses];
  const commandWords = words(actions.flatMap(commandsOf).map((one) => statusOf(one, 'commandStatus')));
  const ofConnector = ['Created', 'Submitted', 'PendingResource', 'Executing', 'Completed', 'Failed'];
  const devices = (probe(seen.probes, 'lowerName')?.items ?? []).concat(
    probe(seen.probes, 'upperName')?.items ?? [],
  );
  const requestor = statusOf(last, 'requestor');
  return [
    {
      name: 'words.status',
      assumption: 'Words of the action’s status, spelt like this',
      simulator: known.join(', '),
      ...(statuses.length === 0
        ? why('no action was read')
        : judged(
            statuses.every((word) => known.includes(word)),
            statuses.join(', '),
          )),
    },
    {
      name: 'words.command',
      assumption: 'Words of a command’s status, spelt like this',
      simulator: 'Created, Completed, Failed',
      ...(commandWords.length === 0
        ? why('no command was seen')
        : judged(
            commandWords.every((word) => ['Created', 'Completed', 'Failed'].includes(word)),
            `${commandWords.join(', ')}${commandWords.every((word) => ofConnector.includes(word)) ? '' : ' (not all known to us)'}`,
          )),
    },
    fields('fields.action', 'Fields of an action', actions, actionFields, neededFields),
    fields('fields.command', 'Fields of a command', actions.flatMap(commandsOf), commandFields, [
      'index',
      'commandStatus',
      'command',
    ]),
    fields('fields.device', 'Fields of a device', devices, deviceFields, neededOfDevice),
    {
      name: 'comment.kept',
      assumption: 'Our comment comes back as it was sent, in the list and alone',
      simulator: 'yes',
      ...commentKept(seen),
    },
    {
      name: 'requestor',
      assumption: 'The requestor of an action is the application’s',
      simulator: 'id',
      ...(requestor === undefined
        ? why('there is none in the answers')
        : judged(
            /^[0-9a-f-]{36}$/i.test(requestor),
            /^[0-9a-f-]{36}$/i.test(requestor) ? 'id' : requestor.includes('@') ? 'name of a person' : 'name',
          )),
    },
  ];
}

function fields(
  name: string,
  assumption: string,
  values: readonly unknown[],
  known: ReadonlySet<string>,
  needed: readonly string[],
): Measure {
  const found = new Set(
    values.flatMap((value) => (typeof value === 'object' && value !== null ? Object.keys(value) : [])),
  );
  const fresh = [...found]
    .filter((key) => !known.has(key))
    .map(fieldName)
    .sort();
  const gone = needed.filter((key) => !found.has(key));
  const base = { name, assumption: `${assumption}: those we know`, simulator: 'no other, none missing' };
  if (values.length === 0) return { ...base, ...why('none was read') };
  const told = [
    ...(fresh.length === 0 ? [] : [`new: ${fresh.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`missing: ${gone.join(', ')}`]),
  ];
  return {
    ...base,
    ...judged(told.length === 0, told.length === 0 ? 'no other, none missing' : told.join('; ')),
  };
}

function commentKept({ comment, pairs }: Seen): Pick<Measure, 'tenant' | 'verdict'> {
  const kept = (action: unknown): string => statusOf(action, 'requestorComment') ?? '';
  const pair = pairs.findLast((one) => one.row !== undefined && one.single !== undefined);
  if (pair === undefined) return why('list and action were not read together');
  const [listed, alone] = [kept(pair.row), kept(pair.single)];
  if (comment === undefined) {
    return /^lr:/.test(alone) && alone === listed
      ? why(`another process sent it; it begins as ours do, ${alone.length} characters`)
      : judged(
          false,
          `begins ${/^lr:/.test(alone) ? 'as ours do' : 'otherwise'}; ${listed.length} characters in the list, ${alone.length} alone`,
        );
  }
  const how = (text: string): string =>
    text === comment
      ? 'the same'
      : text === ''
        ? 'gone'
        : comment.startsWith(text)
          ? `cut to ${text.length}`
          : `changed, ${text.length}`;
  return judged(
    listed === comment && alone === comment,
    listed === comment && alone === comment
      ? `yes, ${comment.length} characters`
      : `${comment.length} characters sent; list: ${how(listed)}; alone: ${how(alone)}`,
  );
}

function linkMeasures({ links, exchanges }: Seen): readonly Measure[] {
  const early = (phase: Phase, yes: boolean, unseen: string): Pick<Measure, 'tenant' | 'verdict'> => {
    const tries = links.filter((one) => one.phase === phase);
    const got = tries.find((one) => one.ok);
    if (tries.length === 0) return why(unseen);
    return judged(
      (got !== undefined) === yes,
      got === undefined
        ? `no: ${tries.length === 1 ? 'one try' : `${tries.length} tries`}, ${codes(tries)}`
        : tries[0]?.ok === true
          ? 'yes, at once'
          : `yes, after ${tries.findIndex((one) => one.ok) + 1} tries`,
    );
  };
  const minted = links.filter(
    (one): one is LinkTry & { readonly url: string } => one.url !== undefined && URL.canParse(one.url),
  );
  const urls = minted.map((one) => new URL(one.url));
  const families = [...new Set(urls.map((url) => familyOf(url.hostname)))].sort();
  const lives = minted.flatMap((one) => {
    const ends = readTime(new URL(one.url).searchParams.get('se'));
    return ends === undefined ? [] : [ends - one.at];
  });
  const keys = [...new Set(urls.flatMap((url) => [...url.searchParams.keys()]))].map(fieldName).sort();
  const ended = minted.filter((one) => one.phase === 'ended');
  const twice = ended.filter((one, at) => ended.findIndex((other) => other.index === one.index) !== at);
  const none = links.filter((one) => one.phase === 'none');
  const noLink = why('no link was given');
  const asked = exchanges.some((one) => one.from === 'defender');
  return [
    {
      name: 'link.next',
      assumption: 'The result of a command can be had while the next one runs',
      simulator: 'yes',
      ...early(
        'next',
        sim.results === 'whenCompleted',
        'no command was seen completed while the next one was not',
      ),
    },
    {
      name: 'link.settling',
      assumption: 'Results can be had before the action has ended',
      simulator: 'yes',
      ...early('settling', sim.results === 'whenCompleted', 'the action ended with its last command'),
    },
    {
      name: 'link.none',
      assumption: 'A link for an index that is not there is refused',
      simulator: `${sim.notReadyStatus}`,
      ...(none.length === 0
        ? why(asked ? 'it was not asked for' : 'nothing was asked')
        : judged(
            none.every((one) => one.status === sim.notReadyStatus),
            codes(none),
          )),
    },
    {
      name: 'link.host',
      assumption: 'Links lead to Azure storage (in the simulator: to this machine)',
      simulator: 'loopback',
      ...(families.length === 0
        ? noLink
        : judged(
            families.every((family) => family === 'loopback' || storage.test(family)),
            families.join(', '),
          )),
    },
    {
      name: 'link.life',
      assumption: 'A link lives, by its own `se`',
      simulator: seconds(sim.linkMs),
      ...(lives.length === 0
        ? urls.length === 0
          ? noLink
          : judged(false, 'it names no `se`')
        : judged(
            lives.every((life) => Math.abs(life - sim.linkMs) < 60_000),
            seconds(Math.round(Math.min(...lives) / 1000) * 1000),
          )),
    },
    {
      name: 'link.keys',
      assumption: 'What a link is made of',
      simulator: 'se, sig, sp, sr, sv',
      ...(keys.length === 0 ? noLink : judged(keys.join() === 'se,sig,sp,sr,sv', keys.join(', '))),
    },
    {
      name: 'link.fresh',
      assumption: 'Each call gives another link',
      simulator: 'yes',
      ...(twice.length === 0
        ? noLink
        : judged(
            new Set(ended.map((one) => one.url)).size === ended.length,
            new Set(ended.map((one) => one.url)).size === ended.length ? 'yes' : 'no, the same again',
          )),
    },
  ];
}

const storage =
  /^\*\.(?:z\d+\.)?(?:blob\.core\.windows\.net|blob\.core\.usgovcloudapi\.net|blob\.storage\.azure\.net)$/;

function resultMeasures({ results }: Seen): readonly Measure[] {
  const script = results.find((one) => one.type === 'RunScript' && one.status === 200);
  const file = results.find((one) => one.type === 'GetFile' && one.status === 200);
  const header = (name: string): readonly string[] => [
    ...new Set(results.map((one) => one.headers.get(name) ?? 'none')),
  ];
  const noFile = why('no collected file was read');
  const noScript = why('no script result was read');
  const types = header('content-type').map(
    (type) =>
      /^[a-z]+\/[a-z0-9.+-]{1,40}(?:; ?charset=[a-z0-9-]{1,20})?$/i.exec(type)?.[0].toLowerCase() ??
      (type === 'none' ? 'none' : 'another'),
  );
  const encodings = header('content-encoding').map((one) =>
    /^[a-z]{1,12}$/i.test(one) ? one.toLowerCase() : 'another',
  );
  const text = script === undefined ? undefined : readTranscript(script.bytes, script.cut);
  const disposition = file?.headers.get('content-disposition');
  const ranged = results.every((one) => one.range.status === 206 && one.range.bytes <= 16);
  return [
    {
      name: 'result.type',
      assumption: 'Content-Type of results',
      simulator: 'application/octet-stream',
      ...(results.length === 0
        ? why('no result was read')
        : judged(types.join() === 'application/octet-stream', types.join(', '))),
    },
    {
      name: 'result.encoding',
      assumption: 'Results come without a Content-Encoding',
      simulator: 'none',
      ...(results.length === 0
        ? why('no result was read')
        : judged(encodings.join() === 'none', encodings.join(', '))),
    },
    {
      name: 'result.range',
      assumption: 'The beginning of a result can be read alone',
      simulator: 'yes, 206',
      ...(results.length === 0
        ? why('no result was read')
        : judged(
            ranged,
            ranged ? 'yes, 206' : `no, ${[...new Set(results.map((one) => one.range.status))].join(' and ')}`,
          )),
    },
    {
      name: 'file.name',
      assumption: 'A collected file is named by Content-Disposition',
      simulator: 'filename, ends in .gz',
      ...(file === undefined
        ? noFile
        : judged(namedHow(disposition) === 'filename, ends in .gz', namedHow(disposition))),
    },
    {
      name: 'file.kind',
      assumption: 'A collected zip arrives as',
      simulator: 'gzip of zip',
      ...(file === undefined
        ? noFile
        : judged(kindOf(file.bytes, file.inside) === 'gzip of zip', kindOf(file.bytes, file.inside))),
    },
    {
      name: 'script.encoding',
      assumption: 'A transcript is UTF-8 without a byte order mark',
      simulator: 'UTF-8, no mark',
      ...(script === undefined
        ? noScript
        : judged(encodingOf(script.bytes) === 'UTF-8, no mark', encodingOf(script.bytes))),
    },
    {
      name: 'script.json',
      assumption: 'A transcript is JSON with these keys',
      simulator: 'exit_code, script_errors, script_name, script_output',
      ...(script === undefined
        ? noScript
        : judged(
            keysOf(script.bytes) === 'exit_code, script_errors, script_name, script_output',
            keysOf(script.bytes),
          )),
    },
    {
      name: 'script.firstLine',
      assumption: 'A transcript begins with “Transcript started”',
      simulator: 'yes (Windows)',
      ...(text === undefined
        ? noScript
        : judged(text.firstLine !== undefined, text.firstLine === undefined ? 'no' : 'yes (Windows)')),
    },
    {
      name: 'script.nuls',
      assumption: 'NULs at the end of a transcript',
      simulator: 'escaped',
      ...(script === undefined ? noScript : judged(nulsOf(script.bytes) === 'escaped', nulsOf(script.bytes))),
    },
  ];
}

function namedHow(disposition: string | undefined): string {
  if (disposition === undefined) return 'no such header';
  const form = /filename\*\s*=/i.test(disposition)
    ? 'filename*'
    : /filename\s*=\s*"/i.test(disposition)
      ? 'filename in quotes'
      : /filename\s*=/i.test(disposition)
        ? 'filename'
        : 'no filename';
  return `${form}, ends in ${/\.gz"?\s*(?:;|$)/i.test(disposition) ? '.gz' : /\.zip"?\s*(?:;|$)/i.test(disposition) ? '.zip' : 'something else'}`;
}

function kindOf(bytes: Uint8Array, inside: Uint8Array | undefined): string {
  const kind = formatOf(bytes);
  return kind === 'gzip'
    ? `gzip of ${inside === undefined ? 'what cannot be read' : formatOf(inside)}`
    : kind;
}

function encodingOf(bytes: Uint8Array): string {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'UTF-8 with a mark';
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16 with a mark';
  if (bytes.length > 3 && (bytes[1] === 0 || a === 0)) return 'UTF-16, no mark';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'UTF-8, no mark';
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return 'not UTF-8';
  }
}

/** By the keys as they stand, so that JSON which is broken inside a string tells them too. */
function keysOf(bytes: Uint8Array): string {
  const text = new TextDecoder(bytes[1] === 0 ? 'utf-16le' : 'utf-8').decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no object';
    return Object.keys(value).map(fieldName).sort().join(', ');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const keys = [
      'exit_code',
      'name',
      'script_error',
      'script_errors',
      'script_name',
      'script_output',
    ].filter((key) => text.includes(`"${key}"`));
    return keys.length === 0 ? 'no JSON' : `broken JSON: ${keys.join(', ')}`;
  }
}

function nulsOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return (
    [
      ...(text.includes('\\u0000') ? ['escaped'] : []),
      ...(bytes[1] !== 0 && text.includes('\0') ? ['raw'] : []),
    ].join(' and ') || 'none'
  );
}

function serviceMeasures({ exchanges, probes }: Seen): readonly Measure[] {
  const answers = exchanges.filter((one) => one.from === 'defender');
  const skews = answers.flatMap((one) => {
    const date = Date.parse(one.headers.get('date') ?? '');
    return Number.isFinite(date) ? [date - one.wall] : [];
  });
  // The header has whole seconds, and the answer was under way.
  const skew = skews.length === 0 ? 0 : Math.max(...skews);
  const rates = [
    ...new Set(
      answers.flatMap((one) =>
        [...one.headers.keys()].filter((name) => /rate|quota|throttl|retry-after/.test(name)),
      ),
    ),
  ]
    .map(fieldName)
    .sort();
  const hosts = (name: string): readonly string[] =>
    [
      ...new Set(
        answers.flatMap((one) => {
          const found = statusOf(one.body, name);
          return found === undefined
            ? []
            : [
                URL.canParse(found)
                  ? new URL(found).host === one.url.host
                    ? 'the host that was called'
                    : familyOf(new URL(found).hostname)
                  : 'relative',
              ];
        }),
      ),
    ].sort();
  const posts = answers.filter(
    (one) => one.method === 'POST' && /\/runliveresponse$/i.test(one.url.pathname),
  );
  const [context, next] = [hosts('@odata.context'), hosts('@odata.nextLink')];
  const [upper, lower] = [probe(probes, 'upperName'), probe(probes, 'lowerName')];
  const library = probe(probes, 'library');
  const unknown = probe(probes, 'unknownAction');
  const count = (one: Probe | undefined): number => one?.items?.length ?? 0;
  return [
    {
      name: 'run.status',
      assumption: 'An accepted POST is answered',
      simulator: `${sim.runStatus}`,
      ...(posts.length === 0
        ? why('another process sent it')
        : judged(
            posts.every((one) => one.status === sim.runStatus),
            [...new Set(posts.map((one) => String(one.status)))].join(', '),
          )),
    },
    {
      name: 'paging.context',
      assumption: '`@odata.context` names',
      simulator: 'the host that was called',
      ...(context.length === 0
        ? why('no answer has one')
        : judged(context.join() === 'the host that was called', context.join(', '))),
    },
    {
      name: 'paging.next',
      assumption: '`@odata.nextLink` leads to',
      simulator: 'the host that was called',
      ...(next.length === 0
        ? why('no answer had another page')
        : judged(next.join() === 'the host that was called', next.join(', '))),
    },
    {
      name: 'device.nameCase',
      assumption: 'A filter finds a name in the letter case it is stored in alone',
      simulator: 'yes',
      ...(upper?.ok !== true || lower?.ok !== true
        ? why('the device was not asked for by name')
        : judged(
            count(upper) === 0 && count(lower) > 0,
            count(upper) > 0 && count(lower) > 0
              ? 'no, in any case'
              : count(lower) > 0
                ? 'yes'
                : count(upper) > 0
                  ? 'it is stored in capitals'
                  : 'neither in small letters nor in capitals',
          )),
    },
    {
      name: 'action.unknown',
      assumption: 'An action that is not there is answered',
      simulator: '404 ResourceNotFound',
      ...(unknown === undefined
        ? why('it was not asked for')
        : judged(
            codes([unknown]) === '404 ResourceNotFound',
            unknown.ok ? 'with an action' : codes([unknown]),
          )),
    },
    {
      name: 'library.read',
      assumption: 'The library can be listed',
      simulator: 'yes',
      ...(library === undefined
        ? why('it was not asked for')
        : library.ok
          ? judged(true, 'yes')
          : library.status === 403
            ? why('Library.Manage is not granted, and need not be')
            : judged(false, codes([library]))),
    },
    {
      name: 'clock.skew',
      assumption: 'Defender’s clock and this machine’s agree',
      simulator: 'yes',
      ...(skews.length === 0
        ? why('no answer has a Date')
        : judged(
            Math.abs(skew) <= 5_000,
            Math.abs(skew) <= 5_000
              ? 'yes'
              : `${seconds(Math.abs(skew))} ${skew > 0 ? 'ahead of us' : 'behind us'}`,
          )),
    },
    {
      name: 'headers.rate',
      assumption: 'Answers tell nothing of the rates that are left',
      simulator: 'none',
      ...(answers.length === 0
        ? why('nothing was answered')
        : judged(rates.length === 0, rates.length === 0 ? 'none' : rates.join(', '))),
    },
  ];
}

function cancelMeasures({ pairs, gap }: Seen, last: unknown): readonly Measure[] {
  const askedAt = readTime(field(last, 'cancellationDateTimeUtc'));
  const unseen = why('nobody cancelled; --cancel does it on purpose');
  const effect = pairs.find((pair) => /^cancell?ed$/i.test(statusOf(pair.single) ?? ''))?.at;
  return [
    {
      name: 'cancel.word',
      assumption: 'A cancelled action says',
      simulator: 'Cancelled',
      ...(askedAt === undefined
        ? unseen
        : isFinal(last)
          ? judged(statusOf(last) === 'Cancelled', wordOf(statusOf(last) ?? ''))
          : noEnd),
    },
    {
      name: 'cancel.effect',
      assumption: 'From the cancel until the action has ended',
      simulator: span(sim.cancelMs),
      ...(askedAt === undefined
        ? unseen
        : effect === undefined
          ? why('it did not end as cancelled')
          : judged(within(effect - askedAt, sim.cancelMs, gap), seconds(Math.max(0, effect - askedAt)))),
    },
  ];
}

function lastSingle({ pairs }: Observed): unknown {
  return pairs.findLast((pair) => pair.single !== undefined)?.single;
}

function isFinal(action: unknown): boolean {
  return ['succeeded', 'failed', 'timeout', 'cancelled', 'canceled'].includes(
    statusOf(action)?.toLowerCase() ?? '',
  );
}

function probe(probes: readonly Probe[], name: ProbeName): Probe | undefined {
  return probes.find((one) => one.name === name);
}

function answered(found: Answered | undefined): Pick<Measure, 'tenant' | 'verdict'> {
  return found === undefined
    ? why('it was not asked for')
    : judged(found.ok, found.ok ? 'yes' : `no, ${codes([found])}`);
}

function codes(tries: readonly Answered[]): string {
  return [
    ...new Set(
      tries.map((one) =>
        one.ok
          ? 'answered'
          : [one.status ?? '', one.code === undefined ? '' : codeWord(one.code)].join(' ').trim(),
      ),
    ),
  ].join(', ');
}

/** An error code is a word, or "429". */
function codeWord(code: string): string {
  return /^(?:[A-Za-z]{1,50}|\d{3})$/.test(code) ? code : '(no code)';
}

function words(found: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(found.flatMap((word) => (word === undefined ? [] : [wordOf(word)])))];
}

/** Durations are known to the gap between two looks, and a tenth. */
function within(ms: number, [low, high]: readonly [number, number], gap: number): boolean {
  return ms >= low * 0.9 - gap && ms <= high * 1.1 + gap;
}

function span([low, high]: readonly [number, number]): string {
  return low === high ? seconds(low) : `${seconds(low)} to ${seconds(high)}`;
}

export function seconds(ms: number): string {
  if (ms >= 2 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
