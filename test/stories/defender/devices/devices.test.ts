// Which record of a device a session is for: records that cannot take one are left out and shown as such, of
// several that can none is chosen in silence, and what became of a record since the approval is seen before
// the POST. Field-faults rows 3.5 and 5.11.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { textOf } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { fieldJson } from '../../../support/defender/field/fieldProxy.ts';
import type { Json } from '../../../support/defender/field/fieldProxy.ts';
import { ask, device, fact, open, refused, submitted } from '../../../support/defender/deviceStory.ts';

let app: TestApp;
afterEach(() => app.close());

/** Every machine that Defender tells of is changed on its way. */
function changeMachines(change: (machine: Json) => Json): void {
  app.field.changeJson(/^GET \/api\/machines/, (value) => {
    const list = value['value'];
    return Array.isArray(list)
      ? { ...value, value: list.map((one: unknown) => change(one as Json)) }
      : change(value);
  });
}

describe('a device that cannot take a session is refused before anybody is asked to approve', () => {
  test.each([
    ['CanBeOnboarded', /not onboarded.*Onboard it in the portal/],
    ['canBeOnboarded', /not onboarded.*Onboard it in the portal/],
    ['CANBEONBOARDED', /not onboarded/],
    ['Can be onboarded', /not onboarded/],
    ['InsufficientInfo', /not onboarded/],
    ['insufficient_info', /not onboarded/],
    ['Unsupported', /no live response for this device.*Collect it another way/],
    ['unsupported', /no live response for this device/],
    ['Offboarded', /not onboarded/],
  ])('with onboardingStatus %p', async (onboardingStatus, words) => {
    app = await open({ field: true });
    changeMachines((machine) => ({ ...machine, onboardingStatus }));
    refused(
      app,
      await ask(app, 'dump hosta notepad'),
      words,
      /hosta\.corp\.example \(id ending [0-9a-f]{8}\)/,
      /Nothing was asked for/,
    );
  });

  test.each(['iOS', 'Android', 'Windows7', 'WindowsServer2008R2', 'Windows8.1'])(
    'with the system %p',
    async (osPlatform) => {
      app = await open();
      app.simulator.tenant.changeDevice('hosta.corp.example', { osPlatform });
      refused(app, await ask(app, 'dump hosta notepad'), /no live response for this device/);
    },
  );

  test.each(['Windows10', 'WindowsServer2012R2', 'Windows11', 'macOS', 'Hologram9'])(
    'but not with the system %p',
    async (osPlatform) => {
      app = await open();
      app.simulator.tenant.changeDevice('hosta.corp.example', { osPlatform });
      expect((await ask(app, String.raw`get hosta C:\x.txt`)).kind).toBe('asked');
    },
  );

  test.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['a word of the future', 'PartlyOnboarded'],
    ['a number', 3],
    ['an object', {}],
    ['the known word in another case', 'ONBOARDED'],
  ])('but goes on where the status is %s', async (_name, onboardingStatus) => {
    app = await open({ field: true });
    changeMachines(({ onboardingStatus: _before, ...machine }) =>
      onboardingStatus === undefined ? machine : { ...machine, onboardingStatus },
    );
    expect((await ask(app, 'dump hosta notepad')).kind).toBe('asked');
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted(app)).toEqual([device(app, 'hosta.corp.example').id]);
  });

  test('a word of the future is shown to the approver, and none where the word is known', async () => {
    app = await open();
    await ask(app, 'dump hostb notepad');
    expect(fact(app, 'Condition')).not.toMatch(/onboard|duplicate/i);
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      onboardingStatus: 'Hiber<b>nating',
      isPotentialDuplication: true,
    });
    await ask(app, 'dump hosta notepad');
    expect(fact(app, 'Condition')).toMatch(/onboarding “Hiber<b>nating”, perhaps a duplicate record/);
  });

  test('asked for by its id, too', async () => {
    app = await open();
    const { id } = app.simulator.tenant.changeDevice('hosta.corp.example', {
      onboardingStatus: 'CanBeOnboarded',
    });
    refused(app, await ask(app, `dump ${id} notepad`), /not onboarded/);
  });
});

describe('a record that was merged into another one', () => {
  test('points to that one, which takes the session when it is asked for', async () => {
    app = await open();
    const into = device(app, 'hostb.corp.example');
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: into.id });
    refused(
      app,
      await ask(app, 'dump hosta notepad'),
      /was merged into another record/,
      new RegExp(
        `hostb\\.corp\\.example \\(Windows10 23H2, Active, group Workstations, last report .*, ${into.id}\\)`,
      ),
      /ask again with that id/,
    );
    await ask(app, `dump ${into.id} notepad`);
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted(app)).toEqual([into.id]);
  });

  test('is followed through several merges, and a circle of them ends', async () => {
    app = await open();
    const last = device(app, 'kiosk.corp.example');
    app.simulator.tenant.changeDevice('hostb.corp.example', { mergedIntoMachineId: last.id });
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      mergedIntoMachineId: device(app, 'hostb.corp.example').id,
    });
    refused(
      app,
      await ask(app, 'dump hosta notepad'),
      new RegExp(`kiosk\\.corp\\.example \\(.*${last.id}\\)`),
    );
    app.simulator.tenant.changeDevice('kiosk.corp.example', {
      mergedIntoMachineId: device(app, 'hosta.corp.example').id,
    });
    refused(app, await ask(app, 'dump hosta notepad'), /was merged into another record/);
  });

  test('into one that cannot be read, or takes no session either, is said so', async () => {
    app = await open();
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: 'f'.repeat(40) });
    refused(
      app,
      await ask(app, 'dump hosta notepad'),
      new RegExp(`another record, ${'f'.repeat(40)}, which could not be read`),
      /portal/,
    );
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      mergedIntoMachineId: device(app, 'hostb.corp.example').id,
    });
    app.simulator.tenant.changeDevice('hostb.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    refused(app, await ask(app, 'dump hosta notepad'), /That one cannot take a session either\..*Onboard it/);
  });

  test.each([
    ['null', null],
    ['empty', ''],
    ['zeros', '0'.repeat(40)],
    ['no id', 'none'],
    ['its own id', 'self'],
  ])('is not one where the field is %s', async (_name, value) => {
    app = await open({ field: true });
    changeMachines((machine) => ({
      ...machine,
      mergedIntoMachineId: value === 'self' ? machine['id'] : value,
    }));
    expect((await ask(app, 'dump hosta notepad')).kind).toBe('asked');
  });
});

test.each([
  ['not onboarded', { onboardingStatus: 'CanBeOnboarded' }],
  ['merged', { mergedIntoMachineId: 'e'.repeat(40) }],
  ['not supported', { osPlatform: 'Windows7' }],
])('of a device that the policy keeps out, nobody is told to onboard it: %s', async (_name, change) => {
  app = await open();
  app.simulator.tenant.changeDevice('dc1.corp.example', change);
  const reply = await ask(app, 'dump dc1 notepad');
  refused(app, reply, /policy/);
  expect(textOf(reply)).not.toMatch(/onboard|merged|no live response/i);
});

describe('asking again', () => {
  test('for a device that was merged meanwhile points to the record it was merged into', async () => {
    app = await open();
    await ask(app, 'dump hosta notepad');
    await app.press('approver1', 'approve');
    const into = device(app, 'hostb.corp.example');
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: into.id });
    const { id } = await app.until('closed');
    const reply = await app.say('responder1', `retry ${id}`);
    expect(textOf(reply)).toMatch(new RegExp(`was merged into another record.*${into.id}`));
    expect(app.store.all()).toHaveLength(1);
    expect(submitted(app)).toEqual([]);
  });
});

describe('a record that changed since the approval stops it before the POST, with its own words', () => {
  const changes: readonly (readonly [
    string,
    Parameters<TestApp['simulator']['tenant']['changeDevice']>[1],
    string,
    RegExp,
  ])[] = [
    [
      'offboarded',
      { onboardingStatus: 'CanBeOnboarded' },
      'deviceNotOnboarded',
      /not onboarded.*Nothing was run.*Onboard it in the portal/,
    ],
    ['no longer known well', { onboardingStatus: 'insufficientinfo' }, 'deviceNotOnboarded', /not onboarded/],
    [
      'merged',
      { mergedIntoMachineId: 'e'.repeat(40) },
      'deviceMerged',
      new RegExp(
        `merged the record.*Nothing was run.*ask again with that record’s id.*merged into ${'e'.repeat(40)}`,
      ),
    ],
    [
      'of a system without live response',
      { osPlatform: 'Android' },
      'deviceUnsupported',
      /no live response for this device.*Nothing was run.*asking again will not help/,
    ],
  ];
  test.each(changes)('%s', async (_name, change, code, words) => {
    app = await open({ field: true });
    // No recipe: those look at the system themselves.
    await ask(app, 'run hosta collect.ps1');
    await app.press('approver1', 'approve');
    app.simulator.tenant.changeDevice('hosta.corp.example', change);
    const over = await app.until('closed');
    expect(stageOf(over)).toMatchObject({ ending: { kind: 'refused', code } });
    await app.run(10_000);
    expect(app.card().view.lead).toMatch(words);
    expect(app.field.submissions()).toBe(0);
    // Defender was never asked.
    expect(textOf(await app.say('approver1', `deny ${over.id}`))).toContain(
      'refused by the bot before it was sent',
    );
    await app.restart();
    await app.run(10_000);
    expect(app.field.submissions()).toBe(0);
  });

  test('while an unknown word, or no word, lets it go on', async () => {
    app = await open({ field: true });
    await ask(app, 'dump hosta notepad');
    await app.press('approver1', 'approve');
    changeMachines(({ onboardingStatus: _before, ...machine }) => ({
      ...machine,
      onboardingStatus: 'Migrating',
      mergedIntoMachineId: '',
    }));
    await app.until('running');
    expect(app.field.submissions()).toBe(1);
  });

  test('on a machine that Defender no longer names at all, too', async () => {
    app = await open({ field: true });
    await ask(app, 'dump hosta notepad');
    await app.press('approver1', 'approve');
    app.field.answer(/^GET \/api\/machines\/[0-9a-f]{40}$/, () =>
      fieldJson(404, { error: { code: 'ResourceNotFound', message: 'Machine was not found', target: 't' } }),
    );
    await app.until('closed');
    await app.run(5_000);
    expect(app.card().view.lead).toMatch(/Defender does not know this device/);
    expect(app.field.submissions()).toBe(0);
  });
});
