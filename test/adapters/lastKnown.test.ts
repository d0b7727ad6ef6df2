// The last known answers of the platforms survive a restart, in a file that nobody else can read; an
// unreadable file counts as none.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { LastKnownFile } from '../../src/adapters/lastKnown.ts';
import { createLogBook } from '../support/slack/slackHarness.ts';
import { testKeys } from '../support/store/testKeys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-known-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('what was learned before a restart is known after it, the newest answer of each question', async () => {
  const first = new LastKnownFile({ folder, keys: testKeys, log: createLogBook() });
  first.set('slack U1', 'member');
  first.set('slack U2', 'guest');
  first.set('slack U1', 'deactivated');
  await first.settled();
  expect(statSync(join(folder, 'last-known.json')).mode & 0o777).toBe(0o600);
  const second = new LastKnownFile({ folder, keys: testKeys, log: createLogBook() });
  expect([second.get('slack U1'), second.get('slack U2'), second.get('slack U3')]).toEqual([
    'deactivated',
    'guest',
    undefined,
  ]);
});

it.each(['', 'no json', '[]', '{"answers":3}', '{"answers":{"slack U1":4}}'])(
  'a file that holds %j is read as nothing known',
  (text) => {
    writeFileSync(join(folder, 'last-known.json'), text);
    expect(
      new LastKnownFile({ folder, keys: testKeys, log: createLogBook() }).get('slack U1'),
    ).toBeUndefined();
  },
);

it('a membership that was forged counts for nothing, and is logged', async () => {
  const first = new LastKnownFile({ folder, keys: testKeys, log: createLogBook() });
  first.set('slack U1', 'guest');
  await first.settled();
  const text = readFileSync(join(folder, 'last-known.json'), 'utf8');
  for (const forged of [text.replace('guest', 'member'), '{"version":1,"answers":{"slack U1":"member"}}']) {
    expect(forged).toContain('member');
    writeFileSync(join(folder, 'last-known.json'), forged);
    const log = createLogBook();
    expect(new LastKnownFile({ folder, keys: testKeys, log }).get('slack U1')).toBeUndefined();
    expect(log.lines).toMatchObject([{ event: 'lastKnownRefused' }]);
  }
});

it('a folder that cannot be written is logged, and this process goes on knowing', async () => {
  const log = createLogBook();
  const known = new LastKnownFile({ folder: join(folder, 'missing'), keys: testKeys, log });
  known.set('slack U1', 'member');
  await known.settled();
  expect(known.get('slack U1')).toBe('member');
  expect(log.lines.map((line) => line.event)).toEqual(['lastKnownNotWritten']);
});

it('the file holds so many answers and no more: those given longest ago go first, also where one was given again', async () => {
  const most = 20_000;
  const known = new LastKnownFile({ folder, keys: testKeys, log: createLogBook() });
  for (let at = 0; at < most; at += 1) known.set(`slack U${at}`, 'member');
  known.set('slack U0', 'member');
  known.set('slack new', 'member');
  await known.settled();
  const after = new LastKnownFile({ folder, keys: testKeys, log: createLogBook() });
  expect(['U0', 'U1', 'U2', 'new'].map((one) => after.get(`slack ${one}`))).toEqual([
    'member',
    undefined,
    'member',
    'member',
  ]);
});
