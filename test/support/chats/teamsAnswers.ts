// Answers that the connector of Teams refuses, and what is then kept for the next process.
import { readFileSync } from 'node:fs';
import type { Refusal } from '../../../src/demo/refusal.ts';

export const answerOf = (
  status: number,
  more: {
    readonly code?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly done?: boolean;
  } = {},
): Refusal => ({
  name: String(status),
  kind: 'answer',
  status,
  body: JSON.stringify({ error: { code: more.code ?? 'ServiceError', message: 'planted' } }),
  ...(more.headers === undefined ? {} : { headers: more.headers }),
  ...(more.done === undefined ? {} : { done: more.done }),
});

/** The keys of deliveries that are kept for the next process, in this file. */
export function owedIn(file: string): readonly string[] {
  const memos = new Map<string, boolean>();
  for (const line of readFileSync(file, 'utf8')
    .split('\n')
    .filter((one) => one !== '')) {
    const { k, memo, begun } = JSON.parse(line) as {
      readonly k: string;
      readonly memo?: unknown;
      readonly begun?: boolean;
    };
    memos.set(k, memo !== undefined || (begun === true && memos.get(k) === true));
  }
  return [...memos].flatMap(([key, is]) => (is ? [key] : []));
}
