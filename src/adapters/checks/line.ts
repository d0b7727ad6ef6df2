// Lines of the doctor’s report: what was checked, what was found, and, unless all is well, what to do next.

/**
 * `skip`: not checked, because it is not set up, was not requested, or another line has to be fixed first.
 */
export type Verdict = 'ok' | 'warn' | 'FAIL' | 'skip';

export interface Finding {
  /** A stable name for programs, such as `defender.clock`: area, dot, subject. */
  readonly check: string;
  /** One sentence, without anything secret. */
  readonly found: string;
}

export type Line =
  | (Finding & { readonly verdict: 'ok' })
  | (Finding & { readonly verdict: 'warn' | 'FAIL' | 'skip'; readonly next: string });

/** Takes a line as soon as it is known. */
export type Tell = (line: Line) => void;

export function ok(check: string, found: string): Line {
  return { verdict: 'ok', check, found };
}

export function warn(check: string, found: string, next: string): Line {
  return { verdict: 'warn', check, found, next };
}

export function fail(check: string, found: string, next: string): Line {
  return { verdict: 'FAIL', check, found, next };
}

export function skip(check: string, found: string, next: string): Line {
  return { verdict: 'skip', check, found, next };
}
