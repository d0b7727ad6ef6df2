// Entra ID's token endpoint over real TLS, and the identity endpoint that a managed identity is asked at (App
// Service), on loopback. Answers only to the credentials it was told of, and counts what it issued.
import { createHash, createPublicKey, createVerify, X509Certificate } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SelfSigned } from './selfSigned.ts';

export interface FakeEntra {
  /** https, for `authority`. */
  readonly authority: string;
  /** http, for IDENTITY_ENDPOINT; its header is `identityHeader`. */
  readonly identityEndpoint: string;
  readonly identityHeader: string;
  /** One entry per token issued. */
  readonly issued: readonly Issued[];
  close(): Promise<void>;
}

export interface Issued {
  readonly by: 'secret' | 'certificate' | 'workload' | 'identity';
  /** The scope, or of an identity the resource, that was asked for. */
  readonly scope: string;
}

export interface Known {
  readonly tenant: string;
  readonly clientId: string;
  readonly secret: string;
  readonly certificate: SelfSigned;
  /** The assertion a workload presents. */
  readonly assertion: string;
}

const identityHeader = 'only-this-process-knows';

export async function startFakeEntra(tls: SelfSigned, known: Known): Promise<FakeEntra> {
  const issued: Issued[] = [];
  const tokenOf = (one: Issued) => {
    issued.push(one);
    return `token-${String(issued.length)}-${one.by}`;
  };

  const entra = createHttps({ cert: tls.cert, key: tls.key }, (request, response) => {
    void (async () => {
      const origin = `https://${request.headers.host ?? ''}`;
      const say = (status: number, body: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.url?.startsWith(`/${known.tenant}/v2.0/.well-known/openid-configuration`) === true) {
        const base = `${origin}/${known.tenant}/oauth2/v2.0`;
        say(200, {
          token_endpoint: `${base}/token`,
          authorization_endpoint: `${base}/authorize`,
          end_session_endpoint: `${base}/logout`,
          issuer: `${origin}/${known.tenant}/v2.0`,
          jwks_uri: `${origin}/keys`,
        });
        return;
      }
      if (request.url?.startsWith(`/${known.tenant}/oauth2/v2.0/token`) !== true) {
        say(404, { error: 'not_found' });
        return;
      }
      const form = new URLSearchParams(await bodyOf(request));
      const by = form.get('client_id') === known.clientId ? proofIn(form, known, request) : undefined;
      if (by === undefined)
        say(401, {
          error: 'invalid_client',
          error_description: 'AADSTS7000215: Invalid client secret provided.',
          error_codes: [7000215],
        });
      else
        say(200, {
          token_type: 'Bearer',
          expires_in: 3599,
          ext_expires_in: 3599,
          access_token: tokenOf({ by, scope: form.get('scope') ?? '' }),
        });
    })();
  });

  const identity = createHttp((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const allowed =
      request.headers['x-identity-header'] === identityHeader && url.searchParams.get('resource') !== null;
    const body = allowed
      ? {
          access_token: tokenOf({ by: 'identity', scope: url.searchParams.get('resource') ?? '' }),
          expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
          resource: url.searchParams.get('resource'),
          token_type: 'Bearer',
        }
      : { statusCode: 403, message: 'not this process' };
    response.writeHead(allowed ? 200 : 403, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  const ports = await Promise.all([listen(entra), listen(identity)]);
  return {
    authority: `https://127.0.0.1:${String(ports[0])}`,
    identityEndpoint: `http://127.0.0.1:${String(ports[1])}/msi/token`,
    identityHeader,
    issued,
    close: async () => {
      await Promise.all(
        [entra, identity].map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
}

/** What the caller proved itself with; undefined when it proved nothing. */
function proofIn(form: URLSearchParams, known: Known, request: IncomingMessage): Issued['by'] | undefined {
  if (form.get('grant_type') !== 'client_credentials') return undefined;
  const assertion = form.get('client_assertion');
  if (assertion === null) return form.get('client_secret') === known.secret ? 'secret' : undefined;
  if (assertion === known.assertion) return 'workload';
  return signedBy(known.certificate, assertion, known, request) ? 'certificate' : undefined;
}

/**
 * The whole of what Entra checks of a certificate's assertion: signature, thumbprint, audience, issuer, time.
 */
function signedBy(
  certificate: SelfSigned,
  assertion: string,
  known: Known,
  request: IncomingMessage,
): boolean {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const json = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
  const header = json(head);
  const claims = json(body);
  const raw = new X509Certificate(certificate.cert).raw;
  const thumbprint =
    header['x5t#S256'] === createHash('sha256').update(raw).digest('base64url') ||
    header['x5t'] === createHash('sha1').update(raw).digest('base64url');
  const key = createPublicKey(certificate.cert);
  const pss = header['alg'] === 'PS256' ? { padding: 6, saltLength: 32 } : {};
  const signed = createVerify('sha256')
    .update(`${head}.${body}`)
    .verify({ key, ...pss }, Buffer.from(signature, 'base64url'));
  const audience = `https://${request.headers.host ?? ''}/${known.tenant}/oauth2/v2.0/token`;
  return (
    signed &&
    thumbprint &&
    claims['aud'] === audience &&
    claims['iss'] === known.clientId &&
    claims['sub'] === known.clientId &&
    Number(claims['exp']) > Date.now() / 1000
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
