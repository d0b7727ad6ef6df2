// What went wrong with each card, how often, and when it is tried again. Kept in memory: after a restart
// every card is tried at once.
import type { Clock } from '../../../liveResponse/ports.ts';
import { ChatError } from '../../ports.ts';
import type { ChatErrorCode } from '../../ports.ts';

export interface CardFailure {
  readonly surface: string;
  /** Failures in a row. */
  readonly count: number;
  /** Of them, how often the chat answered that it will not draw this card. */
  readonly refusals: number;
  /** Elapsed milliseconds. */
  readonly began: number;
  readonly until: number;
  /** Epoch milliseconds. */
  readonly since: number;
  /** `bare`: drawn, but not the whole of it. */
  readonly code: ChatErrorCode | 'bug' | 'bare';
  readonly why: string;
  /** Of the request, when it was tried last: another content may fare better. */
  readonly revision: number;
}

export interface CardFailures {
  get(key: string): CardFailure | undefined;
  /** Milliseconds until the next try; 0 when it may be made. */
  wait(key: string, revision: number): number;
  /** `error`: what was thrown, or `bare`. `paused` is false where the place says when to try again. */
  failed(
    card: { readonly key: string; readonly surface: string; readonly revision: number },
    error: unknown,
    paused: boolean,
  ): CardFailure;
  cleared(key: string): void;
  /**
   * What waits is tried again now. `matches` sees keys and their troubles. Answers whether anything waited.
   */
  hurry(matches: (key: string, trouble: CardFailure) => boolean): boolean;
}

/** Pauses after failures of one card, in milliseconds; the last repeats. */
const pauses = [2_000, 5_000, 15_000, 30_000, 60_000] as const;
/** The same where the chat refuses the content: it will hardly change its mind soon. */
const refusedPauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;

const contentCodes: ReadonlySet<CardFailure['code']> = new Set(['rejected', 'bare']);

/** The pause after the `count`-th failure in a row. */
export function nextPause(list: readonly number[], count: number): number {
  return list[Math.min(Math.max(count, 1), list.length) - 1] ?? 0;
}

export function chatErrorCodeOf(error: unknown): CardFailure['code'] {
  if (error === 'bare') return error;
  return error instanceof ChatError ? error.code : 'bug';
}

export function isRefusal(code: CardFailure['code']): boolean {
  return code === 'closed' || code === 'rejected' || code === 'gone';
}

export function createCardFailures(clock: Pick<Clock, 'now' | 'elapsed'>): CardFailures {
  const troubles = new Map<string, CardFailure>();
  return {
    get: (key) => troubles.get(key),
    wait(key, revision) {
      const trouble = troubles.get(key);
      if (trouble === undefined || (contentCodes.has(trouble.code) && revision > trouble.revision)) return 0;
      return Math.max(0, trouble.until - clock.elapsed());
    },
    failed({ key, surface, revision }, error, paused) {
      const before = troubles.get(key);
      const count = (before?.count ?? 0) + 1;
      const code = chatErrorCodeOf(error);
      const elapsed = clock.elapsed();
      const asked = error instanceof ChatError ? (error.retryAfterMs ?? 0) : 0;
      const until = paused
        ? elapsed + Math.max(nextPause(contentCodes.has(code) ? refusedPauses : pauses, count), asked)
        : elapsed;
      const trouble: CardFailure = {
        surface,
        count,
        refusals: (before?.refusals ?? 0) + (isRefusal(code) ? 1 : 0),
        began: before?.began ?? elapsed,
        since: before?.since ?? clock.now(),
        until,
        code,
        revision,
        why: error instanceof ChatError ? error.message : 'the bot itself failed; its log says how',
      };
      troubles.set(key, trouble);
      return trouble;
    },
    cleared: (key) => void troubles.delete(key),
    hurry(matches) {
      const elapsed = clock.elapsed();
      const waiting = [...troubles].filter(
        ([key, trouble]) => trouble.until > elapsed && matches(key, trouble),
      );
      for (const [key, trouble] of waiting) troubles.set(key, { ...trouble, until: elapsed });
      return waiting.length > 0;
    },
  };
}
