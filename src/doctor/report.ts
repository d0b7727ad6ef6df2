// The report as people and programs read it: text with the next step below what is not well, or one JSON
// object a line. Whatever a line holds, secrets are struck out of it here once more, and characters that
// could drive a terminal are removed.
import { redact } from '../adapters/log.ts';
import { hiddenCharacter } from '../liveResponse/text/visible.ts';
import type { Line, Verdict } from '../adapters/checks/line.ts';

export type Counts = Readonly<Record<Verdict, number>>;

export interface Style {
  readonly json: boolean;
  readonly colours: boolean;
  /** Known secrets, struck out wherever they appear. */
  readonly secrets: readonly string[];
}

const colour: Readonly<Record<Verdict, string>> = {
  ok: '\u001b[32m',
  warn: '\u001b[33m',
  FAIL: '\u001b[31m',
  skip: '\u001b[2m',
};
const plainAgain = '\u001b[0m';
/** As wide as the longest common name, so that findings are aligned. */
const nameWidth = 22;
const indent = ' '.repeat(6);

/** One line of the report, with its newline. */
export function showLine(line: Line, style: Style): string {
  const found = inert(line.found, style);
  const next = line.verdict === 'ok' ? undefined : inert(line.next, style);
  const check = inert(line.check, style);
  if (style.json)
    return `${JSON.stringify({ verdict: line.verdict, check, found, ...(next === undefined ? {} : { next }) })}\n`;
  const verdict = line.verdict.padEnd(4);
  const painted = style.colours ? `${colour[line.verdict]}${verdict}${plainAgain}` : verdict;
  return `${painted}  ${check.padEnd(nameWidth)}  ${found}\n${next === undefined ? '' : `${indent}-> ${next}\n`}`;
}

/** The last line: how many of each. */
export function showCounts(counts: Counts, style: Style): string {
  if (style.json) return `${JSON.stringify({ check: 'summary', ...counts })}\n`;
  const verdicts: readonly Verdict[] = ['ok', 'warn', 'FAIL', 'skip'];
  return `\n${verdicts.map((verdict) => `${counts[verdict]} ${verdict}`).join(', ')}\n`;
}

/** Findings quote answers of strangers: one line, nothing hidden, nothing secret. */
function inert(text: string, { secrets }: Style): string {
  const oneLine = Array.from(text.replace(/\s+/g, ' '), (character) =>
    hiddenCharacter(character) === undefined ? character : '',
  ).join('');
  // The log's net looks for secrets as JSON writes them; here they would be as they are.
  const struck = secrets
    .filter((secret) => secret.length >= 8)
    .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), oneLine);
  return redact(struck, secrets);
}
