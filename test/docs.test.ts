// The documents against the code: a map that nobody checks lies after a week.
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moves } from '../src/liveResponse/request.ts';
import { root } from './support/root.ts';

const architecture = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');

/** The mermaid text of the lifecycle, derived from the table. */
function diagram(): string {
  const arrows = Object.entries(moves).flatMap(([from, row]) => {
    const byTarget = new Map<string, string[]>();
    for (const [event, to] of Object.entries(row)) byTarget.set(to, [...(byTarget.get(to) ?? []), event]);
    return [...byTarget].map(([to, events]) => `    ${from} --> ${to}: ${events.join(', ')}`);
  });
  return ['stateDiagram-v2', '    [*] --> awaitingApproval: asked', ...arrows, '    finished --> [*]', '    over --> [*]'].join('\n');
}

describe('docs/architecture.md', () => {
  test('shows the lifecycle as the moves table has it', () => {
    expect(/```mermaid\n(stateDiagram-v2[\s\S]*?)\n```/.exec(architecture)?.[1]).toBe(diagram());
  });

  test('names every source file', () => {
    const files = ['src', 'cards'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')));
    const names = files.map((file) => file.split(/[\\/]/).at(-1)?.replace(/\.ts$/, '') ?? file);
    const missing = [...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(architecture));
    expect(missing).toEqual([]);
  });
});
