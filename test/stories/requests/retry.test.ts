// Trying again: the rest of a session that failed, or a request whose time ran out, asked for again and
// approved like any other.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';
import {
  againButton,
  approveAndFinish,
  cardOf,
  count,
  ended,
  factOf,
  pressAgain,
  sentCommands,
} from '../../support/stories/retry.ts';

const minute = 60_000;
const hosta = 'hosta.corp.example';

let app: TestApp;
afterEach(() => app.close());

/** A name that the library does not hold is refused where it can be read. */
const libraryUnread = (): void =>
  app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 403, times: 'always' });

function libraryFile(fileName: string): ReturnType<TestApp['simulator']['tenant']['library']>[number] {
  const [any] = app.simulator.tenant.library();
  if (any === undefined) throw new Error('the library is empty');
  return { ...any, fileName };
}

const getFails = 'on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt --reason "beacon at 02:40"';

describe('retry from a failed index 1', () => {
  test('of GetFile runs the file alone, after a fresh approval by another person than the one who pressed', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    expect(outcomeOf(old)).toBe('failed');
    expect(againButton(app, old)).toMatchObject({ label: 'Retry from here (index 1)', index: 1 });
    expect(await pressAgain(app, 'responder2', old)).toMatch(
      /is waiting for approval: .* It counts on what collect\.ps1 left on the device/,
    );
    const next = app.newest();
    expect(next).toMatchObject({
      stage: { state: 'awaitingApproval' },
      asked: {
        requester: { id: 'responder2' },
        reason: `beacon at 02:40 (continues ${old.id} from index 1)`,
        continues: {
          id: old.id,
          from: 1,
          before: [{ type: 'RunScript', scriptName: 'collect.ps1' }],
          mayRepeat: [],
        },
        terms: { tier: 'high', approveRole: 'approver' },
      },
      subject: { commands: [{ type: 'GetFile', path: 'C:\\Users\\Public\\late.txt' }] },
      targets: [{ device: { id: old.targets[0].device.id } }],
    });
    expect(next.subject.digest).not.toBe(old.subject.digest);
    expect(factOf(app, next, 'Continues')).toBe(`${old.id} from index 1, which is index 0 here`);
    expect(factOf(app, old, 'Tried again as')).toBe(`${next.id} from index 1, asked by Sam Second`);
    expect(cardOf(app, next).notes).toContain(
      `It counts on what collect.ps1 left on the device in ${old.id}, which may have changed since.`,
    );
    // Whoever pressed is the requester of the new one, and nobody approves their own.
    expect(textOf(await app.press('responder2', 'approve'))).toMatch(/nobody approves their own/);
    await app.run(minute);
    expect(sentCommands(app)).toHaveLength(1);
    app.simulator.tenant.changeDevice(hosta, { files: ['C:\\Users\\Public\\late.txt'] });
    expect(outcomeOf(await approveAndFinish(app))).toBe('succeeded');
    expect(sentCommands(app)).toEqual([['RunScript', 'GetFile'], ['GetFile']]);
    expect(app.simulator.tenant.submissions[1]?.comment).toContain(`(continues ${old.id} from index 1)`);
    expect(cardOf(app, app.newest()).links).toHaveLength(1);
  });

  test('of PutFile says that what was put before may be gone with the working folder', async () => {
    app = await openTestApp();
    libraryUnread();
    const old = await ended(app, 'on hosta put triage.zip ; put later.exe ; run collect.ps1');
    expect(cardOf(app, old).steps.map((row) => row.status)).toEqual([
      expect.stringMatching(/^completed/),
      expect.stringMatching(/^failed/),
      'not run',
    ]);
    app.simulator.tenant.faults.clear();
    app.simulator.tenant.keepFile(libraryFile('later.exe'));
    expect(await pressAgain(app, 'responder1', old)).toContain(
      `It counts on triage.zip, put there by ${old.id} into a working folder that Defender deletes when the device restarts; if it is gone, retry ${old.id} from its index 0.`,
    );
    expect(outcomeOf(await approveAndFinish(app))).toBe('succeeded');
    expect(sentCommands(app)).toEqual([
      ['PutFile', 'PutFile', 'RunScript'],
      ['PutFile', 'RunScript'],
    ]);
  });

  test('of RunScript says that the script has begun before', async () => {
    app = await openTestApp();
    libraryUnread();
    const old = await ended(
      app,
      'on hosta put triage.zip ; run later.ps1 -Deep ; get C:\\Windows\\System32\\drivers\\etc\\hosts',
    );
    app.simulator.tenant.faults.clear();
    app.simulator.tenant.keepFile(libraryFile('later.ps1'));
    await pressAgain(app, 'responder1', old);
    expect(cardOf(app, app.newest()).notes).toContain(
      `Index 0 (later.ps1) ran in ${old.id}, or may have, and would run again.`,
    );
    expect(app.newest()).toMatchObject({
      asked: {
        reason: `(continues ${old.id} from index 1)`,
        title: expect.stringMatching(new RegExp(`, from index 1 of ${old.id}$`)),
      },
    });
    expect(outcomeOf(await approveAndFinish(app))).toBe('succeeded');
    expect(sentCommands(app)[1]).toEqual(['RunScript', 'GetFile']);
  });

  test('that fails once more can be gone on with from its own card, naming the last request only', async () => {
    app = await openTestApp();
    const first = await ended(app, getFails);
    await pressAgain(app, 'responder1', first);
    const second = await approveAndFinish(app);
    expect(outcomeOf(second)).toBe('failed');
    expect(await pressAgain(app, 'responder1', first)).toMatch(
      new RegExp(`tried again already as ${second.id}, which reached Defender`),
    );
    await pressAgain(app, 'responder1', second);
    expect(app.newest()).toMatchObject({
      asked: {
        reason: `beacon at 02:40 (repeats ${second.id})`,
        title: second.asked.title,
        continues: { id: second.id, from: 0 },
      },
    });
    expect(count(app)).toBe(3);
  });
});

describe('a second press', () => {
  test('at the same time makes one request, and later answers with the one that is open', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    await Promise.all([
      app.press('responder1', 'again', { request: old, index: 1 }),
      app.press('responder2', 'again', { request: old, index: 1 }),
      app.say('responder1', `retry ${old.id}`),
    ]);
    await app.loop.tick();
    expect(count(app)).toBe(2);
    const next = app.newest();
    const text = await pressAgain(app, 'responder2', old);
    expect(text).toBe(
      `${old.id} is being tried again already as ${next.id}, from index 1, asked by ${next.asked.requester.name}: Waiting for approval. "/lr status ${next.id}" shows its card.`,
    );
    // From another index too: two open ones could run the same command twice.
    expect(await pressAgain(app, 'responder2', old, 0)).toMatch(/being tried again already/);
    expect(count(app)).toBe(2);
  });

  test('after the new request was denied makes another one, and the old card names the newest', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    await pressAgain(app, 'responder1', old);
    const denied = app.newest();
    await app.press('approver1', 'deny', { input: 'not now' });
    await app.loop.tick();
    expect(againButton(app, denied)).toBeUndefined();
    await pressAgain(app, 'responder1', old);
    const next = app.newest();
    expect(next.id).not.toBe(denied.id);
    expect(factOf(app, old, 'Tried again as')).toMatch(next.id);
    expect(factOf(app, denied, 'Tried again as')).toMatch(next.id);
    expect(count(app)).toBe(3);
    expect(await pressAgain(app, 'responder1', old)).toMatch(new RegExp(`already as ${next.id}`));
  });

  test('that is the same delivery, taken up after a crash, asks for nothing more, even when what it asked for was denied since', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    await app.say('responder1', `retry ${old.id}`, { deliveryId: 'once' });
    await app.loop.tick();
    const denied = app.newest();
    await app.restart();
    expect(textOf(await app.say('responder1', `retry ${old.id}`, { deliveryId: 'once' }))).toMatch(
      new RegExp(`^${denied.id} is waiting for approval`),
    );
    await app.press('approver1', 'deny', { input: 'not now', request: denied });
    await app.restart();
    expect(textOf(await app.say('responder1', `retry ${old.id}`, { deliveryId: 'once' }))).toMatch(
      new RegExp(`^${denied.id} was asked for by this already \\(Denied`),
    );
    expect(count(app)).toBe(2);
    await app.say('responder1', `retry ${old.id}`, { deliveryId: 'another' });
    expect(count(app)).toBe(3);
  });

  test('is recognised over a restart, and the old card says so even if the bot died in between', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    // Stored, and nothing else: the pass that writes it on the old one never came.
    await app.press('responder1', 'again', { request: old, index: 1 });
    const next = app.newest();
    expect(app.store.get(old.id)).not.toHaveProperty('again');
    await app.restart();
    await app.loop.tick();
    await app.loop.tick();
    expect(factOf(app, old, 'Tried again as')).toMatch(next.id);
    expect(await pressAgain(app, 'responder1', old)).toMatch(/being tried again already/);
    expect(count(app)).toBe(2);
  });
});

describe('it is refused', () => {
  test('to somebody who may not ask, before anything is told or stored', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    expect(await pressAgain(app, 'onlooker1', old)).toMatch(/you need the role responder/);
    expect(await pressAgain(app, 'approver1', old)).toMatch(/you need the role responder/);
    expect(await pressAgain(app, 'stranger', old)).toMatch(/not listed/);
    expect(count(app)).toBe(1);
  });

  test('when the device has left the scope', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    app.simulator.tenant.changeDevice(hosta, { tags: ['no-lr'] });
    expect(await pressAgain(app, 'responder1', old)).toMatch(/out of scope: its tag no-lr/);
    expect(count(app)).toBe(1);
  });

  test('while submissions are frozen', async () => {
    app = await openTestApp();
    const old = await ended(app, getFails);
    await app.say('approver1', 'freeze odd approvals');
    expect(await pressAgain(app, 'responder1', old)).toMatch(/frozen/);
    expect(count(app)).toBe(1);
  });

  test('when everything completed, while it runs, and with an index that is not there', async () => {
    app = await openTestApp();
    const done = await ended(app, 'dump hosta notepad');
    expect(againButton(app, done)).toBeUndefined();
    expect(textOf(await app.say('responder1', `retry ${done.id}`))).toMatch(/Every command .* completed/);
    await app.say('responder1', getFails);
    expect(textOf(await app.say('responder1', `retry ${app.newest().id}`))).toMatch(/has not ended/);
    await app.press('approver1', 'approve');
    const failed = await app.until('finished');
    expect(textOf(await app.say('responder1', `retry ${failed.id} 2`))).toMatch(/no such command/);
  });

  test('when a person has denied or withdrawn it, or nobody knows whether it ran', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'deny', { input: '' });
    expect(textOf(await app.say('responder1', `retry ${app.newest().id}`))).toMatch(
      /denied or withdrawn by a person/,
    );
    app.simulator.tenant.faults.plant({ what: 'reset', on: 'run' });
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'approve');
    await app.until('unknown');
    await app.press('responder1', 'drop');
    await app.loop.tick();
    const dropped = app.newest();
    expect(stageOf(dropped)).toMatchObject({ state: 'closed', ending: { kind: 'abandoned' } });
    expect(againButton(app, dropped)).toBeUndefined();
    expect(textOf(await app.say('responder1', `retry ${dropped.id}`))).toMatch(/Nobody knows whether .* ran/);
  });
});

describe('Ask again', () => {
  test('on an expired card asks for the same, and a tier that wants a reason still gets one', async () => {
    app = await openTestApp({
      policy: (text) => text.replace('runWithin: 30m, reason: optional', 'runWithin: 30m, reason: required'),
    });
    await app.say('responder1', 'dump hosta notepad --reason "beacon"');
    app.clock.move(31 * minute);
    await app.loop.tick();
    const old = app.newest();
    expect(stageOf(old)).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
    expect(againButton(app, old)).toMatchObject({ label: 'Ask again', index: 0 });
    await pressAgain(app, 'responder2', old);
    expect(app.newest()).toMatchObject({
      stage: { state: 'awaitingApproval' },
      asked: { requester: { id: 'responder2' }, reason: `beacon (repeats ${old.id})` },
      subject: { digest: old.subject.digest },
    });
    expect(outcomeOf(await approveAndFinish(app))).toBe('succeeded');
  });

  test('never takes its own mention for the reason that a tier wants', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    app.clock.move(31 * minute);
    await app.loop.tick();
    const old = app.newest();
    // The file was made stricter meanwhile: what counts is the policy of today.
    app.todays.replace({
      ...app.todays.now(),
      tiers: app.policy.tiers.map((tier) => ({ ...tier, reason: 'required' })),
    });
    expect(await pressAgain(app, 'responder1', old)).toMatch(/needs a reason/);
    expect(textOf(await app.say('responder1', `retry ${old.id} --reason "still beaconing"`))).toMatch(
      /is waiting for approval/,
    );
    expect(app.newest().asked.reason).toBe(`still beaconing (repeats ${old.id})`);
  });

  test('on a lapsed card and on one that timed out while its device was offline', async () => {
    app = await openTestApp({ simulator: { profile: { offlineQueueMs: 60 * minute } } });
    await app.say('responder1', 'dump srv-portal notepad');
    await app.press('approver1', 'approve');
    await app.run(minute);
    app.clock.move(31 * minute);
    await app.loop.tick();
    const lapsed = app.newest();
    expect(stageOf(lapsed)).toMatchObject({ state: 'closed', ending: { kind: 'lapsed' } });
    expect(againButton(app, lapsed)).toMatchObject({ label: 'Ask again' });
    await app.say('responder1', 'dump laptop7 notepad');
    await app.press('approver1', 'approve');
    await app.until('running');
    app.clock.move(61 * minute);
    const timedOut = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(timedOut)).toBe('timedOut');
    expect(againButton(app, timedOut)).toMatchObject({ label: 'Ask again', index: 0 });
    app.simulator.tenant.changeDevice('laptop7.corp.example', { online: true });
    await pressAgain(app, 'responder1', timedOut);
    expect(cardOf(app, app.newest()).notes.join(' ')).not.toMatch(/would run again/);
    expect(outcomeOf(await approveAndFinish(app))).toBe('succeeded');
    expect(sentCommands(app)).toHaveLength(2);
  });
});
