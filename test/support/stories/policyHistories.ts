// Random histories of a policy: edits of it, and who asks, presses and interferes between them.
import fc from 'fast-check';

const minute = 60_000;

const edits = {
  requesterGone: (text: string) => text.replace(/ {2}- \{ id: responder1,.*\n/, ''),
  approverGone: (text: string) =>
    text.replace(/ {2}- \{ id: approver1,.*\n/, '').replace("notify: 'console:approver1', ", ''),
  merged: (text: string) =>
    text
      .replace('console: responder1', 'console: [responder1, approver1]')
      .replace('console: approver1 }', 'console: elsewhere }'),
  collectHigh: (text: string) =>
    text.replace(
      "- { GetFile: 'C:\\windows\\TEMP\\collect.zip' }\n    tier: standard",
      "- { GetFile: 'C:\\windows\\TEMP\\collect.zip' }\n    tier: high",
    ),
  reason: (text: string) => text.replaceAll('reason: optional', 'reason: required'),
  never: (text: string) => text.replace('tags: [no-lr]\n    names: []', 'tags: [no-lr]\n    names: [hosta]'),
  otherDump: (text: string) => text.replace('RunScript: minidump.ps1', 'RunScript: collect.ps1'),
  noGet: (text: string) => text.replace('  get: { tier: high }\n', ''),
  leadApproves: (text: string) => text.replaceAll('approve: approver', 'approve: lead'),
  leadAsks: (text: string) => text.replaceAll('request: responder', 'request: lead'),
  shortRun: (text: string) => text.replaceAll(/runWithin: \w+/g, 'runWithin: 5m'),
  placeGone: (text: string) => text.replace("place: 'console:incidents'", "place: 'console:elsewhere'"),
} as const;
export type Edit = keyof typeof edits;
export const names = Object.keys(edits) as readonly Edit[];

export const respGroup = 'slack:S0RESP0001';
export const apprGroup = 'slack:S0APPR0001';
export const base = (text: string): string =>
  text
    .replace(
      'responder: [responder1, responder2]',
      `responder: ["${respGroup}", responder2]\n  lead: [responder2]`,
    )
    .replace('approver: [approver1, responder2]', `approver: ["${apprGroup}", responder2]`);
/** Two entries cannot be made one when one of them is gone. */
export const clean = (wanted: readonly Edit[]): readonly Edit[] =>
  wanted.filter(
    (one) => one !== 'merged' || !(wanted.includes('requesterGone') || wanted.includes('approverGone')),
  );
export const policyOf =
  (wanted: readonly Edit[]) =>
  (text: string): string =>
    clean(wanted).reduce((now, one) => edits[one](now), base(text));

export type Said = 'yes' | 'no' | 'unread';
export type Op =
  | {
      readonly op: 'ask';
      readonly who: 'responder1' | 'responder2';
      readonly line: string;
      readonly place: 'incidents' | 'soc-private';
    }
  | {
      readonly op: 'press';
      readonly who: 'approver1' | 'responder1' | 'responder2';
      readonly verb: 'approve' | 'withdraw' | 'deny';
      readonly which: number;
    }
  | { readonly op: 'policy'; readonly edits: readonly Edit[] }
  | { readonly op: 'group'; readonly group: string; readonly said: Said }
  | { readonly op: 'content'; readonly text: string }
  | { readonly op: 'time'; readonly ms: number }
  | { readonly op: 'tick' }
  | { readonly op: 'restart' };
/**
 * `meanwhile` happens while the groups are being read for what comes before it: at the `after`-th reading,
 * counted from 0.
 */
interface Step {
  readonly does: Op;
  readonly meanwhile?: Op | undefined;
  readonly after: number;
  /** The readings end while it still goes on. */
  readonly racing: boolean;
  /** The workers have their turn after it. */
  readonly tick: boolean;
}
export interface History {
  readonly steps: readonly Step[];
  /** Whether readings are shared and remembered, as by the adapters; else each question is a reading. */
  readonly shared: boolean;
}

const asks: fc.Arbitrary<Op> = fc.record({
  op: fc.constant('ask' as const),
  who: fc.constantFrom(
    'responder1' as const,
    'responder1' as const,
    'responder1' as const,
    'responder2' as const,
  ),
  line: fc.constantFrom(
    'collect hosta',
    'collect hostb --reason "beacon"',
    'dump hosta notepad',
    'dump hostb notepad --reason "beacon"',
    'get hosta C:\\x.txt --reason "beacon"',
  ),
  place: fc.constantFrom('incidents' as const, 'incidents' as const, 'soc-private' as const),
});
const press = (
  who: readonly ('approver1' | 'responder1' | 'responder2')[],
  verbs: readonly ('approve' | 'withdraw' | 'deny')[],
): fc.Arbitrary<Op> =>
  fc.record({
    op: fc.constant('press' as const),
    who: fc.constantFrom(...who),
    verb: fc.constantFrom(...verbs),
    which: fc.nat(1),
  });
const interferes: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('policy' as const),
      edits: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 1 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('group' as const),
      group: fc.constantFrom(respGroup, apprGroup),
      said: fc.constantFrom('yes' as const, 'no' as const, 'unread' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('content' as const), text: fc.constantFrom('one', 'two') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('time' as const),
      ms: fc.constantFrom(2_000, 20_000, 40_000, 6 * minute, 31 * minute),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'restart' as const }) },
);
const ticks: fc.Arbitrary<Op> = fc.constant({ op: 'tick' as const });
const alone = (does: fc.Arbitrary<Op>): fc.Arbitrary<Step> =>
  fc.record({ does, after: fc.constant(0), racing: fc.constant(false), tick: fc.boolean() });
const disturbed = (does: fc.Arbitrary<Op>): fc.Arbitrary<Step> =>
  fc.record({
    does,
    meanwhile: fc.option(interferes, { nil: undefined, freq: 6 }),
    after: fc.nat(9),
    racing: fc.boolean(),
    tick: fc.boolean(),
  });
const decides = press(['approver1', 'approver1', 'responder2'], ['approve']);
const others = press(['responder1', 'responder2', 'approver1'], ['approve', 'withdraw', 'deny']);
/** Asked, approved, and disturbed before, meanwhile and after. */
const block = fc
  .tuple(
    alone(asks),
    fc.array(alone(interferes), { maxLength: 1 }),
    disturbed(decides),
    fc.array(disturbed(fc.oneof(interferes, ticks, others)), { maxLength: 3 }),
  )
  .map(([one, before, decided, after]) => [one, ...before, decided, ...after]);
export const histories: fc.Arbitrary<History> = fc.record({
  steps: fc.array(block, { minLength: 1, maxLength: 2 }).map((blocks) => blocks.flat()),
  shared: fc.boolean(),
});
