// Attacks that exist in Slack alone: forged, kept and carried presses, guests, and permissions that are stale.
import { describe, expect, test } from '@jest/globals';
import { bindingOf } from '../../src/liveResponse/commands.ts';
import { openSlackStage, slackIds } from '../support/attacks/slackDoor.ts';
import { approving, asked, journal } from '../support/attacks/stage.ts';
import { closedAfter, opened, stage, untouched } from '../support/attacks/openedStage.ts';
import { createManualClock } from '../support/manualClock.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { openSlackHarness } from '../support/slack/slackHarness.ts';

describe('in Slack alone', () => {
  const press = (id: string, fingerprint: string, revision: number): string =>
    new URLSearchParams({
      payload: JSON.stringify({
        type: 'block_actions',
        user: { id: slackIds.avery, team_id: 'T0HOME' },
        api_app_id: 'A0APP',
        token: 'x',
        container: { type: 'message', message_ts: '1.1', channel_id: incidents },
        team: { id: 'T0HOME' },
        channel: { id: incidents },
        actions: [
          {
            type: 'button',
            action_id: 'lr.approve.v1',
            value: JSON.stringify({ r: id, v: revision, f: fingerprint }),
          },
        ],
      }),
    }).toString();

  test('a press that Slack did not sign, signed with another secret or six minutes ago is refused', async () => {
    const { slack } = await opened(openSlackStage());
    const { id, subject, revision } = await asked(stage);
    const body = press(id, bindingOf(subject.digest), revision);
    const now = Math.floor(Date.now() / 1_000);
    const answers = [
      await slack.send(body, { secret: 'a guess' }),
      await slack.send(body, { headers: { 'x-slack-signature': '' } }),
      await slack.send(body, { timestamp: now - 360 }),
      await slack.send(body, { timestamp: now + 360 }),
    ];
    expect(answers.map(({ acknowledged }) => acknowledged)).toEqual([false, false, false, false]);
    untouched();
  });

  test('3,000 requests without a signature cost one line of the log (row 5.7)', async () => {
    const room = await openSlackHarness({ clock: createManualClock(Date.now()) });
    closedAfter(() => room.close());
    const knock = async (): Promise<number> => {
      const answer = await fetch(`${room.http.url}/slack/events`, { method: 'POST', body: 'payload=%7B%7D' });
      await answer.body?.cancel();
      return answer.status;
    };
    const answers = new Set<number>();
    for (let n = 0; n < 3_000; n += 50)
      for (const status of await Promise.all(Array.from({ length: 50 }, knock))) answers.add(status);
    expect([...answers]).toEqual([401]);
    expect(room.log.lines.filter(({ event }) => event.startsWith('slackRequestRefused'))).toHaveLength(1);
  });

  test('a signed delivery that somebody kept is taken once: an "unfreeze" of yesterday releases nothing', async () => {
    const { slack } = await opened(openSlackStage());
    await stage.say('avery', 'freeze first');
    await stage.told('avery', /\bFrozen:/);
    const kept = new URLSearchParams({
      token: 'x',
      team_id: 'T0HOME',
      team_domain: 'home',
      channel_id: incidents,
      channel_name: 'x',
      user_id: slackIds.avery,
      user_name: 'x',
      command: '/lr',
      text: 'unfreeze',
      api_app_id: 'A0APP',
      is_enterprise_install: 'false',
      response_url: `${slack.api.origin}/respond/kept`,
      trigger_id: '1.kept',
    }).toString();
    const timestamp = Math.floor(Date.now() / 1_000);
    await slack.send(kept, { timestamp });
    await slack.until('the release', () => (stage.service().store.freeze() === undefined ? true : undefined));
    await stage.say('avery', 'freeze second');
    // Not "Unfrozen": the answer to the kept delivery may be later than its effect.
    await stage.told('avery', /\bFrozen:/);
    await slack.send(kept, { timestamp });
    // Taken after it: what the kept delivery would have changed is changed by now.
    await stage.say('avery', 'whoami');
    await stage.told('avery', /You are/);
    expect(stage.service().store.freeze()?.why).toBe('second');
    expect(journal(stage).match(/"type":"unfrozen"/g)).toHaveLength(1);
  });

  test.each([
    ['a guest', { is_restricted: true }],
    ['a single-channel guest', { is_ultra_restricted: true }],
    ['a stranger of Slack Connect', { is_stranger: true }],
    ['a bot', { is_bot: true }],
    ['a deactivated account', { deleted: true }],
    ['an account of another workspace', { team_id: 'T0OTHER1' }],
  ])('%s, listed or not, pressed or typed, decides nothing', async (_who, flags) => {
    const { slack } = await opened(openSlackStage());
    const request = await asked(stage);
    slack.world.user(slackIds.avery, flags);
    await stage.press('avery', 'approve');
    await stage.told('avery', /can only read help here, whatever the policy lists/);
    await stage.say('avery', approving(request));
    await stage.told('avery', /can only read help here, whatever the policy lists/);
    untouched();
  });

  test('a stale permission: taken out of the group that gave the role, an approver approves nothing, however lately it was read', async () => {
    const { slack } = await opened(
      openSlackStage((text) =>
        text.replace('approver: [approver1, responder2, responder1]', "approver: ['slack:S0APPROVE']"),
      ),
    );
    await asked(stage);
    await stage.say('avery', 'whoami');
    await stage.told('avery', /approver/);
    slack.world.groups.set('S0APPROVE', []);
    await stage.press('avery', 'approve');
    await stage.told('avery', /need the role approver/);
    untouched();
  });

  test('a card carried to another channel decides nothing there', async () => {
    const one = await opened(openSlackStage());
    await asked(stage);
    one.slack.world.channel('C0ELSEWHERE', { members: Object.values(slackIds) });
    const [card] = one.slack.cards(incidents);
    if (card === undefined) throw new Error('there is no card');
    await one.person('avery').press({ ...card, channel: 'C0ELSEWHERE' }, 'Approve');
    await stage.told('avery', /not listed in the policy|superseded/);
    untouched();
  });

  test('what one person alone was shown is no card for another: the private copy decides by who presses it', async () => {
    const one = await opened(openSlackStage());
    const { id } = await asked(stage);
    await stage.say('avery', `status ${id}`);
    await stage.told('avery', /as it is now/);
    const copy = one.slack.world.ephemerals.findLast(({ user }) => user === slackIds.avery);
    if (copy === undefined) throw new Error('nothing was shown');
    await one.person('ola').press(copy, 'Approve');
    await stage.told('ola', /need the role approver/);
    await one.person('riley').press(copy, 'Approve');
    await stage.told('riley', /nobody approves their own/i);
    untouched();
  });
});
