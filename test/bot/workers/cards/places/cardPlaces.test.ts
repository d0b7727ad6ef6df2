// What a card or an answer may show of results in one place: as much as the strictest thing known of that
// place allows.
import { describe, expect, test } from '@jest/globals';
import type { Place } from '../../../../../src/bot/ports.ts';
import { cardPlacesOf, resultsShownIn } from '../../../../../src/bot/workers/reads/cardPlaces.ts';
import { resultsMode } from '../../../../../src/bot/policy/places.ts';
import type { Request } from '../../../../../src/liveResponse/request/request.ts';
import { createStoryChat } from '../../../../support/apps/storyChat.ts';
import { policy } from '../../../../support/policy.ts';
import { requests } from '../../../../support/requests/requests.ts';

const deps = { policy, chats: [createStoryChat()] };
const place = (id: string, change: Partial<Place> = {}): Place => ({
  surface: 'console',
  id,
  direct: false,
  external: false,
  ...change,
});
const results = (request: Request, id: string): string | undefined =>
  cardPlacesOf(deps, request).find((one) => one.place === id)?.results;

describe('results of a request', () => {
  test('stand on the card where the policy says so, unless it was asked in private there', () => {
    const { finished } = requests;
    expect(results(requests.finished, 'incidents')).toBe('card');
    expect(results({ ...finished, asked: { ...finished.asked, placeIsPrivate: true } }, 'incidents')).toBe(
      'private',
    );
  });

  test('leave a card that stands in a place which the policy no longer names', () => {
    const cards = [{ intent: 'a', surface: 'console', place: 'old-room', shown: 1 }] as const;
    expect(results({ ...requests.finished, cards }, 'old-room')).toBe('private');
  });

  test('are not shown to somebody who asks where the request has no card, nor where outsiders read along', () => {
    expect(resultsShownIn(deps, requests.finished, place('incidents'))).toBe('card');
    expect(resultsShownIn(deps, requests.finished, place('elsewhere'))).toBe('private');
    expect(resultsShownIn(deps, requests.finished, place('incidents', { external: true }))).toBe('private');
  });

  test('stay private in a conversation with the bot alone, listed with results on the card or not', () => {
    const listed = {
      ...policy,
      places: [{ place: 'console:D0', approvals: false, results: 'card' as const }],
    };
    expect(resultsMode(listed, place('D0', { direct: true }))).toBe('private');
  });
});
