// The product in Teams, over HTTP on both sides: asked in a group chat, approved by a second person in a
// channel, followed on both cards.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, directOf, group, memberOf } from '../../support/chats/teamsBench.ts';
import { dataOf, TeamsHouse } from '../../support/chats/teamsHouse.ts';
import { codeOf } from '../../../src/bot/commands/approvalCode.ts';

let house: TeamsHouse;
beforeEach(async () => {
  house = new TeamsHouse();
  await house.open();
});
afterEach(() => house.close());

const command = 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"';
async function asked(): Promise<readonly [FakeMessage, FakeMessage]> {
  await house.say(ana, group, command);
  return [await house.card(group, /Waiting for approval/), await house.card(channel, /Waiting for approval/)];
}
/** Where the download button of a card leads. */
const urlOf = (message: FakeMessage): string | undefined =>
  /"url":"([^"]+)"/.exec(JSON.stringify(cardOf(message)))?.[1];
const state = (): string => house.newest().state;

describe('the main job', () => {
  it('is asked by one person, approved by another, and followed on every card to an excerpt and a link', async () => {
    const [here, there] = await asked();
    expect(wordsOf(here)).toContain('RunScript minidump.ps1 OfficeClickToRun');
    // The approver is mentioned where the policy says so, and only there.
    expect(JSON.stringify(cardOf(there))).toContain(ben.objectId);
    expect(JSON.stringify(cardOf(here))).not.toContain(ben.objectId);

    expect(await house.click(ana, group, here, 'approve')).toMatch(
      /your own|yourself|another person|somebody else/i,
    );
    expect(state()).toBe('awaitingApproval');
    expect(house.service.simulator?.tenant.submissions).toHaveLength(0);

    await house.click(ben, channel, there, 'approve');
    const [finishedHere, finishedThere] = [
      await house.card(group, /Finished[\s\S]*expires/),
      await house.card(channel, /Finished[\s\S]*expires/),
    ];
    for (const card of [finishedHere, finishedThere]) {
      expect(wordsOf(card)).toContain('51 MB');
      expect(JSON.stringify(cardOf(card))).toContain('Action.OpenUrl');
    }
    // One card in each place, drawn again in place.
    expect([
      finishedHere.id,
      finishedThere.id,
      house.cards(group).length,
      house.cards(channel).length,
    ]).toEqual([here.id, there.id, 1, 1]);
    expect(house.service.simulator?.tenant.submissions).toHaveLength(1);
    const note = await house.connector.until(() =>
      house.connector.in(group).find((message) => cardOf(message) === undefined),
    );
    expect(note.body['entities']).toMatchObject([{ type: 'mention', mentioned: { id: ana.id } }]);
    expect(house.connector.calls.filter((call) => call.status >= 400)).toEqual([]);
  });

  it('that has finished gives a new link when the first has expired, on every card', async () => {
    const [, there] = await asked();
    await house.click(ben, channel, there, 'approve');
    const linked = await house.card(channel, /Finished[\s\S]*expires/);
    const first = urlOf(linked);
    // Half an hour in a few seconds.
    house.service.scaledClock?.setSpeed(800);
    const bare = await house.card(channel, /^(?![\s\S]*expires)[\s\S]*Finished/);
    expect(urlOf(bare)).toBeUndefined();
    house.service.scaledClock?.setSpeed(100);
    expect(await house.click(ben, channel, bare, 'link')).toMatch(/^A fresh link is on the card/);
    for (const place of [group, channel]) {
      const fresh = urlOf(await house.card(place, /Finished[\s\S]*expires/));
      expect(fresh).toBeDefined();
      expect(fresh).not.toBe(first);
      expect((await fetch(fresh ?? '')).status).toBe(200);
    }
  });

  it('is denied with a reason that everybody reads', async () => {
    const [here, there] = await asked();
    await house.click(ben, channel, there, 'deny', { input: 'not during the release <at>all</at>' });
    expect(wordsOf(await house.card(group, /not during the release/))).toMatch(/Denied/i);
    expect(here.id).toBe(house.cards(group)[0]?.id);
    expect(state()).toBe('over');
  });

  it('is withdrawn by who asked', async () => {
    const [here] = await asked();
    await house.click(ana, group, here, 'withdraw');
    await house.card(channel, /Withdrawn/i);
    expect(state()).toBe('over');
  });

  it('is approved by a client without Universal Actions, and by typing', async () => {
    const [, there] = await asked();
    await house.deliver(
      house.message(ben, channel, '', {
        text: undefined,
        entities: [],
        value: dataOf(there, 'approve'),
        replyToId: there.id,
      }),
    );
    await house.card(group, /Finished/);
    await house.say(ana, group, command.replace('hosta', 'hostb'));
    await house.card(group, /Waiting for approval[\s\S]*hostb/);
    const { id } = house.newest();
    await house.say(ben, group, `lr approve ${id} ${codeOf(house.newest())}`);
    await house.card(group, /hostb[\s\S]*Finished|Finished[\s\S]*hostb/);
    expect(house.newest().state).toBe('finished');
  });

  it('of a native slash command is answered alone, and its card is public', async () => {
    const slash = {
      text: '/lr status',
      entities: [],
      recipient: { id: '28:11111111-1111-1111-1111-111111111111', name: 'Live Response', isTargeted: true },
    };
    await house.deliver(house.message(ana, group, '', slash));
    const answer = await house.connector.until(() => house.connector.in(group)[0]);
    expect(answer.to).toBe(ana.id);
    await house.deliver(house.message(ana, group, '', { ...slash, text: `/${command}` }));
    expect((await house.card(group, /Waiting for approval/)).to).toBeUndefined();
  });

  it('asked in a thread has its card there', async () => {
    await house.say(ana, `${channel};messageid=1700`, command);
    expect((await house.card(channel, /Waiting for approval/)).conversation).toBe(
      `${channel};messageid=1700`,
    );
  });

  it('that failed is gone on with by a button, in its own thread, after a new approval', async () => {
    const thread = `${channel};messageid=1700`;
    await house.say(ana, thread, 'lr on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt');
    await house.click(ben, thread, await house.card(channel, /Waiting for approval/), 'approve');
    const failed = await house.card(channel, /Finished: failed/);
    const old = house.newest();
    expect(await house.click(ana, thread, failed, 'again')).toMatch(
      /is waiting for approval: .* It counts on what collect\.ps1 left/,
    );
    const next = await house.card(channel, /Waiting for approval[\s\S]*Continues/);
    expect(next.conversation).toBe(thread);
    expect(wordsOf(next)).toContain(`${old.id} from index 1, which is index 0 here`);
    expect(await house.click(ana, thread, failed, 'again')).toMatch(
      new RegExp(`is being tried again already as ${house.newest().id}`),
    );
    house.service.simulator?.tenant.changeDevice('hosta.corp.example', {
      files: ['C:\\Users\\Public\\late.txt'],
    });
    await house.click(ben, thread, next, 'approve');
    await house.card(channel, /Finished: succeeded/);
    expect(house.service.simulator?.tenant.submissions.map((one) => one.commands.length)).toEqual([2, 1]);
  });

  it('goes on after a restart, on the same cards', async () => {
    const [here, there] = await asked();
    await house.service.stop();
    await house.run();
    await house.click(ben, channel, there, 'approve');
    expect((await house.card(group, /Finished/)).id).toBe(here.id);
    expect(house.cards(group)).toHaveLength(1);
  });
});

describe('a press that must not count leaves one correct card', () => {
  const foreign = '99999999-9999-9999-9999-999999999999';
  const guest = { id: '29:guest', objectId: ben.objectId, name: 'Ben as a guest' };
  it.each<readonly [string, Parameters<TeamsHouse['click']>[4], typeof ana, RegExp]>([
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
    house.connector.install('19:team@thread.tacv2', [
      memberOf(ana),
      memberOf(ben),
      memberOf(guest, { userRole: 'guest', userPrincipalName: 'ben_other.example#EXT#@corp.example' }),
      memberOf({ id: '29:new', objectId: 'cccccccc-0000-0000-0000-00000000000c', name: 'New' }),
    ]);
    const [, there] = await asked();
    const answer = await house.click(human, channel, there, 'approve', more);
    expect(answer).toMatch(words);
    expect(answer).not.toMatch(/^Approved/);
    expect(state()).toBe('awaitingApproval');
    expect([house.cards(group).length, house.cards(channel).length]).toEqual([1, 1]);
    expect(wordsOf(there)).toContain('Waiting for approval');
    expect(house.service.simulator?.tenant.submissions).toHaveLength(0);
  });

  it('of a stale card', async () => {
    const [, there] = await asked();
    const stale = dataOf(there, 'approve') as { readonly lr: { readonly fingerprint: string } };
    const { json } = await house.deliver(
      house.press(ben, channel, { lr: { ...stale.lr, fingerprint: '0'.repeat(16) } }),
    );
    expect((json as { readonly value: string }).value).toMatch(/changed|not.* the same|fingerprint|fresh/i);
    expect(state()).toBe('awaitingApproval');
  });

  it('made twice, with the same id and with a new one, runs once', async () => {
    const [, there] = await asked();
    const press = house.press(ben, channel, dataOf(there, 'approve'), { replyToId: there.id });
    const [first, second, third] = await Promise.all([
      house.deliver(press),
      house.deliver(press),
      house.deliver({ ...press, id: 'f:new-id' }),
    ]);
    expect(second.text).toBe(first.text);
    expect((third.json as { readonly value: string }).value).toMatch(/already|approved by/i);
    await house.card(group, /Finished/);
    expect(house.service.simulator?.tenant.submissions).toHaveLength(1);
  });
});

describe('trouble with Teams', () => {
  it('a deleted card is posted again', async () => {
    const [here, there] = await asked();
    house.connector.delete(here.id);
    await house.click(ben, channel, there, 'approve');
    const fresh = await house.card(group, /Finished/);
    expect(fresh.id).not.toBe(here.id);
    expect(house.cards(group)).toHaveLength(1);
  });
  it.each([
    ['a press', async (older: FakeMessage) => house.click(ben, channel, older, 'approve')],
    [
      'a press in a client without Universal Actions',
      async (older: FakeMessage) => {
        await house.deliver(
          house.message(ben, channel, '', {
            text: undefined,
            entities: [],
            value: dataOf(older, 'approve'),
            replyToId: older.id,
          }),
        );
        return 'This card is superseded';
      },
    ],
  ])(
    'where the answer to a post was lost, a second card stands; %s on the first decides nothing, tells the truth, and rewrites it',
    async (_how, press) => {
      house.connector.faults.push({ method: 'POST', answer: 'drop', afterDoing: true, path: channel });
      await house.say(ana, group, command);
      const older = await house.card(channel, /Waiting for approval/);
      const newer = await house.connector.until(() => house.cards(channel)[1]);

      expect(await press(older)).toMatch(/superseded/);
      // Told alone: the request as it is, with the buttons that count.
      const current = await house.connector.until(() =>
        house.alone(ben).find((message) => cardOf(message) !== undefined),
      );
      expect(wordsOf(current)).toMatch(/superseded[\s\S]*Waiting for approval/);
      await house.connector.until(() => (wordsOf(older).includes('is superseded') ? true : undefined));
      expect(JSON.stringify(older.body)).not.toContain('Action.');
      expect(state()).toBe('awaitingApproval');
      expect(house.service.simulator?.tenant.submissions).toHaveLength(0);

      expect(await house.click(ben, channel, newer, 'approve')).toMatch(/Approved/);
      const finished = await house.card(channel, /Finished/);
      expect([finished.id, house.cards(channel).length]).toEqual([newer.id, 2]);
      expect(house.service.simulator?.tenant.submissions).toHaveLength(1);
    },
  );
  it('the private copy of a card decides as ever, wherever its public ones stand', async () => {
    await asked();
    await house.say(ben, directOf(ben), `lr status ${house.newest().id}`);
    const copy = await house.card(directOf(ben), /Waiting for approval/);
    expect(await house.click(ben, directOf(ben), copy, 'approve')).toMatch(/Approved/);
    await house.card(group, /Finished/);
  });
  it('a bot removed from the group leaves the channel’s card, which goes on; let in again, the group’s card shows the end', async () => {
    const [here, there] = await asked();
    house.connector.block(group);
    await house.click(ben, channel, there, 'approve');
    await house.card(channel, /Finished/);
    await house.connector.until(() =>
      house.connector
        .in(channel)
        .find((message) => wordsOf(message).includes(`in teams:${group} cannot be updated since`)),
    );
    await house.connector.until(() =>
      house.connector
        .in(directOf(ana))
        .find((message) => wordsOf(message).includes(`in teams:${group} cannot be updated since`)),
    );
    house.connector.install(group, [memberOf(ana), memberOf(ben)]);
    house.service.loop.deck.heard('teams', group);
    expect((await house.card(group, /Finished/)).id).toBe(here.id);
    expect(house.cards(group)).toHaveLength(1);
  });
  it.each([403, 400, 404, 409, 413])(
    'row 1.1: one %d to one update of a card ends no card',
    async (status) => {
      const [here, there] = await asked();
      house.connector.faults.push({
        method: 'PUT',
        answer: { status, body: { error: { code: 'ServiceError', message: 'odd' } } },
        path: group,
      });
      await house.click(ben, channel, there, 'approve');
      expect((await house.card(group, /Finished/)).id).toBe(here.id);
      expect(house.cards(group)).toHaveLength(1);
      expect(house.service.loop.deck.closed()).toEqual([]);
    },
  );
  it('row 1.1: a deleted card whose update is answered with 403 is posted again', async () => {
    const [here, there] = await asked();
    house.connector.delete(here.id);
    house.connector.faults.push({
      method: 'PUT',
      answer: { status: 403, body: { error: { code: 'ServiceError' } } },
      path: here.id,
      times: 1_000,
    });
    await house.click(ben, channel, there, 'approve');
    await house.card(group, /Finished/);
    expect(house.cards(group)).toHaveLength(1);
  });
  it('429 and 5xx for some seconds only delay the cards', async () => {
    const [here, there] = await asked();
    house.connector.faults.push(
      { method: 'PUT', answer: { status: 429, headers: { 'retry-after': '1' } }, times: 3 },
      { method: 'PUT', answer: { status: 502 }, times: 2 },
    );
    await house.click(ben, channel, there, 'approve');
    expect((await house.card(group, /Finished/, 30_000)).id).toBe(here.id);
    expect(house.cards(group)).toHaveLength(1);
  });
});

// Issue 9, sentence 1.
it('a question whose answer Teams refuses until the bot is stopped is answered once, after the start', async () => {
  house.connector.refuse = ({ method, about }) =>
    method === 'POST' && about === directOf(ana)
      ? { name: '403', kind: 'answer', status: 403, body: '{"error":{"code":"ServiceError"}}' }
      : undefined;
  await house.say(ana, directOf(ana), 'lr whoami');
  await house.connector.until(() =>
    house.connector.calls.filter((call) => call.status === 403).length > 1 ? true : undefined,
  );
  await house.service.stop();
  expect(house.alone(ana)).toEqual([]);
  house.connector.refuse = undefined;
  await house.run();
  await house.connector.until(() => house.alone(ana)[0]);
  await house.say(ana, directOf(ana), 'lr help');
  await house.connector.until(() => house.alone(ana)[1]);
  const [answer, help] = house.alone(ana).map(wordsOf);
  expect(answer).toMatch(/^Your command of .*, taken up after a restart of the bot: [\s\S]*teams:/);
  expect(help).not.toContain('taken up');
});

it('is ready once its own door has refused a stranger', async () => {
  const answer = await fetch(`${house.adminUrl}/readyz`);
  expect([answer.status, await answer.text()]).toEqual([
    200,
    expect.stringContaining('teams authentication'),
  ]);
  expect((await fetch(`${house.url}/readyz`)).status).toBe(200);
});
