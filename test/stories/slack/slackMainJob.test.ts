// The main job through Slack, started by settings alone: typed by one person, approved by another, followed
// on one message, finished with a link.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackHouse, privateRoom } from '../../support/slack/slackHouse.ts';
import type { SlackHouse } from '../../support/slack/slackHouse.ts';

let house: SlackHouse;
beforeEach(async () => {
  house = await openSlackHouse();
});
afterEach(() => house.close());

test('a dump is asked, refused to its requester, approved by another, run once and finished on one message', async () => {
  const card = await house.asked();
  const first = read(card);
  expect(first).toContain('RunScript minidump.ps1 OfficeClickToRun');
  expect(first).toContain('GetFile C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip');
  expect(JSON.stringify(card.blocks)).toContain('<!subteam^S0APPROVE>');
  const approve = card.blocks
    .flatMap((block) => (block['elements'] as readonly Record<string, unknown>[] | undefined) ?? [])
    .find((element) => element['action_id'] === 'lr.approve.v1');
  expect(JSON.stringify(approve?.['confirm'])).toContain('hosta');
  expect(JSON.stringify(approve?.['confirm'])).toContain('minidump.ps1');

  await house.riley.press(card, 'Approve');
  await house.told(house.riley, /own request/i);
  await house.ola.press(card, 'Approve');
  await house.told(house.ola, /approver/i);
  expect(house.request().state).toBe('awaitingApproval');
  expect(house.service.simulator?.tenant.submissions).toHaveLength(0);

  await house.avery.press(card, 'Approve');
  // What was collected is read after the end, and may be drawn a moment later.
  const finished = await house.shows(/Finished[^]*51 MB/);
  expect(finished.ts).toBe(card.ts);
  expect(finished.history.some((text) => text.includes('Running'))).toBe(true);
  expect(house.service.simulator?.tenant.submissions).toHaveLength(1);

  // The link is a button; pressing it is acknowledged and nothing more.
  const linked = await house.shows(/expires/);
  expect((await house.riley.press(linked, 'lr.open.v1')).acknowledged).toBe(true);
  const note = await house.slack.until('the note', () =>
    house.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  expect(note.text).toContain('<@U0RILEY1>');

  const topLevel = house.slack.world.in(incidents).filter((message) => message.thread === undefined);
  expect(topLevel).toHaveLength(1);
  for (const call of house.slack.world.calls.filter(({ method }) => method === 'chat.postMessage'))
    expect(call.args).toMatchObject({ unfurl_links: 'false', unfurl_media: 'false', parse: 'none' });
  expect(house.slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
});

test('the rest of a failed session is asked for by a button, and needs the other person again', async () => {
  await house.riley.command(incidents, 'on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt');
  await house.avery.press(await house.shows('Waiting for approval'), 'Approve');
  const failed = await house.shows('Finished: failed');
  const old = house.request();
  await house.ola.press(failed, 'lr.again.v1.1');
  await house.told(house.ola, /you need the role responder/);
  await house.sam.press(failed, 'lr.again.v1.1');
  const next = await house.shows(/Waiting for approval[\s\S]*Continues/);
  expect(next.ts).not.toBe(failed.ts);
  expect(read(next)).toContain(`${old.id} from index 1, which is index 0 here`);
  await house.slack.until('the old card', () =>
    house.slack
      .cards(incidents)
      .find(
        (one) =>
          one.ts === failed.ts && read(one).includes(`${house.request().id} from index 1, asked by Sam`),
      ),
  );
  await house.sam.press(next, 'Approve');
  await house.told(house.sam, /own request/i);
  house.service.simulator?.tenant.changeDevice('hosta.corp.example', {
    files: ['C:\\Users\\Public\\late.txt'],
  });
  await house.avery.press(next, 'Approve');
  await house.shows('Finished: succeeded');
  expect(house.service.simulator?.tenant.submissions.map((one) => one.commands.length)).toEqual([2, 1]);
});

test('an expired link is taken off the card, and New link puts a fresh one there', async () => {
  const card = await house.asked();
  await house.avery.press(card, 'Approve');
  await house.shows(/expires/);
  // Half an hour in a few seconds.
  house.service.scaledClock?.setSpeed(800);
  const bare = await house.shows(/^(?![\s\S]*expires)[\s\S]*Finished/);
  house.service.scaledClock?.setSpeed(100);
  await house.riley.press(bare, 'lr.link.v1');
  await house.shows(/expires/);
});

describe('a request that does not run', () => {
  test('is denied with a reason that stands on its card', async () => {
    const card = await house.asked();
    await house.avery.press(card, 'Deny');
    await house.slack.until('the form', () =>
      [...house.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    await house.avery.submit('not <!channel> today');
    const denied = await house.shows('not <!channel> today');
    expect(denied.ts).toBe(card.ts);
    expect(JSON.stringify(denied.blocks)).not.toContain('"lr.approve.v1"');
    expect(house.request()).toMatchObject({ state: 'over', ending: { how: 'denied' } });
    expect(house.service.simulator?.tenant.submissions).toHaveLength(0);
  });

  test('is withdrawn by its requester, and by no onlooker', async () => {
    const card = await house.asked();
    await house.ola.press(card, 'Withdraw');
    await house.told(house.ola, /requester|withdraw/i);
    expect(house.request().state).toBe('awaitingApproval');
    await house.riley.press(card, 'Withdraw');
    await house.shows(/Withdrawn/i);
    expect(house.service.simulator?.tenant.submissions).toHaveLength(0);
  });
});

describe('results in a private place', () => {
  test('are on no card there, and are told to one person alone', async () => {
    await house.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
    const card = await house.shows('Waiting for approval', privateRoom);
    await house.avery.press(card, 'Approve');
    const finished = await house.shows(/Finished/, privateRoom);
    await house.slack.until('the read transcript', () =>
      house.request().state === 'finished' ? true : undefined,
    );
    expect(finished.history.join('\n')).not.toContain('51 MB');
    const hers = await house.shows(/Finished/, privateRoom);
    await house.riley.press(hers, 'lr.output.v1');
    expect(await house.told(house.riley, '51 MB')).toContain('page 1 of');
    await house.riley.press(hers, 'lr.link.v1');
    await house.told(house.riley, /fresh link/i);
    expect(JSON.stringify(house.slack.world.ephemerals.at(-1)?.blocks)).toContain('"url"');
  });
});

test('a request asked of the bot alone has its card there and in the approvals channel, and its results stand on neither', async () => {
  house.slack.world.direct('U0RILEY1');
  await house.riley.command('DU0RILEY1', 'dump hosta OfficeClickToRun');
  await house.shows('Waiting for approval', 'DU0RILEY1');
  await house.avery.press(await house.shows('Waiting for approval'), 'Approve');
  await house.slack.until('the read file', () =>
    house.request().state === 'finished' && 'results' in house.request() ? true : undefined,
  );
  for (const place of [incidents, 'DU0RILEY1']) {
    const { history } = await house.shows(/Finished/, place);
    expect(history.join('\n')).not.toMatch(/minidump: dumping|expires/);
  }
});

test('a channel that is shared with another organisation shows no results, whatever the policy says', async () => {
  house.slack.world.channel(incidents, { shared: true });
  const card = await house.asked();
  await house.avery.press(card, 'Approve');
  const finished = await house.shows('Finished');
  await house.slack.until('the note', () =>
    house.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  expect(finished.history.join('\n')).not.toContain('51 MB');
  expect(finished.history.join('\n')).not.toContain('expires');
  await house.riley.press(house.card(), 'lr.link.v1');
  await house.told(house.riley, /fresh link/i);
  expect(read(house.card())).not.toContain('expires');
});

test.each(['huge', 'rawNuls', 'seed', 'notJson', 'empty'] as const)(
  'a transcript of the kind "%s" is taken by Slack as it is drawn',
  async (transcript) => {
    house.service.simulator?.tenant.change({ transcript });
    const card = await house.asked();
    await house.avery.press(card, 'Approve');
    const finished = await house.shows('Finished');
    await house.slack.until('the note', () =>
      house.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    expect(finished.ts).toBe(card.ts);
    expect(house.slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
  },
);

test.each([
  ['a guest', { is_restricted: true }, 'Guests'],
  ['a single-channel guest', { is_ultra_restricted: true }, 'Guests'],
  ['a stranger of Slack Connect', { is_stranger: true }, 'People of other organisations'],
  ['a bot', { is_bot: true }, 'Bots'],
  ['a deactivated account', { deleted: true }, 'Deactivated accounts'],
  ['an account of another workspace', { team_id: 'T0OTHER1' }, 'People of other tenants'],
])('%s cannot approve, listed or not', async (_who, flags, who) => {
  const card = await house.asked();
  house.slack.world.user('U0AVERY1', flags);
  await house.avery.press(card, 'Approve');
  await house.told(house.avery, `${who} can only read help here, whatever the policy lists`);
  expect(house.request().state).toBe('awaitingApproval');
  expect(house.service.simulator?.tenant.submissions).toHaveLength(0);
});

test('help and whoami answer anybody, also in a thread', async () => {
  const card = await house.asked();
  const nobody = house.slack.person('U0NOBODY');
  await nobody.mention(incidents, 'whoami', { thread: card.ts });
  expect(await house.told(nobody, 'U0NOBODY')).toContain('slack');
  await nobody.command(incidents, 'help');
  await house.told(nobody, /dump/);
});
