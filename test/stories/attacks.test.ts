// One test for each attack on approval in chats that is known from other products (the sheet of peers,
// section 6) or from the field (rows 2.12 to 2.14 and 5.1 to 5.12; 5.4, which comes through no chat, is in
// attacksOnData.test.ts), in every chat where it exists, over the wire. Here those on who decides; next to it
// attacksOnWhatIsShown.test.ts, and what exists in one chat alone. What each of them is answered by is taken
// out by `npm run check-guards` (test/guards/entries/attacks.json), and fails here or there.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { describe, expect, test } from '@jest/globals';
import { bindingOf } from '../../src/liveResponse/commands.ts';
import {
  approverOf,
  approving,
  asked,
  dump,
  journal,
  newest,
  reached,
  replaceScript,
  sent,
} from '../support/attacks/stage.ts';
import { opened, stage, untouched } from '../support/attacks/openedStage.ts';
import { doors } from '../support/attacks/doors.ts';

describe.each(doors)('in $chat', (door) => {
  describe('self-approval', () => {
    test('the requester, who holds the role of an approver too, presses and types', async () => {
      await opened(door.open());
      const request = await asked(stage);
      await stage.press('riley', 'approve');
      await stage.told('riley', /nobody approves their own/i);
      await stage.say('riley', approving(request));
      await stage.told('riley', /nobody approves their own/i);
      untouched();
    });

    test('from a second account of the same person', async () => {
      await opened(door.open());
      const request = await asked(stage);
      await stage.press('rileyAgain', 'approve');
      await stage.told('rileyAgain', /nobody approves their own.*from no account/is);
      await stage.say('rileyAgain', approving(request));
      await stage.told('rileyAgain', /nobody approves their own/i);
      untouched();
    });

    test('asked twice in two names: each of two who may do both approves the other’s, never their own', async () => {
      await opened(door.open());
      await asked(stage);
      await stage.press('sam', 'approve');
      await reached(stage, 'queued', 'submitting', 'running', 'finished');
      expect(newest(stage)).toMatchObject({
        asked: { requester: { id: 'responder1' } },
        sessions: [{ grant: { votes: [{ by: { id: 'responder2' } }] } }],
      });
    });
  });

  describe('a forged payload', () => {
    test('a button that carries another fingerprint, another revision or another request decides nothing', async () => {
      await opened(door.open());
      await asked(stage);
      await stage.press('avery', 'approve', {
        fingerprint: `${bindingOf(newest(stage).subject.digest).slice(0, 8)}00000000`,
      });
      await stage.told('avery', /the fingerprint is not that of lr-/i);
      await stage.press('avery', 'approve', { revision: 0 });
      await stage.told('avery', /older state/i);
      await stage.press('avery', 'approve', { request: 'lr-zzzzzz' });
      await stage.told('avery', /no request lr-zzzzzz/i);
      untouched();
    });

    test('a typed approval with the 8 digits of the card, with other bits or of another revision decides nothing (row 5.2)', async () => {
      await opened(door.open());
      const { id, revision, subject } = await asked(stage);
      const { fingerprint, digest } = subject;
      const bits = bindingOf(digest);
      for (const [code, words] of [
        [fingerprint, /are for eyes only, so nothing was approved/],
        [bits, /not|approve/],
        [`r${revision}-${bits.slice(0, 8)}00000000`, /the fingerprint is not that of lr-/i],
        [`r${revision + 1}-${bits}`, /older state/],
        [`r${revision - 1}-${bits}`, /older state/],
      ] as const) {
        await stage.say('avery', `approve ${id} ${code}`);
        await stage.told('avery', words);
        untouched();
      }
    });
  });

  test('a replayed click: the press that approved, sent once more, runs nothing again', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.press('avery', 'approve');
    const again = stage.again();
    await Promise.all([again, stage.again(), stage.again()]);
    await reached(stage, 'finished');
    await stage.again();
    expect(sent(stage)).toBe(1);
    expect(journal(stage).match(/"type":"approved"/g)).toHaveLength(1);
  });

  describe('two decide at the same moment', () => {
    test('of two approvers one is first, and the other is told who', async () => {
      await opened(door.open());
      await asked(stage);
      await Promise.all([stage.press('avery', 'approve'), stage.press('sam', 'approve')]);
      await reached(stage, 'finished');
      const [first, second] =
        approverOf(stage).id === 'approver1'
          ? (['(?:Avery|Ben)', 'sam'] as const)
          : (['Sam', 'avery'] as const);
      await stage.told(second, new RegExp(`approved already by ${first}`, 'i'));
      expect(sent(stage)).toBe(1);
      expect(journal(stage).match(/"type":"approved"/g)).toHaveLength(1);
    });

    test('of an approval and a withdrawal one holds, and a request withdrawn never runs', async () => {
      await opened(door.open());
      await asked(stage);
      await Promise.all([stage.press('riley', 'withdraw'), stage.press('avery', 'approve')]);
      await reached(stage, 'closed', 'finished');
      const lines = journal(stage);
      expect((lines.match(/"type":"withdrawn"/g) ?? []).length + (sent(stage) > 0 ? 1 : 0)).toBe(1);
    });
  });

  test('changed after approval: a script that is another one when its turn comes is not sent', async () => {
    await opened(door.open());
    // Defender takes nothing for a moment, so that what is approved waits.
    const tenant = stage.service().simulator?.tenant;
    tenant?.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
    await asked(stage);
    await stage.press('avery', 'approve');
    await reached(stage, 'queued', 'submitting');
    await replaceScript(stage);
    await reached(stage, 'closed');
    expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { code: 'scriptChanged' } });
    expect(sent(stage)).toBe(0);
  });

  describe('a stolen chat account can do what its person may; what holds', () => {
    test('it cannot ask and agree by itself', async () => {
      await opened(door.open());
      await stage.say('sam', dump);
      await stage.shows(/Waiting for approval/);
      await stage.press('sam', 'approve');
      await stage.told('sam', /nobody approves their own/i);
      untouched();
    });

    test('a freeze stops it, whatever it approves', async () => {
      await opened(door.open());
      await asked(stage);
      // The card loses its button; who had it before their eyes presses it all the same.
      const press = await stage.asSeen();
      await stage.say('avery', 'freeze account of Sam is stolen');
      await stage.told('avery', /frozen|stopped/i);
      await press('sam', 'approve');
      await stage.told('sam', /frozen by .*account of Sam is stolen/is);
      untouched();
    });

    test('taken out of the role, it approves nothing more, and what it approved is not sent', async () => {
      await opened(door.open());
      await asked(stage);
      const without = (text: string): string =>
        text.replace('approver: [approver1, responder2, responder1]', 'approver: [approver1, responder1]');
      stage.service().simulator?.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
      await stage.press('sam', 'approve');
      await reached(stage, 'queued', 'submitting');
      await stage.restart(without);
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { kind: 'refused' } });
      await stage.say('riley', dump.replace('hosta', 'hostb'));
      await stage.shows(/Waiting for approval[\s\S]*hostb|hostb[\s\S]*Waiting for approval/);
      await stage.press('sam', 'approve');
      await stage.told('sam', /need the role approver/i);
      expect(sent(stage)).toBe(0);
    });
  });

  test('a weak join of identities: the name of an approver on another account opens nothing', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.press('nobody', 'approve');
    await stage.told('nobody', /not listed/i);
    await stage.say('nobody', approving(newest(stage)));
    await stage.told('nobody', /not listed/i);
    untouched();
  });

  test('someone else’s prompt: buttons of others’ requests do nothing, and each such press is on record', async () => {
    await opened(door.open());
    await asked(stage);
    for (const verb of ['approve', 'withdraw'] as const) {
      await stage.press('ola', verb);
      await stage.told('ola', /role/i);
    }
    untouched();
    const refusals = journal(stage)
      .split('\n')
      .filter((line) => line.includes('pressRefused'));
    expect(refusals.filter((line) => line.includes('missingRole')).length).toBeGreaterThan(0);
    expect(refusals.length).toBe(2);
    expect(await stage.cards()).toBe(1);
  });

  test('a timer that says yes: time only denies', async () => {
    await opened(door.open((text) => text.replaceAll('expireAfter: 24h', 'expireAfter: 5m')));
    stage.service().scaledClock?.setSpeed(200);
    await asked(stage);
    await stage.shows(/Expired/i);
    expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
    await stage.say('avery', approving(newest(stage)));
    await stage.told('avery', /expired/i);
    expect(sent(stage)).toBe(0);
  });

  describe('a policy that became stricter (row 5.1)', () => {
    const collect = 'collect hosta --reason "beacon at 02:40"';
    test('and takes the role from the requester ends what waits, so that a press lets nothing run', async () => {
      await opened(door.open());
      await asked(stage, collect);
      await stage.reload((text) =>
        text.replace('responder: [responder1, responder2]', 'responder: [responder2]'),
      );
      await stage.press('avery', 'approve');
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({
        ending: { kind: 'refused', code: 'requesterRoleGone' },
      });
      expect(sent(stage)).toBe(0);
    });

    test('and puts the recipe into a stricter tier stops what was approved before it, over a restart', async () => {
      await opened(door.open());
      stage.service().simulator?.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
      await asked(stage, collect);
      await stage.press('avery', 'approve');
      await reached(stage, 'queued', 'submitting');
      await stage.restart((text) => text.replace(/(  collect:\n[^]*?tier: )standard/, '$1high'));
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({ ending: { kind: 'refused', code: 'tierStricter' } });
      expect(sent(stage)).toBe(0);
    });
  });

  test('one human listed twice is warned of it (row 5.5)', async () => {
    await opened(
      door.open((text) =>
        text.replace(
          'name: Sam Second',
          `name: ${/id: responder1, name: ([^,]+),/.exec(text)?.[1]?.toUpperCase() ?? ''}`,
        ),
      ),
    );
    await stage.say('riley', 'whoami');
    await stage.told(
      'riley',
      /The policy also lists .* If that is you too, tell the people who keep the policy/s,
    );
  });
});
