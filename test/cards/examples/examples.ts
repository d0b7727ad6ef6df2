// Every state of a request that a card can show, by name: the examples that all renderers draw.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardView } from '../../../cards/cardView.ts';
import type { CardView } from '../../../cards/view.ts';
import { root } from '../../support/root.ts';
import type { Example } from './exampleRequests.ts';
import { examplesOfSessions } from './examplesOfSessions.ts';
import { examplesOfEnds } from './examplesOfEnds.ts';

export const examples: readonly Example[] = [...examplesOfSessions, ...examplesOfEnds];

export function viewOf(one: Example): CardView {
  return cardView(one.request, one.context);
}

export const goldenFolder = join(root, 'cards', 'examples');

export function golden(file: string): string {
  return readFileSync(join(goldenFolder, file), 'utf8');
}
