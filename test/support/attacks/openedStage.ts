// The stage on which an attack is played: a test opens it, and it is closed after the test.
import { afterEach, expect } from '@jest/globals';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { newest, sent } from './stage.ts';
import type { Stage } from './stage.ts';

/** The one that was opened last. */
export let stage: Stage;
let close: () => Promise<void>;
afterEach(() => close());

/** Has something closed after the test. */
export function closedAfter(closing: () => Promise<void>): void {
  close = closing;
}

export async function opened<S extends Stage>(opening: Promise<S>): Promise<S> {
  const one = await opening;
  stage = one;
  closedAfter(() => one.close());
  return one;
}

/** The request still waits, and Defender was asked for nothing. */
export function untouched(): void {
  expect([stageOf(newest(stage)).state, sent(stage)]).toEqual(['awaitingApproval', 0]);
}
