// Steady load of a simulated life: what people do and what goes wrong in each hour.
import type { Chance } from '../../simulate/core/chance.ts';
import { faultKinds } from '../../simulate/plan/faults.ts';
import type { FaultKind, FaultName, PlannedFault } from '../../simulate/plan/faults.ts';
import type { Move } from '../../simulate/plan/plan.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** What goes wrong and leaves the process alive, for minutes. */
const kinds: readonly FaultName[] = [
  'resetBefore',
  'resetAfter',
  'acceptedThenFailed',
  'throttled',
  'slowAnswers',
  'staleList',
  'defenderDown',
  'chatRefused',
  'chatLost',
  'chatThrottled',
  'chatDown',
  'lateDeliveries',
  'doubledDeliveries',
  'lostAcks',
  'doublePresses',
  'diskFull',
  'diskError',
  'slowDisk',
];

/** @param every hours between two faults, on average */
export function faultsOf(chance: Chance, hours: number, every: number): readonly PlannedFault[] {
  return Array.from({ length: Math.floor(hours / every) }, (_, index) => {
    const kind = chance.oneOf('fault', kinds);
    const ms = chance.between('fault minutes', 5, Math.min(20, lengthOf(kind))) * minute;
    return { kind, at: Math.round((index + chance.next('fault at')) * every * hour), ms };
  });
}

function lengthOf(kind: FaultName): number {
  const planned: FaultKind = faultKinds[kind];
  return Math.max(6, planned.minutes?.[1] ?? 6);
}

const devices = ['hosta', 'hostb', 'laptop7', 'laptop8', 'load001', 'load002', 'load003', 'load004'] as const;
const looks = ['list', 'status', 'quota', 'host hosta', 'recipes', 'whoami', 'scripts'] as const;
const laterVerbs = [
  'link',
  'output',
  'refresh',
  'again',
  'drop',
  'resend',
  'look',
  'approve',
  'deny',
] as const;

type Surface = 'slack' | 'teams';
const surfaces: readonly Surface[] = ['slack', 'teams'];

/** Moves of one hour; times are milliseconds from its beginning. @param asks requests in it, by both chats in turn */
export function movesOf(chance: Chance, first: number, asks: number): readonly Move[] {
  const moves: Move[] = [];
  for (let n = 0; n < asks; n += 1) {
    const at = Math.round(((n + chance.next('when')) / Math.max(1, asks)) * 40 * minute);
    moves.push(...requested(chance, first + n, at));
  }
  if (asks === 0) return moves;
  for (let n = 0; n < 3; n += 1) moves.push(pressedLater(chance));
  moves.push({ at: chance.between('look at', 0, 59) * minute, do: 'openLink', pick: chance.next('pick') });
  moves.push({
    at: chance.between('look at', 0, 59) * minute,
    do: 'say',
    surface: chance.oneOf('surface', surfaces),
    who: chance.oneOf('who', ['rae', 'rio', 'ada', 'ola']),
    room: chance.happens('direct', 0.3) ? 'direct' : 'open',
    line: chance.oneOf('look', looks),
  });
  return moves;
}

/** Asked, and decided by somebody within minutes, in whichever chat. */
function requested(chance: Chance, number: number, at: number): readonly Move[] {
  const surface: Surface = number % 2 === 0 ? 'slack' : 'teams';
  const device = chance.oneOf('device', devices);
  const asked: Move = {
    at,
    do: 'say',
    surface,
    who: chance.oneOf('asker', ['rae', 'rio']),
    room: surface === 'slack' && chance.happens('private', 0.1) ? 'private' : 'open',
    line: `${chance.oneOf('line', [`dump ${device} proc${number}`, `collect ${device}`, `eventlog ${device} Security`])} --reason "case ${number}"`,
    mark: `case ${number}`,
  };
  const verb = chance.happens('denied', 0.1) ? 'deny' : 'approve';
  const decisions = [0, 1, 2].map((again): Move => ({
    at: at + (1 + again * 4) * minute + chance.between('thinks', 0, 60_000),
    do: 'press',
    surface: chance.oneOf('surface', surfaces),
    who: chance.oneOf('approver', ['ada', 'amy']),
    verb,
    pick: 0.999,
  }));
  const link: Move = {
    at: at + 18 * minute,
    do: 'press',
    surface: chance.oneOf('surface', surfaces),
    who: 'rae',
    verb: 'link',
    pick: 0.999,
  };
  return [asked, ...decisions, link];
}

/** A press on some card of the last hours, fitting or not. */
function pressedLater(chance: Chance): Move {
  return {
    at: chance.between('later', 0, 59) * minute,
    do: 'press',
    surface: chance.oneOf('surface', surfaces),
    who: chance.oneOf('who', ['rae', 'rio', 'ada', 'amy', 'ola']),
    verb: chance.oneOf('verb', laterVerbs),
    pick: chance.next('pick'),
  };
}
