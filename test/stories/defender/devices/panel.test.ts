// The device panel: what an approver and somebody who types `host` are told beside the device's own record,
// and what happens when it cannot be read.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

const anywhere: TestAppOptions = {
  policy: (text) => text.replace('groups: [Workstations, Servers]', "groups: ['*']"),
};
const card = (): string => app.card().history.at(-1) ?? '';
const host = async (name: string): Promise<string> => textOf(await app.say('responder1', `host ${name}`));
const idOf = (name: string): string => app.simulator.tenant.device(name)?.id ?? '';

async function ask(command: string): Promise<void> {
  await app.say('responder1', command);
  await app.loop.tick();
}

/** An action of another tool, as it stands in the tenant's list. */
function act(name: string, type: string, status: 'Pending' | 'Succeeded'): void {
  const { tenant } = app.simulator;
  const template = tenant.actions().find((action) => action.type === 'Isolate');
  if (template === undefined) throw new Error('the tenant has no sample isolation');
  const now = tenant.now();
  tenant.keepAction({
    ...template,
    id: tenant.newGuid(),
    seq: tenant.next(),
    type,
    status,
    machineId: idOf(name),
    computerDnsName: name,
    createdAt: now,
    updatedAt: now + 60_000,
  });
}

describe('isolation', () => {
  test('is told from the newest action that succeeded, by host and on the approval card', async () => {
    app = await openTestApp(anywhere);
    expect(await host('kiosk.branch.example')).toMatch(/Isolation +ISOLATED since 2026-11-22 01:01 UTC/);
    expect(await host('hosta')).toMatch(/Isolation +not isolated\n/);
    await ask('hosts kiosk.branch.example');
    expect(card()).toMatch(/Condition .*, ISOLATED since 2026-11-22 01:01 UTC/);
  });

  test('with a release that is pending is still isolation', async () => {
    app = await openTestApp(anywhere);
    act('kiosk.branch.example', 'Unisolate', 'Pending');
    expect(await host('kiosk.branch.example')).toMatch(
      /ISOLATED since 2026-11-22 01:01 UTC, a release from isolation is pending/,
    );
  });

  test('ends with a release that succeeded', async () => {
    app = await openTestApp(anywhere);
    app.clock.move(1000);
    act('kiosk.branch.example', 'Unisolate', 'Succeeded');
    expect(await host('kiosk.branch.example')).toMatch(/Isolation +not isolated, released 03:01 UTC/);
  });
});

describe('look-alikes', () => {
  test('are warned of in the lead and named with the ends of their ids, the same name before an imitation', async () => {
    app = await openTestApp();
    app.simulator.tenant.addDevice('h0sta.corp.example');
    app.simulator.tenant.addDevice('hоstа.corp.example'); // Cyrillic о and а
    app.simulator.tenant.addDevice('hosta.branch.example');
    await ask('dump hosta.corp.example notepad');
    const { view } = app.card();
    expect(view.lead).toContain('Another device has a look-alike name: compare the id.');
    const fact = view.facts.find(({ label }) => label === 'Look-alikes')?.value ?? '';
    expect(fact).toMatch(
      /^hosta\.branch\.example \(same name, id ending [0-9a-f]{8}\), h0sta\.corp\.example \(LOOK-ALIKE, id ending [0-9a-f]{8}\)/,
    );
    expect(fact).toContain(idOf('h0sta.corp.example').slice(-8));
    expect(fact).toContain('hоstа.corp.example (LOOK-ALIKE');
    expect(await host('h0sta.corp.example')).toMatch(
      /Look-alikes +hosta\.branch\.example \(LOOK-ALIKE.*hosta\.corp\.example \(LOOK-ALIKE/,
    );
  });

  test('that are not there are not spoken of on the card', async () => {
    app = await openTestApp();
    await ask('dump hosta notepad');
    expect(card()).not.toMatch(/look-alike|same name/i);
    expect(await host('hosta')).toMatch(/Look-alikes +none/);
  });
});

describe('recent sessions', () => {
  test('tell who, what, when and how it went, of this bot and of other applications', async () => {
    app = await openTestApp();
    const started = await fetch(
      `${app.simulator.url}/api/machines/${idOf('hosta.corp.example')}/runliveresponse`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          Commands: [{ type: 'GetFile', params: [{ key: 'Path', value: 'C:\\Windows\\a.txt' }] }],
          Comment: 'somebody else',
        }),
      },
    );
    expect(started.status).toBe(201);
    await app.run(10 * 60_000);
    await ask('dump hosta notepad');
    expect(app.card().view.facts.find(({ label }) => label === 'Last session')?.value).toBe(
      `03:00 UTC Succeeded: GetFile C:\\Windows\\a.txt (${app.simulator.tenant.profile.requestor})`,
    );
    await app.press('approver1', 'approve');
    await app.until('finished');
    await app.run(5_000);
    const { id } = app.newest();
    const lines = (await host('hosta')).split('\n');
    const at = lines.findIndex((line) => line.startsWith('Last sessions'));
    expect(lines[at]).toMatch(
      new RegExp(`Succeeded: RunScript minidump\\.ps1 notepad and 1 more \\(Riley Responder, ${id}\\)$`),
    );
    expect(lines[at + 1]).toMatch(/^ +03:00 UTC Succeeded: GetFile C:\\Windows\\a\.txt/);
    await ask('dump hosta calc');
    expect(app.card().view.facts.find(({ label }) => label === 'Last session')?.value).toMatch(
      /; 1 more within a day$/,
    );
  });
});

describe('what was known when it was asked', () => {
  test('is kept as it was, in the journal and through a restart', async () => {
    app = await openTestApp(anywhere);
    await ask('hosts kiosk.branch.example');
    const [{ context }] = app.newest().targets;
    act('kiosk.branch.example', 'Unisolate', 'Succeeded');
    await app.restart();
    expect(app.newest().targets[0].context).toEqual(context);
    await app.run(5_000);
    expect(card()).toContain('ISOLATED since');
  });
});

describe('a panel that cannot be read', () => {
  test.each([
    ['of actions', 'list', 'isolation and recent sessions'],
    ['of names', 'machines', 'devices with look-alike names'],
  ] as const)(
    'for want %s keeps no request from being asked, and the card says what is missing',
    async (_name, on, missing) => {
      app = await openTestApp();
      const device = await host('hosta');
      expect(device).not.toContain('Not read');
      app.clock.move(20_000);
      if (on === 'list')
        app.simulator.tenant.faults.plant({ what: 'status', on, status: 503, times: 'always' });
      // Defender does not take the questions together; the two searches for the device get through, the one
      // for names and its repeat do not.
      else failNames();
      await ask('dump hosta notepad');
      expect(stageOf(app.newest()).state).toBe('awaitingApproval');
      expect(card()).toMatch(new RegExp(`Not read +${missing}\n`));
      app.simulator.tenant.faults.clear();
      await app.press('approver1', 'approve');
      await app.until('finished');
    },
  );

  function failNames(): void {
    const { faults } = app.simulator.tenant;
    const take = faults.take.bind(faults);
    let calls = 0;
    faults.take = (what, place) => {
      if (what !== 'status' || place !== 'machines') return take(what, place);
      calls += 1;
      if (calls === 1) return { what: 'status', status: 400 };
      return calls > 3 && calls <= 5 ? { what: 'status', status: 503 } : undefined;
    };
  }

  test('is left out where the budget is nearly used up, so that what is needed to submit can still be read', async () => {
    app = await openTestApp();
    // One list each, of a hundred in a minute.
    for (let n = 100; n < 190; n += 1) app.simulator.tenant.addDevice(`desktop-${n}`);
    for (let n = 100; n < 190; n += 1) await host(`desktop-${n}`);
    const last = await host('hosta');
    expect(last).toMatch(/Not read +isolation and recent sessions/);
    expect(last).toMatch(/Look-alikes +none/);
  });
});
