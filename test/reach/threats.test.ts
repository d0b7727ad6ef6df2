// Each row of docs/threat-model.md about what the bot is set up and reached with names a test, and that test
// is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../support/root.ts';

const section =
  readFileSync(join(root, 'docs', 'threat-model.md'), 'utf8')
    .split('### What it is set up and reached with\n')[1]
    ?.split('\n### ')[0] ?? '';
const rows = section.split('\n').filter((line) => /^\| (?!can try|---)/.test(line));

test('there are rows of the reverse proxy, the tunnel, the way out, the assistant, secrets in files, the container and the package', () => {
  for (const word of [
    'reverse proxy',
    'tunnel',
    'outgoing proxy',
    'setup assistant',
    'NAME_FILE',
    'container',
    'package',
  ])
    expect([word, rows.filter((row) => row.includes(word)).length > 0]).toEqual([word, true]);
});

test.each(rows.map((row) => [row.split(' | ')[0]?.slice(2) ?? '', row]))(
  '%s: its proof is there',
  (_what, row) => {
    const [, file = '', name = ''] = /`(test\/[^`]+\.test\.ts)`: "([^"]+)" \|$/.exec(row) ?? [];
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
    expect(readFileSync(join(root, file), 'utf8')).toContain(`'${name}'`);
  },
);
