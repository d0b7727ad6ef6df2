// What goes wrong between people, Slack and the bot: whatever it is, one correct card stands in each place
// and nothing is posted twice.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackTestApp, privateRoom } from '../../support/slack/slackTestApp.ts';
import type { SlackTestApp } from '../../support/slack/slackTestApp.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { grantOf, stateIn } from '../../support/requests/requests.ts';

let app: SlackTestApp;
beforeEach(async () => {
  app = await openSlackTestApp();
});
afterEach(() => app.close());

/** Cards that claim to be the request's true one. */
function live(channel = incidents): readonly SlackMessageKept[] {
  return app.slack.world
    .in(channel)
    .filter(
      (message) =>
        message.by === 'U0BOT' && message.thread === undefined && !read(message).includes('superseded'),
    );
}
const posts = (): number =>
  app.slack.world.calls.filter(
    ({ method, args }) => method === 'chat.postMessage' && args['thread_ts'] === undefined,
  ).length;
const state = () => stateIn(app.request());
const submissions = (): number => app.service.simulator?.tenant.submissions.length ?? 0;

describe('people at the same time', () => {
  test('a double click approves once, and the second is told', async () => {
    const card = await app.asked();
    const clicks = await Promise.all([app.avery.press(card, 'Approve'), app.avery.press(card, 'Approve')]);
    expect(clicks.every(({ acknowledged }) => acknowledged)).toBe(true);
    await app.told(app.avery, /already|before|changed/i);
    await app.shows('Finished');
    expect(submissions()).toBe(1);
    expect(live()).toHaveLength(1);
  });

  test('of two approvers one is first, and the other learns who', async () => {
    const card = await app.asked();
    await Promise.all([app.avery.press(card, 'Approve'), app.sam.press(card, 'Approve')]);
    const [first, second] = await app.slack.until('an approval', () => {
      const request = app.request();
      if (request.stage.state !== 'approved') return undefined;
      return grantOf(request).votes[0].by.id === 'approver1'
        ? ([app.avery, app.sam] as const)
        : ([app.sam, app.avery] as const);
    });
    expect(await app.told(second, /already|changed/i)).not.toBe('');
    expect(first.told()).toBe('');
    await app.shows('Finished');
    expect(submissions()).toBe(1);
  });

  test('approve against withdraw ends in one of both, never in both', async () => {
    const card = await app.asked();
    await Promise.all([app.avery.press(card, 'Approve'), app.riley.press(card, 'Withdraw')]);
    await app.shows(/Finished|Withdrawn/i);
    expect(submissions()).toBe(state() === 'finished' ? 1 : 0);
    expect(live()).toHaveLength(1);
  });

  test('a member removed from a group right before the press is not an approver any more', async () => {
    await app.close();
    app = await openSlackTestApp({
      policy: (text) => text.replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPROVE"]'),
    });
    const card = await app.asked();
    await app.avery.command(incidents, 'whoami');
    await app.told(app.avery, /approver/);
    app.slack.world.groups.set('S0APPROVE', []);
    await app.avery.press(card, 'Approve');
    await app.told(app.avery, /needs|role|approve/i);
    expect(state()).toBe('awaitingApproval');
    // A group that cannot be read gives nobody a role.
    app.slack.world.groups.set('S0APPROVE', ['U0AVERY1']);
    app.slack.fault('usergroups.users.list', { kind: 'error', error: 'plan_upgrade_required' }, 3);
    const said = app.slack.world.ephemerals.length;
    await app.avery.press(card, 'Approve');
    await app.slack.until('a refusal', () => (app.slack.world.ephemerals.length > said ? true : undefined));
    expect(state()).toBe('awaitingApproval');
  });
});

describe('a form that is open', () => {
  async function formOpened(): Promise<void> {
    await app.asked();
    await app.avery.press(app.card(), 'Deny');
    await app.slack.until('the form', () =>
      [...app.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
  }

  test('does not deny for somebody who became a guest meanwhile', async () => {
    await formOpened();
    app.slack.world.user('U0AVERY1', { is_restricted: true });
    await app.avery.submit('too late');
    await app.told(app.avery, 'Guests can only read help here');
    expect(state()).toBe('awaitingApproval');
  });

  test('does not deny for somebody who was taken out of the approvers’ group meanwhile', async () => {
    await app.close();
    app = await openSlackTestApp({
      policy: (text) => text.replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPROVE"]'),
    });
    await formOpened();
    app.slack.world.groups.set('S0APPROVE', []);
    await app.avery.submit('too late');
    await app.told(app.avery, /need the role approver/);
    expect(state()).toBe('awaitingApproval');
  });

  test('does not deny what was approved meanwhile, and says so', async () => {
    await formOpened();
    await app.sam.press(app.card(), 'Approve');
    await app.slack.until('the approval', () => (state() === 'awaitingApproval' ? undefined : true));
    await app.avery.submit('too late');
    await app.told(app.avery, /already|changed|Sam/);
    await app.shows('Finished');
    expect(submissions()).toBe(1);
  });
});

describe('cards that are not there, or twice', () => {
  test('a deleted card is posted again, once, and works', async () => {
    const card = await app.asked();
    app.slack.world.delete(incidents, card.ts);
    await app.avery.press(card, 'Approve');
    const fresh = await app.slack.until('another card', () =>
      app.slack.cards(incidents).find((one) => one.ts !== card.ts),
    );
    await app.shows('Finished');
    expect(app.card().ts).toBe(fresh.ts);
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(2);
  });

  test('where the answer to a post was lost, a second card stands and the first says that it is superseded, at the latest when it is pressed', async () => {
    app.slack.fault('chat.postMessage', { kind: 'cutAfter' });
    await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const [first] = await app.slack.until('two cards', () =>
      app.slack.cards(incidents).length === 2 ? app.slack.cards(incidents) : undefined,
    );
    if (first === undefined) throw new Error('no first card');
    // Only when Slack's answer to the second is written down is it known which card is the newer one.
    await app.slack.until('the second card in the journal', () =>
      app.request().cards.at(-1)?.ref === undefined ? undefined : true,
    );
    // Without the scope to read history, nobody knows where the first one is until somebody presses it.
    await app.avery.press(first, 'Approve');
    await app.told(app.avery, 'superseded');
    await app.slack.until('the older card rewritten', () =>
      read(first).includes('superseded') ? true : undefined,
    );
    expect(state()).toBe('awaitingApproval');
    await app.avery.press(app.card(), 'Approve');
    await app.shows('Finished');
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(2);
  });

  test('with the scope to read history the first card says so by itself', async () => {
    app.slack.world.scopes = [...app.slack.world.scopes, 'channels:history'];
    app.slack.fault('chat.postMessage', { kind: 'cutAfter' });
    await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
    await app.slack.until('one live card beside a superseded one', () => {
      const all = app.slack.world.in(incidents);
      return all.length === 2 && live().length === 1 ? true : undefined;
    });
    expect(read(app.card())).toContain('Waiting for approval');
  });

  test('a card that may no longer be changed is continued in its thread', async () => {
    const card = await app.asked();
    app.slack.world.editWindow = -1;
    await app.avery.press(card, 'Approve');
    const next = await app.slack.until('a card in its thread', () =>
      app.slack.cards(incidents).find((one) => one.thread === card.ts),
    );
    app.slack.world.editWindow = Infinity;
    expect(next.broadcast).toBe(true);
    await app.shows('Finished');
    expect(app.card().ts).toBe(next.ts);
  });

  test('a place that was archived is tried again until it is open, its requester is told meanwhile, and no second card stands there', async () => {
    const card = await app.asked();
    app.slack.world.channel(incidents, { archived: true });
    await app.avery.press(card, 'Approve');
    // In an archived channel nobody can be told anything, so it is said in the conversation of two.
    const direct = app.slack.world.direct(app.riley.id).id;
    const told = (words: RegExp) =>
      app.slack.until(`${String(words)} told to Riley`, () =>
        app.slack.world
          .in(direct)
          .map(read)
          .find((text) => words.test(text)),
      );
    expect(await told(/cannot be updated since/)).toMatch(
      new RegExp(`${app.request().id} in slack:${incidents}.*(archived|is_inactive)`),
    );
    await finished();
    app.slack.world.channel(incidents, { archived: false });
    app.service.loop.cardSync.heard('slack', incidents);
    await app.shows('Finished');
    await app.slack.until('told that it is over', () =>
      JSON.stringify([app.slack.world.ephemerals, app.slack.world.in(direct).map(read)]).includes(
        `shows ${app.request().id} again`,
      )
        ? true
        : undefined,
    );
    // Where the channel opened right between the refused drawing and the post after it, the older card says
    // that it is superseded.
    await app.slack.until('one card that counts', () => (live().length === 1 ? true : undefined));
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
    const card = await app.asked();
    app.slack.fault('chat.update', { kind: 'error', error });
    await app.avery.press(card, 'Approve');
    expect((await app.shows('Finished')).ts).toBe(card.ts);
    await app.slack.until('nothing left to draw', () =>
      app.service.loop.cardSync.behind() === 0 ? true : undefined,
    );
    expect(read(card)).not.toContain('did not take the whole card');
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(1);
  });

  test('row 1.3: where the bot is not in the approvals channel, the requester is told that no approver has seen it and why, and it is posted once the bot is let in', async () => {
    app.slack.world.channel(incidents, { members: ['U0RILEY1', 'U0AVERY1'] });
    await app.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
    expect(await app.told(app.riley, 'No approver has seen')).toMatch(
      new RegExp(`${app.request().id} yet: the bot cannot post in slack:${incidents} since .*[Ii]nvite`),
    );
    expect(app.service.loop.cardSync.closed()).toEqual([
      expect.objectContaining({ surface: 'slack', place: incidents }),
    ]);
    app.slack.world.channel(incidents, { members: ['U0RILEY1', 'U0AVERY1', 'U0BOT'] });
    app.service.loop.cardSync.heard('slack', incidents);
    await app.shows('Waiting for approval');
    await app.told(app.riley, new RegExp(`slack:${incidents} shows ${app.request().id} again`));
    expect(app.service.loop.cardSync.closed()).toEqual([]);
  });

  test('blocks that Slack will not take become a card without decisions', async () => {
    app.slack.fault('chat.postMessage', { kind: 'error', error: 'invalid_blocks' });
    app.slack.fault('chat.update', { kind: 'error', error: 'invalid_blocks' });
    await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const bare = await app.slack.until('the bare card', () => app.slack.cards(incidents).at(0));
    expect(JSON.stringify(bare.blocks)).not.toContain('lr.approve.v1');
    expect(read(bare)).toContain('/lr status');
  });
});

describe('Slack itself', () => {
  test('down during a run leaves a card that is right again afterwards, and nothing posted twice', async () => {
    const card = await app.asked();
    await app.avery.press(card, 'Approve');
    await app.shows('Running');
    app.slack.api.down = true;
    await finished();
    app.slack.api.down = false;
    const late = await app.shows('Finished');
    expect(late.ts).toBe(card.ts);
    expect(posts()).toBe(1);
    expect(submissions()).toBe(1);
  });

  test('that takes calls and never answers is given up after the time that is set, and what it took is not posted twice without a word', async () => {
    await app.close();
    app = await openSlackTestApp({ timeout: 400 });
    app.slack.world.scopes = [...app.slack.world.scopes, 'channels:history'];
    let go = (): void => undefined;
    const silence = new Promise<void>((resolve) => (go = resolve));
    // The post is done and only its answer does not come; then a drawing and the note, whose answers do not
    // come either.
    app.slack.fault('chat.postMessage', { kind: 'mute', until: silence });
    const began = performance.now();
    await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
    const first = await app.slack.until('the post that is not answered', () =>
      app.slack.cards(incidents).at(0),
    );
    await app.slack.until('one live card beside a superseded one', () =>
      read(first).includes('superseded') && live().length === 1 ? true : undefined,
    );
    expect(performance.now() - began).toBeGreaterThanOrEqual(400);
    const card = app.card();

    app.slack.fault('chat.update', { kind: 'mute', until: silence });
    app.slack.fault('chat.postMessage', { kind: 'mute', until: silence });
    await app.avery.press(card, 'Approve');
    expect((await app.shows('Finished')).ts).toBe(card.ts);
    await app.slack.until('the note', () =>
      app.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    await app.slack.until('all three given up', () => (app.slack.api.muted === 0 ? true : undefined));
    await app.restart();
    await app.slack.until('nothing left to draw', () =>
      app.service.loop.cardSync.behind() === 0 ? true : undefined,
    );
    expect(posts()).toBe(2);
    expect(app.slack.world.in(incidents).filter((message) => message.thread !== undefined)).toHaveLength(1);
    expect(live()).toHaveLength(1);
    expect(submissions()).toBe(1);
    go();
  });

  test('that throttles is obeyed: the same call is not made before its time, and the card is right in the end', async () => {
    const card = await app.asked();
    app.slack.fault('chat.update', { kind: 'ratelimited', seconds: 1 });
    await app.avery.press(card, 'Approve');
    await app.shows('Finished');
    const updates = app.slack.world.calls.filter(({ method }) => method === 'chat.update');
    const at = updates.findIndex(({ error }) => error === 'ratelimited');
    expect((updates[at + 1]?.at ?? 0) - (updates[at]?.at ?? 0)).toBeGreaterThanOrEqual(990);
    expect(posts()).toBe(1);
  });

  test('that takes the token back is seen on /readyz, and the run goes on', async () => {
    const card = await app.asked();
    await app.avery.press(card, 'Approve');
    await app.shows('Running');
    app.slack.world.revoked = true;
    await finished();
    const ready = await fetch(`${app.service.adminUrl}/readyz`);
    // Nothing that comes in would be lost by it: degraded, with the reason.
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'degraded',
      reasons: [expect.stringContaining('token_revoked')],
    });
    expect((await fetch(`${app.service.url}/healthz`)).status).toBe(200);
  });
});

describe('a restart', () => {
  test('in each state ends on the same one card', async () => {
    const card = await app.asked();
    await app.restart();
    await app.avery.press(app.card(), 'Approve');
    await app.shows(/Approved|Waiting|Running|Defender/);
    await app.restart();
    await app.shows('Finished');
    await app.restart();
    const last = await app.shows('Finished');
    expect(last.ts).toBe(card.ts);
    expect(live()).toHaveLength(1);
    expect(posts()).toBe(1);
    await app.slack.until('the note', () =>
      app.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    await app.restart();
    expect(app.slack.world.in(incidents).filter((message) => message.thread === card.ts)).toHaveLength(1);
  });

  test('while Slack is down fails with a sentence, and the next one goes on where it was', async () => {
    const card = await app.asked();
    await app.avery.press(card, 'Approve');
    await app.service.stop();
    app.slack.fault('auth.test', { kind: 'error', error: 'invalid_auth' });
    await expect(app.restart()).rejects.toThrow(/SLACK_BOT_TOKEN/);
    await app.restart();
    await app.shows('Finished');
    expect(posts()).toBe(1);
  });
});

function finished(): Promise<true> {
  return app.slack.until('the end of the run', () => (state() === 'finished' ? true : undefined));
}
