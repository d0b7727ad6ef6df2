// Measures of result links: when one is given, where it leads, and how long it lives.
import { readTime } from '../../adapters/defender/wire.ts';
import type { LinkTry, Phase } from '../observing.ts';
import { familyOf, fieldName } from '../redaction.ts';
import { codes, judged, seconds, sim, why } from './finding.ts';
import type { Finding, Measure, Seen } from './finding.ts';

export function linkMeasures({ links, exchanges }: Seen): readonly Measure[] {
  const early = (phase: Phase, yes: boolean, unseen: string): Finding => {
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
  const none = links.filter((one) => one.phase === 'none');
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
    ...formMeasures(links),
  ];
}

function formMeasures(links: Seen['links']): readonly Measure[] {
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
  const noLink = why('no link was given');
  return [
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
