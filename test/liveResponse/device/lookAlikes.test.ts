// Names that look alike are found, others are not, and one search stays small.
import { describe, expect, test } from '@jest/globals';
import {
  alikeTo,
  searchPrefixes,
  maxSearchPrefixes,
  skeleton,
} from '../../../src/liveResponse/device/confusables.ts';
import type { Device } from '../../../src/liveResponse/device/records.ts';

const device = (name: string, id = name): Device => ({
  id,
  name,
  os: 'Windows11',
  health: 'Active',
  tags: [],
});

const pairs: readonly (readonly [string, string])[] = [
  ['hosta', 'h0sta'],
  ['hosta', 'hоsta'], // Cyrillic о
  ['hosta', 'ｈｏｓｔａ'],
  ['hosta', 'hóstá'],
  ['paypal-dc', 'paypa1-dc'],
  ['mail1', 'rnaill'],
  ['web01', 'vvebo1'],
  ['srv-db', 'srv\u2011db'],
  ['finance5', 'flnances'],
];

describe('two names', () => {
  test.each(pairs)('%s and %s look alike', (one, other) => {
    expect(skeleton(other)).toBe(skeleton(one));
  });

  test.each([
    ['hosta', 'hostb'],
    ['web01', 'web02'],
    ['pc-100', 'pc-101'],
    ['mars', 'venus'],
    ['srv1', 'srv2'],
  ])('%s and %s do not', (one, other) => {
    expect(skeleton(other)).not.toBe(skeleton(one));
  });

  test('are told apart as the same label and a look-alike, the device itself left out', () => {
    const found = [
      device('h0sta.corp.example', '1'),
      device('hosta.branch.example', '2'),
      device('hosta.corp.example', '3'),
      device('hostab.corp.example', '4'),
    ];
    expect(alikeTo({ id: '3', name: 'hosta.corp.example' }, found)).toEqual([
      { id: '2', name: 'hosta.branch.example', how: 'same' },
      { id: '1', name: 'h0sta.corp.example', how: 'alike' },
    ]);
  });

  test('are listed with the same label first, then by name, and as they were found where that is one', () => {
    const found = ['h0sta.b', 'hosta.z', 'h0sta.a', 'hosta.y', 'h0sta.a'].map((name, at) =>
      device(name, String(at)),
    );
    const sorted = ['3', '1', '2', '4', '0'];
    expect(alikeTo({ id: 'x', name: 'hosta.corp' }, found).map(({ id }) => id)).toEqual(sorted);
    const backwards = alikeTo({ id: 'x', name: 'hosta.corp' }, found.toReversed());
    expect(backwards.map(({ id }) => id)).toEqual(['3', '1', '4', '2', '0']);
  });
});

describe('the search', () => {
  test.each(
    pairs
      .filter(([, other]) => !/[ｈóа-я\u2011]/u.test(other) || other === 'hоsta')
      .filter(([one]) => one !== 'mail1' && one !== 'web01' && one !== 'finance5'),
  )('for %s finds %s', (one, other) => {
    expect(searchPrefixes(one).some((beginning) => other.startsWith(beginning))).toBe(true);
  });

  test('from the impostor finds the one it imitates', () => {
    for (const impostor of ['h0sta', 'hоsta', 'hоѕtа'])
      expect(
        searchPrefixes(`${impostor}.corp.example`).some((beginning) => 'hosta'.startsWith(beginning)),
      ).toBe(true);
  });

  test.each([
    ['sos-f1', ['sos-f', 's0s-f', '5o5-f', '5os-f', 'so5-f', 'ѕos-f', 'sоs-f', 'soѕ-f', 'sos\u2010f']],
    ['warn-f1', ['warn-f', 'wam-f', 'vvarn-f', 'ԝarn-f', 'wаrn-f', 'waгn-f', 'warп-f', 'warn\u2010f']],
    ['fо1ff', ['fо1f', 'fo1f', 'fоlf', 'fоif']],
  ])(
    'for %s looks under its beginning with all of one letter exchanged, or one letter alone',
    (name, all) => {
      expect([...searchPrefixes(name)].toSorted()).toEqual(all.toSorted());
    },
  );

  test('of a long name is selective, of a short one takes it whole, and never asks for more than a filter bears', () => {
    expect(searchPrefixes('desktop-39g9tgl.corp.example')[0]).toBe('desktop-39');
    expect(searchPrefixes('dc1')[0]).toBe('dc1');
    for (const name of ['sososososo', 'illilliliilil.corp', 'x', 'wwwmmmrnrn', '']) {
      expect(searchPrefixes(name).length).toBeLessThanOrEqual(maxSearchPrefixes);
      expect(new Set(searchPrefixes(name)).size).toBe(searchPrefixes(name).length);
    }
  });
});
