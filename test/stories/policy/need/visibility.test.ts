// A request that is not for everybody: others are answered as if it did not exist.
import { stateIn } from '../../../support/requests/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openerIn } from '../../../support/store/journal.ts';
import { history } from '../../../../src/adapters/store/history.ts';
import { realDisk } from '../../../../src/adapters/store/journal/disk.ts';
import { textOf } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import {
  asked,
  finished,
  limited,
  open,
  say,
  shown,
  withInsiders,
} from '../../../support/stories/needToKnow.ts';

const minute = 60_000;
const hour = 60 * minute;
let app: TestApp;
afterEach(() => app.close());

describe('a request that is not for everybody', () => {
  /** Every way to come across it. */
  const ways = (id: string): readonly string[] => [
    `status ${id}`,
    `output ${id}`,
    `link ${id}`,
    `approve ${id}`,
    `approve ${id} r1-1234567812345678`,
    `deny ${id} no`,
    `cancel ${id}`,
    `retry ${id}`,
    `host ${id}`,
    `dump ${id} notepad`,
    `approve ${app.newest().subject.fingerprint}`,
    // Without the prefix it may be a device as well.
    `status ${id.slice(3)}`,
    `approve ${id.slice(3)}`,
  ];

  test('is answered to others in the very words for one that does not exist, typed and pressed', async () => {
    app = await open(limited);
    const id = await finished(app);
    const there = app.store.get(id);
    if (there === undefined) throw new Error('gone');
    const none = 'lr-zzzzzz';
    for (const [at, line] of ways(id).entries()) {
      const theirs = await say(app, 'hunter1', line);
      const nothing = await say(app, 'hunter1', ways(none)[at] ?? '');
      if (line.includes(id.slice(3))) expect(theirs.replaceAll(id.slice(3), none.slice(3))).toBe(nothing);
      else expect(theirs).not.toContain(id);
    }
    for (const verb of [
      'approve',
      'deny',
      'withdraw',
      'cancel',
      'link',
      'output',
      'look',
      'resend',
      'drop',
      'again',
      'refresh',
    ] as const) {
      const theirs = textOf(await app.press('hunter1', verb, { request: there, input: 'x' }));
      const nothing = textOf(
        await app.press('hunter1', verb, { request: { ...there, id: none }, input: 'x' }),
      );
      expect(theirs.replaceAll(id, none)).toBe(nothing);
    }
    // Only the journal tells it apart.
    expect(history(realDisk, app.dir, id, openerIn(app.dir)).join('\n')).toMatch(
      /pressRefused .*console:hunter1.*status .*notVisible/,
    );
  });

  test('stands in no list, state, device or twin that others are shown, and in all of them for those it is for', async () => {
    app = await open(limited);
    const id = await asked(app);
    const looks = ['list', 'list recent', 'status', 'host hosta', 'list running', 'list mine'];
    for (const line of looks) expect(await say(app, 'hunter1', line)).not.toContain(id);
    for (const as of ['responder1', 'approver1', 'lead1'])
      for (const line of looks.slice(0, 4)) expect(await say(app, as, line)).toContain(id);
    // The same by somebody it is not for: asked as if nothing were there.
    await app.say('hunter1', 'run hosta collect.ps1');
    await app.loop.tick();
    const { id: other } = app.newest();
    expect(other).not.toBe(id);
    expect(await say(app, 'hunter1', `status ${other}`)).not.toContain(id);
    expect(await say(app, 'approver1', `status ${other}`)).toContain(id);
    // Those it is for are shown it instead.
    expect(await say(app, 'responder1', 'run hosta collect.ps1')).toContain(id);
  });

  test('is found by the roles named, whose answers are whole, and by nobody else after the place is gone from the policy', async () => {
    app = await open(limited);
    const id = await asked(app);
    expect(await say(app, 'lead1', `status ${id}`)).toContain('HR case 77');
    await app.restart(undefined, (text) =>
      withInsiders(limited)(text).replace(/ {2}- \{ place: 'console:insiders'.*\n/, ''),
    );
    expect(await say(app, 'lead1', `status ${id}`)).toContain(id);
    expect(await say(app, 'hunter1', `status ${id}`)).toBe(
      await say(app, 'hunter1', 'status lr-zzzzzz').then((text) => text.replaceAll('lr-zzzzzz', id)),
    );
  });

  test('by its tier alone is so wherever it was asked, from the moment the policy says so', async () => {
    app = await open('results: card');
    const id = await asked(app, 'dump hosta notepad --reason "HR case 77"', 'incidents');
    expect(await say(app, 'hunter1', `status ${id}`)).toContain('HR case 77');
    await app.restart(
      undefined,
      withInsiders('results: card', (text) =>
        text.replace('high: { request', 'high: { visibility: [requester, approvers], request'),
      ),
    );
    expect(await say(app, 'hunter1', `status ${id}`)).toContain(`There is no request ${id}`);
    await app.loop.tick();
    expect(app.card().history.at(-1)).not.toContain('HR case 77');
  });

  test('is named on the card of another only where its own card stands, and in no device panel of others', async () => {
    app = await open(limited);
    const id = await asked(app);
    await app.say('hunter1', 'run hosta collect.ps1', { place: 'soc-private' });
    await app.loop.tick();
    expect(app.newest().id).not.toBe(id);
    expect(shown(app, 'soc-private')).not.toContain(id);
    expect(shown(app, 'incidents')).toContain(`${id}: Waiting for approval`);
    await app.press('approver1', 'deny', { input: 'the same' });
    await app.press('approver1', 'approve', { request: app.store.get(id) ?? app.newest() });
    for (let tries = 0; tries < 500 && stateIn(app.store.get(id)) !== 'finished'; tries += 1)
      await app.run(2_400);
    expect(await say(app, 'approver1', 'host hosta')).toContain('Riley Responder');
    expect(await say(app, 'hunter1', 'host hosta')).not.toMatch(/Riley|collect\.ps1/);
    await app.say('hunter1', 'hosts hosta');
    expect(JSON.stringify(app.newest().targets[0].context)).not.toMatch(/Riley|collect\.ps1/);
  });

  test('tried again is not named on a card whose readers may not find it, nor asked for twice', async () => {
    app = await open(limited);
    const id = await asked(app, 'run hosta collect.ps1', 'incidents');
    await app.run(2 * hour + minute);
    await app.say('responder1', `retry ${id}`, { place: 'insiders' });
    await app.loop.tick();
    const again = app.newest().id;
    // Its own card stands in the approvals place too, so that one names it.
    expect(app.store.get(id)?.retriedAs?.id).toBe(again);
    expect(await say(app, 'hunter1', `status ${id}`)).not.toContain(again);
    expect(await say(app, 'hunter1', `retry ${id}`)).toMatch(
      /tried again already, in a request that is not for everybody/,
    );
  });
});
