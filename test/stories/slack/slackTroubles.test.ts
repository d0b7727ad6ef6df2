// What goes wrong between people, Slack and the bot: whatever it is, one correct card stands in each place
// and nothing is posted twice.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackHouse, privateRoom } from '../../support/slack/slackHouse.ts';
import type { SlackHouse } from '../../support/slack/slackHouse.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';

let house: SlackHouse;
beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(() => house.close());

/** Cards that claim to be the request's true one. */
function live(channel = incidents): readonly SlackMessageKept[] {
  return house.slack.world
    .in(channel)
    .filter(
      (message) =>
        message.by === 'U0BOT' && message.thread === undefined && !read(message).includes('superseded'),
    );
}
const posts = (): number =>
  house.slack.world.calls.filter(
    ({ method, args }) => method === 'chat.postMessage' && args['thread_ts'] === undefined,
  ).length;
const submissions = (): number => house.service.simulator?.tenant.submissions.length ?? 0;

describe('people at the same time', () => {
  test('a double click approves once, and the second is told', async () => {
    const card = await house.asked();
    const clicks = await Promise.all([
      house.avery.press(card, 'Approve'),
      house.avery.press(card, 'Approve'),
    ]);
    expect(clicks.every(({ acknowledged }) => acknowledged)).toBe(true);
    await house.told(house.avery, /already|before|changed/i);
    await house.shows('Finished');
    expect(submissions()).toBe(1);
    expect(live()).toHaveLength(1);
  });

  test('of two approvers one is first, and the other learns who', async () => {
    const card = await house.asked();
    await Promise.all([house.avery.press(card, 'Approve'), house.sam.press(card, 'Approve')]);
    const [first, second] = await house.slack.until('an approval', () => {
      const request = house.request();
      if (request.state === 'awaitingApproval' || request.state === 'over') return undefined;
      return request.approval.by.id === 'approver1'
        ? ([house.avery, house.sam] as const)
        : ([house.sam, house.avery] as const);
    });
    expect(await house.told(second, /already|changed/i)).not.toBe('');
    expect(first.told()).toBe('');
    await house.shows('Finished');
    expect(submissions()).toBe(1);
  });

  test('approve against withdraw ends in one of both, never in both', async () => {
    const card = await house.asked();
    await Promise.all([house.avery.press(card, 'Approve'), house.riley.press(card, 'Withdraw')]);
    await house.shows(/Finished|Withdrawn/i);
    expect(submissions()).toBe(house.request().state === 'finished' ? 1 : 0);
    expect(live()).toHaveLength(1);
  });

  test('a member removed from a group right before the press is not an approver any more', async () => {
    await house.close();
    house = await openSlackHouse({
      policy: (text) => text.replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPROVE"]'),
    });
    const card = await house.asked();
    await house.avery.command(incidents, 'whoami');
    await house.told(house.avery, /approver/);
    house.slack.world.groups.set('S0APPROVE', []);
    await house.avery.press(card, 'Approve');
    await house.told(house.avery, /needs|role|approve/i);
    expect(house.request().state).toBe('awaitingApproval');
    // A group that cannot be read gives nobody a role.
    house.slack.world.groups.set('S0APPROVE', ['U0AVERY1']);
    house.slack.fault('usergroups.users.list', { kind: 'error', error: 'plan_upgrade_required' }, 3);
    const said = house.slack.world.ephemerals.length;
    await house.avery.press(card, 'Approve');
    await house.slack.until('a refusal', () =>
      house.slack.world.ephemerals.length > said ? true : undefined,
    );
    expect(house.request().state).toBe('awaitingApproval');
  });
});

describe('a form that is open', () => {
  async function formOpened(): Promise<void> {
    await house.asked();
    await house.avery.press(house.card(), 'Deny');
    await house.slack.until('the form', () =>
      [...house.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
  }

  test('does not deny for somebody who became a guest meanwhile', async () => {
    await formOpened();
    house.slack.world.user('U0AVERY1', { is_restricted: true });
    await house.avery.submit('too late');
    await house.told(house.avery, 'Guests can only read help here');
    expect(house.request().state).toBe('awaitingApproval');
  });

  test('does not deny for somebody who was taken out of the approvers’ group meanwhile', async () => {
    await house.close();
    house = await openSlackHouse({
      policy: (text) => text.replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPROVE"]'),
    });
    await formOpened();
    house.slack.world.groups.set('S0APPROVE', []);
    await house.avery.submit('too late');
    await house.told(house.avery, /need the role approver/);
    expect(house.request().state).toBe('awaitingApproval');
  });

  test('does not deny what was approved meanwhile, and says so', async () => {
    await formOpened();
    await house.sam.press(house.card(), 'Approve');
    await house.slack.until('the approval', () =>
      house.request().state === 'awaitingApproval' ? undefined : true,
    );
    await house.avery.submit('too late');
    await house.told(house.avery, /already|changed|Sam/);
    await house.shows('Finished');
    expect(submissions()).toBe(1);
  });
});

describe('cards that are not there, or twice', () => {
  test('a deleted card is posted again, once, and works', async () => {
    const card = await house.asked();
    house.slack.world.delete(incidents, card.ts);
    await house.avery.press(card, 'Approve');
    const fresh = await house.slack.until('another card', () =>
      house.slack.cards(incidents).find((one) => one.ts !== card.ts),
    );
    await house.shows('Finished');
    expect(house.card().ts).toBe(fresh.ts);
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(2);
  });

  test('where the answer to a post was lost, a second card stands and the first says that it is superseded, at the latest when it is pressed', async () => {
    house.slack.fault('chat.postMessage', { kind: 'cutAfter' });
    await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const [first] = await house.slack.until('two cards', () =>
      house.slack.cards(incidents).length === 2 ? house.slack.cards(incidents) : undefined,
    );
    if (first === undefined) throw new Error('no first card');
    // Only when Slack's answer to the second is written down is it known which card is the newer one.
    await house.slack.until('the second card in the journal', () =>
      house.request().cards.at(-1)?.ref === undefined ? undefined : true,
    );
    // Without the scope to read history, nobody knows where the first one is until somebody presses it.
    await house.avery.press(first, 'Approve');
    await house.told(house.avery, 'superseded');
    await house.slack.until('the older card rewritten', () =>
      read(first).includes('superseded') ? true : undefined,
    );
    expect(house.request().state).toBe('awaitingApproval');
    await house.avery.press(house.card(), 'Approve');
    await house.shows('Finished');
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(2);
  });

  test('with the scope to read history the first card says so by itself', async () => {
    house.slack.world.scopes = [...house.slack.world.scopes, 'channels:history'];
    house.slack.fault('chat.postMessage', { kind: 'cutAfter' });
    await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
    await house.slack.until('one live card beside a superseded one', () => {
      const all = house.slack.world.in(incidents);
      return all.length === 2 && live().length === 1 ? true : undefined;
    });
    expect(read(house.card())).toContain('Waiting for approval');
  });

  test('a card that may no longer be changed is continued in its thread', async () => {
    const card = await house.asked();
    house.slack.world.editWindow = -1;
    await house.avery.press(card, 'Approve');
    const next = await house.slack.until('a card in its thread', () =>
      house.slack.cards(incidents).find((one) => one.thread === card.ts),
    );
    house.slack.world.editWindow = Infinity;
    expect(next.broadcast).toBe(true);
    await house.shows('Finished');
    expect(house.card().ts).toBe(next.ts);
  });

  test('a place that was archived is tried again until it is open, its requester is told meanwhile, and no second card stands there', async () => {
    const card = await house.asked();
    house.slack.world.channel(incidents, { archived: true });
    await house.avery.press(card, 'Approve');
    // In an archived channel nobody can be told anything, so it is said in the conversation of two.
    const direct = house.slack.world.direct(house.riley.id).id;
    const told = (words: RegExp) =>
      house.slack.until(`${String(words)} told to Riley`, () =>
        house.slack.world
          .in(direct)
          .map(read)
          .find((text) => words.test(text)),
      );
    expect(await told(/cannot be updated since/)).toMatch(
      new RegExp(`${house.request().id} in slack:${incidents}.*(archived|is_inactive)`),
    );
    await finished();
    house.slack.world.channel(incidents, { archived: false });
    house.service.loop.deck.heard('slack', incidents);
    await house.shows('Finished');
    await house.slack.until('told that it is over', () =>
      JSON.stringify([house.slack.world.ephemerals, house.slack.world.in(direct).map(read)]).includes(
        `shows ${house.request().id} again`,
      )
        ? true
        : undefined,
    );
    // Where the channel opened right between the refused drawing and the post after it, the older card says
    // that it is superseded.
    await house.slack.until('one card that counts', () => (live().length === 1 ? true : undefined));
    expect(submissions()).toBe(1);
  });

  test.each([
    'channel_not_found',
    'access_denied',
    'restricted_action',
    'message_not_found',
    'cant_update_message',
    'is_inactive',
    'invalid_blocks',
    'msg_blocks_too_long',
    'update_failed',
  ])('row 1.2: one %s on one update ends no card', async (error) => {
    const card = await house.asked();
    house.slack.fault('chat.update', { kind: 'error', error });
    await house.avery.press(card, 'Approve');
    expect((await house.shows('Finished')).ts).toBe(card.ts);
    await house.slack.until('nothing left to draw', () =>
      house.service.loop.deck.behind() === 0 ? true : undefined,
    );
    expect(read(card)).not.toContain('did not take the whole card');
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(1);
  });

  test('row 1.3: where the bot is not in the approvals channel, the requester is told that no approver has seen it and why, and it is posted once the bot is let in', async () => {
    house.slack.world.channel(incidents, { members: ['U0RILEY1', 'U0AVERY1'] });
    await house.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
    expect(await house.told(house.riley, 'No approver has seen')).toMatch(
      new RegExp(`${house.request().id} yet: the bot cannot post in slack:${incidents} since .*[Ii]nvite`),
    );
    expect(house.service.loop.deck.closed()).toEqual([
      expect.objectContaining({ surface: 'slack', place: incidents }),
    ]);
    house.slack.world.channel(incidents, { members: ['U0RILEY1', 'U0AVERY1', 'U0BOT'] });
    house.service.loop.deck.heard('slack', incidents);
    await house.shows('Waiting for approval');
    await house.told(house.riley, new RegExp(`slack:${incidents} shows ${house.request().id} again`));
    expect(house.service.loop.deck.closed()).toEqual([]);
  });

  test('blocks that Slack will not take become a card without decisions', async () => {
    house.slack.fault('chat.postMessage', { kind: 'error', error: 'invalid_blocks' });
    house.slack.fault('chat.update', { kind: 'error', error: 'invalid_blocks' });
    await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const bare = await house.slack.until('the bare card', () => house.slack.cards(incidents).at(0));
    expect(JSON.stringify(bare.blocks)).not.toContain('lr.approve.v1');
    expect(read(bare)).toContain('/lr status');
  });
});

describe('Slack itself', () => {
  test('down during a run leaves a card that is right again afterwards, and nothing posted twice', async () => {
    const card = await house.asked();
    await house.avery.press(card, 'Approve');
    await house.shows('Running');
    house.slack.api.down = true;
    await finished();
    house.slack.api.down = false;
    const late = await house.shows('Finished');
    expect(late.ts).toBe(card.ts);
    expect(posts()).toBe(1);
    expect(submissions()).toBe(1);
  });

  test('that takes calls and never answers is given up after the time that is set, and what it took is not posted twice without a word', async () => {
    await house.close();
    house = await openSlackHouse({ timeout: 400 });
    house.slack.world.scopes = [...house.slack.world.scopes, 'channels:history'];
    let go = (): void => undefined;
    const silence = new Promise<void>((resolve) => (go = resolve));
    // The post is done and only its answer does not come; then a drawing and the note, whose answers do not
    // come either.
    house.slack.fault('chat.postMessage', { kind: 'mute', until: silence });
    const began = performance.now();
    await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const first = await house.slack.until('the post that is not answered', () =>
      house.slack.cards(incidents).at(0),
    );
    await house.slack.until('one live card beside a superseded one', () =>
      read(first).includes('superseded') && live().length === 1 ? true : undefined,
    );
    expect(performance.now() - began).toBeGreaterThanOrEqual(400);
    const card = house.card();

    house.slack.fault('chat.update', { kind: 'mute', until: silence });
    house.slack.fault('chat.postMessage', { kind: 'mute', until: silence });
    await house.avery.press(card, 'Approve');
    expect((await house.shows('Finished')).ts).toBe(card.ts);
    await house.slack.until('the note', () =>
      house.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    await house.slack.until('all three given up', () => (house.slack.api.muted === 0 ? true : undefined));
    await house.restart();
    await house.slack.until('nothing left to draw', () =>
      house.service.loop.deck.behind() === 0 ? true : undefined,
    );
    expect(posts()).toBe(2);
    expect(house.slack.world.in(incidents).filter((message) => message.thread !== undefined)).toHaveLength(1);
    expect(live()).toHaveLength(1);
    expect(submissions()).toBe(1);
    go();
  });

  test('that throttles is obeyed: the same call is not made before its time, and the card is right in the end', async () => {
    const card = await house.asked();
    house.slack.fault('chat.update', { kind: 'ratelimited', seconds: 1 });
    await house.avery.press(card, 'Approve');
    await house.shows('Finished');
    const updates = house.slack.world.calls.filter(({ method }) => method === 'chat.update');
    const at = updates.findIndex(({ error }) => error === 'ratelimited');
    expect((updates[at + 1]?.at ?? 0) - (updates[at]?.at ?? 0)).toBeGreaterThanOrEqual(990);
    expect(posts()).toBe(1);
  });

  test('that takes the token back is seen on /readyz, and the run goes on', async () => {
    const card = await house.asked();
    await house.avery.press(card, 'Approve');
    await house.shows('Running');
    house.slack.world.revoked = true;
    await finished();
    const ready = await fetch(`${house.service.adminUrl}/readyz`);
    // Nothing that comes in would be lost by it: degraded, with the reason.
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('token_revoked')],
    });
    expect((await fetch(`${house.service.url}/healthz`)).status).toBe(200);
  });
});

describe('a restart', () => {
  test('in each state ends on the same one card', async () => {
    const card = await house.asked();
    await house.restart();
    await house.avery.press(house.card(), 'Approve');
    await house.shows(/Approved|Waiting|Running|Defender/);
    await house.restart();
    await house.shows('Finished');
    await house.restart();
    const last = await house.shows('Finished');
    expect(last.ts).toBe(card.ts);
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(1);
    await house.slack.until('the note', () =>
      house.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    await house.restart();
    expect(house.slack.world.in(incidents).filter((message) => message.thread === card.ts)).toHaveLength(1);
  });

  test('while Slack is down fails with a sentence, and the next one goes on where it was', async () => {
    const card = await house.asked();
    await house.avery.press(card, 'Approve');
    await house.service.stop();
    house.slack.fault('auth.test', { kind: 'error', error: 'invalid_auth' });
    await expect(house.restart()).rejects.toThrow(/SLACK_BOT_TOKEN/);
    await house.restart();
    await house.shows('Finished');
    expect(posts()).toBe(1);
  });
});

function finished(): Promise<true> {
  return house.slack.until('the end of the run', () =>
    house.request().state === 'finished' ? true : undefined,
  );
}
