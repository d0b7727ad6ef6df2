// The two calls on the live response library: the list, and one upload. A list may be asked for again; an
// upload never is by itself, but after a 429, which says for certain that nothing was taken.
import { randomUUID } from 'node:crypto';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import { readError, readPage, readTime } from '../adapters/defender/wire.ts';
import type { Token, TokenSource } from '../adapters/entra/credentials.ts';
import { TokenError } from '../adapters/entra/tokenError.ts';
import type { HttpClient, HttpAnswer } from '../adapters/outbound/http.ts';
import { HttpError, jsonOf, retryAfterMs } from '../adapters/outbound/http.ts';
import { field } from '../liveResponse/text/json.ts';
import type { Clock } from '../liveResponse/ports.ts';
import { formOf } from './form.ts';
import type { Upload } from './form.ts';

/**
 * A file of the library, as far as the API tells: it gives no content, only this. Times in epoch
 * milliseconds.
 */
export interface LiveFile {
  readonly name: string;
  /** Lower case; undefined where Defender gives none. */
  readonly sha256: string | undefined;
  readonly description?: string;
  readonly parameters?: string;
  readonly hasParameters?: boolean;
  readonly createdBy?: string;
  readonly updatedAt?: number;
}

/** Why the library cannot be looked at, in a sentence with the next step. */
export class NoLook extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NoLook';
  }
}

/**
 * `taken`: Defender said so; `sha256` is what it says it has. `exists`: nothing was replaced, there is a file
 * of that name. `throttled`: nothing was taken. `lost`: it may have been taken. `refused`: nothing was taken,
 * in Defender's words.
 */
export type Uploaded =
  | { readonly kind: 'taken'; readonly sha256?: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'throttled'; readonly ms: number }
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

export interface LibraryParts {
  readonly http: HttpClient;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  /** What a person in front of the terminal reads while it waits. */
  readonly tell: (line: string) => void;
}

export interface LiveLibrary {
  /**
   * Every file. @throws NoLook also where a part of the list cannot be had: what it leaves out could be
   * somebody's file.
   */
  list(): Promise<readonly LiveFile[]>;
  /** One POST. @throws NoLook where nothing may be uploaded with this credential */
  upload(upload: Upload): Promise<Uploaded>;
  /**
   * Waits as long as Defender asked for. @throws NoLook where that is too long to wait for in front of a
   * terminal
   */
  rest(ms: number): Promise<void>;
}

/** Milliseconds. A list is small; 20 MB over a slow line are not. */
const listWithin = 30_000;
const uploadWithin = 180_000;
const maxAnswerBytes = 4 * 1024 * 1024;
/** Between a list that failed and its one repeat, in milliseconds. */
const repeatAfter = 1_000;
/** Pause after a 429 without a usable Retry-After, as other clients make it. Milliseconds. */
const defaultRest = 60_000;
/**
 * A person waits in front of the terminal: beyond this the program ends, and says when to come back.
 * Milliseconds, all waits together.
 */
export const longestRest = 5 * 60_000;
/** A list that needs more pages is no library of scripts. */
const mostPages = 50;

const lacking =
  'Defender denies this credential access to the library (403): it needs Library.Manage of WindowsDefenderATP, as an application permission with admin consent (after a grant, a new token has it); a person who is signed in needs it as a delegated permission. docs/library.md shows the steps.';
const unauthorized =
  'Defender does not take the token (401). Check the tenant and the cloud (AZURE_TENANT_ID, DEFENDER_CLOUD), and the clock of this machine.';

export function liveLibrary(parts: LibraryParts): LiveLibrary {
  return new LibraryCalls(parts);
}

class LibraryCalls implements LiveLibrary {
  readonly #parts: LibraryParts;
  /** Milliseconds, all waits together. */
  #rested = 0;

  constructor(parts: LibraryParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly LiveFile[]> {
    const { endpoint } = this.#parts;
    const found: LiveFile[] = [];
    const seen = new Set<string>();
    for (
      let url: URL | undefined = new URL(`${endpoint.apiUrl}/api/libraryfiles`), pages = 1;
      url !== undefined;
      pages += 1
    ) {
      if (pages > mostPages || seen.has(url.href))
        throw new NoLook('The list of the library does not end. Nothing was compared; look in the portal.');
      seen.add(url.href);
      const answer = await this.#get(url);
      if (answer.status === 401) throw new NoLook(unauthorized);
      if (answer.status === 403) throw new NoLook(lacking);
      const body = jsonOf(answer);
      const { items, next } = readPage(body?.value);
      if (answer.status < 200 || answer.status > 299 || items === undefined) {
        throw new NoLook(
          `The library cannot be listed: Defender answered ${answer.status}${words(body?.value)}${answer.status < 300 ? ', which is no list of files' : ''}. Run it again; if it stays so, look at DEFENDER_CLOUD and DEFENDER_API_URL.`,
        );
      }
      for (const item of items) {
        const file = readLiveFile(item);
        if (file === undefined)
          throw new NoLook(
            'The list of the library has an entry without a name. Nothing was compared; look in the portal.',
          );
        found.push(file);
      }
      url = next === undefined ? undefined : atHome(next, endpoint);
    }
    return found;
  }

  async upload(upload: Upload): Promise<Uploaded> {
    const { http, clock, endpoint } = this.#parts;
    const held = await this.#token(false);
    const { contentType, body } = formOf(upload, randomUUID().replaceAll('-', ''));
    let answer: HttpAnswer;
    try {
      answer = await http.send({
        method: 'POST',
        url: new URL(`${endpoint.apiUrl}/api/libraryfiles`),
        headers: { ...headersOf(held), 'content-type': contentType },
        body,
        timeoutMs: uploadWithin,
        maxBytes: maxAnswerBytes,
        connection: 'fresh',
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return error.code === 'notSent'
        ? { kind: 'refused', why: error.message }
        : { kind: 'lost', why: error.message };
    }
    const said = jsonOf(answer)?.value;
    if (answer.status >= 200 && answer.status <= 299) {
      const sha256 = hexOf(field(said, 'sha256'));
      return { kind: 'taken', ...(sha256 === undefined ? {} : { sha256 }) };
    }
    if (answer.status === 429)
      return { kind: 'throttled', ms: retryAfterMs(answer, clock.now()) ?? defaultRest };
    if (answer.status === 401) throw new NoLook(unauthorized);
    if (answer.status === 403) throw new NoLook(lacking);
    // A gateway that gave up says nothing of what is behind it.
    if (answer.status >= 500 || answer.status === 408)
      return { kind: 'lost', why: `Defender answered ${answer.status}${words(said)}` };
    if (/already exists/i.test(readError(said).apiMessage ?? '')) return { kind: 'exists' };
    return { kind: 'refused', why: `Defender answered ${answer.status}${words(said)}` };
  }

  async rest(ms: number): Promise<void> {
    if (this.#rested + ms > longestRest)
      throw new NoLook(
        `Defender asks to wait ${seconds(ms)} before the next call (429), which is longer than this program waits. Run it again then.`,
      );
    this.#rested += ms;
    this.#parts.tell(`Defender asks to wait ${seconds(ms)} (429) ...`);
    await this.#parts.clock.sleep(ms);
  }

  async #token(renew: boolean): Promise<Token | undefined> {
    try {
      return await this.#parts.tokens.getToken(this.#parts.endpoint.scope, renew);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new NoLook(`There is no token for the library: ${error.message}.`, { cause: error });
    }
  }

  async #get(url: URL): Promise<HttpAnswer> {
    const { http, clock } = this.#parts;
    let repeats = 0;
    let renewed = false;
    for (;;) {
      let answer: HttpAnswer;
      try {
        answer = await http.send({
          method: 'GET',
          url,
          headers: headersOf(await this.#token(renewed)),
          timeoutMs: listWithin,
          maxBytes: maxAnswerBytes,
        });
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        if ((repeats += 1) > 1)
          throw new NoLook(
            `The library cannot be listed: ${error.message}. Check the network, the proxy and DEFENDER_CLOUD or DEFENDER_API_URL.`,
            { cause: error },
          );
        await clock.sleep(repeatAfter);
        continue;
      }
      if (answer.status === 429) {
        await this.rest(retryAfterMs(answer, clock.now()) ?? defaultRest);
      } else if (answer.status === 401 && !renewed) {
        renewed = true;
      } else if (answer.status >= 500 && (repeats += 1) <= 1) {
        await clock.sleep(repeatAfter);
      } else return answer;
    }
  }
}

function headersOf(held: Token | undefined): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(held === undefined ? {} : { authorization: `Bearer ${held.value.reveal()}` }),
  };
}

/**
 * The token goes to our own origin and nowhere else: path and query of the next page are asked for there,
 * whatever host it names.
 */
function atHome(next: string, { apiUrl }: Endpoint): URL {
  const home = new URL(apiUrl);
  if (!URL.canParse(next, home.href))
    throw new NoLook(
      'The list of the library goes on at an address that cannot be read. Nothing was compared; look in the portal.',
    );
  const { pathname, search } = new URL(next, home.href);
  return new URL(`${pathname}${search}`, home.origin);
}

function words(body: unknown): string {
  const { apiCode, apiMessage } = readError(body);
  return apiCode === undefined && apiMessage === undefined
    ? ''
    : ` (${[apiCode, apiMessage].filter((one) => one !== undefined).join(': ')})`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}

function hexOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
}

function readLiveFile(item: unknown): LiveFile | undefined {
  const text = (name: string): string | undefined => {
    const value = field(item, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const name = text('fileName');
  if (name === undefined) return undefined;
  const description = text('description');
  const parameters = text('parametersDescription');
  const createdBy = text('createdBy');
  const updatedAt = readTime(text('lastUpdatedTime')) ?? readTime(text('creationTime'));
  const hasParameters = field(item, 'hasParameters');
  return {
    name,
    sha256: hexOf(text('sha256')),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    ...(typeof hasParameters === 'boolean' ? { hasParameters } : {}),
  };
}
