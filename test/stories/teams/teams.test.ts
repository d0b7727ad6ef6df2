// The product in Teams, over HTTP on both sides: asked in a group chat, approved by a second person in a
// channel, followed on both cards.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Click } from '../../../src/demo/teams/app.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, group, memberOf } from '../../support/chats/teamsHarness.ts';
import { asked, command, dataOf, TeamsTestApp } from '../../support/chats/teamsTestApp.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';

let app: TeamsTestApp;
beforeEach(async () => {
  app = new TeamsTestApp();
  await app.open();
});
afterEach(() => app.close());

/** Where the download button of a card leads. */
const urlOf = (message: FakeMessage): string | undefined =>
  /"url":"([^"]+)"/.exec(JSON.stringify(cardOf(message)))?.[1];
const state = (): string => stageOf(app.newest()).state;

describe('the main job', () => {
  it('is asked by one person, approved by another, and followed on every card to an excerpt and a link', async () => {
    const [here, there] = await asked(app);
    expect(wordsOf(here)).toContain('RunScript minidump.ps1 OfficeClickToRun');
    // The approver is mentioned where the policy says so, and only there.
    expect(JSON.stringify(cardOf(there))).toContain(ben.objectId);
    expect(JSON.stringify(cardOf(here))).not.toContain(ben.objectId);

    expect(await app.click(ana, group, here, 'approve')).toMatch(
      /your own|yourself|another person|somebody else/i,
    );
    expect(state()).toBe('awaitingApproval');
    expect(app.service.simulator?.tenant.submissions).toHaveLength(0);

    await app.click(ben, channel, there, 'approve');
    const [finishedHere, finishedThere] = [
      await app.card(group, /Finished[\s\S]*expires/),
      await app.card(channel, /Finished[\s\S]*expires/),
    ];
    for (const card of [finishedHere, finishedThere]) {
      expect(wordsOf(card)).toContain('51 MB');
      expect(JSON.stringify(cardOf(card))).toContain('Action.OpenUrl');
    }
    // One card in each place, drawn again in place.
    expect([finishedHere.id, finishedThere.id, app.cards(group).length, app.cards(channel).length]).toEqual([
      here.id,
      there.id,
      1,
      1,
    ]);
    expect(app.service.simulator?.tenant.submissions).toHaveLength(1);
    const note = await app.connector.until(() =>
      app.connector.in(group).find((message) => cardOf(message) === undefined),
    );
    expect(note.body['entities']).toMatchObject([{ type: 'mention', mentioned: { id: ana.id } }]);
    expect(app.connector.calls.filter((call) => call.status >= 400)).toEqual([]);
  });

  it('that has finished gives a new link when the first has expired, on every card', async () => {
    const [, there] = await asked(app);
    await app.click(ben, channel, there, 'approve');
    const linked = await app.card(channel, /Finished[\s\S]*expires/);
    const first = urlOf(linked);
    // Half an hour in a few seconds.
    app.service.scaledClock?.setSpeed(800);
    const bare = await app.card(channel, /^(?![\s\S]*expires)[\s\S]*Finished/);
    expect(urlOf(bare)).toBeUndefined();
    app.service.scaledClock?.setSpeed(100);
    expect(await app.click(ben, channel, bare, 'link')).toMatch(/^A fresh link is on the card/);
    for (const place of [group, channel]) {
      const fresh = urlOf(await app.card(place, /Finished[\s\S]*expires/));
      expect(fresh).toBeDefined();
      expect(fresh).not.toBe(first);
      expect((await fetch(fresh ?? '')).status).toBe(200);
    }
  });

  it('is denied with a reason that everybody reads', async () => {
    const [here, there] = await asked(app);
    await app.click(ben, channel, there, {
      verb: 'deny',
      input: 'not during the release <at>all</at>',
    });
    expect(wordsOf(await app.card(group, /not during the release/))).toMatch(/Denied/i);
    expect(here.id).toBe(app.cards(group)[0]?.id);
    expect(state()).toBe('closed');
  });

  it('is withdrawn by who asked', async () => {
    const [here] = await asked(app);
    await app.click(ana, group, here, 'withdraw');
    await app.card(channel, /Withdrawn/i);
    expect(state()).toBe('closed');
  });

  it('is approved by a client without Universal Actions, and by typing', async () => {
    const [, there] = await asked(app);
    await app.deliver(
      app.message(ben, channel, '', {
        text: undefined,
        entities: [],
        value: dataOf(there, 'approve'),
        replyToId: there.id,
      }),
    );
    await app.card(group, /Finished/);
    await app.say(ana, group, command.replace('hosta', 'hostb'));
    await app.card(group, /Waiting for approval[\s\S]*hostb/);
    const { id } = app.newest();
    await app.say(ben, group, `lr approve ${id} ${approvalCodeOf(app.newest())}`);
    await app.card(group, /hostb[\s\S]*Finished|Finished[\s\S]*hostb/);
    expect(stageOf(app.newest()).state).toBe('finished');
  });

  it('of a native slash command is answered alone, and its card is public', async () => {
    const slash = {
      text: '/lr status',
      entities: [],
      recipient: { id: '28:11111111-1111-1111-1111-111111111111', name: 'Live Response', isTargeted: true },
    };
    await app.deliver(app.message(ana, group, '', slash));
    const answer = await app.connector.until(() => app.connector.in(group)[0]);
    expect(answer.to).toBe(ana.id);
    await app.deliver(app.message(ana, group, '', { ...slash, text: `/${command}` }));
    expect((await app.card(group, /Waiting for approval/)).to).toBeUndefined();
  });

  it('asked in a thread has its card there', async () => {
    await app.say(ana, `${channel};messageid=1700`, command);
    expect((await app.card(channel, /Waiting for approval/)).conversation).toBe(`${channel};messageid=1700`);
  });

  it('that failed is gone on with by a button, in its own thread, after a new approval', async () => {
    const thread = `${channel};messageid=1700`;
    await app.say(ana, thread, 'lr on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt');
    await app.click(ben, thread, await app.card(channel, /Waiting for approval/), 'approve');
    const failed = await app.card(channel, /Finished: failed/);
    const old = app.newest();
    expect(await app.click(ana, thread, failed, 'again')).toMatch(
      /is waiting for approval: .* It counts on what collect\.ps1 left/,
    );
    const next = await app.card(channel, /Waiting for approval[\s\S]*Continues/);
    expect(next.conversation).toBe(thread);
    expect(wordsOf(next)).toContain(`${old.id} from index 1, which is index 0 here`);
    expect(await app.click(ana, thread, failed, 'again')).toMatch(
      new RegExp(`is being tried again already as ${app.newest().id}`),
    );
    app.service.simulator?.tenant.changeDevice('hosta.corp.example', {
      files: ['C:\\Users\\Public\\late.txt'],
    });
    await app.click(ben, thread, next, 'approve');
    await app.card(channel, /Finished: succeeded/);
    expect(app.service.simulator?.tenant.submissions.map((one) => one.commands.length)).toEqual([2, 1]);
  });

  it('goes on after a restart, on the same cards', async () => {
    const [here, there] = await asked(app);
    await app.service.stop();
    await app.run();
    await app.click(ben, channel, there, 'approve');
    expect((await app.card(group, /Finished/)).id).toBe(here.id);
    expect(app.cards(group)).toHaveLength(1);
  });
});

describe('a press that must not count leaves one correct card', () => {
  const foreign = '99999999-9999-9999-9999-999999999999';
  const guest = { id: '29:guest', objectId: ben.objectId, name: 'Ben as a guest' };
  it.each<readonly [string, Omit<Click, 'verb'>, typeof ana, RegExp]>([
    ['of the requester', {}, ana, /your own request/i],
    [
      'of a foreign tenant',
      {
        activity: {
          conversation: { id: channel, conversationType: 'channel', tenantId: foreign },
          channelData: { tenant: { id: foreign } },
        },
      },
      ben,
      /^People of other tenants can only read help here/,
    ],
    ['of a guest, even one the policy lists', {}, guest, /^Guests can only read help here/],
    [
      'of an anonymous participant',
      { activity: { from: { id: '29:anon', name: 'Anon' } } },
      ben,
      /^Anonymous participants can only read help here/,
    ],
    [
      'of somebody the policy does not list',
      {},
      { id: '29:new', objectId: 'cccccccc-0000-0000-0000-00000000000c', name: 'New' },
      /is not listed in the policy, so nothing was done/,
    ],
    ['of a client that refreshes by itself', { trigger: 'automatic' }, ben, /^Nothing was done\.$/],
  ])('%s', async (_what, more, human, words) => {
    app.connector.install('19:team@thread.tacv2', [
      memberOf(ana),
      memberOf(ben),
      memberOf(guest, { userRole: 'guest', userPrincipalName: 'ben_other.example#EXT#@corp.example' }),
      memberOf({ id: '29:new', objectId: 'cccccccc-0000-0000-0000-00000000000c', name: 'New' }),
    ]);
    const [, there] = await asked(app);
    const answer = await app.click(human, channel, there, { verb: 'approve', ...more });
    expect(answer).toMatch(words);
    expect(answer).not.toMatch(/^Approved/);
    expect(state()).toBe('awaitingApproval');
    expect([app.cards(group).length, app.cards(channel).length]).toEqual([1, 1]);
    expect(wordsOf(there)).toContain('Waiting for approval');
    expect(app.service.simulator?.tenant.submissions).toHaveLength(0);
  });

  it('of a stale card', async () => {
    const [, there] = await asked(app);
    const stale = dataOf(there, 'approve') as { readonly lr: { readonly fingerprint: string } };
    const { json } = await app.deliver(
      app.press(ben, channel, { lr: { ...stale.lr, fingerprint: '0'.repeat(16) } }),
    );
    expect((json as { readonly value: string }).value).toMatch(/changed|not.* the same|fingerprint|fresh/i);
    expect(state()).toBe('awaitingApproval');
  });

  it('made twice, with the same id and with a new one, runs once', async () => {
    const [, there] = await asked(app);
    const press = app.press(ben, channel, dataOf(there, 'approve'), { replyToId: there.id });
    const [first, second, third] = await Promise.all([
      app.deliver(press),
      app.deliver(press),
      app.deliver({ ...press, id: 'f:new-id' }),
    ]);
    expect(second.text).toBe(first.text);
    expect((third.json as { readonly value: string }).value).toMatch(/already|approved by/i);
    await app.card(group, /Finished/);
    expect(app.service.simulator?.tenant.submissions).toHaveLength(1);
  });
});
