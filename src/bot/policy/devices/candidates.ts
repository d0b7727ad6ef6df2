// Devices as they are listed where a name does not mean exactly one that can take a session: how they
// differ, and what to type.
import { stamp, tailOf } from '../../../../cards/clip.ts';
import { leftOutWords, unfitAdvice, unfitWords } from '../../../../cards/messages/deviceContext.ts';
import { unfitness } from '../../../liveResponse/device/records.ts';
import type { LeftOut, Unfit, Device } from '../../../liveResponse/device/records.ts';

/** A device as it is listed when a name fits several, or none that can take a session. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly health: string;
  readonly group?: string;
  /** Epoch milliseconds of the last full report. */
  readonly lastReportAt?: number;
  readonly duplicate?: true;
  readonly unfit?: Unfit;
}

export function candidateOf(device: Device): Candidate {
  const { id, name, os, health, group, lastReportAt, duplicate } = device;
  const unfit = unfitness(device);
  return {
    id,
    name,
    os,
    health,
    ...(group === undefined ? {} : { group }),
    ...(lastReportAt === undefined ? {} : { lastReportAt }),
    ...(duplicate === undefined ? {} : { duplicate }),
    ...(unfit === undefined ? {} : { unfit }),
  };
}

interface Ambiguous {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly leftOut?: readonly LeftOut[];
}

interface UnfitNamed {
  readonly name: string;
  readonly records: readonly Candidate[];
  readonly into?: Candidate;
}

const shownCandidates = 8;
/** Characters of a list: a private answer is read on a phone. */
const listLength = 560;

export function candidateList(candidates: readonly Candidate[]): string {
  const words = candidates.slice(0, shownCandidates).map(candidateWords);
  const lines = words.filter((_, at) => at === 0 || words.slice(0, at + 1).join('; ').length <= listLength);
  const more = candidates.length - lines.length;
  return `${lines.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

/** All that distinguishes two records of one name. */
function candidateWords(candidate: Candidate): string {
  const { name, id, os, health, group, lastReportAt, duplicate, unfit } = candidate;
  const parts = [
    os,
    health,
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(lastReportAt === undefined ? [] : [`last report ${stamp(lastReportAt)}`]),
    ...(unfit === undefined ? [] : [unfitWords(unfit, os)]),
    ...(duplicate === undefined ? [] : ['perhaps a duplicate']),
    id,
  ];
  return `${name} (${parts.join(', ')})`;
}

export function ambiguousSentence({ name, candidates, leftOut = [] }: Ambiguous): string {
  // A bare name next to a longer one, or one name twice: of those no name says which is meant.
  const byName = candidates.map((one) => one.name.toLowerCase());
  const byId = byName.filter((one, at) => one === name.trim().toLowerCase() || byName.indexOf(one) !== at);
  const how =
    byId.length === 0
      ? 'a full name or an id'
      : byId.length === 1 && new Set(byName).size === byName.length
        ? `the longer name or an id (for ${byId[0] ?? ''} itself only its id will do)`
        : 'an id';
  const left = leftOutWords(
    leftOut,
    0,
    candidates.map((one) => one.name),
  );
  return `${name} fits ${candidates.length} devices, so nothing was done. Ask again with ${how}: ${candidateList(candidates)}${left === undefined ? '' : ` Left out: ${left}.`}`;
}

export function unfitSentence({ name, records, into }: UnfitNamed): string {
  const [only, ...others] = records;
  if (only?.unfit === undefined)
    return `${name} cannot take a live response session, so nothing was asked for.`;
  if (others.length > 0)
    return `Defender has ${records.length} records called ${name}, and none of them can take a live response session, so nothing was asked for: ${candidateList(records)} ${unfitAdvice(only.unfit).next}`;
  const { what, next } = unfitAdvice(only.unfit);
  const it = `${only.name} (id ending ${tailOf(only.id)})`;
  if (only.unfit.why !== 'merged') return `${it}: ${what} Nothing was asked for. ${next}`;
  if (into === undefined)
    return `${it} was merged into another record, ${only.unfit.into}, which could not be read, so nothing was asked for. ${next}`;
  const dead = into.unfit === undefined ? '' : ' That one cannot take a session either.';
  return `${it} was merged into another record, ${candidateWords(into)}, so nothing was asked for.${dead === '' ? ' If that is the device you mean, ask again with that id.' : `${dead} ${unfitAdvice(into.unfit ?? only.unfit).next}`}`;
}
