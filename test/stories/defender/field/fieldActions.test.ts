// Actions that Defender names in another way: ids in other letters, an answer for another application, an
// action on another device.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { runOf, stateIn } from '../../../support/requests/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fieldJson } from '../../../support/defender/field/fieldProxy.ts';
import type { Json } from '../../../support/defender/field/fieldProxy.ts';
import { textOf } from '../../../support/apps/testApp.ts';
import { sent, shown, view } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { approved } from '../../../support/defender/field/fieldApproval.ts';

let app: TestApp;
afterEach(() => app.close());

test.each([
  ['as it was', (id: string) => id],
  ['in capitals', (id: string) => id.toUpperCase()],
])(
  'an answer with our own tag and the id of another request, %s, is looked for and never sent again',
  async (_how, same) => {
    app = await approved('dump hosta notepad', () => undefined);
    const { actionId } = runOf(await app.until('running'));
    await app.say('responder1', 'dump hostb notepad');
    await app.loop.tick();
    app.field.changeJson(/runliveresponse$/i, (action) => ({ ...action, id: same(actionId) }));
    await app.press('approver1', 'approve');
    await app.until('finished');
    const ids = app.store.all().map((request) => runOf(request).actionId);
    expect(new Set(ids).size).toBe(2);
    expect([sent(app), app.field.submissions()]).toEqual([2, 2]);
  },
);

test('a list that spells ids in other letters loses no session of sight, and tells of no application without a name', async () => {
  app = await approved('dump hosta notepad', (app) => {
    app.field.changeJson(/^GET \/api\/machineactions\?/, (list) => ({
      ...list,
      value: (list['value'] as readonly Json[]).map((action) => ({
        ...action,
        id: String(action['id']).toUpperCase(),
        requestor: '',
      })),
    }));
  });
  await app.until('running');
  await app.say('responder1', 'run hosta collect.ps1');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.run(20_000);
  expect(shown(app)).not.toContain('“”');
  const [first] = app.store.all().filter(({ subject }) => subject.commands.length === 2);
  await app.run(10 * 60_000);
  expect(stateIn(app.store.get(first?.id ?? ''))).toBe('finished');
  const journaled = readdirSync(app.dir)
    .filter((name) => name.startsWith('journal-'))
    .map((name) => readFileSync(join(app.dir, name), 'utf8'))
    .join('');
  expect(journaled).toContain('"submitted"');
  expect(journaled).not.toMatch(/"actionMissing"|"lost"/);
  expect([sent(app), app.field.submissions()]).toEqual([2, 2]);
});

test('an answer that belongs to another application, which it does not name, is told without an empty name', async () => {
  app = await approved(
    'dump hosta notepad',
    (app) =>
      void app.field.answer(/runliveresponse$/i, () =>
        fieldJson(201, {
          id: 'aaaaaaaa-0000-4000-8000-000000000001',
          type: 'LiveResponse',
          status: 'InProgress',
          machineId: '',
          requestorComment: 'somebody else',
          commands: [],
        }),
      ),
  );
  await app.run(20_000);
  expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
  expect(shown(app)).toContain('A live response session holds this device');
  expect(sent(app)).toBe(0);
});

describe('an action on another device', () => {
  const other = 'f'.repeat(32) + '0123abcd';

  test('stands first on the card, while it runs, after its end and after a restart', async () => {
    app = await approved(
      'dump hosta notepad',
      (app) => void app.field.changeActions((action) => ({ ...action, machineId: other })),
    );
    await app.until('running');
    expect(view(app)).toMatchObject({ status: expect.stringMatching(/, not as approved$/), tone: 'danger' });
    expect(view(app).lead).toMatch(
      /^Defender’s action is on another device than was approved: the id it names ends in 0123abcd\. Cancel it, and tell an administrator at once\./,
    );
    await app.until('finished');
    await app.run(10_000);
    expect(view(app)).toMatchObject({ status: 'Finished: succeeded, not as approved', tone: 'danger' });
    await app.restart();
    expect(textOf(await app.say('responder1', `status ${app.newest().id}`))).toContain(
      'Tell an administrator at once.',
    );
    expect(sent(app)).toBe(1);
  });

  test('is not gone on from: what completed did so elsewhere', async () => {
    const half = [
      { index: 0, commandStatus: 'Completed', errors: [] },
      { index: 1, commandStatus: 'Failed', errors: [] },
    ];
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) => ({
          ...action,
          machineId: other,
          status: 'Failed',
          commands: half,
        })),
    );
    const { id } = await app.until('finished');
    await app.loop.tick();
    expect(view(app).steps.map(({ status }) => status)).toEqual(['completed', 'failed']);
    expect(JSON.stringify(view(app))).not.toContain('Retry from');
    expect(textOf(await app.say('responder1', `retry ${id}`))).toContain(`Nobody knows whether ${id} ran`);
    expect(app.store.all()).toHaveLength(1);
  });

  test.each<[string, (id: string) => unknown]>([
    ['in capitals', (id) => id.toUpperCase()],
    ['not named', () => null],
    ['named by nothing', () => ''],
  ])('is none where its id is %s', async (_what, change) => {
    app = await approved(
      'dump hosta notepad',
      (app) =>
        void app.field.changeActions((action) => ({
          ...action,
          machineId: change(String(action['machineId'])),
        })),
    );
    await app.until('finished');
    expect(view(app)).toMatchObject({ status: 'Finished: succeeded', tone: 'good' });
  });
});
