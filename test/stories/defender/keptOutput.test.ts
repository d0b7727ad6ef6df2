// The text of a script's output lies in the data folder without a key: what somebody wrote into it there is
// never shown.
import { afterEach, expect, test } from '@jest/globals';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHouse, textOf } from '../../support/house.ts';
import type { House } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

test('an output that was changed on the disk is not shown: it is read from Defender once more', async () => {
  const log: string[] = [];
  house = await openHouse({ logLines: log });
  await house.say('responder1', 'dump hosta notepad');
  await house.press('approver1', 'approve');
  await house.until('finished');
  const { id } = house.newest();
  const folder = join(house.dir, 'outputs');
  const [file = ''] = readdirSync(folder);
  const before = readFileSync(join(folder, file), 'utf8');
  expect(before).not.toBe('');
  appendFileSync(join(folder, file), 'nothing bad was found');
  await house.restart();
  house.calls.length = 0;
  const said = textOf(await house.say('responder1', `output ${id}`));
  expect(said).toContain(before.trim().split('\n')[0]);
  expect(said).not.toContain('nothing bad was found');
  expect(house.calls).toContain('link');
  expect(log.join('\n')).toContain('outputChanged');
  await house.run(5_000);
  expect(JSON.stringify(house.card().view.excerpts)).not.toContain('nothing bad was found');
});
