// Entra ID's sign-in for app registrations whose secrets and certificates come and go, as they do while one
// is exchanged. Plain handler: who listens with it, and under which name, is another's business.
import { createHash, createPublicKey, createVerify, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SelfSigned } from './selfSigned.ts';

/**
 * What an app registration accepts at this moment. Several at once is how Entra lets a secret be exchanged.
 */
export class AppRegistration {
  readonly secrets = new Set<string>();
  readonly certificates = new Set<SelfSigned>();
  readonly roles: readonly string[];
  constructor(roles: readonly string[] = []) {
    this.roles = roles;
  }
}

export interface SignIn {
  readonly clientId: string;
  /** The secret or `certificate`; undefined where it was refused. */
  readonly by: string | undefined;
  readonly scope: string;
}

interface Claims {
  readonly aud: string;
  readonly appid: string;
  readonly exp: number;
}

export class EntraApps {
  readonly tenant: string;
  readonly apps = new Map<string, AppRegistration>();
  /** Every attempt in order. */
  readonly signIns: SignIn[] = [];
  /** Seconds that a token is good for. */
  life = 3_599;

  constructor(tenant: string) {
    this.tenant = tenant;
  }

  readonly answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const say = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const path = message.url ?? '/';
    const host = message.headers.host ?? '';
    const tenant = /^\/([^/?]+)/.exec(path)?.[1] ?? '';
    if (path.includes('/discovery/instance'))
      say(200, {
        tenant_discovery_endpoint: `https://${host}/${this.tenant}/v2.0/.well-known/openid-configuration`,
        metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
      });
    else if (path.includes('/.well-known/openid-configuration'))
      say(200, {
        token_endpoint: `https://${host}/${tenant}/oauth2/v2.0/token`,
        authorization_endpoint: `https://${host}/${tenant}/oauth2/v2.0/authorize`,
        end_session_endpoint: `https://${host}/${tenant}/logout`,
        issuer: `https://${host}/${tenant}/v2.0`,
        jwks_uri: `https://${host}/keys`,
      });
    else if (path.includes('/oauth2/v2.0/token'))
      this.#token(
        new URLSearchParams(await bodyOf(message)),
        `https://${host}/${tenant}/oauth2/v2.0/token`,
        say,
      );
    else say(404, { error: 'not_found' });
  };

  #token(form: URLSearchParams, endpoint: string, say: (status: number, body: unknown) => void): void {
    const clientId = form.get('client_id') ?? '';
    const scope = form.get('scope') ?? '';
    const app = this.apps.get(clientId);
    const secret = form.get('client_secret');
    const assertion = form.get('client_assertion');
    const by =
      app === undefined
        ? undefined
        : secret !== null && app.secrets.has(secret)
          ? secret
          : assertion !== null &&
              [...app.certificates].some((one) => signedBy(one, assertion, clientId, endpoint))
            ? 'certificate'
            : undefined;
    this.signIns.push({ clientId, by, scope });
    if (app === undefined)
      say(400, {
        error: 'unauthorized_client',
        error_description: 'AADSTS700016: Application was not found in the directory.',
        error_codes: [700016],
      });
    else if (by === undefined && assertion !== null)
      say(401, {
        error: 'invalid_client',
        error_description:
          'AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application.',
        error_codes: [700027],
      });
    else if (by === undefined)
      say(401, {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.',
        error_codes: [7000215],
      });
    else
      say(200, {
        token_type: 'Bearer',
        expires_in: this.life,
        ext_expires_in: this.life,
        access_token: this.#issued(clientId, app, scope),
      });
  }

  #issued(clientId: string, app: AppRegistration | undefined, scope: string): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    return `${part({ alg: 'RS256', typ: 'JWT', kid: 'stand-in' })}.${part({ aud: scope.replace(/\/\.default$/, ''), appid: clientId, tid: this.tenant, roles: app?.roles ?? [], iat: now, nbf: now, exp: now + this.life, n: this.signIns.length })}.c2lnbmF0dXJl`;
  }

  /** Whether a call carries a token of that application for that audience, still good. */
  lets(message: IncomingMessage, clientId: string, audience: string): boolean {
    const body = /^Bearer [^.]+\.([^.]+)\./.exec(message.headers.authorization ?? '')?.[1];
    if (body === undefined) return false;
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims;
    return claims.aud === audience && claims.appid === clientId && claims.exp > Date.now() / 1000;
  }
}

/** What Entra checks of a certificate's assertion: signature, thumbprint, audience, issuer and time. */
function signedBy(certificate: SelfSigned, assertion: string, clientId: string, endpoint: string): boolean {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const json = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
  const header = json(head);
  const claims = json(body);
  const { raw } = new X509Certificate(certificate.cert);
  const known =
    header['x5t#S256'] === createHash('sha256').update(raw).digest('base64url') ||
    header['x5t'] === createHash('sha1').update(raw).digest('base64url');
  const pss = header['alg'] === 'PS256' ? { padding: 6, saltLength: 32 } : {};
  const signed = createVerify('sha256')
    .update(`${head}.${body}`)
    .verify({ key: createPublicKey(certificate.cert), ...pss }, Buffer.from(signature, 'base64url'));
  return (
    known &&
    signed &&
    claims['aud'] === endpoint &&
    claims['iss'] === clientId &&
    claims['sub'] === clientId &&
    Number(claims['exp']) > Date.now() / 1000
  );
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}
