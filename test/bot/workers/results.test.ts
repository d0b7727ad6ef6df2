// Results against everything that keeps them away for a while: they are asked for again, at a bearable cost,
// until they are there or surely never will be.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { resultsOf } from '../../../src/liveResponse/request/request.ts';
import type { Results } from '../../../src/liveResponse/results/resultFacts.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import { sessionIn } from '../../support/requests/requests.ts';

let app: TestApp;
afterEach(() => app.close());

const minute = 60_000;

/** What is known of the results of its session. */
const kept = (request: Request | undefined): Results => resultsOf(sessionIn(request, 'finished').stage);

async function opened(command: string, options: TestAppOptions = {}): Promise<void> {
  app = await openTestApp(options);
  await approved(command);
}

async function approved(command: string): Promise<void> {
  await app.say('responder1', command);
  await app.loop.tick();
  await app.press('approver1', 'approve');
}

describe('a result that is not there yet', () => {
  test('is read at the end of a long session, where Defender gives results only then', async () => {
    await opened('dump hosta notepad', {
      simulator: { profile: { results: 'whenEnded', getFileMs: [28 * minute, 28 * minute] } },
    });
    await app.until('finished');
    await app.run(10_000);
    expect(kept(app.newest())).toMatchObject({ excerpts: [{ index: 0 }], files: [{ index: 1 }] });
    expect(app.card().history.some((text) => /no longer|not hand out this/.test(text))).toBe(false);
  });

  test('is not given up because Defender was down', async () => {
    await opened('dump hosta notepad');
    app.simulator.tenant.faults.plant({ what: 'status', on: 'link', status: 503, times: 'always' });
    await app.until('finished');
    await app.run(45 * minute);
    expect(app.card().history.at(-1)).toMatch(/tries again/);
    app.simulator.tenant.faults.clear();
    await app.run(11 * minute);
    expect(kept(app.newest())).toMatchObject({ excerpts: [{ index: 0 }], files: [{ index: 1 }] });
  });

  test('is given up when Defender keeps saying that there is none', async () => {
    await opened('dump hosta notepad');
    app.simulator.tenant.faults.plant({ what: 'notReady', times: 'always' });
    await app.until('finished');
    await app.run(30 * minute);
    expect(kept(app.newest())).toMatchObject({
      troubles: [
        { index: 0, code: 'gone' },
        { index: 1, code: 'gone' },
      ],
    });
  });
});

describe('an output that cannot be kept', () => {
  test('is asked for seldom, and keeps no other result waiting', async () => {
    await opened('run hosta exit3.ps1');
    await app.until('running');
    rmSync(join(app.dir, 'outputs'), { recursive: true });
    writeFileSync(join(app.dir, 'outputs'), '');
    await approved('hosts hostb');
    await app.until('finished');
    await app.run(2 * minute);
    expect(kept(app.newest())).toMatchObject({ files: [{ index: 0 }] });
    const left = /link +\S+ +(\d+) of 100/.exec(textOf(await app.say('responder1', 'quota')))?.[1];
    expect(Number(left)).toBeGreaterThan(90);
  });
});

test('takes links back from old cards though another result cannot be kept', async () => {
  await opened('hosts hostb');
  const { id } = await app.until('finished');
  await app.loop.tick();
  expect(kept(app.store.get(id))).toMatchObject({ links: [{ index: 0 }] });
  rmSync(join(app.dir, 'outputs'), { recursive: true });
  writeFileSync(join(app.dir, 'outputs'), '');
  await approved('run hosta exit3.ps1');
  await app.run(31 * minute);
  expect(kept(app.store.get(id))).toMatchObject({ links: [] });
});
