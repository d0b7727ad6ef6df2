// Result links: minting an Azure-SAS-like URL for a command's result, and checking one that comes back to the
// blob server.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { existingAction } from '../sessions/machineActions.ts';
import { badRequest, notFound } from '../calls/refused.ts';
import type { Refused } from '../calls/refused.ts';
import { packageOf } from '../devices/respond.ts';
import { isFinal } from '../shapes.ts';
import type { Action, CommandRun } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

const nonceBytes = 8;
/** In the name of a package's blob, where those of results have the index of their command. */
const packageIndex = -1;
const notReady = 'The result of the command is not ready yet.';

/** GET GetLiveResponseResultDownloadLink(index=n): a new link on each call. */
export function resultLink(tenant: Tenant, actionId: string, index: number): string {
  const now = tenant.now();
  const action = existingAction(tenant, actionId);
  const run = action.commands[index];
  const noResult = (message: string): Refused =>
    tenant.profile.notReadyStatus === 404 ? notFound(message) : badRequest(message);
  if (run === undefined) throw noResult(`Machine action ${action.id} has no command with index ${index}.`);
  if (run.command.type === 'PutFile') throw noResult('PutFile has no response result.');
  if (tenant.faults.take('notReady', 'link') !== undefined) throw noResult(notReady);
  if (run.status === 'Failed' && isFinal(action)) throw noResult('The command failed and has no result.');
  if (!ready(tenant, action, run, now)) throw noResult(notReady);
  return minted(tenant, action.id, index, now);
}

/** GET getPackageUri: a link to the investigation package of an action that has collected one. */
export function packageLink(tenant: Tenant, actionId: string): string {
  const now = tenant.now();
  return minted(tenant, packageOf(tenant, existingAction(tenant, actionId)).id, packageIndex, now);
}

function ready(tenant: Tenant, action: Action, run: CommandRun, now: number): boolean {
  const { results, resultDelayMs } = tenant.profile;
  if (run.status !== 'Completed' || run.endedAt === null || (results === 'whenEnded' && !isFinal(action)))
    return false;
  return (results === 'whenEnded' ? action.updatedAt : run.endedAt) + resultDelayMs <= now;
}

function minted(tenant: Tenant, actionId: string, index: number, now: number): string {
  const path = `/investigation-actions-data/${actionId}/CustomPlaybookCommandOutput/${blobName(actionId, index)}`;
  const expiry = `${new Date(now + tenant.profile.linkMs).toISOString().slice(0, 19)}Z`;
  const base = tenant.faults.take('linkHost', 'link')?.value ?? tenant.blobUrl;
  return `${base}${path}?se=${encodeURIComponent(expiry)}&sp=r&sv=2019-07-07&sr=b&sig=${freshSignature(tenant, path, expiry)}`;
}

/**
 * As in the documentation's sample, "/" stays raw and "=" is escaped; a nonce is tried until there is a "/",
 * the character that breaks careless clients.
 */
function freshSignature(tenant: Tenant, path: string, expiry: string): string {
  for (;;) {
    const nonce = createHmac('sha256', tenant.secret)
      .update(`nonce:${tenant.next()}`)
      .digest()
      .subarray(0, nonceBytes);
    const sig = signature(tenant.secret, path, expiry, nonce);
    if (sig.includes('/')) return encodeURIComponent(sig).replaceAll('%2F', '/');
  }
}

function signature(secret: string, path: string, expiry: string, nonce: Uint8Array): string {
  const proof = createHmac('sha256', secret)
    .update(`${path}\n${expiry}\n`)
    .update(nonce)
    .digest()
    .subarray(0, 32 - nonceBytes);
  return Buffer.concat([nonce, proof]).toString('base64');
}

const blobName = (actionId: string, index: number): string =>
  createHash('sha256').update(`${actionId}:${index}`).digest('hex').slice(0, 32);

export type Checked =
  | { readonly found: 'result'; readonly action: Action; readonly index: number; readonly run: CommandRun }
  | { readonly found: 'package'; readonly action: Action }
  | { readonly found: 'badSignature' | 'nothing' }
  | { readonly found: 'expired'; readonly expiry: string };

/** What a result link leads to. */
export function checkLink(tenant: Tenant, path: string, query: URLSearchParams): Checked {
  const now = tenant.now();
  const expiry = query.get('se') ?? '';
  // A literal "+" reads as a space in a query; base64 has no spaces.
  const given = Buffer.from((query.get('sig') ?? '').replaceAll(' ', '+'), 'base64');
  const wanted = Buffer.from(signature(tenant.secret, path, expiry, given.subarray(0, nonceBytes)), 'base64');
  if (
    given.length !== wanted.length ||
    !timingSafeEqual(given, wanted) ||
    query.get('sp') !== 'r' ||
    query.get('sr') !== 'b'
  )
    return { found: 'badSignature' };
  if (!(Date.parse(expiry) > now)) return { found: 'expired', expiry };
  const [, , actionId = '', , name] = path.split('/');
  const action = tenant.action(actionId);
  if (action !== undefined && name === blobName(actionId, packageIndex)) return { found: 'package', action };
  const index = action?.commands.findIndex((_, place) => blobName(actionId, place) === name) ?? -1;
  const run = action?.commands[index];
  return action === undefined || run === undefined
    ? { found: 'nothing' }
    : { found: 'result', action, index, run };
}
