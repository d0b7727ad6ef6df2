// Which permission each kind of call needs, and what a token with some of them may do.
import { expect, test } from '@jest/globals';
import { rights, mayCall } from '../../../src/liveResponse/codes/permissions.ts';
import type { CallKind } from '../../../src/liveResponse/pacing/callRates.ts';

const kinds = Object.keys(rights) as readonly CallKind[];

test.each<[string, readonly CallKind[]]>([
  ['Machine.LiveResponse', ['submit', 'cancel']],
  ['Machine.ReadWrite.All', ['list', 'get', 'link', 'machines']],
  ['Machine.Read.All', ['machines']],
  ['Library.Manage', ['library']],
  ['Alert.Read.All', []],
])('%s alone allows %j', (role, allowed) => {
  expect(kinds.filter((kind) => mayCall(kind, [role]))).toEqual(allowed);
});

test('a token with several roles may do what any of them allows', () => {
  expect(
    kinds.filter((kind) => mayCall(kind, ['Alert.Read.All', 'Machine.LiveResponse', 'Machine.Read.All'])),
  ).toEqual(['submit', 'cancel', 'machines']);
});

test('each right says what does not work without it, and the library alone can be done without', () => {
  expect(kinds.filter((kind) => !/^\w+ .*\w$/.test(rights[kind].neededTo))).toEqual([]);
  expect(kinds.filter((kind) => rights[kind].optional)).toEqual(['library']);
});
