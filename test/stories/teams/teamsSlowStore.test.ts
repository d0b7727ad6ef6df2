// A disk whose fsync takes many seconds: Teams is answered long before its patience ends, the person is told
// when it is done, and the request ends on one correct card, run once.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, directOf, group } from '../../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

/** People see an error after 5 s at the earliest (msteams-docs#13460). Milliseconds. */
const patienceOfTeams = 5_000;
/** What one fsync of the journal takes. Milliseconds. */
const slow = 7_000;

/**
 * The machine's disk, whose next fsyncs take so long; the event loop is blocked by those that block it on a
 * real one, too.
 */
function slowDisk(): { readonly disk: Disk; left: number } {
  const state = {
    left: 0,
    disk: {
      ...realDisk,
      open(path: string, mode: 'append' | 'new' | 'read') {
        const file = realDisk.open(path, mode);
        const next = (): number => (path.includes('journal-') && (state.left -= 1) >= 0 ? slow : 0);
        return {
          ...file,
          sync() {
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, next());
            file.sync();
          },
          async flush() {
            await pause(next());
            await file.flush();
          },
        };
      },
    },
  };
  return state;
}

let app: TeamsTestApp;
let disk: ReturnType<typeof slowDisk>;
beforeEach(async () => {
  app = new TeamsTestApp();
  disk = slowDisk();
  await app.open({ disk: disk.disk });
});
afterEach(() => app.close());

async function timed<T>(work: Promise<T>): Promise<readonly [T, number]> {
  const began = performance.now();
  return [await work, performance.now() - began];
}

it('a press, a command and a look at /healthz are answered while the disk takes its time, and one card tells the end', async () => {
  await app.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"');
  const card = await app.card(channel, /Waiting for approval/);
  await app.card(group, /Waiting for approval/);

  disk.left = 2;
  const [[pressed, pressMs], [, sayMs], [health, healthMs]] = await Promise.all([
    timed(app.click(ben, channel, card, 'approve')),
    timed(app.say(ana, directOf(ana), 'lr help')),
    timed(fetch(`${app.url}/healthz`)),
  ]);
  // The decision is not on the disk yet, so nobody is told that it was made.
  expect(pressed).toMatch(/takes a moment/);
  expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  expect(app.service.simulator?.tenant.submissions).toHaveLength(0);
  expect(health.status).toBe(200);
  for (const ms of [pressMs, sayMs, healthMs]) expect(ms).toBeLessThan(patienceOfTeams);
  // Pressed again in the meantime, it counts once.
  await app.click(ben, channel, card, 'approve');

  const finished = await app.card(channel, /Finished/, 40_000);
  expect([finished.id, app.cards(channel).length, app.cards(group).length]).toEqual([card.id, 1, 1]);
  expect(app.service.simulator?.tenant.submissions).toHaveLength(1);
  const told = app.alone(ben).map(wordsOf);
  expect(told.filter((text) => /already/.test(text)).length).toBe(1);
}, 90_000);
