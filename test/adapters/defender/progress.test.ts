// Row 1.23: the progress that an action reports belongs to the command of that index, in any order, spelling
// and number.
import { expect, test } from '@jest/globals';
import { readAction } from '../../../src/adapters/defender/wire.ts';
import { stepStates } from '../../../src/liveResponse/action.ts';

const entry = (index: unknown, commandStatus: string): object => ({ index, commandStatus, errors: [] });

test.each<readonly [string, readonly unknown[], string]>([
  ['backwards', [entry(1, 'Created'), entry(0, 'Completed')], 'completed waiting'],
  ['of the second alone', [entry(1, 'Completed')], 'waiting completed'],
  ['with an index as text', [entry('1', 'Completed'), entry('0', 'Created')], 'waiting completed'],
  [
    'twice, the older first',
    [entry(0, 'Created'), entry(0, 'Completed'), entry(1, 'Created')],
    'completed waiting',
  ],
  ['twice, the newer first', [entry(0, 'Completed'), entry(0, 'Created')], 'completed waiting'],
  ['twice, and one says that it failed', [entry(0, 'Failed'), entry(0, 'Completed')], 'failed waiting'],
  ['behind nothing', [null, entry(0, 'Completed')], 'completed waiting'],
  ['in other letters', [entry(0, 'completed'), entry(1, 'FAILED')], 'completed failed'],
  ['with a word of the future', [entry(0, 'Rehydrated')], 'waiting waiting'],
])('row 1.23: entries %s', (_how, commands, states) => {
  const action = readAction({ id: 'a', commands });
  expect(stepStates(action ?? { progress: [] }, 2).join(' ')).toBe(states);
  expect(new Set(action?.progress.map((one) => one.index)).size).toBe(action?.progress.length);
});

test('of an action a hundred entries are read; where there are more, nobody knows its commands', () => {
  const many = (count: number): readonly object[] =>
    Array.from({ length: count }, (_none, index) => ({
      ...entry(index, 'Completed'),
      command: { type: 'GetFile', params: [{ key: 'Path', value: 'C:\\x' }] },
    }));
  const read = (count: number): readonly unknown[] => {
    const action = readAction({ id: 'a', commands: many(count) });
    return [action?.progress.length, action?.commands?.length];
  };
  expect([read(100), read(101), read(10_000)]).toEqual([
    [100, 100],
    [100, undefined],
    [100, undefined],
  ]);
});
