// Measures of the service: how it answers a POST, pages, finds names, and tells its rates and its time.
import { familyOf, fieldName } from '../redaction.ts';
import { statusOf } from '../rawAction.ts';
import type { Probe } from '../observing.ts';
import type { Exchange } from '../tap.ts';
import { codes, judged, probe, seconds, sim, why } from './finding.ts';
import type { Measure, Seen } from './finding.ts';

export function serviceMeasures({ exchanges, probes }: Seen): readonly Measure[] {
  const answers = exchanges.filter((one) => one.from === 'defender');
  return [
    runStatus(answers),
    ...pagingMeasures(answers),
    nameCase(probes),
    unknownAction(probe(probes, 'unknownAction')),
    libraryRead(probe(probes, 'library')),
    clockSkew(answers),
    rateHeaders(answers),
  ];
}

function runStatus(answers: readonly Exchange[]): Measure {
  const posts = answers.filter(
    (one) => one.method === 'POST' && /\/runliveresponse$/i.test(one.url.pathname),
  );
  return {
    name: 'run.status',
    assumption: 'An accepted POST is answered',
    simulator: `${sim.runStatus}`,
    ...(posts.length === 0
      ? why('another process sent it')
      : judged(
          posts.every((one) => one.status === sim.runStatus),
          [...new Set(posts.map((one) => String(one.status)))].join(', '),
        )),
  };
}

function pagingMeasures(answers: readonly Exchange[]): readonly Measure[] {
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
  const [context, next] = [hosts('@odata.context'), hosts('@odata.nextLink')];
  return [
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
  ];
}

function nameCase(probes: readonly Probe[]): Measure {
  const [upper, lower] = [probe(probes, 'upperName'), probe(probes, 'lowerName')];
  const count = (one: Probe | undefined): number => one?.items?.length ?? 0;
  return {
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
  };
}

function unknownAction(unknown: Probe | undefined): Measure {
  return {
    name: 'action.unknown',
    assumption: 'An action that is not there is answered',
    simulator: '404 ResourceNotFound',
    ...(unknown === undefined
      ? why('it was not asked for')
      : judged(
          codes([unknown]) === '404 ResourceNotFound',
          unknown.ok ? 'with an action' : codes([unknown]),
        )),
  };
}

function libraryRead(library: Probe | undefined): Measure {
  return {
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
  };
}

function clockSkew(answers: readonly Exchange[]): Measure {
  const skews = answers.flatMap((one) => {
    const date = Date.parse(one.headers.get('date') ?? '');
    return Number.isFinite(date) ? [date - one.wall] : [];
  });
  // The header has whole seconds, and the answer was under way.
  const skew = skews.length === 0 ? 0 : Math.max(...skews);
  return {
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
  };
}

function rateHeaders(answers: readonly Exchange[]): Measure {
  const rates = [
    ...new Set(
      answers.flatMap((one) =>
        [...one.headers.keys()].filter((name) => /rate|quota|throttl|retry-after/.test(name)),
      ),
    ),
  ]
    .map(fieldName)
    .sort();
  return {
    name: 'headers.rate',
    assumption: 'Answers tell nothing of the rates that are left',
    simulator: 'none',
    ...(answers.length === 0
      ? why('nothing was answered')
      : judged(rates.length === 0, rates.length === 0 ? 'none' : rates.join(', '))),
  };
}
