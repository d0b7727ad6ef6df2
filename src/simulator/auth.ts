// Bearer tokens, as far as a client can get them wrong: present, not expired, the right audience, the role each call needs. Signatures are not checked.
import type { Kind, Profile } from './profile.ts';
import { Refused } from './refused.ts';

/** Application permissions that allow each call; one of them is enough. */
const roles: Readonly<Record<Kind, readonly string[]>> = {
  run: ['Machine.LiveResponse'],
  list: ['Machine.ReadWrite.All'],
  get: ['Machine.ReadWrite.All'],
  link: ['Machine.ReadWrite.All'],
  cancel: ['Machine.CollectForensics', 'Machine.Isolate', 'Machine.RestrictExecution', 'Machine.Scan', 'Machine.Offboard', 'Machine.StopAndQuarantine', 'Machine.LiveResponse'],
  machines: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  library: ['Library.Manage'],
};

/** The app that calls. Throws 401 or 403 as the service would. */
export function requestorOf(authorization: string | undefined, kind: Kind, profile: Profile, now: number): string {
  if (profile.auth === 'none') return profile.requestor;
  const claims = claimsOf(/^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
  if (claims === undefined) throw unauthorized('The bearer token is missing or malformed.');
  const expiry = claims.get('exp');
  if (typeof expiry !== 'number' || expiry * 1_000 <= now) throw unauthorized('The bearer token has expired.');
  // Also when the call goes to api.security.microsoft.com: the audience stayed the old one.
  if (claims.get('aud') !== profile.audience) throw new Refused(403, 'Forbidden', 'The token was issued for another audience.');
  const held = claims.get('roles');
  const wanted = roles[kind];
  if (!Array.isArray(held) || !wanted.some((role) => held.includes(role))) {
    throw new Refused(403, 'Forbidden', `The application does not have any of the required application permissions (${wanted.join(', ')}) to access the resource.`);
  }
  const app = claims.get('appid');
  return typeof app === 'string' ? app : profile.requestor;
}

export const unauthorized = (message: string): Refused => new Refused(401, 'Unauthorized', message, { 'www-authenticate': 'Bearer' });

function claimsOf(token: string): ReadonlyMap<string, unknown> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? new Map<string, unknown>(Object.entries(claims)) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
