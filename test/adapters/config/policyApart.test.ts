// A policy that is read in a thread of its own: the same policy, large ones too, while the process goes on.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { readApart } from '../../../src/adapters/config/policyApart.ts';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { mostBytes } from '../../../src/adapters/config/policySource.ts';
import { example } from './policyOf.ts';
import { largePolicy } from '../../support/stories/policyFile.ts';
import { turnsDuring } from '../../support/eventLoop.ts';

/** Turns of the event loop while a thread starts and reads, of which a reading in between leaves none. */
const some = 20;

describe('a policy that is read apart', () => {
  test('is the one that is read here', async () => {
    expect(await readApart(example)).toEqual(readPolicy(example));
  });

  test('of 500 people and 200 recipes is a fifth of the longest, and keeps nobody waiting', async () => {
    const text = largePolicy(500, 200);
    expect(text.length).toBeLessThan(mostBytes / 5);
    const { value, turns } = await turnsDuring(() => readApart(text, 60_000));
    if (!('policy' in value)) throw new Error(JSON.stringify(value).slice(0, 500));
    expect([value.policy.people.length, value.policy.recipes.size]).toEqual([500, 200]);
    expect(turns).toBeGreaterThan(some);
  });

  test('with more mistakes than anybody reads is told with the first two hundred', async () => {
    const read = await readApart('a: b\n'.repeat(500));
    expect('problems' in read ? read.problems.length : read).toBe(200);
  });

  test('whose keys are lists is told of in its problems, and nowhere else', () => {
    const reader = JSON.stringify(
      new URL('../../../src/adapters/config/policyFile.js', import.meta.url).href,
    );
    const program = `import { readPolicy } from ${reader}; console.log(readPolicy('? [a]\\n: b\\n').problems.length);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect({ said: Number(run.stdout) > 0, stderr: run.stderr }).toEqual({ said: true, stderr: '' });
  });

  test('that takes without end is given up, and says what to do', async () => {
    const { value, turns } = await turnsDuring(() => readApart('"'.repeat(mostBytes), 500));
    expect(value).toEqual({
      unread:
        'reading it takes longer than 0.5 s: make it shorter, or look for thousands of brackets, quotes or anchors in it',
    });
    expect(turns).toBeGreaterThan(some);
  });
});
