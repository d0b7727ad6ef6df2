// What was asked for or approved under an earlier policy, by the policy of today: stricter always counts,
// looser never helps, and the card says which rule it was (field faults, row 5.1). Groups are asked again;
// one that cannot be read holds what is approved.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvedHouse, openTestApp, textOf } from '../../../support/apps/testApp.ts';
import { lastText, sent } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { openWorkingTestApp } from '../../../support/apps/workingTestApp.ts';
import { asked } from '../../../support/stories/todaysPolicy.ts';

const minute = 60_000;
let app: TestApp;
afterEach(() => app.close());

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

interface Stricter {
  readonly name: string;
  readonly line: string;
  readonly code: string;
  readonly policy: (text: string) => string;
  readonly words: RegExp;
}
const stricter: readonly Stricter[] = [
  {
    name: 'puts the recipe into a stricter tier',
    line: 'collect hosta',
    code: 'tierStricter',
    policy: stricterTier,
    words: /into a stricter tier.*tier high now, tier standard when it was asked for/,
  },
  {
    name: 'takes the role from the requester',
    line: 'dump hosta notepad',
    code: 'requesterRoleGone',
    policy: withoutRole,
    words: /no longer has the role.*Riley Responder lacks the role responder/,
  },
  {
    name: 'asks for a reason',
    line: 'dump hosta notepad',
    code: 'reasonMissing',
    policy: high('request: responder, approve: approver, reason: required'),
    words: /asks for a reason now/,
  },
  {
    name: 'never touches the device',
    line: 'dump hosta notepad',
    code: 'deviceOutOfScope',
    policy: (text) =>
      text.replace(
        'names: []\n  never:\n    groups: [Domain Controllers]\n    tags: [no-lr]\n    names: []',
        'names: []\n  never:\n    groups: [Domain Controllers]\n    tags: [no-lr]\n    names: [hosta]',
      ),
    words: /does not allow this device/,
  },
  {
    name: 'no longer names the place',
    line: 'dump hosta notepad',
    code: 'placeGone',
    policy: (text) => text.replace("place: 'console:incidents'", "place: 'console:elsewhere'"),
    words: /place it was asked in is no longer in the policy/,
  },
];

describe('a policy that becomes stricter', () => {
  test.each(stricter)('and $name ends what waits for approval', async ({ line, code, policy, words }) => {
    app = await asked(line);
    await app.changePolicy(policy);
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
    expect(lastText(app)).toMatch(words);
    expect(lastText(app)).toContain('Nothing was run.');
  });

  test.each(stricter)(
    'and $name refuses the press that comes before anything else, and ends it',
    async ({ line, code, policy, words }) => {
      app = await asked(line);
      await app.changePolicy(policy);
      // Pressed in a place that is still there.
      const told = textOf(await app.press('approver1', 'approve', { place: 'soc-private' }));
      expect(told).toMatch(code === 'deviceOutOfScope' ? /out of scope/ : words);
      expect(told).not.toContain('Something broke');
      await app.loop.tick();
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code } });
      expect(sent(app)).toBe(0);
    },
  );

  test.each(stricter)(
    'and $name stops what was approved before it',
    async ({ line, code, policy, words }) => {
      app = await approvedHouse(line);
      await app.changePolicy(policy);
      await app.run(10_000);
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(lastText(app)).toMatch(words);
      expect(sent(app)).toBe(0);
    },
  );

  test.each(stricter)(
    'and $name stops it right before the POST as well, while device and library are read',
    async ({ line, code, policy }) => {
      app = await approvedHouse(line);
      const { faults } = app.simulator.tenant;
      faults.plant({ what: 'delay', on: 'library', ms: 1_500 });
      await app.loop.submission.pass();
      while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
      await app.changePolicy(policy);
      await app.loop.submission.settled();
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(sent(app)).toBe(0);
    },
  );

  test('makes one person of two: the approval of the one for the other is void', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.changePolicy(merged);
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'samePerson' } });
    expect(lastText(app)).toContain(
      'the person who asked for it and the person who approved it are the same',
    );
    expect(app.chat.notes.at(-1)?.text).toMatch(/: Refused by today’s policy\.$/);
    expect(sent(app)).toBe(0);
  });

  test('or made them one before the press: nobody approves their own from another account', async () => {
    app = await asked();
    await app.changePolicy(merged);
    expect(textOf(await app.press('approver1', 'approve'))).toContain('is your own request');
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });

  test('gives less time: the card says until when, and then which rule ended it', async () => {
    app = await asked();
    await app.changePolicy(high('request: responder, approve: approver, expireAfter: 10m'));
    await app.loop.tick();
    expect(lastText(app)).toContain('Without a decision by 03:10 UTC it is denied.');
    await app.run(11 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'expireAfterShorter' } });
    expect(lastText(app)).toContain('less time for an approval now (expireAfter)');
  });

  test('voids an approval sooner', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.say('approver1', 'freeze looking');
    await app.changePolicy(high('request: responder, approve: approver, runWithin: 10m'));
    await app.run(11 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'runWithinShorter' } });
  });

  test('asks for another role: its card names both, and who has only the one it was agreed under may not approve', async () => {
    app = await asked('dump hosta notepad', undefined, (text) =>
      text.replace('  approver: [', '  lead: [responder2]\n  approver: ['),
    );
    await app.changePolicy((text) =>
      high('request: responder, approve: lead')(
        text.replace('  approver: [', '  lead: [responder2]\n  approver: ['),
      ),
    );
    await app.loop.tick();
    expect(lastText(app)).toContain('“approver and lead”');
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
    app = await asked('collect hosta');
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
    app = await asked();
    const { terms } = app.newest().asked;
    await app.changePolicy((text) =>
      high('request: responder, approve: approver, expireAfter: 6h, runWithin: 6h')(
        text.replace('tier: high\n  collect', 'tier: standard\n  collect'),
      ),
    );
    await app.loop.tick();
    expect(app.newest()).toMatchObject({ stage: { state: 'awaitingApproval' }, asked: { terms } });
    expect(lastText(app)).toContain('Without a decision by 03:30 UTC it is denied.');
    await app.run(31 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
  });
});
