// How the workers are wired: what each is for and does, in which order a tick goes, and which of them wake when.
import { describe, expect, test } from '@jest/globals';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { actionWith, asked, exampleMoves, start } from '../../support/requests/lifecycle.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { after } from '../../support/requests/requests.ts';
import { askedFor, history, sent } from '../../support/apps/workerPorts.ts';
import { faked, opened } from './workersHouse.ts';
import type { House } from './workersHouse.ts';

const minute = 60_000;

/** One request for each pass that has no part of its own to be seen by. */
function forEachPass(): readonly Request[] {
  const action = { ...actionWith('TimeOut'), createdAt: start, updatedAt: start + 120 * minute };
  const ended = { type: 'ended', action, outcome: 'timedOut' } as const;
  return [
    history(askedFor()),
    history(askedFor({ id: 'lr-refused', origin: 'r', requester: { id: 'nobody', name: 'N' } }), 'approved'),
    history(askedFor({ id: 'lr-lost', origin: 'l' }), 'approved', 'claimed', 'lost', 'abandoned'),
    after(history(askedFor({ id: 'lr-ended', origin: 'e' }), ...sent), ended, start + 121 * minute),
    history(askedFor({ id: 'lr-old', origin: 'o' }), 'denied'),
    history(
      askedFor({
        id: 'lr-new',
        origin: 'retry:lr-old',
        continues: { id: 'lr-old', from: 0, before: [], mayRepeat: [] },
      }),
      'denied',
    ),
  ];
}

const lateOnes = ['expired lr-7f3k2q', 'refused lr-refused', 'retried lr-old'];

async function everyPass(run: (house: House) => Promise<void>): Promise<readonly string[]> {
  let mended = 0;
  const disk = {
    name: 'disk',
    trouble: () => 'full',
    recover: () => ((mended += 1), Promise.resolve(false)),
  };
  const house = opened(forEachPass(), { keepers: () => [disk] });
  const calls = faked(house);
  await house.clock.advance(120 * minute);
  await run(house);
  expect(mended).toBe(1);
  const written = house.store.written.map(({ id, event }) => `${event.type} ${id}`);
  expect(written).toEqual(expect.arrayContaining(lateOnes));
  expect(house.store.notes).toMatchObject([{ type: 'tenantLearned' }]);
  expect(house.calls).toContain(`recent ${asked.targets[0].device.id}`);
  return calls;
}

describe('the workers', () => {
  test('do everything once in a tick, in this order', async () => {
    expect(await everyPass(({ workers }) => workers.tick())).toEqual([
      'reconciliation.pass',
      'submission.pass',
      'submission.settled',
      'following.pass',
      'parked.pass',
      'results.pass',
      'exposure.pass',
      'announcing.pass',
      'announcing.settled',
      'announcing.pass',
      'cards.pass',
      'cards.idle',
    ]);
  });

  test('do everything once when they start, and stop with the POST under way', async () => {
    const calls = await everyPass(async ({ workers, clock }) => {
      workers.start();
      await clock.settle();
    });
    const parts = ['announcing', 'cards', 'clock', 'exposure', 'following', 'outlook', 'parked'];
    // The cards twice: what is learned of the tenant is said on them.
    expect([...new Set(calls)].sort()).toEqual(
      [...parts, 'reconciliation', 'results', 'submission'].map((name) => `${name}.pass`),
    );
    const house = opened();
    const stopped = faked(house);
    house.workers.start();
    await house.clock.settle();
    await house.workers.stop();
    expect(stopped).toContain('submission.drain');
    const before = stopped.length;
    await house.clock.advance(5 * minute);
    expect(stopped).toHaveLength(before);
  });

  test('tell what they are for', async () => {
    const look = () => Promise.resolve(minute);
    const house = opened([], { libraryLook: look, policyLook: look });
    expect(house.workers.workers()).toEqual([]);
    expect(house.workers.watch).toBe(house.watch);
    house.workers.start();
    expect(house.workers.workers().map(({ name, purpose }) => `${name}: ${purpose}`)).toEqual([
      'storage: tries again what could not be written',
      'expiry: ends what nobody approved in time',
      'judging: ends what today’s policy refuses',
      'submission: sends what is approved',
      'reconciliation: looks for sessions whose answer was lost',
      'lateFinds: looks for what was given up and may have run',
      'following: follows running sessions',
      'parked: cancels sessions that wait too long for an offline device',
      'results: reads results and links',
      'exposure: takes results off cards by time and place',
      'sequels: marks what was tried again',
      'announcing: says in approvals places that submissions are frozen or released, and what another policy changes',
      'cards: draws cards',
      'outlook: looks whether Defender can be read while nothing runs',
      'library: keeps the list of the script library at hand',
      'policy: reads the policy again when its file has changed',
      'clock: sees when the machine’s clock jumps',
    ]);
    await house.workers.stop();
  });
});

describe('who wakes', () => {
  const always = [
    'expiry',
    'judging',
    'submission',
    'reconciliation',
    'lateFinds',
    'parked',
    'results',
    'exposure',
    'cards',
  ];
  const failed = new DefenderError('unavailable', 'down');
  const all = [
    ...always,
    'storage',
    'following',
    'sequels',
    'announcing',
    'outlook',
    'library',
    'policy',
    'clock',
  ];

  test.each<readonly [string, (house: House) => void | Promise<void>, readonly string[]]>([
    ['a change', ({ on }) => on.changed('lr-1', 'denied'), always],
    ['a new request', ({ on }) => on.changed('lr-1', 'asked'), [...always, 'sequels']],
    ['a new session', ({ on }) => on.changed('lr-1', 'submitted'), [...always, 'following']],
    ['a session that was found', ({ on }) => on.changed('lr-1', 'found'), [...always, 'following']],
    ['progress', ({ on }) => on.changed('lr-1', 'progressed'), always],
    ['a place that outsiders read', ({ on }) => on.shared(), ['exposure', 'cards']],
    ['somebody who looks', ({ workers }) => workers.hurry(), ['following', 'reconciliation', 'results']],
    ['the policy’s file', ({ workers }) => workers.lookAtPolicy(), ['policy']],
    ['a freeze', ({ workers }) => workers.refreshOpenCards(), ['submission', 'announcing', 'cards']],
    [
      'another policy',
      ({ workers }) => workers.policyChanged(),
      ['judging', 'expiry', 'submission', 'parked', 'exposure', 'announcing', 'cards'],
    ],
    [
      'an outage',
      async ({ watch, defender }) => {
        defender.actions = () => Promise.reject(failed);
        for (let times = 0; times < 3; times += 1) await watch.defender.actions([]).catch(() => undefined);
      },
      ['cards', 'outlook'],
    ],
  ])('by %s', async (_what, happens, woken) => {
    const look = () => Promise.resolve(minute);
    const house = opened([], { libraryLook: look, policyLook: look });
    faked(house);
    house.workers.start();
    await house.clock.settle();
    await house.clock.advance(10);
    await happens(house);
    await house.clock.settle();
    const now = house.clock.now();
    const ran = house.workers.workers().filter(({ lastRun }) => lastRun === now);
    expect(ran.map(({ name }) => name).sort()).toEqual([...woken].sort());
    await house.workers.stop();
  });

  test('by a disk that is well again, and a clock that was set, is everybody', async () => {
    const real = createManualClock();
    const state = { trouble: undefined as string | undefined };
    const disk = {
      name: 'disk',
      trouble: () => state.trouble,
      recover: () => Promise.resolve(((state.trouble = undefined), true)),
    };
    const look = () => Promise.resolve(minute);
    const house = opened([], { keepers: () => [disk], real, libraryLook: look, policyLook: look });
    const ran = () => {
      const times = [house.clock.now(), real.now()];
      return house.workers
        .workers()
        .flatMap(({ name, lastRun }) => (times.includes(lastRun ?? 0) ? [name] : []));
    };
    const calls: string[] = [];
    Object.assign(house.workers.results, { recovered: () => void calls.push('recovered') });
    house.workers.start();
    await house.clock.settle();
    await house.clock.advance(4_000);
    await real.advance(10);
    state.trouble = 'full';
    await house.clock.advance(1_000);
    expect(calls).toEqual(['recovered']);
    expect([...ran()].sort()).toEqual([...all].sort());
    await house.clock.advance(10);
    real.jump(60 * minute);
    await real.advance(1_000);
    expect([...ran()].sort()).toEqual([...all].sort());
    await house.workers.stop();
  });
});

describe('what is looked at again', () => {
  const made = [
    history(askedFor(), ...sent),
    history(askedFor({ id: 'lr-queued', origin: 'q' }), 'approved'),
    history(askedFor({ id: 'lr-waits', origin: 'w' })),
    history(askedFor({ id: 'lr-lost', origin: 'l' }), 'approved', 'claimed', 'lost'),
    history(askedFor({ id: 'lr-over', origin: 'v' }), 'denied'),
  ];
  const open = [asked.id, 'lr-queued', 'lr-waits', 'lr-lost'];
  const dirty = (calls: readonly string[]) =>
    [...new Set(calls.filter((call) => call.startsWith('cards.markDirty')))].sort();
  const marks = (ids: readonly string[]) => ids.map((id) => `cards.markDirty ${id}`).sort();

  test('after a change is that request, and the cards of its open twins', () => {
    const house = opened(made);
    const calls = faked(house);
    house.on.changed('lr-over', 'denied');
    expect(calls.filter((call) => call.includes('touch'))).toEqual([
      'results.touch lr-over',
      'exposure.touch lr-over',
    ]);
    expect(dirty(calls)).toEqual(marks([...open, 'lr-over']));
    calls.length = 0;
    house.on.changed('unknown', 'denied');
    expect(dirty(calls)).toEqual(marks(['unknown']));
    calls.length = 0;
    house.on.changed('lr-waits', 'denied');
    expect(dirty(calls)).toEqual(marks(open));
  });

  test('after a change is a twin that was asked for since the start', () => {
    const house = opened(made);
    const calls = faked(house);
    house.store.put(history(askedFor({ id: 'lr-late', origin: 'late' })));
    house.on.changed('lr-late', 'asked');
    calls.length = 0;
    house.on.changed('lr-over', 'denied');
    expect(dirty(calls)).toEqual(marks([...open, 'lr-late', 'lr-over']));
  });

  test.each<readonly [string, (house: House) => void, readonly string[]]>([
    ['a freeze', ({ workers }) => workers.refreshOpenCards(), []],
    ['another policy', ({ workers }) => workers.policyChanged(), ['exposure.recheck']],
    ['outsiders', ({ on }) => on.shared(), ['exposure.recheck']],
  ])('after %s is every open card', (_what, happens, others) => {
    const house = opened(made);
    const calls = faked(house);
    happens(house);
    expect(calls).toEqual([...others, ...calls.filter((call) => call.startsWith('cards.'))]);
    expect(dirty(calls)).toEqual(marks(open));
  });

  test('after an outage is what Defender has or is to get', async () => {
    const house = opened(made);
    const calls = faked(house);
    house.defender.actions = () => Promise.reject(new DefenderError('unavailable', 'down'));
    for (let times = 0; times < 3; times += 1) await house.watch.defender.actions([]).catch(() => undefined);
    expect(dirty(calls)).toEqual(marks([asked.id, 'lr-queued', 'lr-lost']));
  });

  test('after a session ended is what it shows of the tenant, and what runs is drawn with that', async () => {
    const house = opened(made);
    const calls = faked(house);
    await house.workers.tick();
    const action = { ...actionWith('TimeOut'), createdAt: start, updatedAt: start + 120 * minute };
    const ended = { ...exampleMoves.ended, action, outcome: 'timedOut' } as const;
    const over = history(askedFor({ id: 'lr-new', origin: 'n' }), ...sent, ended);
    house.store.put(over);
    house.on.changed('lr-new', 'progressed');
    await house.workers.tick();
    expect(house.store.notes).toEqual([]);
    house.on.changed('lr-new', 'ended');
    calls.length = 0;
    await house.workers.tick();
    expect(house.store.notes).toHaveLength(1);
    expect(dirty(calls)).toEqual(marks([asked.id]));
  });
});
