// What a request that continues another one holds of it: what ran there before, and what of its own commands
// may run for the second time.
import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../../src/liveResponse/commands.ts';
import type { Continues, NewRequest, Request } from '../../../src/liveResponse/request/request.ts';
import { continuationOf } from '../../../src/liveResponse/request/retry.ts';
import { actionWith, asked, exampleMoves, fold } from '../../support/requests/lifecycle.ts';

const put: Command = { type: 'PutFile', fileName: 'tool.zip' };
const unpack: Command = { type: 'RunScript', scriptName: 'unpack.ps1' };
const run: Command = { type: 'RunScript', scriptName: 'run.ps1', args: '-fast' };
const get: Command = { type: 'GetFile', path: 'C:\\out.zip' };
const commands = [put, unpack, run, get];
const { approved, claimed, submitted, expired, lapsed } = exampleMoves;

const first: NewRequest = { ...asked, subject: { ...asked.subject, commands } };
const again = (continues: Continues): NewRequest => ({ ...first, asked: { ...first.asked, continues } });

/** One letter per command: completed, failed, at work without an end, or created only; `-` leaves it out. */
type Word = 'c' | 'f' | 'e' | 'n' | '-';
const statuses = { c: 'Completed', f: 'Failed', e: 'Executing', n: 'Created' } as const;

/** A request that ended at Defender with these words on its commands. */
function ended(words: readonly Word[], from: NewRequest = first): Request {
  const progress = words.flatMap((word, index) =>
    word === '-' ? [] : [{ index, status: statuses[word], errors: [] }],
  );
  return fold(
    [
      approved,
      claimed,
      submitted,
      { type: 'ended', action: { ...actionWith('TimeOut'), progress }, outcome: 'timedOut' },
    ],
    from,
  );
}

describe('a request that continues a finished one', () => {
  type Left = Pick<Continues, 'from' | 'before' | 'mayRepeat'>;

  test.each<readonly [string, readonly Word[], Left]>([
    ['a script failed', ['c', 'c', 'f', 'n'], { from: 2, before: [put, unpack], mayRepeat: [0] }],
    ['a script has no end', ['c', 'c', 'e', 'n'], { from: 2, before: [put, unpack], mayRepeat: [0] }],
    ['a file could not be put', ['f', 'n', 'n', 'n'], { from: 0, before: [], mayRepeat: [] }],
    ['putting a file has no end', ['e', 'n', 'n', 'n'], { from: 0, before: [], mayRepeat: [0] }],
    [
      'a file could not be collected',
      ['c', 'c', 'c', 'f'],
      { from: 3, before: [put, unpack, run], mayRepeat: [] },
    ],
    [
      'collecting a file has no end',
      ['c', 'c', 'c', 'e'],
      { from: 3, before: [put, unpack, run], mayRepeat: [] },
    ],
    [
      'nothing was left, and all of it is repeated',
      ['c', 'c', 'c', 'c'],
      { from: 0, before: [], mayRepeat: [0, 1, 2] },
    ],
    [
      'a person begins earlier than needed',
      ['c', 'c', 'f', 'n'],
      { from: 1, before: [put], mayRepeat: [0, 1] },
    ],
    ['a person leaves out what failed', ['c', 'f', 'n', 'n'], { from: 2, before: [put], mayRepeat: [] }],
    [
      'a person leaves out what has no end',
      ['c', 'e', 'n', 'n'],
      { from: 2, before: [put, unpack], mayRepeat: [] },
    ],
    ['a person leaves out what never began', ['c', 'f', 'n', 'n'], { from: 3, before: [put], mayRepeat: [] }],
    [
      'Defender has no word on the last ones',
      ['c', 'c', '-', '-'],
      { from: 2, before: [put, unpack], mayRepeat: [0] },
    ],
    ['nothing of it began', ['n', 'n', 'n', 'n'], { from: 0, before: [], mayRepeat: [] }],
  ])('says what ran, and what may run twice: %s', (_, words, left) => {
    expect(continuationOf(ended(words), left.from)).toEqual({ id: first.id, ...left });
  });
});

describe('a request that repeats one that never ran', () => {
  test.each([
    ['expired', [expired]],
    ['lapsed', [approved, lapsed]],
  ] as const)('has nothing before it, and repeats nothing: %s', (_, events) => {
    expect(continuationOf(fold(events, first), 0)).toEqual({
      id: first.id,
      from: 0,
      before: [],
      mayRepeat: [],
    });
  });
});

describe('a request that continues a continuation', () => {
  const older: Continues = { id: 'lr-4c2m8t', from: 2, before: [put, unpack], mayRepeat: [0, 1, 3] };

  test.each([
    ['it expired', fold([expired], again(older))],
    ['it was not sent in time', fold([approved, lapsed], again(older))],
    ['it ended before it began', ended(['n', 'n', 'n', 'n'], again(older))],
  ])('continues the first one where nothing of the second began: %s', (_, second) => {
    expect(continuationOf(second, 0)).toEqual(older);
    expect(continuationOf(second, 1)).toEqual({ ...older, from: 3, mayRepeat: [0, 2] });
    expect(continuationOf(second, 2)).toEqual({ ...older, from: 4, mayRepeat: [1] });
  });

  test('continues the second one as soon as some of it began', () => {
    const { id } = first;
    expect(continuationOf(ended(['c', 'f', 'n', 'n'], again(older)), 1)).toEqual({
      id,
      from: 1,
      before: [put],
      mayRepeat: [0],
    });
    expect(continuationOf(ended(['f', 'n', 'n', 'n'], again(older)), 0)).toEqual({
      id,
      from: 0,
      before: [],
      mayRepeat: [],
    });
  });
});
