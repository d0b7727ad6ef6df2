// The bounded map against a plain list of what was set, newest last.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RecentMap } from '../../../src/liveResponse/pacing/sharedReadings.ts';

test('it holds the newest entries in the order in which they were last set, whatever is set and deleted', () => {
  const step = fc.tuple(
    fc.constantFrom('set', 'set', 'set', 'get', 'delete'),
    fc.integer({ min: 0, max: 9 }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (most, steps) => {
      const map = new RecentMap<number, number>(most);
      let model: readonly (readonly [number, number])[] = [];
      for (const [at, [what, key]] of steps.entries()) {
        if (what === 'get') {
          expect(map.get(key)).toBe(model.find(([one]) => one === key)?.[1]);
          continue;
        }
        const others = model.filter(([one]) => one !== key);
        if (what === 'set') {
          map.set(key, at);
          model = [...others, [key, at] as const].slice(-most);
        } else {
          map.delete(key);
          model = others;
        }
        expect([...map]).toEqual(model);
      }
    }),
  );
});

test('one whose key may be undefined loses that too when it is the oldest', () => {
  const map = new RecentMap<string | undefined, number>(1);
  map.set(undefined, 1).set('a', 2);
  expect([...map]).toEqual([['a', 2]]);
});

test.each([0, -1, 1.5, Number.NaN])('it cannot be made for %p entries', (most) => {
  expect(() => new RecentMap(most)).toThrow(RangeError);
});
