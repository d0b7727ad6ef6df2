// The plan of a simulated day: what people do, what changes and what goes wrong, drawn from the seed before
// anything happens. It is plain data, so that a failing day can be cut down, kept and played again.
import { Chance } from '../core/chance.ts';
import { personNames, variantNames } from '../life/policies.ts';
import type { PersonName, VariantName } from '../life/policies.ts';
import { aimOf, likelierFaults } from './aims.ts';
import type { Aim } from './aims.ts';
import { faultKinds, faultNames } from './faults.ts';
import type { FaultKind, FaultName, PlannedFault } from './faults.ts';

export type Surface = 'slack' | 'teams';

/** Times in milliseconds since the start. `pick` in [0, 1) chooses among the cards that have the button then. */
export type Move =
  | {
      readonly at: number;
      readonly do: 'say';
      readonly surface: Surface;
      readonly who: PersonName;
      readonly room: 'open' | 'private' | 'direct';
      readonly line: string;
      readonly mark?: string;
    }
  | {
      readonly at: number;
      readonly do: 'press';
      readonly surface: Surface;
      readonly who: PersonName;
      readonly verb: string;
      readonly pick: number;
    }
  | { readonly at: number; readonly do: 'policy'; readonly to: VariantName }
  | { readonly at: number; readonly do: 'group'; readonly members: readonly PersonName[] }
  | { readonly at: number; readonly do: 'content'; readonly file: string }
  | { readonly at: number; readonly do: 'device'; readonly name: string; readonly online: boolean }
  | { readonly at: number; readonly do: 'openLink'; readonly pick: number };

export interface Plan {
  readonly seed: number;
  /** Length of the day in milliseconds; the last `calm` of it nothing goes wrong. */
  readonly length: number;
  /** Running sessions are read so often, in milliseconds. */
  readonly pollGap: number;
  readonly aim?: Aim;
  readonly moves: readonly Move[];
  readonly faults: readonly PlannedFault[];
}

/** As the product does it, in some days; in the others less often, because most polls show nothing new and each costs. */
const pollGaps = [2_400, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000] as const;

const minute = 60_000;
const hour = 60 * minute;
/** Four hours without faults, in which everything has to come to its end. */
export const calm = 4 * hour;

export interface PlanSize {
  readonly hours: number;
  readonly asks: number;
  readonly faults: number;
}

export const usualSize: PlanSize = { hours: 24, asks: 15, faults: 30 };

const windows = [
  'hosta',
  'hostb',
  'laptop7',
  'laptop8',
  'slow1',
  'load001',
  'load002',
  'load003',
  'load004',
  'load005',
  'load006',
  'load007',
  'load008',
] as const;
const asking: readonly PersonName[] = ['rae', 'rio', 'sam', 'rae', 'rio'];
const approving: readonly PersonName[] = ['ada', 'amy', 'sam', 'ada', 'amy'];

export function planOf(seed: number, size: PlanSize = usualSize): Plan {
  const chance = new Chance(seed);
  const length = size.hours * hour;
  const stormy = length - calm;
  const aim = aimOf(seed);
  const drawn = faultsOf(chance, size.faults, stormy);
  const moves = movesOf(chance, size.asks, stormy, drawn);
  const faults = [...drawn, ...likelierFaults(aim, stormy)];
  const drawnGap = chance.oneOf('poll gap', pollGaps);
  // It takes several readings in a row, which a minute has to have room for.
  const pollGap = aim.transition === 'actionMissing' ? pollGaps[0] : drawnGap;
  return { seed, length, pollGap, aim, faults, moves: [...moves].sort((one, other) => one.at - other.at) };
}

const outages: ReadonlySet<FaultName> = new Set(['defenderDown', 'chatDown', 'diskFull']);

/** A private answer is tried for half an hour (`answers.ts`): a chat that takes nothing for longer gets none. */
function outlastsAnswers(kind: FaultName, ms: number): boolean {
  return kind === 'chatDown' && ms > 20 * minute;
}

function faultsOf(chance: Chance, count: number, until: number): readonly PlannedFault[] {
  const drawn = new Map<string, number>();
  const faults: PlannedFault[] = [];
  for (let tries = 0; faults.length < count && tries < count * 4; tries += 1) {
    const kind = chance.oneOf('fault', faultNames);
    const { minutes, most }: FaultKind = faultKinds[kind];
    if ((drawn.get(kind) ?? 0) >= most) continue;
    drawn.set(kind, (drawn.get(kind) ?? 0) + 1);
    const ms = minutes === undefined ? 0 : chance.between('fault minutes', ...minutes) * minute;
    const at = chance.between('fault at', 5 * minute, until - ms - 5 * minute);
    faults.push({
      kind,
      at,
      ms,
      ...(kind === 'clockSet' ? { by: chance.between('clock', -3 * hour, 2 * hour) } : {}),
      // Half of the outages are whole: nothing comes through until they end.
      ...(outages.has(kind) && chance.happens('whole outage', 0.5) && !outlastsAnswers(kind, ms)
        ? { often: 1 }
        : {}),
      ...(kind === 'suspended' ? { by: chance.between('still', 30_000, 30 * minute) } : {}),
    });
  }
  return faults.sort((one, other) => one.at - other.at);
}

/** Most of what people do falls into a time in which something goes wrong. */
function timeIn(chance: Chance, faults: readonly PlannedFault[], until: number): number {
  const fault =
    chance.happens('in a fault', 0.75) && faults.length > 0 ? chance.oneOf('which fault', faults) : undefined;
  if (fault === undefined) return chance.between('at', minute, until);
  return Math.min(
    until,
    Math.max(minute, fault.at - 5 * minute + chance.between('at', 0, fault.ms + 6 * minute)),
  );
}

function movesOf(
  chance: Chance,
  asks: number,
  until: number,
  faults: readonly PlannedFault[],
): readonly Move[] {
  const moves: Move[] = [];
  for (let number = 1; number <= asks; number += 1) {
    const at = timeIn(chance, faults, until);
    moves.push(asked(chance, number, at), ...decided(chance, at));
  }
  for (let at = 10 * minute; at < until + calm / 2; at += chance.between('sweep', 5 * minute, 15 * minute))
    moves.push(swept(chance, at));
  return [...moves, ...heldBack(chance, until), ...atOnce(chance, until), ...changes(chance, until, faults)];
}

function asked(chance: Chance, number: number, at: number): Move {
  const surface = chance.happens('surface', 0.5) ? 'slack' : 'teams';
  const who = chance.oneOf('asker', asking);
  const mark = `case-${number}-end`;
  const device = chance.oneOf('device', windows);
  const line = chance.oneOf('line', [
    `dump ${device} proc${number}`,
    `dump ${device} proc${number}`,
    `collect ${device}`,
    `hosts ${device}`,
    `eventlog ${device} Security`,
    'collect-unix web1',
  ]);
  const room = chance.next('room') < 0.12 ? 'private' : 'open';
  return {
    at,
    do: 'say',
    surface,
    who,
    room: surface === 'slack' ? room : 'open',
    line: `${line} --reason "${mark}"`,
    mark,
  };
}

/**
 * Two requests on a device that does not answer: the second is approved and waits for the first. Once for less than
 * its approval lasts, while its script changes; and once for longer.
 */
function heldBack(chance: Chance, until: number): readonly Move[] {
  return (['content', 'time'] as const).flatMap((what) => {
    const start = chance.between('held at', minute, until - 90 * minute);
    const name = chance.oneOf('held device', windows);
    const mark = (number: number): string => `held-${what}-${number}-end`;
    const ask = (number: number, at: number): readonly Move[] => [
      {
        at,
        do: 'say',
        surface: 'slack',
        who: 'rae',
        room: 'open',
        line: `dump ${name} held${what}${number} --reason "${mark(number)}"`,
        mark: mark(number),
      },
      ...[1, 2].map((later) => ({
        at: at + later * minute,
        do: 'press' as const,
        surface: 'slack' as const,
        who: 'ada' as const,
        verb: 'approve',
        pick: 0.999,
      })),
    ];
    const away = what === 'content' ? 20 * minute : 55 * minute;
    return [
      { at: start, do: 'device', name, online: false } as const,
      ...ask(1, start + minute),
      ...ask(2, start + 5 * minute),
      ...(what === 'content'
        ? [{ at: start + 10 * minute, do: 'content', file: 'minidump.ps1' } as const]
        : []),
      { at: start + away, do: 'device', name, online: true } as const,
    ];
  });
}

/** Two devices of one incident: asked and approved together, so that one of the two has to wait for the budget. */
function atOnce(chance: Chance, until: number): readonly Move[] {
  const start = chance.between('at once', minute, until - hour);
  const first = Math.floor(chance.between('devices at once', 0, windows.length));
  return [0, 1].flatMap((number): readonly Move[] => {
    const mark = `together-${number}-end`;
    const device = windows[(first + number) % windows.length] ?? 'hosta';
    return [
      {
        at: start + number * 5_000,
        do: 'say',
        surface: 'slack',
        who: 'rio',
        room: 'open',
        line: `dump ${device} together${number} --reason "${mark}"`,
        mark,
      },
      ...[2, 3].map((later) => ({
        at: start + later * minute + number * 10_000,
        do: 'press' as const,
        surface: 'slack' as const,
        who: 'amy' as const,
        verb: 'approve',
        pick: 0.999,
      })),
    ];
  });
}

/** Who decides about what was just asked, and when: some at once, some later, some never. */
function decided(chance: Chance, asked: number): readonly Move[] {
  const fate = chance.next('fate');
  const surface = chance.happens('surface', 0.5) ? 'slack' : 'teams';
  const at = asked + chance.between('thinks', 5_000, 8 * minute);
  const pick = chance.next('pick');
  if (fate < 0.08) return [];
  if (fate < 0.16)
    return [{ at, do: 'press', surface, who: chance.oneOf('approver', approving), verb: 'deny', pick }];
  if (fate < 0.22)
    return [{ at, do: 'press', surface, who: chance.oneOf('asker', asking), verb: 'withdraw', pick }];
  return [0, 1].map((later) => ({
    at: at + later * chance.between('again', minute, 12 * minute),
    do: 'press' as const,
    surface,
    who: chance.oneOf('approver', approving),
    verb: 'approve',
    pick: 0.999,
  }));
}

const sweeps = [
  'approve',
  'approve',
  'approve',
  'approve',
  'approve',
  'approve',
  'resend',
  'resend',
  'drop',
  'look',
  'cancel',
  'withdraw',
  'deny',
  'link',
  'output',
  'again',
  'refresh',
] as const;
const lines = ['list', 'status', 'help', 'quota', 'host hosta', 'recipes', 'whoami', 'scripts'] as const;

function swept(chance: Chance, at: number): Move {
  const surface = chance.happens('surface', 0.5) ? 'slack' : 'teams';
  if (chance.happens('opens', 0.06)) return { at, do: 'openLink', pick: chance.next('pick') };
  if (chance.happens('says', 0.16)) {
    const line = chance.oneOf('said', lines);
    return {
      at,
      do: 'say',
      surface,
      who: chance.oneOf('who', personNames),
      room: chance.happens('direct', 0.3) ? 'direct' : 'open',
      line,
    };
  }
  const verb = chance.oneOf('verb', sweeps);
  const who = chance.happens('fitting', 0.85)
    ? chance.oneOf('presser', ['approve', 'deny', 'resend', 'drop'].includes(verb) ? approving : asking)
    : chance.oneOf('who', personNames);
  return { at, do: 'press', surface, who, verb, pick: chance.next('pick') };
}

/** Approvers lose their role, and a script changes, while what was approved waits for Defender. */
function takenMeanwhile(chance: Chance, faults: readonly PlannedFault[]): readonly Move[] {
  return faults
    .filter(({ kind }) => kind === 'defenderDown' || kind === 'throttled')
    .filter(() => chance.happens('taken meanwhile', 0.5))
    .flatMap(({ at, ms }) => [
      { at: at + ms / 2, do: 'group', members: [] } as const,
      { at: at + ms + 20 * minute, do: 'group', members: ['amy', 'ada'] } as const,
      { at: at + ms / 2, do: 'content', file: 'minidump.ps1' } as const,
    ]);
}

function changes(chance: Chance, until: number, faults: readonly PlannedFault[]): readonly Move[] {
  const moves: Move[] = [];
  for (let count = chance.between('policies', 3, 6); count > 0; count -= 1) {
    const at = timeIn(chance, faults, until);
    moves.push({ at, do: 'policy', to: chance.oneOf('variant', variantNames) });
    moves.push({
      at: at + chance.between('policy lasts', 10 * minute, 70 * minute),
      do: 'policy',
      to: 'usual',
    });
  }
  for (let count = chance.between('groups', 2, 4); count > 0; count -= 1) {
    const at = timeIn(chance, faults, until);
    moves.push({ at, do: 'group', members: chance.happens('nobody', 0.5) ? [] : ['ada'] });
    moves.push({
      at: at + chance.between('group lasts', 10 * minute, 60 * minute),
      do: 'group',
      members: ['amy', 'ada'],
    });
  }
  moves.push(...takenMeanwhile(chance, faults));
  for (let count = chance.between('contents', 3, 6); count > 0; count -= 1)
    moves.push({
      at: timeIn(chance, faults, until),
      do: 'content',
      file: chance.oneOf('file', ['minidump.ps1', 'collect.ps1', 'collect.sh']),
    });
  for (let count = chance.between('freezes', 1, 3); count > 0; count -= 1) {
    const at = timeIn(chance, faults, until);
    const surface = chance.happens('surface', 0.5) ? 'slack' : 'teams';
    moves.push({ at, do: 'say', surface, who: 'sam', room: 'open', line: 'freeze something is wrong' });
    for (const later of [0, 1, 2])
      moves.push({
        at: at + chance.between('freeze lasts', 2 * minute, 15 * minute) + later * 5 * minute,
        do: 'say',
        surface: later === 1 ? 'slack' : 'teams',
        who: 'sam',
        room: 'open',
        line: 'unfreeze',
      });
  }
  for (let count = chance.between('devices', 3, 7); count > 0; count -= 1) {
    const at = timeIn(chance, faults, until);
    const name = chance.oneOf('device that goes', windows);
    moves.push({ at, do: 'device', name, online: false });
    moves.push({ at: at + chance.between('away', 5 * minute, 3 * hour), do: 'device', name, online: true });
  }
  // At the end of the storm everything that was stopped goes on, or nothing could come to its end.
  moves.push({ at: until, do: 'policy', to: 'usual' }, { at: until, do: 'group', members: ['amy', 'ada'] });
  for (const surface of ['slack', 'teams'] as const)
    moves.push({ at: until + 2 * minute, do: 'say', surface, who: 'sam', room: 'open', line: 'unfreeze' });
  for (const name of windows) moves.push({ at: until + minute, do: 'device', name, online: true });
  return moves.filter(({ at }) => at < until + calm);
}
