// What workers remember of requests goes with the requests, and all of it is counted.
import { describe, expect, test } from '@jest/globals';
import { createTwinIndex } from '../../../src/bot/workers/requests/judging.ts';
import { RequestMemory } from '../../../src/bot/workers/requestMemory.ts';
import { createLinkBox } from '../../../src/bot/workers/reads/keptOutput.ts';
import { createCardFailures } from '../../../src/bot/workers/cards/closedPlaces.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { askedFor, createWorkerPorts, history } from '../../support/apps/workerPorts.ts';
import { opened } from './workersHouse.ts';

describe('the memory of requests', () => {
  test('drops every key that is about a request which is kept no more', () => {
    const memory = new RequestMemory();
    const tries = memory.map<number>('tries');
    const seen = memory.set('seen');
    for (const key of ['lr-1', 'lr-1 slack:C1 note', 'lr-1/0', 'lr-1/0:2', 'lr-10/0', 'lr-2 x'])
      tries.set(key, 1);
    seen.add('lr-1').add('lr-2');
    expect([...memory.entries()]).toEqual([
      ['tries', 6],
      ['seen', 2],
    ]);
    memory.forget((id) => id !== 'lr-1');
    expect([...tries.keys()]).toEqual(['lr-10/0', 'lr-2 x']);
    expect([...seen]).toEqual(['lr-2']);
  });

  test('counts parts of the same name together', () => {
    const memory = new RequestMemory();
    memory.map('links').set('lr-1', 1);
    memory.add('links', { size: () => 4, forget: () => undefined });
    expect(memory.entries().get('links')).toBe(5);
  });

  test('holds the twins of a device only as long as their requests are kept', () => {
    const made = history(askedFor());
    const ports = createWorkerPorts([made]);
    const memory = new RequestMemory();
    const twins = createTwinIndex({ ...ports.deps, memory });
    expect(memory.entries().get('twins by device')).toBe(1);
    memory.forget(() => true);
    expect(memory.entries().get('twins by device')).toBe(1);
    memory.forget(() => false);
    expect(memory.entries().get('twins by device')).toBe(0);
    expect(twins.of(made)).toEqual([]);
  });

  test('holds failures of cards, which go with their request and not before', () => {
    const memory = new RequestMemory();
    const failures = createCardFailures(createManualClock(0), memory.map('cards that failed'));
    failures.failed({ key: 'lr-1 slack:C1 note', surface: 'slack', revision: 1 }, new Error('no'), true);
    memory.forget((id) => id === 'lr-1');
    expect(failures.get('lr-1 slack:C1 note')?.count).toBe(1);
    memory.forget(() => false);
    expect(failures.get('lr-1 slack:C1 note')).toBeUndefined();
  });
});

describe('the workers', () => {
  test('forget with the store, once in a thousand changes', () => {
    const made = history(askedFor());
    const { workers, on, store } = opened([made]);
    const entries = (): number => [...workers.remembered().values()].reduce((sum, one) => sum + one, 0);
    expect(workers.remembered().get('twins by device')).toBe(1);
    const get = store.get.bind(store);
    Object.assign(store, { get: (id: string) => (id === made.id ? undefined : get(id)) });
    for (let change = 1; change < 1_000; change += 1) on.changed(made.id, 'searched');
    expect(entries()).toBeGreaterThan(0);
    on.changed(made.id, 'searched');
    expect(workers.remembered().get('twins by device')).toBe(0);
    expect(workers.remembered().get('results to look at')).toBe(1);
  });
});

describe('links in memory', () => {
  test('are dropped once they are dead, when the next is put', async () => {
    const clock = createManualClock(0);
    const box = createLinkBox(clock);
    box.put('lr-1', 0, { url: 'https://one', expiresAt: clock.now() + 1_000 });
    expect(box.kept()).toBe(1);
    await clock.advance(2_000);
    box.put('lr-2', 0, { url: 'https://two', expiresAt: clock.now() + 1_000 });
    expect(box.kept()).toBe(1);
    expect([...box.of('lr-2', clock.now()).values()]).toEqual(['https://two']);
  });
});
