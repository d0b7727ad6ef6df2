// The example policy, and the policy or the problems that the reader makes of a text.
import { readFileSync } from 'node:fs';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import type { ReadPolicy } from '../../../src/adapters/config/policyFile.ts';
import type { FileProblem } from '../../../src/adapters/config/yamlFile.ts';
import { showProblems } from '../../../src/adapters/config/yamlFile.ts';

export const example = readFileSync(new URL('../../../../policy.example.yaml', import.meta.url), 'utf8');

export function load(text: string): ReadPolicy {
  const read = readPolicy(text);
  if ('problems' in read) throw new Error(showProblems('policy.yaml', read.problems));
  return read;
}

export function problems(text: string): readonly FileProblem[] {
  const read = readPolicy(text);
  if ('policy' in read) throw new Error('it loaded');
  return read.problems;
}
