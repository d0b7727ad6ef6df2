// What was asked for or approved under an earlier policy, by the policy of today: stricter always counts,
// looser never helps, and the card says which rule it was (field faults, row 5.1). Groups are asked again;
// one that cannot be read holds what is approved.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Groups } from '../../../src/bot/ports.ts';
import type { Recency } from '../../../src/liveResponse/pacing/sharedReadings.ts';
import { approvedHouse, openTestApp, textOf } from '../../support/testApp.ts';
import type { TestApp } from '../../support/testApp.ts';
import { openWorkingTestApp } from '../../support/workingTestApp.ts';

const minute = 60_000;
let app: TestApp;
afterEach(() => app.close());

const sent = (): number => app.simulator.tenant.submissions.length;
const card = (): string => app.card().history.at(-1) ?? '';
const stricterTier = (text: string): string =>
  text.replace(
    "- { RunScript: collect.ps1 }\n      - { GetFile: 'C:\\windows\\TEMP\\collect.zip' }\n    tier: standard",
    "- { RunScript: collect.ps1 }\n      - { GetFile: 'C:\\windows\\TEMP\\collect.zip' }\n    tier: high",
  );
const withoutRole = (text: string): string =>
  text.replace('responder: [responder1, responder2]', 'responder: [responder2]');
const high =
  (fields: string) =>
  (text: string): string =>
    text.replace(
      'high: { request: responder, approve: approver, expireAfter: 30m, runWithin: 30m, reason: optional }',
      `high: { ${fields} }`,
    );
const merged = (text: string): string =>
  text
    .replace('console: responder1', 'console: [responder1, approver1]')
    .replace('console: approver1 }', 'console: elsewhere }');

async function asked(
  line = 'dump hosta notepad',
  groups?: Groups,
  policy?: (text: string) => string,
): Promise<void> {
  app = await openTestApp({
    ...(groups === undefined ? {} : { groups }),
    ...(policy === undefined ? {} : { policy }),
  });
  await app.say('responder1', line);
  await app.loop.tick();
}

const stricter: readonly (readonly [string, string, string, (text: string) => string, RegExp])[] = [
  [
    'puts the recipe into a stricter tier',
    'collect hosta',
    'tierStricter',
    stricterTier,
    /into a stricter tier.*tier high now, tier standard when it was asked for/,
  ],
  [
    'takes the role from the requester',
    'dump hosta notepad',
    'requesterRoleGone',
    withoutRole,
    /no longer has the role.*Riley Responder lacks the role responder/,
  ],
  [
    'asks for a reason',
    'dump hosta notepad',
    'reasonMissing',
    high('request: responder, approve: approver, reason: required'),
    /asks for a reason now/,
  ],
  [
    'never touches the device',
    'dump hosta notepad',
    'deviceOutOfScope',
    (text) =>
      text.replace(
        'names: []\n  never:\n    groups: [Domain Controllers]\n    tags: [no-lr]\n    names: []',
        'names: []\n  never:\n    groups: [Domain Controllers]\n    tags: [no-lr]\n    names: [hosta]',
      ),
    /does not allow this device/,
  ],
  [
    'no longer names the place',
    'dump hosta notepad',
    'placeGone',
    (text) => text.replace("place: 'console:incidents'", "place: 'console:elsewhere'"),
    /place it was asked in is no longer in the policy/,
  ],
];

describe('a policy that becomes stricter', () => {
  test.each(stricter)('and %s ends what waits for approval', async (_name, line, code, policy, words) => {
    await asked(line);
    await app.changePolicy(policy);
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
    expect(card()).toMatch(words);
    expect(card()).toContain('Nothing was run.');
  });

  test.each(stricter)(
    'and %s refuses the press that comes before anything else, and ends it',
    async (_name, line, code, policy, words) => {
      await asked(line);
      await app.changePolicy(policy);
      // Pressed in a place that is still there.
      const told = textOf(await app.press('approver1', 'approve', { place: 'soc-private' }));
      expect(told).toMatch(code === 'deviceOutOfScope' ? /out of scope/ : words);
      expect(told).not.toContain('Something broke');
      await app.loop.tick();
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code } });
      expect(sent()).toBe(0);
    },
  );

  test.each(stricter)(
    'and %s stops what was approved before it',
    async (_name, line, code, policy, words) => {
      app = await approvedHouse(line);
      await app.changePolicy(policy);
      await app.run(10_000);
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(card()).toMatch(words);
      expect(sent()).toBe(0);
    },
  );

  test.each(stricter)(
    'and %s stops it right before the POST as well, while device and library are read',
    async (_name, line, code, policy) => {
      app = await approvedHouse(line);
      const { faults } = app.simulator.tenant;
      faults.plant({ what: 'delay', on: 'library', ms: 1_500 });
      await app.loop.submission.pass();
      while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
      await app.changePolicy(policy);
      await app.loop.submission.settled();
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(sent()).toBe(0);
    },
  );

  test('makes one person of two: the approval of the one for the other is void', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.changePolicy(merged);
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'samePerson' } });
    expect(card()).toContain('the person who asked for it and the person who approved it are the same');
    expect(app.chat.notes.at(-1)?.text).toMatch(/: Refused by today’s policy\.$/);
    expect(sent()).toBe(0);
  });

  test('or made them one before the press: nobody approves their own from another account', async () => {
    await asked();
    await app.changePolicy(merged);
    expect(textOf(await app.press('approver1', 'approve'))).toContain('is your own request');
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });

  test('gives less time: the card says until when, and then which rule ended it', async () => {
    await asked();
    await app.changePolicy(high('request: responder, approve: approver, expireAfter: 10m'));
    await app.loop.tick();
    expect(card()).toContain('Without a decision by 03:10 UTC it is denied.');
    await app.run(11 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'expireAfterShorter' } });
    expect(card()).toContain('less time for an approval now (expireAfter)');
  });

  test('voids an approval sooner', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.say('approver1', 'freeze looking');
    await app.changePolicy(high('request: responder, approve: approver, runWithin: 10m'));
    await app.run(11 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'runWithinShorter' } });
  });

  test('asks for another role: its card names both, and who has only the one it was agreed under may not approve', async () => {
    await asked('dump hosta notepad', undefined, (text) =>
      text.replace('  approver: [', '  lead: [responder2]\n  approver: ['),
    );
    await app.changePolicy((text) =>
      high('request: responder, approve: lead')(
        text.replace('  approver: [', '  lead: [responder2]\n  approver: ['),
      ),
    );
    await app.loop.tick();
    expect(card()).toContain('“approver and lead”');
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(/need the role approver and lead/);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    expect(await app.press('responder2', 'approve')).toMatchObject({ kind: 'asked' });
    await app.until('running');
  });

  test('does not send again what it would refuse; the request stays, since it may have run', async () => {
    app = await approvedHouse('collect hosta', {}, ({ simulator }) =>
      simulator.tenant.faults.plant({ what: 'reset', on: 'run' }),
    );
    await app.until('unknown');
    await app.run(15 * minute);
    await app.changePolicy(stricterTier);
    const told = textOf(await app.press('approver1', 'resend'));
    expect(told).toMatch(/Nothing was sent again.*into a stricter tier/);
    expect(told).not.toContain('has ended');
    expect(stageOf(app.newest()).state).toBe('unknown');
  });

  test('has parked sessions cancelled sooner', async () => {
    app = await approvedHouse('dump laptop7 notepad');
    await app.run(15 * minute);
    await app.changePolicy(high('request: responder, approve: approver, cancelParkedAfter: 20m'));
    await app.run(10 * minute);
    expect(stageOf(app.newest())).toMatchObject({ run: { cancel: { by: { policy: 'cancelParkedAfter' } } } });
  });

  test('and then looser again revives nothing', async () => {
    await asked('collect hosta');
    await app.changePolicy(stricterTier);
    await app.loop.tick();
    await app.changePolicy((text) => text);
    await app.run(10_000);
    expect(stageOf(app.newest()).state).toBe('closed');
  });

  test('is told to the workers: nothing has to be pressed', async () => {
    const working = await openWorkingTestApp();
    try {
      await working.say('responder1', 'collect hosta');
      await working.when('a card', () => working.chat.cards.size > 0, 10_000);
      await working.changePolicy(stricterTier);
      await working.when('its end on the card', () => working.card().view.status.includes('Refused'), 5_000);
      expect(working.chat.announced.at(-1)?.text).toContain(
        'the recipe collect is in tier high, was in standard',
      );
    } finally {
      await working.close();
    }
    app = await openTestApp();
  });
});

describe('a policy that becomes looser', () => {
  test('changes nothing of what was agreed', async () => {
    await asked();
    const { terms } = app.newest().asked;
    await app.changePolicy((text) =>
      high('request: responder, approve: approver, expireAfter: 6h, runWithin: 6h')(
        text.replace('tier: high\n  collect', 'tier: standard\n  collect'),
      ),
    );
    await app.loop.tick();
    expect(app.newest()).toMatchObject({ stage: { state: 'awaitingApproval' }, asked: { terms } });
    expect(card()).toContain('Without a decision by 03:30 UTC it is denied.');
    await app.run(31 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
  });
});

describe('roles that groups give', () => {
  const both = (text: string): string =>
    text
      .replace('responder: [responder1, responder2]', 'responder: ["slack:S0RESP0001", responder2]')
      .replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPR0001", responder2]');

  /** Groups of which each answer is said here; `asked` tells how new it had to be. */
  function directory(): Groups & { answer: (group: string) => boolean | undefined; asked: Recency[] } {
    const state: Groups & { answer: (group: string) => boolean | undefined; asked: Recency[] } = {
      answer: () => true,
      asked: [],
      includes(group, person, fresh = false) {
        state.asked.push(fresh);
        const yes = group === 'slack:S0RESP0001' ? person.id === 'responder1' : person.id === 'approver1';
        const said = state.answer(group);
        return said === undefined ? Promise.reject(new Error('503')) : Promise.resolve(said && yes);
      },
    };
    return state;
  }

  test('are asked again at the press, of both people, and a no for the requester ends it', async () => {
    const groups = directory();
    await asked('dump hosta notepad', groups, both);
    groups.answer = (group) => group !== 'slack:S0RESP0001';
    groups.asked.length = 0;
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(
      /Nothing was approved.*no longer has the role.*lr-\w+ has ended/,
    );
    expect(groups.asked.every((fresh) => fresh === true)).toBe(true);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'requesterRoleGone' } });
  });

  test('and while the requester’s cannot be read nothing is approved, and nothing ended', async () => {
    const groups = directory();
    await asked('dump hosta notepad', groups, both);
    groups.answer = (group) => (group === 'slack:S0RESP0001' ? undefined : true);
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(
      /Nothing was approved yet: the members of slack:S0RESP0001 could not be read/,
    );
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    groups.answer = () => true;
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
    await app.until('running');
  });

  test.each([
    ['slack:S0RESP0001', 'requesterRoleGone'],
    ['slack:S0APPR0001', 'approverNotListed'],
  ])(
    '%s is asked again before the POST, half a minute old at most, and a no ends it',
    async (group, code) => {
      const groups = directory();
      await asked('dump hosta notepad', groups, both);
      await app.press('approver1', 'approve');
      groups.answer = (one) => one !== group;
      groups.asked.length = 0;
      await app.run(10_000);
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(new Set(groups.asked)).toEqual(new Set([30_000]));
      expect(sent()).toBe(0);
    },
  );

  test.each([['slack:S0RESP0001'], ['slack:S0APPR0001']])(
    '%s, while it cannot be read, holds what is approved in the queue, and its card says so',
    async (group) => {
      const groups = directory();
      await asked('dump hosta notepad', groups, both);
      await app.press('approver1', 'approve');
      groups.answer = (one) => (one === group ? undefined : true);
      await app.run(40_000);
      expect(app.newest()).toMatchObject({
        sessions: [{ attempts: [], stage: { state: 'queued', waitsFor: 'directory' } }],
      });
      expect(card()).toMatch(/Approved, roles not checked yet/);
      expect(card()).toMatch(/cannot be read just now.*whoami/s);
      groups.answer = () => true;
      await app.until('running');
      expect(sent()).toBe(1);
    },
  );

  test('that stay unread let the approval lapse, unsent', async () => {
    const groups = directory();
    await asked('dump hosta notepad', groups, both);
    await app.press('approver1', 'approve');
    groups.answer = () => undefined;
    await app.run(31 * minute);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'lapsed', waitedFor: 'directory' },
    });
    expect(card()).toContain('a group that gives the role to ask or to approve could not be read');
    expect(sent()).toBe(0);
  });

  test('that change between the readings and the POST are seen: they are asked once more after everything else', async () => {
    const groups = directory();
    await asked('dump hosta notepad', groups, both);
    await app.press('approver1', 'approve');
    groups.asked.length = 0;
    // The first round lets it be claimed; what comes after is a no.
    groups.answer = () => groups.asked.length <= 4;
    await app.loop.submission.pass();
    await app.loop.submission.settled();
    expect(app.newest()).toMatchObject({
      sessions: [{ attempts: [{}], stage: { state: 'closed', ending: { code: 'requesterRoleGone' } } }],
    });
    expect(sent()).toBe(0);
  });

  test('and a policy that is read again while they are asked for a press counts at once', async () => {
    const groups = directory();
    await asked('dump hosta notepad', groups, both);
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const includes = groups.includes.bind(groups);
    Object.assign(groups, {
      includes: async (...ask: Parameters<typeof includes>) => (await answered, includes(...ask)),
    });
    const pressed = app.press('approver1', 'approve');
    await app.changePolicy((text) =>
      text.replace('approver: [approver1, responder2]', 'approver: [responder2]'),
    );
    answer();
    expect(textOf(await pressed)).toMatch(/need the role approver/);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });
});
