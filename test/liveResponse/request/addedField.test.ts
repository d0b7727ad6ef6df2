// What was asked is kept by every event, also a field that one line adds.
import { expect, test } from '@jest/globals';
import type { NewRequest, Request } from '../../../src/liveResponse/request/request.ts';
import { after, exampleEvents, exampleFacts } from '../../support/requests/histories.ts';
import { asked, exampleMoves, fold, start } from '../../support/requests/lifecycle.ts';

/** Ways to every stage that an event may meet: chance leaves some events out. */
function waysOf(made: NewRequest): readonly Request[] {
  const { approved, claimed, submitted, lost, ended, denied, abandoned, actionMissing } = exampleMoves;
  const sent = [approved, claimed, submitted] as const;
  return [
    [],
    [denied],
    [approved],
    [approved, claimed],
    [approved, claimed, lost],
    [approved, claimed, lost, abandoned],
    sent,
    [...sent, exampleFacts.waitingForDevice],
    [...sent, actionMissing],
    [...sent, ended],
  ].map((events) => fold(events, made));
}

test('every event keeps a field of what was asked that one line adds', () => {
  const added: NewRequest = { ...asked, asked: { ...asked.asked, ...{ ticket: 'INC-4711' } } };
  const met = new Set<string>();
  for (const request of waysOf(added))
    for (const event of exampleEvents) {
      const next = after(request, event, start);
      if (next === undefined) continue;
      met.add(event.type);
      expect(next.asked).toStrictEqual(added.asked);
    }
  expect([...met].sort()).toEqual(Object.keys({ ...exampleMoves, ...exampleFacts }).sort());
});
