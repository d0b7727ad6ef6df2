// Published keys of the channel: fetched when the first message needs them, kept for a day, and fetched again
// so seldom that nobody can use this bot to overload the host that publishes them.
import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { field, listOf, parseJson, textsOf } from '../../../liveResponse/text/json.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { HttpError } from '../../outbound/http.ts';
import type { HttpClient } from '../../outbound/http.ts';

/**
 * Older keys are trusted no longer: Microsoft may have withdrawn one (learn.microsoft.com:
 * bot-framework-rest-connector-authentication). Milliseconds.
 */
export const keysGoodFor = 24 * 3_600_000;
/** From this age on they are fetched again while they are still good. Milliseconds. */
export const keysRenewedAfter = 20 * 3_600_000;
/**
 * Between two fetches while good keys are held, however many tokens name a key nobody knows. Milliseconds.
 */
export const unknownKeyGap = 3_600_000;
/** After a fetch that failed, with good keys or without. Milliseconds. */
export const failedGap = 10_000;
/** For each of the two calls; a message of Teams waits meanwhile. Milliseconds. */
const timeoutMs = 2_500;
/** Bytes; Microsoft's own are below 20 KB. */
const longestAnswer = 262_144;
/** Keys; Microsoft publishes a handful. */
const mostKeys = 100;

export interface ChannelKey {
  readonly key: CryptoKey;
  /** The channels whose tokens it may sign. */
  readonly endorsements: readonly string[];
}

export interface KeySource {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the OpenID document that names the keys. */
  readonly metadataUrl: string;
  /** Whom the document must name. */
  readonly issuer: string;
}

interface Held {
  readonly keys: ReadonlyMap<string, ChannelKey>;
  /** Elapsed time, and that of the wall clock: one of them may have stood still while the machine slept. */
  readonly at: number;
  readonly wall: number;
}

export class ChannelKeys {
  readonly #source: KeySource;
  #held: Held | undefined;
  /** Elapsed time of the last fetch, and whether it failed. */
  #last: { readonly at: number; readonly why: string | undefined } | undefined;
  #fetching: Promise<void> | undefined;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** `unknown`: the channel publishes no such key. `unreachable`: that is not known just now. */
  async find(kid: string): Promise<ChannelKey | 'unknown' | 'unreachable'> {
    const held = this.#good();
    const found = held?.keys.get(kid);
    const old = held !== undefined && this.#ageOf(held) >= keysRenewedAfter;
    // The keys at hand answer at once; the renewal runs meanwhile.
    if (found !== undefined) {
      if (old && this.#mayFetch(failedGap)) void this.#fetch();
      return found;
    }
    if (this.#fetching !== undefined) await this.#fetching;
    else if (this.#mayFetch(held === undefined ? 0 : unknownKeyGap)) await this.#fetch();
    const now = this.#good();
    if (now === undefined) return 'unreachable';
    return now.keys.get(kid) ?? (this.#last?.why === undefined ? 'unknown' : 'unreachable');
  }

  /** Why there are no keys; undefined while good ones are held, and before they were asked for. */
  trouble(): string | undefined {
    return this.#good() === undefined ? this.#last?.why : undefined;
  }

  #good(): Held | undefined {
    return this.#held !== undefined && this.#ageOf(this.#held) < keysGoodFor ? this.#held : undefined;
  }

  /** By whichever clock they are older. */
  #ageOf({ at, wall }: Held): number {
    return Math.max(this.#age(at), this.#source.clock.now() - wall);
  }

  #age(at: number): number {
    return this.#source.clock.elapsed() - at;
  }

  /** @param gap since the last fetch that went well */
  #mayFetch(gap: number): boolean {
    return (
      this.#last === undefined || this.#age(this.#last.at) >= (this.#last.why === undefined ? gap : failedGap)
    );
  }

  /** All who need the keys wait for one fetch. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#read().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #read(): Promise<void> {
    const { clock, log, metadataUrl } = this.#source;
    const { host } = new URL(metadataUrl);
    // The age counts from before the question: a key withdrawn while it was under way is not in the answer
    // for a whole day more.
    const [at, wall] = [clock.elapsed(), clock.now()];
    try {
      this.#held = { keys: await this.#published(), at, wall };
      this.#last = { at, why: undefined };
    } catch (error) {
      if (!(error instanceof HttpError) && !(error instanceof Unusable)) throw error;
      const why = `the keys that messages of Teams are checked with could not be had from ${host}: ${error.message}`;
      this.#last = { at: clock.elapsed(), why };
      log.warn('teamsKeysNotFetched', { host, why: error.message });
    }
  }

  async #published(): Promise<ReadonlyMap<string, ChannelKey>> {
    const { metadataUrl, issuer } = this.#source;
    const document = await this.#json(new URL(metadataUrl));
    if (field(document, 'issuer') !== issuer)
      throw new Unusable('the answer names another issuer; something may answer in the place of Microsoft');
    const named = field(document, 'jwks_uri');
    const url = typeof named === 'string' && URL.canParse(named) ? new URL(named) : undefined;
    // Keys that came over an unprotected line would be anybody's.
    if (url === undefined || (url.protocol !== 'https:' && url.origin !== new URL(metadataUrl).origin))
      throw new Unusable('the answer does not tell where the keys are');
    const listed = field(await this.#json(url), 'keys');
    const keys = new Map<string, ChannelKey>();
    for (const one of listOf(listed).slice(0, mostKeys)) {
      const kid = field(one, 'kid');
      const key = await keyOf(one);
      if (typeof kid === 'string' && key !== undefined)
        keys.set(kid, { key, endorsements: textsOf(field(one, 'endorsements')) });
    }
    if (keys.size === 0) throw new Unusable('the answer holds no keys');
    return keys;
  }

  async #json(url: URL): Promise<unknown> {
    const { status, bytes } = await this.#source.http.send({
      method: 'GET',
      url,
      maxBytes: longestAnswer,
      timeoutMs,
      headers: { accept: 'application/json' },
    });
    if (status !== 200) throw new Unusable(`it answered ${status}`);
    const body = parseJson(Buffer.from(bytes).toString('utf8'));
    if (body === undefined) throw new Unusable('the answer is not JSON');
    return body.value;
  }
}

/** An answer that came and holds no keys that could be used. */
class Unusable extends Error {}

/** Undefined for what is no public RSA key: one strange entry must not take the others' place. */
async function keyOf(one: unknown): Promise<CryptoKey | undefined> {
  const [kty, use, n, e] = ['kty', 'use', 'n', 'e'].map((name) => field(one, name));
  if (kty !== 'RSA' || (use !== undefined && use !== 'sig') || typeof n !== 'string' || typeof e !== 'string')
    return undefined;
  const jwk: JWK = { kty, n, e };
  try {
    const key = await importJWK(jwk, 'RS256');
    // jose refuses to verify with a shorter one, by an error that is none of a token's.
    return key instanceof Uint8Array ||
      !('modulusLength' in key.algorithm) ||
      Number(key.algorithm.modulusLength) < 2_048
      ? undefined
      : key;
  } catch (error) {
    // WebCrypto's errors for numbers that are no key.
    if (error instanceof DOMException || error instanceof TypeError) return undefined;
    throw error;
  }
}
