// The list itself: each of the 34 items of what a faithful simulator must do has exactly one test that begins
// with its number.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../../support/root.ts';

test('each item of the checklist has exactly one test', () => {
  const folder = join(root, 'test', 'simulator');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const numbers = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:^|[\s(])'10\.(\d+) /gm)].map((match) =>
      Number(match[1]),
    ),
  );
  expect(numbers.sort((one, other) => one - other)).toEqual(
    Array.from({ length: 34 }, (_, index) => index + 1),
  );
});
