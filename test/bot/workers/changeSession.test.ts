// How workers write: into the very session they decided on, and only while it is where they saw it.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RequestStore } from '../../../src/liveResponse/ports.ts';
import type { SessionState } from '../../../src/liveResponse/request/session.ts';
import { changeRequest, changeSession } from '../../../src/bot/workers/transition.ts';
import { approved, askedOf, claimed, openTestStore } from '../../adapters/store/sample.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';

const session = { request: { id: 'r1' }, session: { number: 0 } } as const;

let store: Store;
beforeEach(async () => {
  store = await openTestStore({ dir: memoryFolder, disk: createMemoryDisk() });
  await store.add(askedOf('r1'));
});
afterEach(() => store.close());

/** What a worker that expects a session in these states sees of it, and what it is answered. */
async function seen(states: readonly SessionState[]): Promise<readonly [unknown, unknown]> {
  let saw: string | undefined;
  const after = await changeSession(store as RequestStore, session, states, ({ session: { stage } }) => {
    saw = stage.state;
    return { type: 'waiting', cause: 'slot' };
  });
  return [saw, after?.session.stage.state];
}

test('a session that has moved on is not decided on again, and nothing is written', async () => {
  expect(await seen(['queued'])).toEqual([undefined, undefined]);
  await store.change('r1', () => ({ event: approved }));
  expect(await seen(['queued'])).toEqual(['queued', 'queued']);
  await store.change('r1', () => ({ event: claimed('n1'), session: 0 }));
  const { seq } = store.health();
  expect(await seen(['queued', 'running'])).toEqual([undefined, undefined]);
  expect(store.health().seq).toBe(seq);
});

test('a session and a request of which there is nothing to say are left as they are', async () => {
  await store.change('r1', () => ({ event: approved }));
  const { seq } = store.health();
  expect(await changeSession(store, session, ['queued'], () => undefined)).toBeUndefined();
  expect(await changeRequest(store, 'r1', () => undefined)).toBeUndefined();
  expect(await changeSession(store, { ...session, request: { id: 'r9' } }, ['queued'], () => undefined)).toBe(
    undefined,
  );
  expect(store.health().seq).toBe(seq);
});
