// Must hold: no interleaving of decisions, withdrawals, expiries, role changes, policy reloads, content
// changes and restarts runs what today's policy would refuse. Random histories through the whole product; at
// each POST an oracle of its own, which knows the policy as a list of edits and the directory as what it said
// when, tells whether this may run. A group may have been read half a minute before.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SharedReadings } from '../../../src/liveResponse/pacing/sharedReadings.ts';
import type { Groups } from '../../../src/bot/ports.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { createStoryClock, examplePolicy, openTestApp } from '../../support/testApp.ts';
import type { TestApp } from '../../support/testApp.ts';
import { upload } from '../../support/defender/library.ts';
import { grantOf, stateIn } from '../../support/requests.ts';

const minute = 60_000;
/** How old a reading may be that something is sent on. */
const window = 30_000;

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
type Edit = keyof typeof edits;
const names = Object.keys(edits) as readonly Edit[];

const respGroup = 'slack:S0RESP0001';
const apprGroup = 'slack:S0APPR0001';
const base = (text: string): string =>
  text
    .replace(
      'responder: [responder1, responder2]',
      `responder: ["${respGroup}", responder2]\n  lead: [responder2]`,
    )
    .replace('approver: [approver1, responder2]', `approver: ["${apprGroup}", responder2]`);
/** Two entries cannot be made one when one of them is gone. */
const clean = (wanted: readonly Edit[]): readonly Edit[] =>
  wanted.filter(
    (one) => one !== 'merged' || !(wanted.includes('requesterGone') || wanted.includes('approverGone')),
  );
const policyOf =
  (wanted: readonly Edit[]) =>
  (text: string): string =>
    clean(wanted).reduce((now, one) => edits[one](now), base(text));

type Said = 'yes' | 'no' | 'unread';
type Op =
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
interface History {
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
const histories: fc.Arbitrary<History> = fc.record({
  steps: fc.array(block, { minLength: 1, maxLength: 2 }).map((blocks) => blocks.flat()),
  shared: fc.boolean(),
});

interface Told {
  readonly posts: number;
  readonly wrong: readonly string[];
}

async function tell({ steps, shared }: History): Promise<Told> {
  const clock = createStoryClock();
  const said = new Map<string, { readonly at: number; readonly said: Said }[]>([
    [respGroup, [{ at: 0, said: 'yes' }]],
    [apprGroup, [{ at: 0, said: 'yes' }]],
  ]);
  const scripts: { readonly at: number; readonly hashes: ReadonlyMap<string, string> }[] = [];
  let inForce: readonly Edit[] = [];
  let coming: readonly Edit[] = [];
  let gate: Promise<void> | undefined;
  /** Readings until the gate. */
  let before = 0;
  let reached = (): void => undefined;
  const member: Readonly<Record<string, string>> = { [respGroup]: 'responder1', [apprGroup]: 'approver1' };
  async function read(group: string): Promise<ReadonlySet<string>> {
    // What is said is said when the reading begins: nobody can tell when within it the platform looks.
    const answer = said.get(group)?.at(-1)?.said ?? 'no';
    if (before === 0) {
      reached();
      await gate;
    }
    before -= 1;
    if (answer === 'unread') throw new Error('503');
    return new Set(answer === 'yes' ? [member[group] ?? ''] : []);
  }
  const readings = new SharedReadings<string, ReadonlySet<string>>({ clock, life: minute, most: 100, read });
  const groups: Groups = {
    includes: async (group, person, fresh = false) =>
      (await (shared ? readings.get(group, { recency: fresh }) : read(group))).has(person.id),
  };
  const app = await openTestApp({ clock, groups, policy: base });
  const wrong: string[] = [];
  const { tenant } = app.simulator;
  const libraryNow = (): void =>
    void scripts.push({
      at: clock.elapsed(),
      hashes: new Map(tenant.library().map(({ fileName, sha256 }) => [fileName, sha256])),
    });
  libraryNow();
  let posts = 0;
  const replace = app.todays.replace.bind(app.todays);
  Object.assign(app.todays, {
    replace(next: Policy) {
      inForce = coming;
      replace(next);
    },
  });
  /** At the moment of the call, not of its arrival: what happens on the way is nobody's to see. */
  function sends(message: unknown): void {
    const { request } = message as {
      readonly request: { readonly origin?: unknown; readonly path: string; readonly body?: unknown };
    };
    if (
      !request.path.endsWith('/runliveresponse') ||
      String(request.origin) !== new URL(app.simulator.url).origin
    )
      return;
    posts += 1;
    wrong.push(
      ...oracle(
        app,
        (JSON.parse(String(request.body)) as { readonly Comment: string }).Comment,
        inForce,
        said,
        scripts,
      ),
    );
  }
  subscribe('undici:request:create', sends);

  async function does(op: Op): Promise<void> {
    switch (op.op) {
      case 'ask':
        await app.say(op.who, op.line, { place: op.place });
        return;
      case 'press': {
        const open = app.store.all().filter((one) => stateIn(one) !== 'finished');
        const request = open[op.which % Math.max(1, open.length)];
        // In a place that every policy here has.
        if (request !== undefined) await app.press(op.who, op.verb, { request, place: 'soc-private' });
        return;
      }
      case 'policy':
        coming = clean(op.edits);
        await app.changePolicy(policyOf(op.edits));
        return;
      case 'group':
        said.get(op.group)?.push({ at: clock.elapsed(), said: op.said });
        return;
      case 'content':
        await upload(app, 'collect.ps1', op.text);
        libraryNow();
        return;
      case 'time':
        clock.move(op.ms);
        await app.loop.tick();
        return;
      case 'tick':
        await app.loop.tick();
        return;
      case 'restart':
        await app.restart();
    }
  }

  try {
    for (const { does: first, meanwhile, after, racing, tick } of steps) {
      if (
        meanwhile === undefined ||
        first.op === 'restart' ||
        meanwhile.op === 'restart' ||
        meanwhile.op === 'time'
      ) {
        await does(first);
        if (meanwhile !== undefined) await does(meanwhile);
        if (tick) await app.loop.tick();
        continue;
      }
      let open = (): void => undefined;
      before = after;
      gate = new Promise<void>((resolve) => (open = resolve));
      const atGate = new Promise<void>((resolve) => (reached = resolve));
      const under = does(first).then(() => app.loop.tick());
      await Promise.race([atGate, under]);
      const other = does(meanwhile);
      if (!racing) await other;
      open();
      gate = undefined;
      before = -1;
      await Promise.all([under, other]);
    }
    // What was only held goes on when all is as it was; time is left for it.
    for (const group of [respGroup, apprGroup])
      if (said.get(group)?.at(-1)?.said === 'unread')
        said.get(group)?.push({ at: clock.elapsed(), said: 'no' });
    for (let tick = 0; tick < 3; tick += 1) {
      clock.move(20_000);
      await app.loop.tick();
    }
    return { posts, wrong };
  } finally {
    unsubscribe('undici:request:create', sends);
    await app.close();
  }
}

/** Why what is being sent at this moment must not run; nothing of the product's own rules is asked. */
function oracle(
  app: TestApp,
  comment: string,
  inForce: readonly Edit[],
  said: ReadonlyMap<string, readonly { readonly at: number; readonly said: Said }[]>,
  scripts: readonly { readonly at: number; readonly hashes: ReadonlyMap<string, string> }[],
): readonly string[] {
  const now = app.clock.now();
  const elapsed = app.clock.elapsed();
  const within = <T extends { readonly at: number }>(states: readonly T[]): readonly T[] =>
    states.filter((_state, at) => (states[at + 1]?.at ?? Infinity) >= elapsed - window);
  const mayBeIn = (group: string): boolean =>
    within(said.get(group) ?? []).some((state) => state.said === 'yes');
  const sending = app.store
    .all()
    .filter((request) => stageOf(request).state === 'submitting' && comment.startsWith(`lr:${request.id}:`));
  if (sending.length !== 1) return [`${comment} is no request that is being sent`];
  const has = (edit: Edit): boolean => inForce.includes(edit);
  return sending.flatMap((request) => {
    const {
      requester: { id: asker },
      terms,
      recipe,
      place,
      reason,
    } = request.asked;
    const { commands } = request.subject;
    const grant = grantOf(request);
    const approver = grant.votes[0].by.id;
    const rules: readonly (readonly [string, boolean])[] = [
      ['the requester is gone', has('requesterGone') && asker === 'responder1'],
      ['the approver is gone', has('approverGone') && approver === 'approver1'],
      ['they are one person', has('merged') && asker === 'responder1' && approver === 'approver1'],
      ['nobody approves their own', asker === approver],
      ['a stricter tier', has('collectHigh') && recipe === 'collect' && terms.tier === 'standard'],
      ['no reason', has('reason') && reason === undefined],
      ['the device', has('never') && request.targets[0].device.name.startsWith('hosta')],
      [
        'the recipe',
        recipe === 'dump' &&
          has('otherDump') !==
            (commands[0]?.type === 'RunScript' && commands[0].scriptName === 'collect.ps1'),
      ],
      ['the command', has('noGet') && recipe === undefined],
      ['a lead approves', (has('leadApproves') || terms.approveRole === 'lead') && approver !== 'responder2'],
      ['a lead asks', has('leadAsks') && asker !== 'responder2'],
      [
        'too late',
        now >= grant.at + Math.min(terms.runWithin, has('shortRun') ? 5 * minute : Infinity) ||
          grant.at >= terms.expiresAt,
      ],
      ['the place', has('placeGone') && place === 'console:incidents'],
      ['the requester is not in the group', asker === 'responder1' && !mayBeIn(respGroup)],
      ['the approver is not in the group', approver === 'approver1' && !mayBeIn(apprGroup)],
      [
        'the content',
        commands.some(
          (one) =>
            one.type === 'RunScript' &&
            !within(scripts).some(
              ({ hashes }) =>
                hashes.get(one.scriptName) ===
                (grant.content !== undefined && 'files' in grant.content
                  ? grant.content.files.find(({ name }) => name === one.scriptName)?.sha256
                  : undefined),
            ),
        ),
      ],
    ];
    return rules.flatMap(([why, broken]) =>
      broken ? [`${request.id} ran although: ${why} (${inForce.join()})`] : [],
    );
  });
}

/** Some 20 s of one core. */
const runs = 60;

test('no history runs what today’s policy would refuse', async () => {
  let posts = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const told = await tell(history);
      posts += told.posts;
      expect(told.wrong).toEqual([]);
    }),
    { numRuns: runs, endOnFailure: true },
  );
  // Or nothing was shown.
  expect(posts).toBeGreaterThan(runs / 4);
});

test('each edit of the policy is one', () => {
  for (const edit of names)
    expect([edit, policyOf([edit])(examplePolicy) === base(examplePolicy)]).toEqual([edit, false]);
});
