// Where the cards of a request stand, and what they may show and name there.
import { describe, expect, test } from '@jest/globals';
import type { SharedPlaces } from '../../../../src/bot/workers/cards/closedPlaces.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import type { ChatPort, Place } from '../../../../src/bot/ports.ts';
import {
  cardPlacesOf,
  mayBeNamedIn,
  mayHaveResults,
  readBy,
  resultsShownIn,
} from '../../../../src/bot/workers/reads/cardPlaces.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { policy } from '../../../support/policy.ts';
import { askedFor, history, sent } from '../../../support/apps/workerPorts.ts';

const chats = ['console', 'slack'].map((surface) => ({ surface })) as unknown as readonly ChatPort[];
const finished = history(askedFor(), ...sent, 'ended');
const limited: Policy = {
  ...policy,
  places: policy.places.map((one) =>
    one.place === 'console:incidents' ? { ...one, visibility: ['lead'] } : one,
  ),
};
const shared = {
  known: (key: string) => (key === 'console:incidents' ? 'yes' : 'no'),
} as unknown as SharedPlaces;
const card = (surface: string, place: string): Request['cards'][number] => ({
  intent: place,
  surface,
  place,
  shown: 1,
});

describe('the places of a card', () => {
  test('are where it was asked and the approvals places, each once, as far as their chat is there', () => {
    const both = [
      { surface: 'console', place: 'incidents', results: 'card', notify: 'console:avery' },
      { surface: 'slack', place: 'C0SOC', results: 'card', notify: 'slack:S0APPR' },
    ];
    expect(cardPlacesOf({ policy, chats }, finished)).toEqual(both);
    expect(cardPlacesOf({ policy, chats: chats.slice(0, 1) }, finished)).toEqual(both.slice(0, 1));
    const cards = [
      card('console', 'incidents'),
      card('slack', 'old'),
      card('slack', 'old'),
      card('slack', 'incidents'),
    ];
    expect(cardPlacesOf({ policy, chats }, { ...finished, cards })).toEqual([
      ...both,
      { surface: 'slack', place: 'old', results: 'private' },
      { surface: 'slack', place: 'incidents', results: 'private' },
    ]);
  });

  test('show no results of what was asked in private, and no place twice that the policy names twice', () => {
    const direct = history(askedFor({ place: 'console:D1', placeIsPrivate: true }), ...sent);
    expect(cardPlacesOf({ policy, chats }, direct)[0]).toMatchObject({
      surface: 'console',
      place: 'D1',
      results: 'private',
    });
    const twice = {
      ...policy,
      places: [...policy.places, ...policy.places.filter(({ place }) => place === 'slack:C0SOC')],
    };
    expect(cardPlacesOf({ policy: twice, chats }, finished)).toHaveLength(2);
  });

  test('keep reasons from those who may not find the request', () => {
    expect(cardPlacesOf({ policy: limited, chats }, finished).map(({ reason }) => reason)).toEqual([
      undefined,
      'private',
    ]);
  });

  test('that outsiders read show nothing', () => {
    expect(readBy({ outsiders: shared })('console:incidents')).toBe(true);
    expect(readBy({ outsiders: shared })('slack:C0SOC')).toBe(false);
    expect(readBy({})('console:incidents')).toBe(false);
    expect(
      cardPlacesOf({ policy, chats, outsiders: shared }, finished).map(({ results }) => results),
    ).toEqual(['private', 'private']);
  });
});

test('results are shown to somebody where a card shows them, and never where outsiders read along', () => {
  const at = (surface: string, id: string, external = false): Place => ({
    surface,
    id,
    direct: false,
    external,
  });
  const shown = (place: Place): string => resultsShownIn({ policy, chats }, finished, place);
  expect(shown(at('console', 'incidents'))).toBe('card');
  expect(shown(at('slack', 'C0SOC'))).toBe('card');
  expect(shown(at('console', 'incidents', true))).toBe('private');
  expect(shown(at('slack', 'incidents'))).toBe('private');
  expect(shown(at('console', 'C0SOC'))).toBe('private');
});

test('a request is named where anybody may find it, or its own card stands', () => {
  const where = (surface: string, place: string) => ({ surface, place });
  expect(mayBeNamedIn({ policy, chats }, finished, where('console', 'elsewhere'))).toBe(true);
  expect(mayBeNamedIn({ policy: limited, chats }, finished, where('console', 'elsewhere'))).toBe(false);
  expect(mayBeNamedIn({ policy: limited, chats }, finished, where('slack', 'C0SOC'))).toBe(true);
  expect(mayBeNamedIn({ policy: limited, chats }, finished, where('console', 'C0SOC'))).toBe(false);
  expect(mayBeNamedIn({ policy: limited, chats }, finished, where('slack', 'incidents'))).toBe(false);
});

test('there may be results of what Defender took, or may have', () => {
  const lost = history(askedFor(), 'approved', 'claimed', 'lost');
  for (const request of [finished, history(askedFor(), ...sent), lost])
    expect(mayHaveResults(request)).toBe(true);
  for (const request of [history(askedFor()), history(askedFor(), 'approved', 'claimed')])
    expect(mayHaveResults(request)).toBe(false);
});
