// Results against everything that keeps them away for a while: they are asked for again, at a bearable cost,
// until they are there or surely never will be.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openHouse, textOf } from '../../support/house.ts';
import type { House, HouseOptions } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

const minute = 60_000;

async function opened(command: string, options: HouseOptions = {}): Promise<void> {
  house = await openHouse(options);
  await approved(command);
}

async function approved(command: string): Promise<void> {
  await house.say('responder1', command);
  await house.loop.tick();
  await house.press('approver1', 'approve');
}

describe('a result that is not there yet', () => {
  test('is read at the end of a long session, where Defender gives results only then', async () => {
    await opened('dump hosta notepad', {
      simulator: { profile: { results: 'whenEnded', getFileMs: [28 * minute, 28 * minute] } },
    });
    await house.until('finished');
    await house.run(10_000);
    expect(house.newest()).toMatchObject({ results: { excerpts: [{ index: 0 }], files: [{ index: 1 }] } });
    expect(house.card().history.some((text) => /no longer|not hand out this/.test(text))).toBe(false);
  });

  test('is not given up because Defender was down', async () => {
    await opened('dump hosta notepad');
    house.simulator.tenant.faults.plant({ what: 'status', on: 'link', status: 503, times: 'always' });
    await house.until('finished');
    await house.run(45 * minute);
    expect(house.card().history.at(-1)).toMatch(/tries again/);
    house.simulator.tenant.faults.clear();
    await house.run(11 * minute);
    expect(house.newest()).toMatchObject({ results: { excerpts: [{ index: 0 }], files: [{ index: 1 }] } });
  });

  test('is given up when Defender keeps saying that there is none', async () => {
    await opened('dump hosta notepad');
    house.simulator.tenant.faults.plant({ what: 'notReady', times: 'always' });
    await house.until('finished');
    await house.run(30 * minute);
    expect(house.newest()).toMatchObject({
      results: {
        troubles: [
          { index: 0, code: 'gone' },
          { index: 1, code: 'gone' },
        ],
      },
    });
  });
});

describe('an output that cannot be kept', () => {
  test('is asked for seldom, and keeps no other result waiting', async () => {
    await opened('run hosta exit3.ps1');
    await house.until('running');
    rmSync(join(house.dir, 'outputs'), { recursive: true });
    writeFileSync(join(house.dir, 'outputs'), '');
    await approved('hosts hostb');
    await house.until('finished');
    await house.run(2 * minute);
    expect(house.newest()).toMatchObject({ results: { files: [{ index: 0 }] } });
    const left = /link +\S+ +(\d+) of 100/.exec(textOf(await house.say('responder1', 'quota')))?.[1];
    expect(Number(left)).toBeGreaterThan(90);
  });
});

test('takes links back from old cards though another result cannot be kept', async () => {
  await opened('hosts hostb');
  const { id } = await house.until('finished');
  await house.loop.tick();
  expect(house.store.get(id)).toMatchObject({ results: { links: [{ index: 0 }] } });
  rmSync(join(house.dir, 'outputs'), { recursive: true });
  writeFileSync(join(house.dir, 'outputs'), '');
  await approved('run hosta exit3.ps1');
  await house.run(31 * minute);
  expect(house.store.get(id)).toMatchObject({ results: { links: [] } });
});
