// The main job through Slack, started by settings alone: typed by one person, approved by another, followed
// on one message, finished with a link.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackTestApp, privateRoom } from '../../support/slack/slackTestApp.ts';
import type { SlackTestApp } from '../../support/slack/slackTestApp.ts';

let app: SlackTestApp;
beforeEach(async () => {
  app = await openSlackTestApp();
});
afterEach(() => app.close());

test('a dump is asked, refused to its requester, approved by another, run once and finished on one message', async () => {
  const card = await app.asked();
  const first = read(card);
  expect(first).toContain('RunScript minidump.ps1 OfficeClickToRun');
  expect(first).toContain('GetFile C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip');
  expect(JSON.stringify(card.blocks)).toContain('<!subteam^S0APPROVE>');
  const approve = card.blocks
    .flatMap((block) => (block['elements'] as readonly Record<string, unknown>[] | undefined) ?? [])
    .find((element) => element['action_id'] === 'lr.approve.v1');
  expect(JSON.stringify(approve?.['confirm'])).toContain('hosta');
  expect(JSON.stringify(approve?.['confirm'])).toContain('minidump.ps1');

  await app.riley.press(card, 'Approve');
  await app.told(app.riley, /own request/i);
  await app.ola.press(card, 'Approve');
  await app.told(app.ola, /approver/i);
  expect(stageOf(app.request()).state).toBe('awaitingApproval');
  expect(app.service.simulator?.tenant.submissions).toHaveLength(0);

  await app.avery.press(card, 'Approve');
  // What was collected is read after the end, and may be drawn a moment later.
  const finished = await app.shows(/Finished[^]*51 MB/);
  expect(finished.ts).toBe(card.ts);
  expect(finished.history.some((text) => text.includes('Running'))).toBe(true);
  expect(app.service.simulator?.tenant.submissions).toHaveLength(1);

  // The link is a button; pressing it is acknowledged and nothing more.
  const linked = await app.shows(/expires/);
  expect((await app.riley.press(linked, 'lr.open.v1')).acknowledged).toBe(true);
  const note = await app.slack.until('the note', () =>
    app.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  expect(note.text).toContain('<@U0RILEY1>');

  const topLevel = app.slack.world.in(incidents).filter((message) => message.thread === undefined);
  expect(topLevel).toHaveLength(1);
  for (const call of app.slack.world.calls.filter(({ method }) => method === 'chat.postMessage'))
    expect(call.args).toMatchObject({ unfurl_links: 'false', unfurl_media: 'false', parse: 'none' });
  expect(app.slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
});

test('the rest of a failed session is asked for by a button, and needs the other person again', async () => {
  await app.riley.command(incidents, 'on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt');
  await app.avery.press(await app.shows('Waiting for approval'), 'Approve');
  const failed = await app.shows('Finished: failed');
  const old = app.request();
  await app.ola.press(failed, 'lr.again.v1.1');
  await app.told(app.ola, /you need the role responder/);
  await app.sam.press(failed, 'lr.again.v1.1');
  const next = await app.shows(/Waiting for approval[\s\S]*Continues/);
  expect(next.ts).not.toBe(failed.ts);
  expect(read(next)).toContain(`${old.id} from index 1, which is index 0 here`);
  await app.slack.until('the old card', () =>
    app.slack
      .cards(incidents)
      .find(
        (one) => one.ts === failed.ts && read(one).includes(`${app.request().id} from index 1, asked by Sam`),
      ),
  );
  await app.sam.press(next, 'Approve');
  await app.told(app.sam, /own request/i);
  app.service.simulator?.tenant.changeDevice('hosta.corp.example', {
    files: ['C:\\Users\\Public\\late.txt'],
  });
  await app.avery.press(next, 'Approve');
  await app.shows('Finished: succeeded');
  expect(app.service.simulator?.tenant.submissions.map((one) => one.commands.length)).toEqual([2, 1]);
});

test('an expired link is taken off the card, and New link puts a fresh one there', async () => {
  const card = await app.asked();
  await app.avery.press(card, 'Approve');
  await app.shows(/expires/);
  // Half an hour in a few seconds.
  app.service.scaledClock?.setSpeed(800);
  const bare = await app.shows(/^(?![\s\S]*expires)[\s\S]*Finished/);
  app.service.scaledClock?.setSpeed(100);
  await app.riley.press(bare, 'lr.link.v1');
  await app.shows(/expires/);
});

describe('a request that does not run', () => {
  test('is denied with a reason that stands on its card', async () => {
    const card = await app.asked();
    await app.avery.press(card, 'Deny');
    await app.slack.until('the form', () =>
      [...app.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    await app.avery.submit('not <!channel> today');
    const denied = await app.shows('not <!channel> today');
    expect(denied.ts).toBe(card.ts);
    expect(JSON.stringify(denied.blocks)).not.toContain('"lr.approve.v1"');
    expect(stageOf(app.request())).toMatchObject({ state: 'closed', ending: { kind: 'denied' } });
    expect(app.service.simulator?.tenant.submissions).toHaveLength(0);
  });

  test('is withdrawn by its requester, and by no onlooker', async () => {
    const card = await app.asked();
    await app.ola.press(card, 'Withdraw');
    await app.told(app.ola, /requester|withdraw/i);
    expect(stageOf(app.request()).state).toBe('awaitingApproval');
    await app.riley.press(card, 'Withdraw');
    await app.shows(/Withdrawn/i);
    expect(app.service.simulator?.tenant.submissions).toHaveLength(0);
  });
});

describe('results in a private place', () => {
  test('are on no card there, and are told to one person alone', async () => {
    await app.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
    const card = await app.shows('Waiting for approval', privateRoom);
    await app.avery.press(card, 'Approve');
    const finished = await app.shows(/Finished/, privateRoom);
    await app.slack.until('the read transcript', () =>
      stageOf(app.request()).state === 'finished' ? true : undefined,
    );
    expect(finished.history.join('\n')).not.toContain('51 MB');
    const hers = await app.shows(/Finished/, privateRoom);
    await app.riley.press(hers, 'lr.output.v1');
    expect(await app.told(app.riley, '51 MB')).toContain('page 1 of');
    await app.riley.press(hers, 'lr.link.v1');
    await app.told(app.riley, /fresh link/i);
    expect(JSON.stringify(app.slack.world.ephemerals.at(-1)?.blocks)).toContain('"url"');
  });
});

test('a request asked of the bot alone has its card there and in the approvals channel, and its results stand on neither', async () => {
  app.slack.world.direct('U0RILEY1');
  await app.riley.command('DU0RILEY1', 'dump hosta OfficeClickToRun');
  await app.shows('Waiting for approval', 'DU0RILEY1');
  await app.avery.press(await app.shows('Waiting for approval'), 'Approve');
  await app.slack.until('the read file', () =>
    stageOf(app.request()).state === 'finished' ? true : undefined,
  );
  for (const place of [incidents, 'DU0RILEY1']) {
    const { history } = await app.shows(/Finished/, place);
    expect(history.join('\n')).not.toMatch(/minidump: dumping|expires/);
  }
});

test('a channel that is shared with another organisation shows no results, whatever the policy says', async () => {
  app.slack.world.channel(incidents, { shared: true });
  const card = await app.asked();
  await app.avery.press(card, 'Approve');
  const finished = await app.shows('Finished');
  await app.slack.until('the note', () =>
    app.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  expect(finished.history.join('\n')).not.toContain('51 MB');
  expect(finished.history.join('\n')).not.toContain('expires');
  await app.riley.press(app.card(), 'lr.link.v1');
  await app.told(app.riley, /fresh link/i);
  expect(read(app.card())).not.toContain('expires');
});

test.each(['huge', 'rawNuls', 'seed', 'notJson', 'empty'] as const)(
  'a transcript of the kind "%s" is taken by Slack as it is drawn',
  async (transcript) => {
    app.service.simulator?.tenant.change({ transcript });
    const card = await app.asked();
    await app.avery.press(card, 'Approve');
    const finished = await app.shows('Finished');
    await app.slack.until('the note', () =>
      app.slack.world.in(incidents).find((message) => message.thread === card.ts),
    );
    expect(finished.ts).toBe(card.ts);
    expect(app.slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
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
  const card = await app.asked();
  app.slack.world.user('U0AVERY1', flags);
  await app.avery.press(card, 'Approve');
  await app.told(app.avery, `${who} can only read help here, whatever the policy lists`);
  expect(stageOf(app.request()).state).toBe('awaitingApproval');
  expect(app.service.simulator?.tenant.submissions).toHaveLength(0);
});

test('help and whoami answer anybody, also in a thread', async () => {
  const card = await app.asked();
  const nobody = app.slack.person('U0NOBODY');
  await nobody.mention(incidents, 'whoami', { thread: card.ts });
  expect(await app.told(nobody, 'U0NOBODY')).toContain('slack');
  await nobody.command(incidents, 'help');
  await app.told(nobody, /dump/);
});
