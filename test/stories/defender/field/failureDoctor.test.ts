// What a card, a private answer and the checks say when Defender does not do what was asked: the cause, the
// missing right by name, the next step, and the correlation id, in the journal and on the card.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { sessionOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../../support/apps/testApp.ts';
import { journalText } from '../../../support/store/journal.ts';

let app: TestApp;
afterEach(() => app.close());

const minute = 60_000;
const card = () => app.card().view;
const faults = () => app.simulator.tenant.faults;
const guid = /^[0-9a-f-]{36}$/;
const correlation = (label = 'Correlation id') =>
  card().facts.find((fact) => fact.label === label)?.value ?? 'none';

const journal = (): string => journalText(app.dir);

async function approved(
  command = 'dump hosta notepad',
  options: TestAppOptions = {},
  arrange: () => void = () => undefined,
): Promise<void> {
  app = await openTestApp(options);
  arrange();
  await app.say('responder1', command);
  await app.loop.tick();
  await app.press('approver1', 'approve');
}

/** A session of another application on a device; answers its action id. */
async function foreignSession(device: string, comment: string): Promise<string> {
  const id = app.simulator.tenant.device(device)?.id ?? '';
  const answer = await fetch(`${app.simulator.url}/api/machines/${id}/runliveresponse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      Commands: [{ type: 'GetFile', params: [{ key: 'Path', value: 'C:\\Windows\\a.txt' }] }],
      Comment: comment,
    }),
  });
  const { id: actionId } = (await answer.json()) as { readonly id: string };
  return actionId;
}

async function listCallsLeft(): Promise<number> {
  return Number(/^list +.*?(\d+) of 100/m.exec(textOf(await app.say('responder1', 'quota')))?.[1]);
}

describe('a busy device', () => {
  test('names the action that holds it and its application, found with one list call', async () => {
    app = await openTestApp();
    const actionId = await foreignSession('hosta.corp.example', 'nightly triage');
    await app.say('responder1', 'dump hosta notepad');
    const before = await listCallsLeft();
    await app.press('approver1', 'approve');
    await app.loop.tick();
    expect(card().status).toContain('device busy');
    expect(card().lead).toMatch(
      /^A live response session of the application “5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e” holds this device since 03:00 UTC\. It is sent when that ends/,
    );
    expect(card().facts).toContainEqual({
      label: 'Held by',
      value: `action ${actionId} since 03:00 UTC: “nightly triage”`,
    });
    expect(before - (await listCallsLeft())).toBe(1);
    expect(correlation()).toMatch(guid);
    expect(journal()).toContain(correlation());
    await app.until('running');
  });

  test('that the API shows nothing of says that portal sessions cannot be seen', async () => {
    await approved('dump srv-portal notepad');
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({
      state: 'queued',
      blocker: { by: 'unseen' },
      error: { apiCode: 'ActiveRequestAlreadyExists' },
    });
    expect(card().lead).toContain(
      'the API shows nothing that holds it: sessions opened in the portal cannot be seen by the bot',
    );
  });

  test('that another request of ours holds names that request, without asking anybody', async () => {
    await approved('dump laptop7 notepad');
    const first = await app.until('running');
    await app.say('responder1', 'dump laptop7 chrome');
    await app.press('approver1', 'approve');
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'queued',
      blocker: { by: 'request', id: first.id, undecided: false },
    });
    expect(card().lead).toContain(`The request ${first.id} of this bot is using this device.`);
    await app.press('approver1', 'cancel', { request: first });
    await app.until('running');
  });

  test('whose holder may not be read says so with the role', async () => {
    await approved('dump srv-portal notepad', {}, () =>
      faults().plant({ what: 'status', on: 'list', status: 403, times: 'always' }),
    );
    await app.loop.tick();
    expect(card().lead).toContain(
      'which one could not be read, and sessions opened in the portal cannot be seen by the bot',
    );
    expect(card().lead).toContain('grant it Machine.ReadWrite.All with admin consent');
    expect(correlation('Correlation id, list')).toMatch(guid);
  });

  test('until the approval lapsed tells who held it', async () => {
    await approved(
      'dump hosta notepad',
      { simulator: { profile: { pendingMs: [60 * minute, 60 * minute] } } },
      () => undefined,
    );
    const first = await app.until('running');
    await app.say('responder1', 'dump hosta chrome');
    await app.press('approver1', 'approve');
    await app.run(31 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'lapsed' } });
    expect(card().lead).toContain(`(${first.id} held the device)`);
  });
});

describe('a refused start', () => {
  test.each([
    ['OsPlatformNotSupported', 'hosta', 'does not support this device’s operating system'],
    ['ClientVersionNotSupported', 'hosta', 'sensor on this device is too old'],
    ['DisabledFeature', 'hosta', 'Live response is switched off in this tenant. Nothing was run.'],
    ['DisabledFeature', 'web1', 'Live response is switched off in this tenant'],
    ['DisabledFeature', 'srv-portal', 'or for servers, which have a switch of their own'],
    ['DisallowedOperation', 'hosta', 'device group has a remediation level'],
  ] as const)(
    'with %s on %s is told with its next step and its correlation id',
    async (refusal, host, text) => {
      await approved(
        `run ${host} collect.ps1`,
        {},
        () => void app.simulator.tenant.changeDevice(`${host}.corp.example`, { refusal }),
      );
      await app.run(5_000);
      expect(stageOf(app.newest())).toMatchObject({
        state: 'closed',
        ending: { kind: 'refused', code: refusal, call: 'submit' },
      });
      expect(card().lead).toContain(text);
      expect(card().lead).toContain(`Code ${refusal}: “`);
      expect(correlation()).toMatch(guid);
      expect(journal()).toContain(correlation());
    },
  );

  test.each([
    [
      403,
      "Machine's protection level doesn't allow to launch a session on it",
      'group has no remediation level',
    ],
    [400, 'Unsigned script execution is not allowed', 'Unsigned scripts are switched off'],
    [400, 'Wrong order of commands', 'only in the order PutFile, RunScript, GetFile'],
  ])('answered %i “%s” quotes the text and says more exactly what it means', async (status, value, text) => {
    await approved('dump hosta notepad', {}, () =>
      faults().plant({ what: 'status', on: 'run', status, value }),
    );
    await app.run(5_000);
    expect(card().lead).toContain(text);
    expect(card().lead).toContain(`“${value}”`);
  });
});

describe('a missing right', () => {
  test('to start names the role, and what to look at when it is there', async () => {
    await approved('dump hosta notepad', {}, () =>
      faults().plant({ what: 'status', on: 'run', status: 403 }),
    );
    await app.run(5_000);
    expect(card().lead).toMatch(
      /may not start a live response session \(403\)\. Nothing was run\. An administrator must grant it Machine\.LiveResponse with admin consent; if it has that, its token is for the wrong audience \(DEFENDER_SCOPE\)/,
    );
  });

  test('to sign in keeps the approval, names the role, and goes on when it is mended', async () => {
    await approved('dump hosta notepad', {}, () =>
      faults().plant({ what: 'unauthorized', on: 'run', times: 2 }),
    );
    await app.run(5_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'unauthorized' });
    expect(card().status).toContain('Approved, bot not let in');
    expect(card().lead).toContain('Machine.LiveResponse with admin consent');
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('to look a device up right before the start names that role and not another', async () => {
    await approved('dump hosta notepad');
    faults().plant({ what: 'status', on: 'machines', status: 403, times: 'always' });
    await app.run(5_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', call: 'machines' },
    });
    expect(card().lead).toContain('may not look devices up (403)');
    expect(card().lead).toContain('Machine.Read.All or Machine.ReadWrite.All');
  });

  test('to look a device up is told privately to who asked', async () => {
    app = await openTestApp();
    faults().plant({ what: 'status', on: 'machines', status: 403, times: 'always' });
    for (const typed of ['host hosta', 'dump hosta notepad']) {
      expect(textOf(await app.say('responder1', typed))).toMatch(
        /^The bot’s app registration may not look devices up \(403\)\. An administrator must grant it Machine\.Read\.All or Machine\.ReadWrite\.All with admin consent; .*Correlation id: [0-9a-f-]{36}\.$/,
      );
    }
    expect(app.store.all()).toEqual([]);
  });

  test('to follow is told by the checks and the log', async () => {
    const logLines: string[] = [];
    await approved('dump hosta notepad', { logLines });
    await app.until('running');
    faults().plant({ what: 'status', on: 'list', status: 403, times: 'always' });
    await app.run(10_000);
    expect(app.loop.following.trouble()).toMatch(
      /may not follow running sessions \(403\)\. .*Machine\.ReadWrite\.All with admin consent/,
    );
    expect(logLines.filter((line) => line.includes('pollFailed')).at(-1)).toContain('Machine.ReadWrite.All');
    faults().clear();
    await app.run(10_000);
    expect(app.loop.following.trouble()).toBeUndefined();
  });

  test('to read results stands on their rows, and in the answer to who presses', async () => {
    await approved('dump hosta notepad', {}, () =>
      faults().plant({ what: 'status', on: 'link', status: 403, times: 'always' }),
    );
    await app.until('finished');
    await app.run(5_000);
    for (const step of card().steps)
      expect(step.detail).toContain('grant it Machine.ReadWrite.All with admin consent');
    expect(correlation('Correlation id, index 0')).toMatch(guid);
    expect(journal()).toContain(correlation('Correlation id, index 1'));
    expect(textOf(await app.press('responder1', 'link', { index: 1 }))).toMatch(
      /may not read results and make download links \(403\)/,
    );
    expect(textOf(await app.say('responder1', `output ${app.newest().id} 0`))).toMatch(
      /Machine\.ReadWrite\.All/,
    );
    faults().clear();
    expect(await app.press('responder1', 'link', { index: 1 })).toMatchObject({ kind: 'asked' });
    await app.run(5_000);
    expect(card().links).toHaveLength(1);
  });
});

describe('a result', () => {
  test('that Defender does not hand out to a press is told with its words, and the refusal stands on the card until a link is made', async () => {
    await approved('dump hosta notepad');
    await app.until('finished');
    await app.run(5_000);
    faults().plant({ what: 'notReady', times: 1 });
    const answer = textOf(await app.press('responder1', 'link', { index: 1 }));
    expect(answer).toMatch(
      /Defender does not hand out the result of command 1 of lr-\w+ now \(“.+”\)\. .*Correlation id: [0-9a-f-]{36}\.$/,
    );
    await app.loop.tick();
    expect(card().steps[1]?.detail).toMatch(/No new link at 03:0\d UTC: Defender refused it/);
    expect(answer).toContain(correlation('Correlation id, index 1'));
    expect(journal()).toContain(correlation('Correlation id, index 1'));
    await app.press('responder1', 'link', { index: 1 });
    await app.loop.tick();
    expect(card().steps[1]?.detail).not.toContain('No new link');
    expect(correlation('Correlation id, index 1')).toBe('none');
  });
});

describe('a start whose answer says nothing', () => {
  test('keeps the correlation id of a 500, and offers to send again only after the last look', async () => {
    await approved('dump hosta notepad', {}, () =>
      faults().plant({ what: 'status', on: 'run', status: 500 }),
    );
    await app.until('unknown');
    await app.loop.tick();
    expect(correlation()).toMatch(guid);
    expect(card().buttons.map((button) => button.verb)).toEqual(['look', 'drop']);
    expect(card().lead).toMatch(/It goes on looking until 03:05 UTC; after that somebody must decide/);
    await app.run(6 * minute);
    expect(card().buttons.map((button) => button.verb)).toEqual(['look', 'resend', 'drop']);
    expect(await app.press('approver1', 'resend')).toMatchObject({ kind: 'asked' });
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('and an action with our tag that runs something else is a danger on the card', async () => {
    await approved('dump hosta notepad', {}, () => faults().plant({ what: 'reset', on: 'run' }));
    const lost = await app.until('unknown');
    await foreignSession(
      'hosta.corp.example',
      `${sessionOf(lost)?.attempts[0]?.tag ?? ''} | by somebody who saw it`,
    );
    await app.until('running');
    await app.loop.tick();
    expect(card()).toMatchObject({ status: expect.stringContaining('not as approved'), tone: 'danger' });
    expect(card().lead).toMatch(
      /^Defender’s action has this request’s tag but runs other commands than were approved; the rows show them\. Cancel it, and tell an administrator at once/,
    );
    expect(card().steps.map((step) => step.detail)).toEqual([
      'At Defender this is: GetFile C:\\Windows\\a.txt.',
      'Defender’s action has no command of this index.',
    ]);
    expect(journal()).toContain('"differs":[{"type":"GetFile"');
    await app.until('finished');
    await app.loop.tick();
    expect(card()).toMatchObject({ status: expect.stringContaining('not as approved'), tone: 'danger' });
    await app.restart();
    await app.loop.tick();
    expect(card().tone).toBe('danger');
  });
});
