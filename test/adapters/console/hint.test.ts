// Row 1.7: the console’s hint is made from the same facts as the card next to it, and never knows more than
// the card.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { describe, expect, test } from '@jest/globals';
import { hintOf } from '../../../src/adapters/console/drawing.ts';
import { examples, viewOf } from '../../cards/examples/examples.ts';

const hints = examples.map((one) => ({
  name: one.name,
  view: viewOf(one),
  request: one.request,
  hint: hintOf(one.request, viewOf(one)),
}));

describe('the hint next to a card (row 1.7)', () => {
  test.each(hints.filter(({ hint }) => hint !== undefined))(
    '$name: says that nothing ran only where every row does',
    ({ view, hint }) => {
      const noneRan = view.steps.every(({ status }) => status === 'not run');
      if (hint?.includes('Nothing ran') === true) expect(noneRan).toBe(true);
    },
  );

  test('of a dropped request says that it may have run', () => {
    expect(hints.find(({ name }) => name === 'over-dropped')?.hint).toBe(
      'Dropped. This request is over, and it may have run: the card says what is known. Look before asking again.',
    );
  });

  test.each([
    [
      'unknown-lost',
      'Not known whether it ran. The bot is still looking for it; the card says what a person can decide meanwhile.',
    ],
    [
      'unknown-looked',
      'Not known whether it ran. The bot looked for it without finding out; only a person can decide now. The card says what.',
    ],
  ])('%s: says that a search is under way only while it is', (example, words) => {
    expect(hints.find(({ name }) => name === example)?.hint).toBe(words);
  });

  test.each(
    hints.filter(({ request, view }) => stageOf(request).state === 'finished' && view.tone !== 'good'),
  )('$name: a session that failed is not told as a story that went well', ({ view, hint }) => {
    expect(hint).toContain(`${view.status}. The card says why`);
  });

  test.each(
    hints.filter(({ request, view }) => stageOf(request).state === 'running' && view.tone !== 'neutral'),
  )('$name: does not say that the card follows it by itself', ({ hint }) => {
    expect(hint).not.toContain('follows it by itself');
  });

  test('sends nobody to an Approve button that is not there', () => {
    for (const { request, view, hint } of hints.filter(
      (one) => stageOf(one.request).state === 'awaitingApproval',
    )) {
      expect(hint === undefined).toBe(view.buttons.some(({ verb }) => verb === 'approve'));
      expect(stageOf(request).state).toBe('awaitingApproval');
    }
  });
});
