// The marks in the guides are as the run of the guides reads them: what is wrong with one fails here, not only there.
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { markProblem } from './marks.ts';
import { readPage } from './page.ts';
import { allPages } from './pages.ts';

test.each(allPages())('every mark in %s is behind a command, says why, and is true', (page) => {
  const pieces = readPage(readFileSync(join(root, page), 'utf8'));
  const problems = pieces.flatMap((piece) => {
    if (piece.kind === 'problem') return [`${piece.line}: ${piece.text}`];
    const why =
      piece.kind === 'command' && piece.mark !== undefined ? markProblem(piece, root, page) : undefined;
    return why === undefined ? [] : [`${piece.line}: ${why}`];
  });
  expect(pieces).not.toEqual([]);
  expect(problems).toEqual([]);
});
