// Groups of several platforms: who is asked, and by what name people are told of it.
import { expect, test } from '@jest/globals';
import { entraGroups } from '../src/adapters/entra/groupIds.ts';
import { slackGroups } from '../src/adapters/slack/ids.ts';
import { combineGroups } from '../src/app/chats.ts';
import type { Groups } from '../src/bot/ports.ts';
import { createManualClock } from './support/manualClock.ts';
import { riley } from './support/policy.ts';

const asked: string[] = [];
const answering = (who: string): Groups => ({
  includes: (group) => {
    asked.push(`${who} ${group}`);
    return Promise.resolve(true);
  },
});
const groups = combineGroups(
  [
    { ...slackGroups, groups: answering('first') },
    { ...entraGroups, groups: answering('second') },
  ],
  createManualClock(),
);

test('a group is asked of the platform whose prefix it has', async () => {
  asked.length = 0;
  expect(await groups.includes('entra:0e3c', riley)).toBe(true);
  expect(await groups.includes('slack:S0614TZR7', riley)).toBe(true);
  expect(asked).toEqual(['second entra:0e3c', 'first slack:S0614TZR7']);
});

test('a group of a platform that is not set up is no answer, and never a yes', async () => {
  await expect(groups.includes('console:x', riley)).rejects.toThrow(
    'nothing is connected that could read the group console:x',
  );
  await expect(groups.includes('slackish:S1', riley)).rejects.toThrow('nothing is connected');
});

test('people are told of it by the name that they know', () => {
  expect(groups.platformOf?.('slack:S0614TZR7')).toBe('Slack');
  expect(groups.platformOf?.('entra:0e3c')).toBe('Microsoft Entra');
  expect(groups.platformOf?.('other:1')).toBeUndefined();
});
