// Tokens of Microsoft Entra ID through @azure/msal-node alone, with every call over our own HTTP client:
// limited in time and size, and through the proxy.
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { parseJson } from '../../liveResponse/text/json.ts';
import { Http, HttpError } from '../outbound/http.ts';
import type { HttpClient } from '../outbound/http.ts';
import { Secret } from '../secret.ts';
import type { Token, TokenSource } from './credentials.ts';
import { explained, TokenError } from './tokenError.ts';

export type MsalCredentials =
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: Secret }
  /** `thumbprintSha256` in hex, `privateKey` in PEM. */
  | {
      readonly kind: 'certificate';
      readonly clientId: string;
      readonly thumbprintSha256: string;
      readonly privateKey: string;
    }
  /** Of a user-assigned identity. */
  | { readonly kind: 'managedIdentity'; readonly clientId: string };

export interface MsalOptions {
  readonly credentials: MsalCredentials;
  /** Sign-in address with the tenant, such as https://login.microsoftonline.com/<tenant>. */
  readonly authority: string;
  readonly http: HttpClient;
  /** Milliseconds for all calls of one token. */
  readonly timeoutMs?: number;
}

/** Bytes of an answer; a token is below 4 KB. */
const longestAnswer = 262_144;
const defaultTimeoutMs = 20_000;
/** Of each call, in milliseconds. */
const callTimeoutMs = 10_000;

/** What MSAL returns, as far as it is used. */
interface Given {
  readonly accessToken: string;
  readonly expiresOn: Date | null;
}

type Ask = (scope: string, renew: boolean) => Promise<Given | null>;

export class MsalTokens implements TokenSource {
  readonly #options: MsalOptions;
  #ask: Promise<Ask> | undefined;
  /** How the network failed: MSAL replaces such an error by one of its own. */
  #failed: string | undefined;
  readonly #running = new Map<string, Promise<Token>>();

  constructor(options: MsalOptions) {
    this.#options = options;
  }

  /**
   * Concurrent calls share one answer.
   * @throws TokenError
   */
  getToken(scope: string, renew = false): Promise<Token> {
    const known = this.#running.get(scope);
    if (known !== undefined) return known;
    const asked = this.#get(scope, renew).finally(() => this.#running.delete(scope));
    this.#running.set(scope, asked);
    return asked;
  }

  async #get(scope: string, renew: boolean): Promise<Token> {
    const { credentials, authority, timeoutMs = defaultTimeoutMs } = this.#options;
    const { origin } = new URL(authority);
    let stop: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      stop = setTimeout(
        () => reject(new TokenError('unreachable', `no token from ${origin} within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
    });
    this.#failed = undefined;
    try {
      this.#ask ??= this.#prepare();
      const asked = this.#ask.then((ask) => ask(scope, renew));
      // The loser of the race must not end as an unhandled rejection.
      asked.catch(() => undefined);
      const given = await Promise.race([asked, deadline]);
      if (given === null) throw new TokenError('refused', 'Entra ID gave no token');
      return { value: new Secret(given.accessToken), expiresAt: given.expiresOn?.getTime() ?? 0 };
    } catch (error) {
      // What could not be made is made again next time.
      this.#ask = undefined;
      if (error instanceof TokenError) throw error;
      const failed = this.#networkFailed();
      if (failed !== undefined && credentials.kind !== 'managedIdentity')
        throw new TokenError(
          'unreachable',
          `Entra ID cannot be reached at ${origin}${failed === '' ? '' : `: ${failed}`}`,
        );
      throw explained(error, { credentials, authority: origin });
    } finally {
      clearTimeout(stop);
    }
  }

  #networkFailed(): string | undefined {
    return this.#failed;
  }

  /** Loaded only when a token is needed. */
  async #prepare(): Promise<Ask> {
    const msal = await import('@azure/msal-node');
    const { credentials, authority, http } = this.#options;
    if (credentials.kind === 'managedIdentity') {
      // The identity endpoint is on this machine, where no proxy leads.
      const app = new msal.ManagedIdentityApplication({
        managedIdentityIdParams: { userAssignedClientId: credentials.clientId },
        system: { networkClient: this.#client(new Http()) },
      });
      return (scope, renew) =>
        app.acquireToken({ resource: scope.replace(/\/\.default$/, ''), forceRefresh: renew });
    }
    const app = new msal.ConfidentialClientApplication({
      auth: {
        clientId: credentials.clientId,
        authority,
        // The authority comes from our own table, so nobody has to be asked whether it is valid.
        knownAuthorities: [new URL(authority).host],
        ...(credentials.kind === 'secret'
          ? { clientSecret: credentials.secret.reveal() }
          : {
              clientCertificate: {
                thumbprintSha256: credentials.thumbprintSha256,
                privateKey: credentials.privateKey,
              },
            }),
      },
      system: { networkClient: this.#client(http) },
    });
    return (scope, renew) => app.acquireTokenByClientCredential({ scopes: [scope], skipCache: renew });
  }

  #client(http: HttpClient): INetworkModule {
    const exchange = async <T>(
      method: 'GET' | 'POST',
      address: string,
      options: NetworkRequestOptions = {},
    ): Promise<NetworkResponse<T>> => {
      const { headers, body } = options;
      try {
        const answer = await http.send({
          method,
          url: new URL(address),
          connection: 'fresh',
          maxBytes: longestAnswer,
          timeoutMs: callTimeoutMs,
          ...(headers === undefined ? {} : { headers }),
          ...(body === undefined ? {} : { body }),
        });
        const read = parseJson(Buffer.from(answer.bytes).toString('utf8'));
        if (read === undefined)
          throw new HttpError(
            'encoded',
            `${new URL(address).origin} answered ${answer.status} with something that is not JSON`,
            { status: answer.status },
          );
        return { headers: Object.fromEntries(answer.headers), body: read.value as T, status: answer.status };
      } catch (error) {
        this.#failed = error instanceof HttpError ? (error.wayOut ?? '') : '';
        throw error;
      }
    };
    return {
      sendGetRequestAsync: (url, options) => exchange('GET', url, options),
      sendPostRequestAsync: (url, options) => exchange('POST', url, options),
    };
  }
}
