// Samples of refusals: their type, and the request and person that they name.
import type { Refusal } from '../../../src/bot/policy/refusals/refusal.ts';

/** Of each kind some, in every form that is worded differently. */
export type RefusalSamples = {
  readonly [Kind in Refusal['refused']]: readonly Extract<Refusal, { refused: Kind }>[];
};

export const id = 'lr-7f3k2q';
export const by = { id: 'approver1', name: 'Avery Approver' };
