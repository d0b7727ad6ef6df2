// The policy file: any YAML is a policy or problems, each with its line, and nothing in between.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { showProblems } from '../../../src/adapters/config/yamlFile.ts';
import { root } from '../../support/root.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const example = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
const bare = example.replace(/^\s*#.*\n/gm, '').replace(/\s+#.*$/gm, '');

export const policyFile: Target = {
  name: 'policy',
  form: 'text',
  seeds: bytesOf(
    bare,
    'people: []\nroles: {}\napproval: {}\nplaces: []\n',
    'people: &a [*a]\n',
    'a: &x [1,2]\nb: *x\nc: *x\n',
    '{"people": [{"id": "a", "name": "b", "console": ["a"]}]}',
    'roles:\n  <<: {a: [b]}\n  __proto__: [x]\n',
    '? [a]\n: !!binary aGk=\n',
  ),
  words: [
    'people:',
    'roles:',
    'approval:',
    'places:',
    'recipes:',
    'devices:',
    'commands:',
    '  - ',
    'id: ',
    '&a ',
    '*a',
    '<<: ',
    '!!js/function ',
    '|\n',
    '>-\n',
    '? ',
    '---\n',
    '...\n',
    '%YAML 9\n',
    '{',
    '}',
    '[',
    ']',
    'visibility: everyone',
    'chars: ',
    'expireAfter: 9999d',
    '{process}',
  ],
  // Twice the example. A file may have 1 MB: one of 64 KB takes some 200 ms, once after each change of it.
  most: 16 * 1024,
  large: (dice) =>
    filled(
      16 * 1024,
      dice.pick([
        '[',
        '- ',
        '{a: ',
        '? ',
        'a: b\n',
        '- &a x\n',
        '  ',
        '"',
        '!',
        '&a ',
        'x\n  ',
        '- {id: a, name: b}\n',
      ]),
      dice.pick(['', 'people:\n', bare]),
    ),
  run: (input) => {
    const read = readPolicy(input.toString('utf8'));
    if ('policy' in read) {
      const { people, roles, tiers } = read.policy;
      check(
        people.every(({ accounts }) => accounts.length > 0),
        'somebody has no account',
      );
      check(
        tiers.every(({ approve }) => roles.has(approve)),
        'a tier is approved by no role',
      );
      return read;
    }
    check(read.problems.length > 0, 'neither a policy nor a problem');
    check(
      read.problems.every(({ line, text }) => Number.isInteger(line) && line >= 1 && text !== ''),
      'a problem has no line',
    );
    return showProblems('policy.yaml', read.problems);
  },
};
