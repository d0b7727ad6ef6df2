// Report of a run, and what of it is sent home: the table, and a file that only its owner can read and that
// replaces no other.
import { mkdirSync, openSync, closeSync, writeSync, fsyncSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../adapters/clock.ts';
import { field } from '../liveResponse/text/json.ts';
import { formatOf } from '../liveResponse/results/collectedFile.ts';
import type { Measure, Seen, Verdict } from './measures/finding.ts';
import { shapeOf } from './rawAction.ts';
import { familyOf, form, Redactor } from './redaction.ts';
import type { Exchange } from './tap.ts';

const widths = [44, 24, 40] as const;
const verdictWords: Readonly<Record<Verdict, string>> = {
  same: 'same',
  differs: 'DIFFERS',
  unmeasured: 'not measured',
};

/** The table: what differs first. */
export function table(measures: readonly Measure[]): string {
  const order: readonly Verdict[] = ['differs', 'same', 'unmeasured'];
  const rows = [...measures]
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
    .flatMap((one) =>
      row(
        [one.assumption, one.simulator, one.tenant.replace(/^not measured: /, '')],
        verdictWords[one.verdict],
      ),
    );
  const count = (verdict: Verdict): number => measures.filter((one) => one.verdict === verdict).length;
  return [
    ...row(['assumption', 'simulator', 'this tenant'], ''),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows,
    '',
    `${count('same')} same, ${count('differs')} differ, ${count('unmeasured')} not measured`,
  ].join('\n');
}

function row(cells: readonly [string, string, string], verdict: string): readonly string[] {
  const wrapped = cells.map((cell, at) => wrap(cell, widths[at] ?? 40));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    `${wrapped.map((lines, at) => (lines[line] ?? '').padEnd(widths[at] ?? 40)).join('  ')}  ${line === 0 ? verdict : ''}`.trimEnd(),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const at = blank > 0 ? blank : width;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

export interface Run {
  readonly version: string;
  readonly mode: string;
  readonly apiUrl: string;
  readonly simulated: boolean;
  readonly ok: boolean;
  /** How it ended, in words of ours. */
  readonly how: string;
  /** When it began, epoch milliseconds of the tenant's clock. */
  readonly began: number;
  /** Names and ids that must appear nowhere, whatever field they are in. */
  readonly secrets: readonly string[];
}

const mostExchanges = 80;
const mostItems = 3;
const longestBody = 32 * 1024;

/** The text of the fixture: nothing of the tenant's own is in it. */
export function fixtureOf(run: Run, seen: Seen, measures: readonly Measure[]): string {
  const redactor = new Redactor(run.began);
  const states = seen.pairs.filter(
    (pair, at) =>
      at === 0 ||
      shapeOf(pair.row) !== shapeOf(seen.pairs[at - 1]?.row) ||
      shapeOf(pair.single) !== shapeOf(seen.pairs[at - 1]?.single),
  );
  const fixture = {
    format: 'live-response-bot acceptance 1',
    version: run.version,
    mode: run.mode,
    api: familyOf(new URL(run.apiUrl).hostname),
    simulated: run.simulated,
    mainJob: { ok: run.ok, how: run.how },
    measures,
    failedReadings: counted(seen.failed),
    lookedEveryMs: seen.gap,
    states: states.map((pair) => ({
      afterMs: Math.round(pair.at - run.began),
      list: redactor.json(pair.row ?? null),
      single: redactor.json(pair.single ?? null),
    })),
    links: seen.links.map(({ index, phase, at, ok, status, code, url }) => ({
      index,
      phase,
      ok,
      afterMs: Math.round(at - run.began),
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code: redactor.text(code, 'code') }),
      ...(url === undefined
        ? {}
        : { url: URL.canParse(url) ? redactor.url(new URL(url)) : redactor.text(url) }),
    })),
    results: seen.results.map(({ index, type, status, headers, bytes, cut, inside, range }) => ({
      index,
      type: redactor.text(type, 'type'),
      status,
      range,
      cut,
      bytes: bytes.length,
      kind: formatOf(bytes),
      ...(inside === undefined ? {} : { inside: formatOf(inside) }),
      headers: redactor.headers(headers),
      ...(type === 'RunScript' ? { form: form(new TextDecoder().decode(bytes.subarray(0, 400))) } : {}),
    })),
    exchanges: distinct(seen.exchanges, redactor),
  };
  return `${JSON.stringify(struckIn(fixture, run.secrets), undefined, 1)}\n`;
}

/** One of each kind of exchange: a session is asked about hundreds of times. */
function distinct(exchanges: readonly Exchange[], redactor: Redactor): readonly unknown[] {
  const found = new Map<string, unknown>();
  for (const { from, method, url, status, headers, body, sent, ms } of exchanges) {
    if (found.size >= mostExchanges) break;
    const shown = {
      from,
      method,
      url: redactor.url(url),
      status,
      ...(sent === undefined ? {} : { sent: redactor.json(parsed(sent)) }),
      ...(body === undefined ? {} : { body: short(redactor.json(few(body))) }),
    };
    const key = JSON.stringify(shown).replace(/\d+/g, '9');
    if (!found.has(key)) found.set(key, { ...shown, ms: Math.round(ms), headers: redactor.headers(headers) });
  }
  return [...found.values()];
}

function few(body: unknown): unknown {
  const items = field(body, 'value');
  return Array.isArray(items) && items.length > mostItems
    ? { ...(body as object), value: items.slice(0, mostItems) }
    : body;
}

function short(body: unknown): unknown {
  return JSON.stringify(body).length > longestBody ? '(too long)' : body;
}

function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return value;
}

function counted(texts: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...new Set(texts)].map((text) => [text, texts.filter((one) => one === text).length]),
  );
}

/** The second net: a name that came through in a field where nobody expects one. */
export function struck(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
    .reduce(
      (rest, secret) =>
        rest.replace(
          new RegExp(`(?<![A-Za-z0-9])${secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![A-Za-z0-9])`, 'gi'),
          '(struck out)',
        ),
      text,
    );
}

/**
 * Every text and every name in a value. Numbers are counts and times of ours: with one of them struck out it
 * would be no JSON any more.
 */
function struckIn(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return struck(value, secrets);
  if (Array.isArray(value)) return value.map((one) => struckIn(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [struck(name, secrets), struckIn(one, secrets)]),
  );
}

/** Writes a new file that only its owner can read, and answers where it is. @throws the system's error */
export function writeFixture(folder: string, day: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  for (let count = 1; ; count += 1) {
    const file = join(folder, `acceptance-${day}${count === 1 ? '' : `-${count}`}.json`);
    try {
      // Only ever a file that was not there: an earlier fixture may be the only one.
      const handle = openSync(file, 'wx', 0o600);
      try {
        writeSync(handle, text);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      return file;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || count >= 1000) throw error;
    }
  }
}
