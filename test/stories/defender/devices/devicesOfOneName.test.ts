// Several device records of one name: dead ones are left out and told, and of several that live none is
// guessed.
import { afterEach, describe, expect, test } from '@jest/globals';
import { textOf } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import type { Reply } from '../../../../src/bot/ports.ts';
import type { Device } from '../../../../src/simulator/shapes.ts';
import { ask, device, fact, open, refused, submitted } from '../../../support/defender/deviceStory.ts';

let app: TestApp;
afterEach(() => app.close());
const tail = ({ id }: Pick<Device, 'id'>): string => id.slice(-8);
const noteOf = (reply: Reply): string => (reply.kind === 'asked' ? (reply.note ?? '') : '');
const leftOut = (): string | undefined => fact(app, 'Left out');

describe('of several records of one name', () => {
  test('the dead ones are left out, and the asker, host and the approver are told', async () => {
    app = await open();
    const { tenant } = app.simulator;
    const live = device(app, 'hosta.corp.example');
    const merged = tenant.addRecord('hosta.corp.example', { mergedIntoMachineId: live.id });
    const seen = tenant.addRecord('hosta.corp.example', {
      onboardingStatus: 'CanBeOnboarded',
      healthStatus: 'NoSensorData',
    });
    const reply = await ask(app, 'dump hosta notepad');
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
    expect(fact(app, 'Look-alikes')).toBeUndefined();
    expect(fact(app, 'Device')).toContain(tail(live));
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
    expect(submitted(app)).toEqual([live.id]);
    expect(app.card().history.at(-1)).not.toContain('Left out');
  });

  test('what was left out stays with the request, through its states and a restart', async () => {
    app = await open();
    app.simulator.tenant.changeDevice('hosta.corp.example', {
      isPotentialDuplication: true,
      isExcluded: true,
    });
    app.simulator.tenant.addRecord('hosta.corp.example', { onboardingStatus: 'Unsupported' });
    await ask(app, 'dump hosta notepad');
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
    app = await open();
    const { tenant } = app.simulator;
    const other = tenant.addRecord('hosta.corp.example', { group: 'Lab', ...change });
    tenant.addRecord('hosta.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    const reply = await ask(app, 'dump hosta notepad');
    refused(
      app,
      reply,
      /fits 2 devices, so nothing was done\. Ask again with an id:/,
      new RegExp(device(app, 'hosta.corp.example').id),
      new RegExp(`group Lab, last report 2026-11-\\d\\d \\d\\d:\\d\\d UTC, .*${other.id}\\)`),
      /Left out: another record of this name: .*not onboarded/,
    );
    await ask(app, `dump ${other.id} notepad`);
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(submitted(app)).toEqual([other.id]);
  });

  test('none of which can take a session, all are listed', async () => {
    app = await open();
    const { tenant } = app.simulator;
    tenant.changeDevice('hosta.corp.example', { onboardingStatus: 'CanBeOnboarded' });
    tenant.addRecord('hosta.corp.example', { onboardingStatus: 'InsufficientInfo' });
    refused(
      app,
      await ask(app, 'dump hosta notepad'),
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
    app = await open();
    const { tenant } = app.simulator;
    const one = tenant.addDevice(bare);
    const two = tenant.device(full) ?? tenant.addDevice(full);
    const reply = await ask(app, `dump ${bare} notepad`);
    refused(
      app,
      reply,
      new RegExp(`^${bare} fits 2 devices, so nothing was done`),
      new RegExp(`for ${bare} itself only its id will do`),
      new RegExp(`${bare} \\(.*${one.id}\\)`),
      new RegExp(`${full.replaceAll('.', '\\.')} \\(.*${two.id}\\)`),
    );
    refused(app, await ask(app, `dump ${bare.toUpperCase()} notepad`), /fits 2 devices/);
    const told = textOf(await app.say('responder1', `host ${bare}`));
    for (const word of [`2 devices match ${bare}`, one.id, two.id]) expect(told).toContain(word);
    await ask(app, `dump ${one.id} notepad`);
    expect(app.newest().targets[0].device.id).toBe(one.id);
    await ask(app, `dump ${full} calc`);
    expect(app.newest().targets[0].device.id).toBe(two.id);
  });

  test.each([
    ['is dead', { onboardingStatus: 'CanBeOnboarded' }],
    ['was merged', { mergedIntoMachineId: 'd'.repeat(40) }],
    ['is a telephone', { osPlatform: 'iOS' }],
  ])('is not ambiguous where one of them %s', async (_name, dead) => {
    app = await open();
    const { tenant } = app.simulator;
    const bare = tenant.addDevice('hosta', dead);
    const reply = await ask(app, 'dump hosta notepad');
    expect(app.newest().targets[0].device.name).toBe('hosta.corp.example');
    expect(noteOf(reply)).toContain(`id ending ${tail(bare)}`);
    expect(leftOut()).toContain(`id ending ${tail(bare)}`);
    tenant.changeDevice(bare.id, {
      onboardingStatus: 'Onboarded',
      mergedIntoMachineId: null,
      osPlatform: 'Windows11',
    });
    tenant.changeDevice('hosta.corp.example', dead);
    await ask(app, 'dump hosta calc');
    expect(app.newest().targets[0].device.name).toBe('hosta');
  });
});

describe('a dead record of the same short name', () => {
  test('and another domain is named in full, because it is another device', async () => {
    app = await open();
    const { id } = device(app, 'kiosk.branch.example');
    app.simulator.tenant.changeDevice(id, { onboardingStatus: 'CanBeOnboarded' });
    const reply = await ask(app, 'dump kiosk notepad');
    expect(leftOut()).toBe(
      `another record of the same short name: kiosk.branch.example, id ending ${id.slice(-8)} (not onboarded)`,
    );
    expect(noteOf(reply)).toMatch(
      /^It is for kiosk\.corp\.example, the record with the id ending [0-9a-f]{8}\. Left out: another record of the same short name: kiosk\.branch\.example, /,
    );
  });

  test('is left out where the full name was given as well, and nobody is warned of it', async () => {
    app = await open();
    const bare = app.simulator.tenant.addDevice('hosta', { onboardingStatus: 'InsufficientInfo' });
    await ask(app, 'dump hosta.corp.example notepad');
    expect(leftOut()).toContain(`id ending ${tail(bare)} (not onboarded`);
    expect(app.card().view.lead).not.toContain('same name');
  });
});
