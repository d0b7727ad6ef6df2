// How many requests may wait at once, of one person and for one device.
import { describe, expect, test } from '@jest/globals';
import { defaultPending, tooManyPending } from '../../../src/bot/policy/places.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import type { FlatRequest } from '../../support/requests/requests.ts';
import { asked, flat, hosta, newRequest, requests } from '../../support/requests/requests.ts';

const tier = { name: 'high', pending: { person: 2, device: 3 } };
const other = { id: 'responder2', name: 'Sam' };

function waiting(id: string, at: number, change: Partial<FlatRequest> = {}): Request {
  return create(newRequest({ ...flat(asked), id, at, ...change }));
}

describe('one person', () => {
  const own = [waiting('lr-b', 20), waiting('lr-a', 10, { device: { ...hosta, id: 'other' } })];

  test('may have as many waiting as the tier says, and is shown them oldest first', () => {
    expect(tooManyPending(own.slice(0, 1), tier, asked.asked.requester.id, hosta.id)).toBeUndefined();
    expect(tooManyPending(own, tier, asked.asked.requester.id, undefined)).toEqual({
      refused: 'tooManyPending',
      of: 'person',
      tier: 'high',
      most: 2,
      own: ['lr-a', 'lr-b'],
      others: 0,
    });
  });

  test('is not counted for what others asked, or for what no longer waits', () => {
    expect(
      tooManyPending(
        [...own.slice(0, 1), waiting('lr-c', 1, { requester: other })],
        tier,
        asked.asked.requester.id,
        undefined,
      ),
    ).toBeUndefined();
    const sent = [
      requests.submitting,
      requests.running,
      requests.unknown,
      requests.finished,
      requests.denied,
    ];
    expect(tooManyPending(sent, tier, asked.asked.requester.id, hosta.id)).toBeUndefined();
    expect(
      tooManyPending([requests.queued, requests.awaitingApproval], tier, asked.asked.requester.id, undefined),
    ).toMatchObject({ of: 'person' });
  });
});

describe('one device', () => {
  const there = [
    waiting('lr-c', 30, { requester: other }),
    waiting('lr-b', 20, { requester: other }),
    waiting('lr-a', 10),
  ];

  test('may have as many waiting as the tier says, and of those of others only their number is shown', () => {
    expect(tooManyPending(there, tier, asked.asked.requester.id, hosta.id)).toEqual({
      refused: 'tooManyPending',
      of: 'device',
      tier: 'high',
      most: 3,
      own: ['lr-a'],
      others: 2,
      device: hosta.name,
    });
    expect(tooManyPending(there.slice(1), tier, asked.asked.requester.id, hosta.id)).toBeUndefined();
  });

  test('is not counted while it is not known, or for requests elsewhere', () => {
    expect(tooManyPending(there, tier, asked.asked.requester.id, undefined)).toBeUndefined();
    expect(tooManyPending(there, tier, asked.asked.requester.id, 'b'.repeat(40))).toBeUndefined();
  });
});

test('where the tier says nothing the bounds are 20 and 10', () => {
  expect(defaultPending).toEqual({ person: 20, device: 10 });
  const many = (count: number, change: Partial<FlatRequest>): readonly Request[] =>
    Array.from({ length: count }, (_one, at) => waiting(`lr-${at}`, at, change));
  const elsewhere = { device: { ...hosta, id: 'x' } };
  expect(
    tooManyPending(many(19, elsewhere), { name: 'high' }, asked.asked.requester.id, hosta.id),
  ).toBeUndefined();
  expect(
    tooManyPending(many(20, elsewhere), { name: 'high' }, asked.asked.requester.id, hosta.id),
  ).toMatchObject({
    of: 'person',
    most: 20,
  });
  expect(
    tooManyPending(many(9, { requester: other }), { name: 'high' }, asked.asked.requester.id, hosta.id),
  ).toBeUndefined();
  expect(
    tooManyPending(many(10, { requester: other }), { name: 'high' }, asked.asked.requester.id, hosta.id),
  ).toMatchObject({ of: 'device', most: 10, own: [] });
});
