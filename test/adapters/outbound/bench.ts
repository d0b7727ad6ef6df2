// What the tests of outbound calls open, closed after each of them.
import { afterEach } from '@jest/globals';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { serve } from '../../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../../support/defender/defenderFakes.ts';

const closing: (() => Promise<void>)[] = [];

/** Closes what the tests of a file opened, after each of them; to be called once in the file. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
}

/** Closes something else after the current test. */
export function closeLater(close: () => Promise<void>): void {
  closing.push(close);
}

export function http(settings: ConstructorParameters<typeof Http>[0] = {}): Http {
  const one = new Http(settings);
  closeLater(() => one.close());
  return one;
}

export async function server(answer: Answer): Promise<Loopback> {
  const one = await serve(answer);
  closeLater(() => one.close());
  return one;
}
