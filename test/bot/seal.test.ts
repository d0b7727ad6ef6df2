// The content of scripts, read once more while a request may be decided: what somebody else did meanwhile counts, and one change of the card is enough.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hash } from '../../src/adapters/hash.ts';
import { createLog } from '../../src/adapters/log.ts';
import type { Deps } from '../../src/bot/deps.ts';
import { seenAnew } from '../../src/bot/rules/seal.ts';
import { openHouse } from '../support/house.ts';
import type { House } from '../support/house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
  await house.say('responder1', 'dump hosta notepad');
});
afterEach(() => house.close());

/** A library in which the script has changed; `meanwhile` happens before it answers. */
function changed(meanwhile: () => Promise<unknown>): Deps {
  const library = async () => {
    await meanwhile();
    return [{ name: 'minidump.ps1', sha256: createHash('sha256').update('changed').digest('hex') }];
  };
  return { store: house.store, clock: house.clock, hash, log: createLog({ level: 'error', write: () => undefined }), defender: { library } } as unknown as Deps;
}

test('a request that was decided meanwhile is left as it was decided', async () => {
  const before = house.newest();
  const { request, departed } = await seenAnew(changed(() => house.press('responder1', 'withdraw')), before);
  expect(departed).toBeDefined();
  expect(request).toMatchObject({ state: 'over', digest: before.digest, fingerprint: before.fingerprint });
});

test('two who look at the same moment have its cards drawn anew once', async () => {
  const before = house.newest();
  const deps = changed(() => Promise.resolve());
  const seen = await Promise.all([seenAnew(deps, before), seenAnew(deps, before)]);
  expect(seen.map(({ request }) => request.revision)).toEqual([before.revision + 1, before.revision + 1]);
  expect(house.newest().revision).toBe(before.revision + 1);
});
