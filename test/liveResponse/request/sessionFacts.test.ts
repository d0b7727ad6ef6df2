// The facts of a session that leave its stage as it is: results, links, a cancel, and what was found late.
import { describe, expect, test } from '@jest/globals';
import type { SessionFact } from '../../../src/liveResponse/request/events.ts';
import { IllegalTransition } from '../../../src/liveResponse/request/fold.ts';
import { resultsOf, stageOf } from '../../../src/liveResponse/request/request.ts';
import { noResults } from '../../../src/liveResponse/request/session.ts';
import type { Results } from '../../../src/liveResponse/results/resultFacts.ts';
import { actionWith, exampleMoves, fold, requestIn, start } from '../../support/requests/lifecycle.ts';
import { after, sessionIn } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, lost, abandoned, overdue, ended } = exampleMoves;
const sent = [approved, claimed, submitted] as const;

const excerpt = (index: number, length = 3) => ({
  index,
  at: start,
  length,
  sha256: 'aa',
  errors: false,
  cut: false,
});
const file = (index: number, bytes = 5) => ({ index, at: start, bytes, format: 'zip' as const });
const trouble = (index: number, tries = 1) => ({ index, at: start, code: 'notReady', tries });
const link = (index: number, expiresAt = start + 1) => ({ index, at: start, expiresAt });

const read = (index: number, length?: number) =>
  ({ type: 'excerptRead', excerpt: excerpt(index, length) }) as const;
const seen = (index: number, bytes?: number) => ({ type: 'fileSeen', file: file(index, bytes) }) as const;
const troubled = (index: number, tries?: number) =>
  ({ type: 'resultTrouble', trouble: trouble(index, tries) }) as const;
const minted = (index: number, onCard: boolean, expiresAt?: number) =>
  ({ type: 'linkMinted', link: link(index, expiresAt), onCard }) as const;
const refused = (index: number, tries?: number) =>
  ({ type: 'linkRefused', trouble: trouble(index, tries) }) as const;

describe('the results of a session', () => {
  const cases: readonly (readonly [string, readonly SessionFact[], Partial<Results>])[] = [
    ['transcripts, each of its command', [read(0), read(2)], { excerpts: [excerpt(0), excerpt(2)] }],
    [
      'the transcript that was read last',
      [read(0), read(2), read(0, 9)],
      { excerpts: [excerpt(2), excerpt(0, 9)] },
    ],
    ['files, each of its command', [seen(1), seen(2)], { files: [file(1), file(2)] }],
    ['the file that was seen last', [seen(1), seen(2), seen(1, 9)], { files: [file(2), file(1, 9)] }],
    ['troubles, each of its command', [troubled(0), troubled(1)], { troubles: [trouble(0), trouble(1)] }],
    [
      'the last trouble of each',
      [troubled(0), troubled(1), troubled(0, 2)],
      { troubles: [trouble(1), trouble(0, 2)] },
    ],
    [
      'no trouble of a transcript that was read',
      [troubled(0), troubled(1), read(0)],
      { excerpts: [excerpt(0)], troubles: [trouble(1)] },
    ],
    [
      'no trouble of a file that was seen',
      [troubled(0), troubled(1), seen(1)],
      { files: [file(1)], troubles: [trouble(0)] },
    ],
    ['links, each of its command', [minted(0, true), minted(1, true)], { links: [link(0), link(1)] }],
    [
      'the link that was made last',
      [minted(0, true), minted(1, true), minted(0, true, start + 9)],
      { links: [link(1), link(0, start + 9)] },
    ],
    ['no link that one person asked for alone', [minted(0, true), minted(1, false)], { links: [link(0)] }],
    [
      'no link that was taken away',
      [minted(0, true), minted(1, true), { type: 'linkRetired', index: 0 }],
      { links: [link(1)] },
    ],
    [
      'refused links, the last refusal of each',
      [refused(0), refused(1), refused(0, 2)],
      { linkTroubles: [trouble(1), trouble(0, 2)] },
    ],
    [
      'no refusal of a link that was made after it',
      [refused(0), refused(1), minted(0, true)],
      { links: [link(0)], linkTroubles: [trouble(1)] },
    ],
    ['no refusal of a link that was made for one person', [refused(0), minted(0, false)], {}],
  ];

  test.each(cases)('keep %s', (_, facts, results) => {
    const expected = { ...noResults, ...results };
    const running = fold([...sent, ...facts]);
    expect(resultsOf(stageOf(running))).toStrictEqual(expected);
    // The same after its end, and while nobody knows where it is.
    expect(resultsOf(stageOf(fold([...sent, ended, ...facts])))).toStrictEqual(expected);
    expect(resultsOf(stageOf(fold([...sent, overdue, ...facts])))).toStrictEqual(expected);
    expect(resultsOf(stageOf(after(running, ended, start)))).toStrictEqual(expected);
  });

  const retired = { type: 'linkRetired', index: 0 } as const;
  test.each([read(0), seen(0), troubled(0), minted(0, true), refused(0), retired])(
    'cannot come from nowhere: $type',
    (fact) => {
      const nothing = [
        requestIn('queued'),
        requestIn('submitting'),
        requestIn('unknown'),
        fold([approved, exampleMoves.lapsed]),
      ];
      for (const request of nothing) expect(() => after(request, fact, start)).toThrow(IllegalTransition);
    },
  );
});

describe('the device of a session', () => {
  const waiting = { since: start, until: start + 3_600_000, cancelAt: start + 60_000 };
  const woke = { type: 'sessionNotified', surface: 'slack', place: 'C1', what: 'woke' } as const;
  const waitingForDevice = { type: 'waitingForDevice', waiting } as const;

  test('is waited for, and the places that were told it woke are kept in their order', () => {
    const told = fold([...sent, waitingForDevice, woke, { ...woke, surface: 'teams', place: 'T1' }]);
    expect(sessionIn(told, 'running').stage.run.waitingForDevice).toStrictEqual({
      ...waiting,
      notified: ['slack:C1', 'teams:T1'],
    });
  });

  test('may be told to have woken also after the end of its session', () => {
    const told = fold([...sent, waitingForDevice, ended, woke]);
    expect(sessionIn(told, 'finished').stage.run.waitingForDevice?.notified).toEqual(['slack:C1']);
  });

  test('cannot have woken where nobody waited for it', () => {
    const nobody = (['queued', 'submitting', 'unknown', 'running', 'finished'] as const).map(requestIn);
    for (const request of [...nobody, fold([approved, exampleMoves.lapsed])])
      expect(() => after(request, woke, start)).toThrow(IllegalTransition);
    expect(() => fold([...sent, waitingForDevice, overdue, woke])).toThrow(IllegalTransition);
  });
});

describe('a closed session that turns up', () => {
  const closed = [approved, claimed, lost, abandoned] as const;
  const action = actionWith('InProgress');
  const late = { type: 'foundLate', action } as const;
  const told = { type: 'sessionNotified', surface: 'slack', place: 'C1', what: 'found' } as const;
  const foundAt = start + 5000;

  test('stays closed, and says when and what was found', () => {
    const before = sessionIn(fold(closed), 'closed').stage;
    expect(stageOf(fold([...closed, late]))).toStrictEqual({
      ...before,
      found: { at: foundAt, action, notified: [] },
    });
  });

  test('says what ran instead of what was approved', () => {
    const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
    const { found } = sessionIn(fold([...closed, { ...late, differs }]), 'closed').stage;
    expect(found?.differs).toEqual(differs);
  });

  test('keeps when it was first found, and where that was told, through every reading', () => {
    const over = actionWith('Succeeded');
    const elsewhere = { ...told, surface: 'teams', place: 'T1' };
    const request = fold([...closed, late, told, elsewhere, { ...late, action: over }]);
    expect(sessionIn(request, 'closed').stage.found).toStrictEqual({
      at: foundAt,
      action: over,
      notified: ['slack:C1', 'teams:T1'],
    });
  });

  test('gets links for single persons, of which nothing is kept, and none on its card', () => {
    const request = fold([...closed, late]);
    const made = after(request, minted(1, false), start);
    expect(stageOf(made)).toStrictEqual(stageOf(request));
    expect(made.revision).toBe(request.revision);
    expect(() => after(request, minted(1, true), start)).toThrow(IllegalTransition);
    expect(() => after(fold(closed), minted(1, false), start)).toThrow(IllegalTransition);
  });

  test('is told only where it was found', () => {
    expect(() => fold([...closed, told])).toThrow(IllegalTransition);
    for (const state of ['queued', 'submitting', 'unknown', 'running', 'finished'] as const)
      expect(() => after(requestIn(state), told, start)).toThrow(IllegalTransition);
  });

  test('can turn up only after it was closed', () => {
    for (const state of ['queued', 'submitting', 'unknown', 'running', 'finished'] as const)
      expect(() => after(requestIn(state), late, start)).toThrow(IllegalTransition);
  });
});
