// Shortening of a view in steps until a chat can take it: excerpts first, then facts and sentences. Commands
// are never touched.
import { clip } from '../clip.ts';
import { requiredFacts } from '../facts.ts';
import type { CardView, ExcerptBlock } from '../view.ts';

const excerptSteps = [
  { lines: 8, perLine: 120 },
  { lines: 4, perLine: 80 },
] as const;

const leftOut = 'Output is left out to fit this card: “Full output” sends it to you.';
const cutMore = 'Cut to fit this card: “Full output” sends you more.';

/** Levels there are; 0 leaves the view as it is. */
export const smallest = 7;

/** A lead with a reason of full length in it, and the words around that. */
const leadKept = 900;

function smaller(full: CardView, level: number): CardView {
  if (level === 0) return full;
  const step = excerptSteps[level - 1];
  if (step !== undefined)
    return { ...full, excerpts: full.excerpts.map((one) => cutExcerpt(one, step.lines, step.perLine)) };
  const view = full.excerpts.length === 0 ? full : { ...full, excerpts: [], notes: [leftOut, ...full.notes] };
  if (level === 3) return view;
  const tight = level >= 5;
  return {
    ...view,
    lead: clip(view.lead, level >= 7 ? 400 : leadKept),
    facts: view.facts
      .filter((one) => !tight || requiredFacts.has(one.label))
      // The reason a person gave stays whole: it is what the approver decides by.
      .map((one) => (one.label === 'Reason' ? one : { ...one, value: clip(one.value, tight ? 90 : 160) })),
    steps: view.steps.map((one) =>
      one.detail === undefined
        ? one
        : { ...one, detail: clip(one.detail, level >= 7 ? 30 : tight ? 80 : 200) },
    ),
    notes: view.notes.map((one) => clip(one, tight ? 160 : 240)).slice(0, tight ? 4 : 8),
    // Last of all the live links and the names on buttons: the buttons themselves stay, and make a new link.
    links: level >= 6 ? [] : view.links,
    buttons:
      level >= 7
        ? view.buttons.map((one) => ({ ...one, label: one.label.split(':')[0] ?? one.label, spoken: '' }))
        : view.buttons,
  };
}

function cutExcerpt(one: ExcerptBlock, lines: number, perLine: number): ExcerptBlock {
  const text = one.text
    .split('\n')
    .slice(0, lines)
    .map((line) => clip(line, perLine))
    .join('\n');
  return text === one.text ? one : { ...one, text, more: cutMore };
}

/**
 * The fullest drawing that `fits` accepts. The smallest one is returned even if it is refused: a card must be
 * drawn.
 */
export function fitToLimit<Drawn>(
  view: CardView,
  draw: (view: CardView) => Drawn,
  fits: (drawn: Drawn) => boolean,
): Drawn {
  for (let level = 0; level < smallest; level += 1) {
    const drawn = draw(smaller(view, level));
    if (fits(drawn)) return drawn;
  }
  return draw(smaller(view, smallest));
}
