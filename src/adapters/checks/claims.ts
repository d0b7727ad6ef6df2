// The claims in a bearer token. Only the API checks its signature; here the claims are read to explain
// beforehand what the API would refuse.
import { field, parseJson } from '../../liveResponse/text/json.ts';

/**
 * Claims of an Entra access token
 * (learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 */
export interface Claims {
  /** The first of several: Entra gives one. */
  readonly audience: string | undefined;
  readonly tenantId: string | undefined;
  readonly appId: string | undefined;
  /** Application permissions; undefined when the token has no such claim. */
  readonly roles: readonly string[] | undefined;
  /** Delegated permissions; present only in a token that acts for a person. */
  readonly scopes: readonly string[] | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
}

const maxDepth = 8;

/** Undefined when the token is not a JWT, which an API's token need not be. */
export function claimsOf(token: string): Claims | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1];
  const read =
    payload === undefined
      ? undefined
      : parseJson(Buffer.from(payload, 'base64url').toString('utf8'), maxDepth)?.value;
  if (typeof read !== 'object' || read === null) return undefined;
  const roles = field(read, 'roles');
  const scopes = textIn(read, 'scp');
  const expiry = field(read, 'exp');
  return {
    audience: textIn(read, 'aud') ?? firstText(field(read, 'aud')),
    tenantId: textIn(read, 'tid'),
    appId: textIn(read, 'appid') ?? textIn(read, 'azp'),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : undefined,
    scopes: scopes?.split(' ').filter((scope) => scope !== ''),
    expiresAt: typeof expiry === 'number' ? expiry * 1000 : undefined,
  };
}

function textIn(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === 'string' ? found : undefined;
}

function firstText(value: unknown): string | undefined {
  return Array.isArray(value) ? value.find((one): one is string => typeof one === 'string') : undefined;
}
