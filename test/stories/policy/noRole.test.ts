// Somebody whom the policy lists and gives no role: whatever he types or presses, in a place that is listed,
// is refused and tells nothing.
import { afterEach, expect, test } from '@jest/globals';
import type { Verb } from '../../../cards/view.ts';
import { approvedHouse, openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';

let app: TestApp;
afterEach(() => app.close());

const no = /\brole\b/;

async function isRefused(typed: readonly string[], pressed: readonly Verb[]): Promise<void> {
  const before = app.newest();
  const { id } = before;
  const calls = app.simulator.tenant.submissions.length;
  for (const line of typed) {
    const reply = await app.say('onlooker1', line.replace('ID', id));
    expect([line, reply.kind, textOf(reply)]).toEqual([line, 'sentence', expect.stringMatching(no)]);
  }
  for (const verb of pressed) {
    const reply = await app.press('onlooker1', verb, { index: 0, input: 'why' });
    expect([verb, reply.kind, textOf(reply)]).toEqual([verb, 'sentence', expect.stringMatching(no)]);
    // The form of a denial is a way in as well.
    if (verb === 'deny') expect(textOf(await app.press('onlooker1', verb))).toMatch(no);
  }
  expect(app.newest()).toEqual(before);
  expect(app.simulator.tenant.submissions).toHaveLength(calls);
}

test('while a request waits for approval', async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
  const code = approvalCodeOf(app.newest());
  await isRefused(
    [
      'status',
      'status ID',
      'list',
      'recipes',
      'scripts',
      'host hosta',
      'quota',
      'approve ID',
      `approve ID ${code}`,
      'deny ID',
      'cancel ID',
      'dump hosta calc',
      'freeze because',
      'unfreeze',
    ],
    ['approve', 'deny', 'withdraw', 'refresh'],
  );
});

test('a device typed in place of a request does not tell which requests there are', async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  const { id } = app.newest();
  expect(textOf(await app.say('approver1', 'approve hosta'))).toContain(id);
  expect(textOf(await app.say('onlooker1', 'approve hosta'))).not.toContain(id);
});

test('help tells strangers, and whoever asks where the policy names no place, that all is frozen, and neither by whom nor why', async () => {
  app = await openTestApp();
  await app.say('approver1', 'freeze odd approvals');
  const help = async (options: Parameters<TestApp['say']>[2]): Promise<string> =>
    textOf(await app.say('responder1', 'help', options));
  expect(await help({})).toMatch(/odd approvals/);
  for (const options of [{ trust: 'guest' }, { trust: 'external' }, { place: 'elsewhere' }] as const) {
    const told = await help(options);
    expect(told).toMatch(/frozen/i);
    expect(told).not.toMatch(/odd approvals|Avery/);
  }
});

test('while nobody knows whether it ran', async () => {
  app = await approvedHouse('dump hosta notepad', {}, ({ simulator }) =>
    simulator.tenant.faults.plant({ what: 'reset', on: 'run' }),
  );
  await app.until('unknown');
  await app.run(15 * 60_000);
  await isRefused([], ['look', 'resend', 'drop', 'refresh']);
});

test('while it runs', async () => {
  app = await approvedHouse('dump hosta notepad');
  await app.until('running');
  await isRefused(['cancel ID'], ['cancel']);
});

test('once it has ended', async () => {
  app = await approvedHouse('dump hosta notepad');
  await app.until('finished');
  await app.run(5_000);
  await isRefused(['link ID 1', 'output ID 0'], ['link', 'output', 'refresh']);
});

test('once it has expired', async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.run(31 * 60_000);
  await isRefused(['retry ID', 'retry ID 0'], ['again', 'refresh']);
  expect(app.store.all()).toHaveLength(1);
  // Nor is he told of the one that somebody else has asked for in its place.
  const { id } = app.newest();
  await app.say('responder1', `retry ${id}`);
  expect(app.store.all()).toHaveLength(2);
  expect(textOf(await app.say('onlooker1', `retry ${id}`))).toMatch(no);
});
