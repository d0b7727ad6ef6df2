// Bearer tokens, as far as a client can get them wrong: present, not expired, the right audience, the role
// each call needs. Signatures are not checked.
import type { Kind, Profile } from './profile.ts';
import { Refused } from './calls/refused.ts';

/** The app that calls. Throws 401 or 403 as the service would. */
export function requestorOf(
  authorization: string | undefined,
  kind: Kind,
  profile: Profile,
  now: number,
): string {
  const fallback = profile.requestorIs === 'appName' ? profile.appName : profile.requestor;
  if (profile.auth === 'none') return fallback;
  const claims = claimsOf(/^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
  if (claims === undefined) throw unauthorized('The bearer token is missing or malformed.');
  const expiry = claims.get('exp');
  if (typeof expiry !== 'number' || expiry * 1_000 <= now)
    throw unauthorized('The bearer token has expired.');
  // Also when the call goes to api.security.microsoft.com: the audience stayed the old one.
  if (!isAudience(claims.get('aud'), profile.audience))
    throw new Refused(403, 'Forbidden', 'The token was issued for another audience.');
  const held = claims.get('roles');
  const wanted = profile.roles[kind];
  if (!Array.isArray(held) || !wanted.some((role) => held.includes(role))) {
    throw new Refused(
      403,
      'Forbidden',
      `The application does not have any of the required application permissions (${wanted.join(', ')}) to access the resource.`,
    );
  }
  const app = claims.get(profile.requestorIs === 'appName' ? 'app_displayname' : 'appid');
  return typeof app === 'string' ? app : fallback;
}

const isAudience = (claim: unknown, allowed: Profile['audience']): boolean =>
  typeof claim === 'string' && [allowed].flat().some((one) => bare(one) === bare(claim));
const bare = (audience: string): string => audience.toLowerCase().replace(/\/+$/, '');

export const unauthorized = (message: string): Refused =>
  new Refused(401, 'Unauthorized', message, { 'www-authenticate': 'Bearer' });

function claimsOf(token: string): ReadonlyMap<string, unknown> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null
      ? new Map<string, unknown>(Object.entries(claims))
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
