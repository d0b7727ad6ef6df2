// Tokens of Microsoft Entra ID for all calls of Microsoft APIs, renewed without any cache when one was
// refused.
import type { TokenCredential } from '@azure/identity';
import { Secret } from '../secret.ts';
import { identityCredential } from './identity.ts';
import type { EntraSettings } from './settings.ts';
import { explained, TokenError } from './tokenError.ts';

/** A bearer token. `expiresAt` in epoch milliseconds. */
export interface Token {
  readonly value: Secret;
  readonly expiresAt: number;
}

export interface TokenSource {
  /**
   * A token for `scope` (`<resource>/.default`); undefined when none is needed. With `renew`, after a 401, no
   * cached token is used.
   * @throws TokenError
   */
  getToken(scope: string, renew?: boolean): Promise<Token | undefined>;
}

/** Milliseconds; the library alone would wait for minutes. */
const defaultTimeoutMs = 20_000;

/**
 * Makes the credential; a parameter so that tests need no Entra ID. With `renew` its first token must not
 * come from a cache.
 */
export type MakeCredential = (settings: EntraSettings, renew: boolean) => Promise<TokenCredential>;

/** Tokens through @azure/identity, which caches them and fetches a new one before they end. */
export class EntraTokens implements TokenSource {
  readonly #settings: EntraSettings;
  readonly #make: MakeCredential;
  #credential: Promise<TokenCredential> | undefined;

  constructor(settings: EntraSettings, make: MakeCredential = identityCredential) {
    this.#settings = settings;
    this.#make = make;
  }

  async getToken(scope: string, renew = false): Promise<Token | undefined> {
    // The caches live in the credential, all but one kind's: see `identity.ts`.
    if (renew) this.#credential = undefined;
    const timeoutMs = this.#settings.timeoutMs ?? defaultTimeoutMs;
    const abort = new AbortController();
    let stop: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      stop = setTimeout(() => {
        reject(
          new TokenError(
            'unreachable',
            `no token from ${this.#settings.authority} within ${timeoutMs / 1000} s`,
          ),
        );
        abort.abort();
      }, timeoutMs);
    });
    try {
      this.#credential ??= this.#make(this.#settings, renew);
      const credential = await this.#credential;
      const asked = credential.getToken(scope, { abortSignal: abort.signal });
      // The loser of the race must not end as an unhandled rejection.
      asked.catch(() => undefined);
      const token = await Promise.race([asked, deadline]);
      if (token === null) throw new TokenError('refused', 'the credential gave no token');
      return { value: new Secret(token.token), expiresAt: token.expiresOnTimestamp };
    } catch (error) {
      // A credential that could not be made (a missing certificate file) is made again next time, when the
      // file may be there.
      this.#credential = undefined;
      throw await this.#reasoned(error instanceof TokenError ? error : explained(error, this.#settings));
    } finally {
      clearTimeout(stop);
    }
  }

  /**
   * For a sign-in host that does not answer, the error with what is on the way to it. A managed identity is
   * requested on this machine, without any way through the network.
   */
  async #reasoned(error: TokenError): Promise<TokenError> {
    const { way, authority, credentials } = this.#settings;
    if (error.code !== 'unreachable' || way === undefined || credentials.kind === 'managedIdentity')
      return error;
    const why = await way.whyNotReached(authority);
    return why === undefined
      ? error
      : new TokenError('unreachable', `Entra ID cannot be reached at ${authority}: ${why}`);
  }
}

/**
 * For the simulator: no token at all.
 * @throws TypeError when `apiUrl` is not a loopback address, so that we never call a real tenant without a
 * token
 */
export function noCredentials(apiUrl: string): TokenSource {
  if (!isLoopback(apiUrl))
    throw new TypeError(`DEFENDER_AUTH=none is for loopback URLs only, not for ${apiUrl}`);
  return { getToken: () => Promise.resolve(undefined) };
}

/** Whether a URL leads to this machine, by its literal address or as `localhost`. */
export function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname;
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
