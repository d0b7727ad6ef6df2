// What must hold right before the POST, read anew: what was approved is one thing, in one tenant, on one device in scope.
import { digestText } from '../liveResponse/commands.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import type { Device, InState, Move } from '../liveResponse/request.ts';
import type { Deps } from './deps.ts';
import { explain } from './refusal.ts';
import { inScope } from './scope.ts';

/** What was read of the world for one submission. */
export interface Reading {
  readonly device: Device;
}

/** Why a submission cannot be judged: Defender's refusal ends it, anything else is tried again. */
export type NotRead = { readonly ended: DefenderError } | { readonly again: DefenderError };

/** The device as it is now: without its tags and group the scope cannot be checked, so nothing is sent. */
export async function readBeforeSending({ defender, log }: Pick<Deps, 'defender' | 'log'>, request: InState<'queued'>): Promise<Reading | NotRead> {
  try {
    return { device: await defender.machine(request.device.id) };
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('deviceNotRead', { request: request.id, code: error.code, detail: error.message });
    return error.code === 'notFound' || error.code === 'refused' ? { ended: error } : { again: error };
  }
}

/** The first reason why this must not be sent, as the move that ends it. A restart may have brought another tenant or another policy. */
export function objectionTo(deps: Pick<Deps, 'settings' | 'hash' | 'policy'>, request: InState<'submitting'>, { device }: Reading): Move | undefined {
  if (request.tenant !== deps.settings.tenant) return { type: 'refused', code: 'otherTenant' };
  const digest = deps.hash.sha256(digestText(request.tenant, request.device.id, request.commands));
  if (digest !== request.digest || digest !== request.approval.digest) return { type: 'refused', code: 'digestMismatch' };
  const problem = inScope(deps.policy, device);
  return problem === undefined ? undefined : { type: 'refused', code: 'deviceOutOfScope', detail: explain(problem, deps.settings.command) };
}
