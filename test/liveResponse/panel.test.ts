// Isolation as the actions of a device tell it.
import { expect, test } from '@jest/globals';
import type { Action } from '../../src/liveResponse/action.ts';
import { isolationOf } from '../../src/liveResponse/request/content.ts';

const act = (type: string, status: string, at: number): Action => ({
  id: `${type}${at}`,
  type,
  status,
  machineId: 'm',
  requestor: 'r',
  comment: '',
  createdAt: at,
  updatedAt: at + 5,
  progress: [],
});
const undated = ({ updatedAt: _updatedAt, ...action }: Action): Action => action;

test.each<readonly [string, readonly Action[], boolean, object]>([
  ['nothing, and the list is whole', [], true, { state: 'notIsolated' }],
  ['nothing, and there is more', [act('RunAntiVirusScan', 'Succeeded', 1)], false, { state: 'notKnown' }],
  [
    'an isolation that succeeded',
    [act('LiveResponse', 'Succeeded', 9), act('Isolate', 'Succeeded', 3)],
    false,
    { state: 'isolated', since: 8 },
  ],
  [
    'a later release',
    [act('Unisolate', 'Succeeded', 7), act('Isolate', 'Succeeded', 3)],
    true,
    { state: 'notIsolated', since: 12 },
  ],
  [
    'a release that is pending',
    [act('Unisolate', 'Pending', 7), act('Isolate', 'Succeeded', 3)],
    true,
    { state: 'isolated', since: 8, pending: 'release' },
  ],
  [
    'a release that failed',
    [act('Unisolate', 'Failed', 7), act('Isolate', 'Succeeded', 3)],
    true,
    { state: 'isolated', since: 8 },
  ],
  [
    'an isolation on its way',
    [act('Isolate', 'InProgress', 7)],
    true,
    { state: 'notIsolated', pending: 'isolation' },
  ],
  [
    'an isolation with a status of the future',
    [act('Isolate', 'Hibernating', 7)],
    true,
    { state: 'notIsolated', pending: 'isolation' },
  ],
  [
    'an old one that never ended before one that did',
    [act('Unisolate', 'Succeeded', 7), act('Isolate', 'Pending', 3)],
    true,
    { state: 'notIsolated', since: 12 },
  ],
  [
    'an isolation of which no end is told',
    [undated(act('Isolate', 'Succeeded', 7)), act('Unisolate', 'Succeeded', 3)],
    true,
    { state: 'isolated' },
  ],
])('of %s', (_name, actions, whole, isolation) => {
  expect(isolationOf(actions, whole)).toStrictEqual(isolation);
});
