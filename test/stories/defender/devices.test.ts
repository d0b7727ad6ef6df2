// Which record of a device a session is for: records that cannot take one are left out and shown as such, of
// several that can none is chosen in silence, and what became of a record since the approval is seen before
// the POST. Field-faults rows 3.5 and 5.11.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/testApp.ts';
import { fieldJson } from '../../support/defender/fieldProxy.ts';
import type { Json } from '../../support/defender/fieldProxy.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import type { Device } from '../../../src/simulator/shapes.ts';

let app: TestApp;
afterEach(() => app.close());

const anywhere = (text: string): string => text.replace('groups: [Workstations, Servers]', "groups: ['*']");
async function open(options: TestAppOptions = {}): Promise<void> {
  app = await openTestApp({ policy: anywhere, ...options });
}
const ask = async (line: string): Promise<Reply> => {
  const reply = await app.say('responder1', line);
  await app.loop.tick();
  return reply;
};
const tail = ({ id }: Pick<Device, 'id'>): string => id.slice(-8);
const device = (name: string): Device => {
  const found = app.simulator.tenant.device(name);
  if (found === undefined) throw new Error(`the tenant has no ${name}`);
  return found;
};
const noteOf = (reply: Reply): string => (reply.kind === 'asked' ? (reply.note ?? '') : '');
const fact = (label: string): string | undefined =>
  app.card().view.facts.find((one) => one.label === label)?.value;
const leftOut = (): string | undefined => fact('Left out');
const submitted = (): readonly string[] => app.simulator.tenant.submissions.map(({ machineId }) => machineId);

/** Every machine that Defender tells of is changed on its way. */
function changeMachines(change: (machine: Json) => Json): void {
  app.field.changeJson(/^GET \/api\/machines/, (value) => {
    const list = value['value'];
    return Array.isArray(list)
      ? { ...value, value: list.map((one: unknown) => change(one as Json)) }
      : change(value);
  });
}

/** Nothing was stored, no approver was asked, nothing was sent. */
function refused(reply: Reply, ...words: readonly RegExp[]): void {
  expect(reply.kind).toBe('sentence');
  for (const one of words) expect(textOf(reply)).toMatch(one);
  expect(app.store.all()).toHaveLength(0);
  expect([...app.chat.cards.values()]).toEqual([]);
  expect(submitted()).toEqual([]);
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
    await open({ field: true });
    changeMachines((machine) => ({ ...machine, onboardingStatus }));
    refused(
      await ask('dump hosta notepad'),
      words,
      /hosta\.corp\.example \(id ending [0-9a-f]{8}\)/,
      /Nothing was asked for/,
    );
  });

  test.each(['iOS', 'Android', 'Windows7', 'WindowsServer2008R2', 'Windows8.1'])(
    'with the system %p',
    async (osPlatform) => {
      await open();
      app.simulator.tenant.changeDevice('hosta.corp.example', { osPlatform });
      refused(await ask('dump hosta notepad'), /no live response for this device/);
    },
  );

  test.each(['Windows10', 'WindowsServer2012R2', 'Windows11', 'macOS', 'Hologram9'])(
    'but not with the system %p',
    async (osPlatform) => {
      await open();
      app.simulator.tenant.changeDevice('hosta.corp.example', { osPlatform });
      expect((await ask(String.raw`get hosta C:\x.txt`)).kind).toBe('asked');
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
    await open({ field: true });
    changeMachines(({ onboardingStatus: _before, ...machine }) =>
      onboardingStatus === undefined ? machine : { ...machine, onboardingStatus },
    );
    expect((await ask('dump hosta notepad')).kind).toBe('asked');
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted()).toEqual([device('hosta.corp.example').id]);
  });

  test('a word of the future is shown to the approver, and none where the word is known', async () => {
    await open();
    await ask('dump hostb notepad');
    expect(fact('Condition')).not.toMatch(/onboard|duplicate/i);
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      onboardingStatus: 'Hiber<b>nating',
      isPotentialDuplication: true,
    });
    await ask('dump hosta notepad');
    expect(fact('Condition')).toMatch(/onboarding “Hiber<b>nating”, perhaps a duplicate record/);
  });

  test('asked for by its id, too', async () => {
    await open();
    const { id } = app.simulator.tenant.changeDevice('hosta.corp.example', {
      onboardingStatus: 'CanBeOnboarded',
    });
    refused(await ask(`dump ${id} notepad`), /not onboarded/);
  });
});

describe('a record that was merged into another one', () => {
  test('points to that one, which takes the session when it is asked for', async () => {
    await open();
    const into = device('hostb.corp.example');
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: into.id });
    refused(
      await ask('dump hosta notepad'),
      /was merged into another record/,
      new RegExp(
        `hostb\\.corp\\.example \\(Windows10 23H2, Active, group Workstations, last report .*, ${into.id}\\)`,
      ),
      /ask again with that id/,
    );
    await ask(`dump ${into.id} notepad`);
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted()).toEqual([into.id]);
  });

  test('is followed through several merges, and a circle of them ends', async () => {
    await open();
    const last = device('kiosk.corp.example');
    app.simulator.tenant.changeDevice('hostb.corp.example', { mergedIntoMachineId: last.id });
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      mergedIntoMachineId: device('hostb.corp.example').id,
    });
    refused(await ask('dump hosta notepad'), new RegExp(`kiosk\\.corp\\.example \\(.*${last.id}\\)`));
    app.simulator.tenant.changeDevice('kiosk.corp.example', {
      mergedIntoMachineId: device('hosta.corp.example').id,
    });
    refused(await ask('dump hosta notepad'), /was merged into another record/);
  });

  test('into one that cannot be read, or takes no session either, is said so', async () => {
    await open();
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: 'f'.repeat(40) });
    refused(
      await ask('dump hosta notepad'),
      new RegExp(`another record, ${'f'.repeat(40)}, which could not be read`),
      /portal/,
    );
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      mergedIntoMachineId: device('hostb.corp.example').id,
    });
    app.simulator.tenant.changeDevice('hostb.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    refused(await ask('dump hosta notepad'), /That one cannot take a session either\..*Onboard it/);
  });

  test.each([
    ['null', null],
    ['empty', ''],
    ['zeros', '0'.repeat(40)],
    ['no id', 'none'],
    ['its own id', 'self'],
  ])('is not one where the field is %s', async (_name, value) => {
    await open({ field: true });
    changeMachines((machine) => ({
      ...machine,
      mergedIntoMachineId: value === 'self' ? machine['id'] : value,
    }));
    expect((await ask('dump hosta notepad')).kind).toBe('asked');
  });
});

test.each([
  ['not onboarded', { onboardingStatus: 'CanBeOnboarded' }],
  ['merged', { mergedIntoMachineId: 'e'.repeat(40) }],
  ['not supported', { osPlatform: 'Windows7' }],
])('of a device that the policy keeps out, nobody is told to onboard it: %s', async (_name, change) => {
  await open();
  app.simulator.tenant.changeDevice('dc1.corp.example', change);
  const reply = await ask('dump dc1 notepad');
  refused(reply, /policy/);
  expect(textOf(reply)).not.toMatch(/onboard|merged|no live response/i);
});

describe('of several records of one name', () => {
  test('the dead ones are left out, and the asker, host and the approver are told', async () => {
    await open();
    const { tenant } = app.simulator;
    const live = device('hosta.corp.example');
    const merged = tenant.addRecord('hosta.corp.example', { mergedIntoMachineId: live.id });
    const seen = tenant.addRecord('hosta.corp.example', {
      onboardingStatus: 'CanBeOnboarded',
      healthStatus: 'NoSensorData',
    });
    const reply = await ask('dump hosta notepad');
    expect(reply.kind).toBe('asked');
    expect(noteOf(reply)).toMatch(
      new RegExp(`record with the id ending ${tail(live)}\\. Left out: 2 other records of this name: `),
    );
    expect(noteOf(reply)).toContain(`id ending ${tail(merged)} (merged into id ending ${tail(live)})`);
    expect(noteOf(reply)).toContain(`id ending ${tail(seen)} (not onboarded)`);
    expect(leftOut()).toMatch(/^2 other records of this name: /);
    expect(leftOut()).toContain(`id ending ${tail(seen)} (not onboarded)`);
    // They cannot be taken for it.
    expect(app.card().view.lead).not.toContain('same name');
    expect(fact('Look-alikes')).toBeUndefined();
    expect(fact('Device')).toContain(tail(live));
    const told = textOf(await app.say('responder1', 'host hosta'));
    expect(told).toMatch(/3 records match hosta\. The first is meant/);
    expect(told).toMatch(
      new RegExp(
        `Id +${live.id}[\\s\\S]*Left out +2 other records[\\s\\S]*Live response +allowed[\\s\\S]*Merged into +${live.id}[\\s\\S]*not possible: merged into id ending ${tail(live)}`,
      ),
    );
    expect(told).toMatch(/Onboarding +CanBeOnboarded[\s\S]*not possible: not onboarded/);
    await app.press('approver1', 'approve');
    await app.until('finished');
    expect(submitted()).toEqual([live.id]);
    expect(app.card().history.at(-1)).not.toContain('Left out');
  });

  test('what was left out stays with the request, through its states and a restart', async () => {
    await open();
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      isPotentialDuplication: true,
      isExcluded: true,
    });
    app.simulator.tenant.addRecord('hosta.corp.example', { onboardingStatus: 'Unsupported' });
    await ask('dump hosta notepad');
    const [{ device: kept, context }] = app.newest().targets;
    expect(kept).toMatchObject({ onboarding: 'Onboarded', duplicate: true, excluded: true });
    expect(context?.leftOut?.records).toHaveLength(1);
    await app.press('approver1', 'approve');
    await app.until('finished');
    await app.restart();
    expect(app.newest().targets[0].device).toEqual(kept);
    expect(app.newest().targets[0].context).toEqual(context);
  });

  test.each([
    ['both active', {}],
    ['one inactive', { healthStatus: 'Inactive' }],
    ['one perhaps a duplicate', { isPotentialDuplication: true }],
  ])('two live ones are never chosen between: %s', async (_name, change) => {
    await open();
    const { tenant } = app.simulator;
    const other = tenant.addRecord('hosta.corp.example', { group: 'Lab', ...change });
    tenant.addRecord('hosta.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    const reply = await ask('dump hosta notepad');
    refused(
      reply,
      /fits 2 devices, so nothing was done\. Ask again with an id:/,
      new RegExp(device('hosta.corp.example').id),
      new RegExp(`group Lab, last report 2026-11-\\d\\d \\d\\d:\\d\\d UTC, .*${other.id}\\)`),
      /Left out: another record of this name: .*not onboarded/,
    );
    await ask(`dump ${other.id} notepad`);
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted()).toEqual([other.id]);
  });

  test('none of which can take a session, all are listed', async () => {
    await open();
    const { tenant } = app.simulator;
    tenant.changeDevice('hosta.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    tenant.addRecord('hosta.corp.example', { onboardingStatus: 'InsufficientInfo' });
    refused(
      await ask('dump hosta notepad'),
      /2 records called hosta, and none of them can take a live response session/,
      /Onboard it in the portal/,
    );
  });
});

describe('a bare name next to a qualified one', () => {
  const names: readonly (readonly [string, string])[] = [
    ['hosta', 'hosta.corp.example'],
    ['web9', 'web9.dmz.corp.example'],
    ['ws-0042', 'ws-0042.branch'],
  ];
  test.each(names)('%s and %s: refused with the list, and each can be asked for', async (bare, full) => {
    await open();
    const { tenant } = app.simulator;
    const one = tenant.addDevice(bare);
    const two = tenant.device(full) ?? tenant.addDevice(full);
    const reply = await ask(`dump ${bare} notepad`);
    refused(
      reply,
      new RegExp(`^${bare} fits 2 devices, so nothing was done`),
      new RegExp(`for ${bare} itself only its id will do`),
      new RegExp(`${bare} \\(.*${one.id}\\)`),
      new RegExp(`${full.replaceAll('.', '\\.')} \\(.*${two.id}\\)`),
    );
    refused(await ask(`dump ${bare.toUpperCase()} notepad`), /fits 2 devices/);
    const told = textOf(await app.say('responder1', `host ${bare}`));
    for (const word of [`2 devices match ${bare}`, one.id, two.id]) expect(told).toContain(word);
    await ask(`dump ${one.id} notepad`);
    expect(app.newest().targets[0].device.id).toBe(one.id);
    await ask(`dump ${full} calc`);
    expect(app.newest().targets[0].device.id).toBe(two.id);
  });

  test.each([
    ['is dead', { onboardingStatus: 'CanBeOnboarded' }],
    ['was merged', { mergedIntoMachineId: 'd'.repeat(40) }],
    ['is a telephone', { osPlatform: 'iOS' }],
  ])('is not ambiguous where one of them %s', async (_name, dead) => {
    await open();
    const { tenant } = app.simulator;
    const bare = tenant.addDevice('hosta', dead);
    const reply = await ask('dump hosta notepad');
    expect(app.newest().targets[0].device.name).toBe('hosta.corp.example');
    expect(noteOf(reply)).toContain(`id ending ${tail(bare)}`);
    expect(leftOut()).toContain(`id ending ${tail(bare)}`);
    tenant.changeDevice(bare.id, {
      onboardingStatus: 'Onboarded',
      mergedIntoMachineId: null,
      osPlatform: 'Windows11',
    });
    tenant.changeDevice('hosta.corp.example', dead);
    await ask('dump hosta calc');
    expect(app.newest().targets[0].device.name).toBe('hosta');
  });
});

describe('a dead record of the same short name', () => {
  test('and another domain is named in full, because it is another device', async () => {
    await open();
    const { id } = device('kiosk.branch.example');
    app.simulator.tenant.changeDevice(id, { onboardingStatus: 'CanBeOnboarded' });
    const reply = await ask('dump kiosk notepad');
    expect(leftOut()).toBe(
      `another record of the same short name: kiosk.branch.example, id ending ${id.slice(-8)} (not onboarded)`,
    );
    expect(noteOf(reply)).toMatch(
      /^It is for kiosk\.corp\.example, the record with the id ending [0-9a-f]{8}\. Left out: another record of the same short name: kiosk\.branch\.example, /,
    );
  });

  test('is left out where the full name was given as well, and nobody is warned of it', async () => {
    await open();
    const bare = app.simulator.tenant.addDevice('hosta', { onboardingStatus: 'InsufficientInfo' });
    await ask('dump hosta.corp.example notepad');
    expect(leftOut()).toContain(`id ending ${tail(bare)} (not onboarded`);
    expect(app.card().view.lead).not.toContain('same name');
  });
});

describe('asking again', () => {
  test('for a device that was merged meanwhile points to the record it was merged into', async () => {
    await open();
    await ask('dump hosta notepad');
    await app.press('approver1', 'approve');
    const into = device('hostb.corp.example');
    app.simulator.tenant.changeDevice('hosta.corp.example', { mergedIntoMachineId: into.id });
    const { id } = await app.until('closed');
    const reply = await app.say('responder1', `retry ${id}`);
    expect(textOf(reply)).toMatch(new RegExp(`was merged into another record.*${into.id}`));
    expect(app.store.all()).toHaveLength(1);
    expect(submitted()).toEqual([]);
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
    await open({ field: true });
    // No recipe: those look at the system themselves.
    await ask('run hosta collect.ps1');
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
    await open({ field: true });
    await ask('dump hosta notepad');
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
    await open({ field: true });
    await ask('dump hosta notepad');
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
