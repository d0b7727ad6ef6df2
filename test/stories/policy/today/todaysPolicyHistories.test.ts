// Must hold: no interleaving of decisions, withdrawals, expiries, role changes, policy reloads, content
// changes and restarts runs what today's policy would refuse. Random histories through the whole product; at
// each POST an oracle of its own, which knows the policy as a list of edits and the directory as what it said
// when, tells whether this may run. A group may have been read half a minute before.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SharedReadings } from '../../../../src/liveResponse/pacing/sharedReadings.ts';
import type { Groups } from '../../../../src/bot/ports.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import { createStoryClock, examplePolicy, openTestApp } from '../../../support/apps/testApp.ts';
import { upload } from '../../../support/defender/library/library.ts';
import { stateIn } from '../../../support/requests/requests.ts';
import type { Edit, History, Op, Said } from '../../../support/stories/policyHistories.ts';
import {
  apprGroup,
  base,
  clean,
  histories,
  names,
  policyOf,
  respGroup,
} from '../../../support/stories/policyHistories.ts';
import { oracle } from '../../../support/stories/policyOracle.ts';

const minute = 60_000;

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
      ...oracle(app, (JSON.parse(String(request.body)) as { readonly Comment: string }).Comment, {
        inForce,
        said,
        scripts,
      }),
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

  /** What was only held goes on when all is as it was; time is left for it. */
  async function comesToRest(): Promise<void> {
    for (const group of [respGroup, apprGroup])
      if (said.get(group)?.at(-1)?.said === 'unread')
        said.get(group)?.push({ at: clock.elapsed(), said: 'no' });
    for (let tick = 0; tick < 3; tick += 1) {
      clock.move(20_000);
      await app.loop.tick();
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
    await comesToRest();
    return { posts, wrong };
  } finally {
    unsubscribe('undici:request:create', sends);
    await app.close();
  }
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
