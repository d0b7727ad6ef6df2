// Fake token issuer of the Bot Framework channel, with the keys to check its tokens, on loopback.
import { createSign, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const issuer = 'https://api.botframework.com';

export interface TokenOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs with a key the server does not know under this kid. */
  readonly forged?: boolean;
  /** No signature at all. */
  readonly unsigned?: boolean;
  /** Of the signature; SHA-256 by default. */
  readonly hash?: 'RSA-SHA384' | 'RSA-SHA512';
}

export class ChannelKeys {
  readonly #server: Server;
  readonly #watchers = new Set<() => void>();
  /** What the key is endorsed for; undefined leaves the field out. */
  endorsements: readonly string[] | undefined = ['msteams'];
  /** Answered instead of keys. */
  down: 'error' | 'hang' | undefined;
  /** The name of the published key; tokens name `key1` by default. */
  kid = 'key1';
  /** Put over what is answered: over the document, over each key, or in place of either. */
  document: Readonly<Record<string, unknown>> = {};
  key: Readonly<Record<string, unknown>> = {};
  raw: string | undefined;
  asked = 0;
  /** Dates the tokens. */
  now: () => number = () => Date.now();

  constructor() {
    this.#server = createServer((request, response) => {
      this.asked += 1;
      for (const watch of [...this.#watchers]) watch();
      if (this.down === 'hang') return;
      if (this.down === 'error') {
        response.writeHead(500).end();
        return;
      }
      const jwk = keys().good.publicKey.export({ format: 'jwk' });
      const key = {
        kty: 'RSA',
        use: 'sig',
        kid: this.kid,
        n: jwk.n,
        e: jwk.e,
        ...(this.endorsements === undefined ? {} : { endorsements: this.endorsements }),
        ...this.key,
      };
      const body =
        request.url?.endsWith('/keys') === true
          ? { keys: [key] }
          : {
              issuer,
              jwks_uri: `${this.#url()}/keys`,
              id_token_signing_alg_values_supported: ['RS256'],
              ...this.document,
            };
      response.writeHead(200, { 'content-type': 'application/json' }).end(this.raw ?? JSON.stringify(body));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** botbuilder caches keys by address for the whole process, so each bot under test gets its own. */
  metadataUrl(): string {
    serial += 1;
    return `${this.#url()}/${serial}/openidconfiguration`;
  }

  /** Resolves when this many calls have arrived. */
  async arrived(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const watch = (): void => {
        if (this.asked < count) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  token(appId: string, serviceUrl: string, options: TokenOptions = {}): string {
    const now = Math.floor(this.now() / 1000);
    const header = encoded({ alg: 'RS256', typ: 'JWT', kid: 'key1', ...options.header });
    const claims = encoded({
      iss: issuer,
      aud: appId,
      nbf: now - 60,
      exp: now + 3600,
      serviceurl: serviceUrl,
      ...options.claims,
    });
    if (options.unsigned === true) return `${header}.${claims}.`;
    const { privateKey } = options.forged === true ? keys().strange : keys().good;
    return `${header}.${claims}.${createSign(options.hash ?? 'RSA-SHA256')
      .update(`${header}.${claims}`)
      .sign(privateKey)
      .toString('base64url')}`;
  }

  /** The public key in PEM, which a confused verifier could take for an HMAC secret. */
  publicPem(): string {
    return keys().good.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}

let serial = 0;

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
let made: { readonly good: Pair; readonly strange: Pair } | undefined;
/** Made once: it takes a third of a second. */
function keys(): { readonly good: Pair; readonly strange: Pair } {
  made ??= {
    good: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    strange: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  };
  return made;
}

export function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
