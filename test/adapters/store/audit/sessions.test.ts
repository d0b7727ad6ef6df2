// What the journal says was sent to Defender: sessions by their actions, also those that were found after they had
// been given up, under the names of today and under older ones.
import { expect, test } from '@jest/globals';
import { journalRequests } from '../../../../src/adapters/store/audit/sessions.ts';
import type { SessionEvent } from '../../../../src/liveResponse/request/events.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import { actionOf, approved, approver, askedOf, claimed, noon, openTestStore } from '../sample.ts';

/** The sessions of a request to which this happened after its approval. */
async function sessionsAfter(...events: readonly SessionEvent[]) {
  const disk = createMemoryDisk();
  const store = await openTestStore({ dir: memoryFolder, disk });
  await store.add(askedOf('r1'));
  await store.change('r1', () => ({ event: approved }));
  for (const event of events) await store.change('r1', () => ({ event, session: 0 }));
  await store.close();
  const [request] = journalRequests(disk, memoryFolder);
  return request;
}

const givenUp = [claimed('n1'), { type: 'lost' }, { type: 'abandoned', by: approver }] as const;

test('a session that was found after it had been given up is one of the bot’s', async () => {
  expect((await sessionsAfter(...givenUp))?.sessions).toEqual([]);
  const found = await sessionsAfter(
    ...givenUp,
    { type: 'foundLate', action: actionOf('A1') },
    { type: 'foundLate', action: actionOf('A1', 'Succeeded') },
  );
  expect(found).toMatchObject({
    id: 'r1',
    attempts: [{ tag: 'lr:n1' }],
    sessions: [{ actionId: 'a1', at: noon }],
  });
});

test.each(['submitted', 'found', 'adopted', 'foundLate', 'foundAfterDrop'])(
  'a session is known by a line that is called %s',
  (type) => {
    const line = (event: object): string => `${JSON.stringify({ request: 'r1', at: noon, event })}\n`;
    const disk = createMemoryDisk();
    disk.overwrite(
      `${memoryFolder}/journal-000000001.ndjson`,
      Buffer.from(line({ type: 'asked', request: askedOf('r1') }) + line({ type, action: actionOf('A1') })),
    );
    expect(journalRequests(disk, memoryFolder)).toMatchObject([
      { deviceName: 'host-a', sessions: [{ actionId: 'a1', at: noon }] },
    ]);
  },
);
