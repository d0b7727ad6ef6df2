// Client of the connector's REST API over our own HTTP client
// (learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference).
import type { Clock } from '../../../liveResponse/ports.ts';
import { networkCodeOf } from '../../clock.ts';
import { field, parseJson } from '../../../liveResponse/text/json.ts';
import { TokenError } from '../../entra/tokenError.ts';
import { HttpError } from '../../outbound/http.ts';
import type { HttpClient, HttpAnswer } from '../../outbound/http.ts';
import { CallError } from '../protocol.ts';
import type { CallOptions, Calls } from '../protocol.ts';

/** Bytes read of an answer; the longest one wanted, a member, is below 2 KB. */
const longestAnswer = 262_144;

export interface Way {
  readonly http: HttpClient;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Undefined without authentication. `renew` after a token was refused. */
  readonly token: ((renew: boolean) => Promise<string>) | undefined;
}

const conversations = ['v3', 'conversations'];

type Query = Readonly<Record<string, string>>;

export class DirectCalls implements Calls {
  readonly #serviceUrl: string;
  readonly #way: Way;
  /** Whether the connector refused the last token: the next call asks for a new one. */
  #refused = false;

  constructor(serviceUrl: string, way: Way) {
    this.#serviceUrl = serviceUrl;
    this.#way = way;
  }

  send(conversation: string, activity: object, options: CallOptions): Promise<unknown> {
    return this.#call('POST', [...conversations, conversation, 'activities'], options, activity);
  }

  update(conversation: string, id: string, activity: object, options: CallOptions): Promise<unknown> {
    return this.#call('PUT', [...conversations, conversation, 'activities', id], options, activity);
  }

  open(parameters: object, options: CallOptions): Promise<unknown> {
    return this.#call('POST', conversations, options, parameters);
  }

  member(conversation: string, id: string, options: CallOptions): Promise<unknown> {
    return this.#call('GET', [...conversations, conversation, 'members', id], options);
  }

  firstMember(conversation: string, options: CallOptions): Promise<unknown> {
    const query = { pageSize: '1' };
    return this.#call('GET', [...conversations, conversation, 'pagedmembers'], { ...options, query });
  }

  async #call(
    method: 'GET' | 'POST' | 'PUT',
    path: readonly string[],
    { timeout, targeted, query = {} }: CallOptions & { readonly query?: Query },
    body?: object,
  ): Promise<unknown> {
    const url = addressOf(this.#serviceUrl, path);
    for (const [name, value] of Object.entries({
      ...query,
      ...(targeted === true ? { isTargetedActivity: 'true' } : {}),
    }))
      url.searchParams.set(name, value);
    const { clock, http } = this.#way;
    const began = clock.elapsed();
    const token = await tokenFrom(this.#way, this.#refused, timeout);
    const answer = await exchange(http, {
      method,
      url,
      // Over a new connection, so that no dying idle one can leave the fate of a message open.
      connection: method === 'POST' ? 'fresh' : 'kept',
      // At least a little: a token that came at the last moment must not make every call too late.
      timeoutMs: Math.max(timeout - (clock.elapsed() - began), timeout / 4),
      maxBytes: longestAnswer,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.#refused = answer.status === 401;
    return read(answer);
  }
}

/** @throws CallError for an id that would lead to another address than the one meant */
function addressOf(serviceUrl: string, path: readonly string[]): URL {
  if (path.some((part) => part === '' || part === '.' || part === '..'))
    throw new CallError({
      kind: 'impossible',
      why: 'an id that no conversation, message or person can have',
    });
  const base = serviceUrl.endsWith('/') ? serviceUrl : `${serviceUrl}/`;
  return new URL(path.map((part) => encodeURIComponent(part)).join('/'), base);
}

/** Waits for a token for as long as the call itself may take; one that comes later serves the next call. */
async function tokenFrom({ token }: Way, renew: boolean, timeout: number): Promise<string | undefined> {
  if (token === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const asked = token(renew);
  // Lost races must not end as unhandled rejections.
  asked.catch(() => undefined);
  try {
    return await Promise.race([
      asked,
      new Promise<never>(
        (_resolve, reject) =>
          (timer = setTimeout(
            () => reject(new TokenError('unreachable', 'Entra ID did not answer in time')),
            timeout,
          )),
      ),
    ]);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new CallError(
      error.code === 'unreachable'
        ? { kind: 'notSent', code: error.message }
        : { kind: 'noToken', why: error.aadsts ?? error.message },
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(http: HttpClient, ask: Parameters<HttpClient['send']>[0]): Promise<HttpAnswer> {
  try {
    return await http.send(ask);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new CallError(faultOf(error), { cause: error });
  }
}

function faultOf(error: HttpError): CallError['fault'] {
  // An answer came, and could not be taken: what was asked is done or refused, as its status says.
  if (error.status !== undefined && (error.code === 'tooLarge' || error.code === 'encoded'))
    return { kind: 'answered', status: error.status };
  const code = networkCodeOf(error.cause);
  if (error.code === 'notSent')
    return { kind: 'notSent', code: error.wayOut ?? (code || 'no connection in time') };
  // Our own deadline has no code.
  return code === '' || /TIMEOUT$/.test(code) ? { kind: 'late' } : { kind: 'broken', code };
}

function read({ status, headers, bytes }: HttpAnswer): unknown {
  const body = parseJson(Buffer.from(bytes).toString('utf8'))?.value;
  if (status >= 200 && status < 300) return body;
  const code = field(field(body, 'error'), 'code');
  const retryAfter = headers.get('retry-after');
  throw new CallError({
    kind: 'answered',
    status,
    ...(typeof code === 'string' ? { code } : {}),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
