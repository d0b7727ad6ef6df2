// Every collection that a long-living class holds has a bound that somebody wrote down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../support/root.ts';
import { collections, collectionsIn, words } from './collections.ts';

const sources = ['bot', 'adapters', 'app', 'liveResponse'].flatMap((folder) =>
  readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
const textOf = (file: string): string => readFileSync(join(root, 'src', file), 'utf8');
const found = sources.flatMap((file) => collectionsIn(textOf(file)).map((field) => `${file} ${field}`));

describe('collections of long-living classes', () => {
  test('are seen, however they are declared', () => {
    const text = [
      'class One {',
      '  readonly #map = new Map<string, number>();',
      '  #list: string[] = [];',
      '  readonly #given: Map<string, number>;',
      '  #left: readonly string[] = [];',
      '  readonly #all: readonly string[];',
      '  readonly #chats: ReadonlyMap<string, number>;',
      '  #count = 0;',
    ].join('\n');
    expect(collectionsIn(text)).toEqual(['#map', '#list', '#given', '#left']);
    expect(found.length).toBeGreaterThan(90);
  });

  test('have a bound that is written down, each', () => {
    expect(found.filter((one) => collections[one] === undefined)).toEqual([]);
    expect(Object.keys(collections).filter((one) => !found.includes(one))).toEqual([]);
  });

  test('are what is said of them, where the source shows it', () => {
    for (const [one, bound] of Object.entries(collections)) {
      const [file = '', field = ''] = one.split(' ');
      const text = textOf(file);
      if (bound === words.recent) expect(text).toMatch(new RegExp(`${field} = new RecentMap\\b`));
      if (bound === words.withRequest)
        expect(`${one}: ${String(/\bmemoryOf\(|troubles: Map<string, CardFailure>/.test(text))}`).toBe(
          `${one}: true`,
        );
    }
  });
});
