// A chain of tries: what an earlier one ran is neither forgotten nor run again without being told.
import { afterEach, expect, test } from '@jest/globals';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { runOf } from '../../support/requests/requests.ts';

const minute = 60_000;
const scriptMissing = 'on hosta put triage.zip ; run later.ps1 -Deep ; get C:\\Users\\Public\\late.txt';

let app: TestApp;
afterEach(() => app.close());

/** Put, then a script that the library does not have yet: it cannot be read, or the line would be refused. */
async function failedAtScript(): Promise<Request> {
  app = await openTestApp();
  app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 403, times: 'always' });
  await app.say('responder1', scriptMissing);
  const first = await approveAndFinish();
  app.simulator.tenant.faults.clear();
  const [any] = app.simulator.tenant.library();
  if (any === undefined) throw new Error('the library is empty');
  app.simulator.tenant.keepFile({ ...any, fileName: 'later.ps1' });
  return first;
}

async function approveAndFinish(): Promise<Request> {
  await app.loop.tick();
  await app.press('approver1', 'approve');
  const finished = await app.until('finished');
  await app.loop.tick();
  return finished;
}

async function again(old: Request, index?: number): Promise<string> {
  const text = textOf(
    await app.press('responder1', 'again', {
      request: app.store.get(old.id) ?? old,
      ...(index === undefined ? {} : { index }),
    }),
  );
  await app.loop.tick();
  return text;
}

async function expire(): Promise<void> {
  app.clock.move(31 * minute);
  await app.loop.tick();
  expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
}

test('what a try in the middle ran is not run again from the first card, when the last try never ran', async () => {
  const first = await failedAtScript();
  await again(first);
  const second = await approveAndFinish();
  expect(runOf(second).action.progress.map((one) => one.status)).toEqual(['Completed', 'Failed']);
  await again(second);
  await expire();
  expect(textOf(await app.say('responder1', `retry ${first.id}`))).toMatch(
    new RegExp(`tried again already as ${second.id}, which reached Defender`),
  );
  expect(app.store.all()).toHaveLength(3);
  expect(await again(second)).toMatch(/is waiting for approval/);
});

test('a try that never ran hands on what the one before it ran', async () => {
  const first = await failedAtScript();
  await again(first);
  const second = app.newest();
  await expire();
  await again(second);
  const { continues } = app.newest().asked;
  expect(continues).toMatchObject({
    before: second.asked.continues?.before,
    mayRepeat: second.asked.continues?.mayRepeat,
  });
  const notes = app.card().view.notes.join(' ');
  expect(notes).toContain(`triage.zip, put there by ${first.id}`);
  expect(notes).toContain(`Index 0 (later.ps1) ran in ${first.id}, or may have, and would run again.`);
});

test.each([-1, 0.5, Number.NaN])('an index that no card bears is refused: %p', async (index) => {
  const first = await failedAtScript();
  expect(await again(first, index)).toMatch(/no such command/);
  expect(app.store.all()).toHaveLength(1);
});

test('a session that ran other commands than were approved is nothing to go on from', async () => {
  app = await openTestApp();
  app.simulator.tenant.faults.plant({ what: 'reset', on: 'run' });
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  const lost = await app.until('unknown');
  const action = {
    id: 'a1',
    type: 'LiveResponse',
    status: 'InProgress',
    machineId: lost.targets[0].device.id,
    requestor: '',
    comment: '',
    createdAt: lost.asked.at,
    updatedAt: lost.asked.at,
    progress: [],
  };
  await app.store.change(lost.id, (_, now) => ({
    session: 0,
    event: {
      type: 'found',
      action,
      deadline: now + minute,
      differs: [{ type: 'GetFile', path: 'C:\\a.txt' }],
    },
  }));
  const over = { ...action, status: 'Failed', progress: [{ index: 0, status: 'Completed', errors: [] }] };
  await app.store.change(lost.id, () => ({
    session: 0,
    event: { type: 'ended', action: over, outcome: 'failed' },
  }));
  // By Defender's word index 0 completed, but it was not our index 0: a rest of the recipe would run without
  // its beginning.
  expect(textOf(await app.say('responder1', `retry ${lost.id}`))).toMatch(/Nobody knows whether .* ran/);
  await app.loop.tick();
  expect(app.card().view.buttons.map((button) => button.verb)).not.toContain('again');
  expect(app.store.all()).toHaveLength(1);
});

test('a try that was cancelled before anything began hands it on too', async () => {
  const first = await failedAtScript();
  app.simulator.tenant.changeDevice('hosta.corp.example', { online: false });
  await again(first);
  await app.press('approver1', 'approve');
  await app.until('running');
  await app.press('responder1', 'cancel');
  const second = await app.until('finished');
  expect(stageOf(second)).toMatchObject({ outcome: 'cancelled', opened: false });
  await again(second);
  expect(app.newest().asked.continues).toEqual(second.asked.continues);
});
