// Measures of lists and times: how fresh a list is, what its filters take, how long things last, how a cancel
// shows.
import { readTime } from '../../adapters/defender/wire.ts';
import { field } from '../../liveResponse/text/json.ts';
import { commandsOf, shapeOf, statusOf, typeOf, wordOf } from '../rawAction.ts';
import type { Pair, Probe } from '../observing.ts';
import { answered, isFinal, judged, noEnd, probe, seconds, sim, span, why, within } from './finding.ts';
import type { Finding, Measure, Seen } from './finding.ts';

export function listMeasures({ pairs, idIn, probes, gap }: Seen): readonly Measure[] {
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

export function timeMeasures({ pairs, gap }: Seen, last: unknown): readonly Measure[] {
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

function startOfGetFile(last: unknown): Finding {
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

export function cancelMeasures({ pairs, gap }: Seen, last: unknown): readonly Measure[] {
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
