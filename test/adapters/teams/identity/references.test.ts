// Where cards of Teams are sent is written in a file: nobody without the key may say so.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conversations } from '../../../../src/adapters/teams/identity/conversations.ts';
import { createLogBook } from '../../../support/slack/slackHarness.ts';
import { testKeys } from '../../../support/store/testKeys.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-references-'));
  path = join(folder, 'teams-conversations.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const old = JSON.stringify({
  version: 1,
  places: {
    p1: {
      serviceUrl: 'https://smba.trafficmanager.net/emea/',
      kind: 'channel',
      bot: '28:bot',
      external: false,
      targeted: false,
    },
  },
  people: {},
});

it('a file of version 0.1 is read when its folder is taken over, then with the key, and never again without', async () => {
  writeFileSync(path, old);
  const taken = new Conversations({ folder, keys: testKeys, log: createLogBook(), unkeyed: true });
  expect(taken.place('p1')).toBeDefined();
  await taken.settled();
  const text = readFileSync(path, 'utf8');
  expect(
    new Conversations({ folder, keys: testKeys, log: createLogBook(), unkeyed: false }).place('p1'),
  ).toBeDefined();
  for (const forged of [old, text.replace('emea', 'evil')]) {
    writeFileSync(path, forged);
    const log = createLogBook();
    expect(new Conversations({ folder, keys: testKeys, log, unkeyed: false }).place('p1')).toBeUndefined();
    expect(log.lines).toMatchObject([{ event: 'teamsReferencesRefused' }]);
  }
});
