// Devices listed where a name means several of them, or none that can take a session.
import { describe, expect, test } from '@jest/globals';
import { recordAdvice } from '../../../cards/messages/deviceContext.ts';
import {
  ambiguousSentence,
  candidateList,
  candidateOf,
  unfitSentence,
} from '../../../src/bot/policy/devices/candidates.ts';
import type { Candidate } from '../../../src/bot/policy/devices/candidates.ts';
import { hosta } from '../../support/requests/requests.ts';

const ones = '1'.repeat(40);
const kiosk = (change: Partial<Candidate> = {}): Candidate => ({
  id: ones,
  name: 'kiosk',
  os: 'Windows11',
  health: 'Active',
  ...change,
});
const notOnboarded = { why: 'notOnboarded' } as const;
const merged = { why: 'merged', into: '2'.repeat(40) } as const;

describe('a candidate', () => {
  const lastReportAt = Date.UTC(2026, 0, 2, 3, 4);

  test('keeps of a device what tells it apart, and has no field for what is not known', () => {
    const { id, name, os, health } = hosta;
    const device = { id, name, os, health, tags: ['pilot'] };
    expect(candidateOf(device)).toStrictEqual({ id, name, os, health });
    const told = { group: 'Workstations', lastReportAt, duplicate: true } as const;
    expect(candidateOf({ ...device, ...told, onboarding: 'CanBeOnboarded' })).toStrictEqual({
      ...{ id, name, os, health },
      ...told,
      unfit: notOnboarded,
    });
  });

  test('is listed with all that is known of it', () => {
    const full = kiosk({ group: 'Lobby', lastReportAt, duplicate: true, unfit: notOnboarded });
    expect(candidateList([full, kiosk({ id: '2b' })])).toBe(
      `kiosk (Windows11, Active, group Lobby, last report 2026-01-02 03:04 UTC, not onboarded, perhaps a duplicate, ${ones}); kiosk (Windows11, Active, 2b).`,
    );
  });
});

describe('a list of candidates', () => {
  /** Characters of it in a list. */
  const long = (characters: number): Candidate =>
    kiosk({ os: 'W', health: 'A', id: '1', name: 'k'.repeat(characters - ' (W, A, 1)'.length) });

  test('names eight, and counts the rest', () => {
    const list = candidateList(Array.from({ length: 10 }, () => long(20)));
    expect(list.match(/W, A/g)).toHaveLength(8);
    expect(list).toMatch(/; and 2 more\.$/);
    expect(candidateList(Array.from({ length: 8 }, () => long(20)))).not.toContain('more');
  });

  test('is short enough for a phone, but names one at least', () => {
    expect(candidateList([long(279), long(279)])).toHaveLength('; .'.length + 2 * 279);
    expect(candidateList([long(279), long(280)])).toMatch(/; and 1 more\.$/);
    expect(candidateList([long(900)])).toMatch(/^k+ \(W, A, 1\)\.$/);
  });
});

describe('a name that fits several devices', () => {
  test.each([
    ['a full name or an id', ['kiosk.a', 'kiosk.b']],
    ['the longer name or an id (for kiosk itself only its id will do)', ['kiosk.a', 'Kiosk']],
    ['an id', ['kiosk.a', 'kiosk.A']],
    ['an id', ['kiosk', 'kiosk.a', 'kiosk.a']],
  ])('is asked for with %s where they are %j', (how, names) => {
    const candidates = names.map((name) => kiosk({ name }));
    expect(ambiguousSentence({ name: ' KIOSK', candidates })).toBe(
      ` KIOSK fits ${names.length} devices, so nothing was done. Ask again with ${how}: ${candidateList(candidates)}`,
    );
  });

  test('is told with the records that were left out', () => {
    const candidates = [kiosk({ name: 'kiosk.a' }), kiosk({ name: 'kiosk.b' })];
    const leftOut = [{ id: '3'.repeat(40), name: 'kiosk.a', unfit: notOnboarded }];
    expect(ambiguousSentence({ name: 'kiosk', candidates, leftOut })).toMatch(
      /\. Left out: another record of this name: id ending 33333333 \(not onboarded\)\.$/,
    );
  });
});

describe('a name of which no record can take a session', () => {
  const { deviceNotOnboarded, deviceMerged } = recordAdvice;
  const it = 'kiosk (id ending 11111111)';
  const into = kiosk({ id: merged.into });
  const intoWords = `${it} was merged into another record, kiosk (Windows11, Active, ${merged.into}), so nothing was asked for.`;
  const two = [kiosk({ unfit: notOnboarded }), kiosk({ unfit: merged })];

  test.each<readonly [string, Parameters<typeof unfitSentence>[0], string]>([
    [
      'nothing is known of why',
      { name: 'kiosk', records: [kiosk()] },
      'kiosk cannot take a live response session, so nothing was asked for.',
    ],
    [
      'there are two',
      { name: 'kiosk', records: two },
      `Defender has 2 records called kiosk, and none of them can take a live response session, so nothing was asked for: ${candidateList(two)} ${deviceNotOnboarded.next}`,
    ],
    [
      'it is not onboarded',
      { name: 'kiosk', records: [kiosk({ unfit: notOnboarded })] },
      `${it}: ${deviceNotOnboarded.what} Nothing was asked for. ${deviceNotOnboarded.next}`,
    ],
    [
      'it was merged, and the other one could not be read',
      { name: 'kiosk', records: [kiosk({ unfit: merged })] },
      `${it} was merged into another record, ${merged.into}, which could not be read, so nothing was asked for. ${deviceMerged.next}`,
    ],
    [
      'it was merged into one that can',
      { name: 'kiosk', records: [kiosk({ unfit: merged })], into },
      `${intoWords} If that is the device you mean, ask again with that id.`,
    ],
    [
      'it was merged into one that cannot either',
      { name: 'kiosk', records: [kiosk({ unfit: merged })], into: { ...into, unfit: notOnboarded } },
      `${intoWords.replace('Active,', 'Active, not onboarded,')} That one cannot take a session either. ${deviceNotOnboarded.next}`,
    ],
  ])('is told with the next step where %s', (_what, named, sentence) => {
    expect(unfitSentence(named)).toBe(sentence);
  });
});
