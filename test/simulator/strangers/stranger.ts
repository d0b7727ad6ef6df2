// A client that is not ours, in front of the simulator: it sends the very bytes it is told to send, because
// other libraries escape a query differently, has a token of its own audience with its own permissions only,
// and moves the clock where it would sleep.
import { request } from 'node:http';
import type { ActionJson, Defender } from '../defender.ts';

export interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export interface StrangerOptions {
  /** What its token is for. */
  readonly audience: string;
  readonly roles: readonly string[];
  /** The host it believes it calls; it stands in `@odata.context`. */
  readonly host?: string;
  /** On every call to the API. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Stranger {
  /** Path and query go out as they are written here. */
  send(
    method: string,
    target: string,
    headers?: Readonly<Record<string, string>>,
    body?: string | Uint8Array,
  ): Promise<Heard>;
  /** A GET that must be answered with 200. */
  get<T>(target: string): Promise<T>;
  /** A POST of JSON, as this text. */
  post(target: string, body: object): Promise<Heard>;
  /** A link of the blob server, without the token. */
  download(link: string): Promise<Heard>;
  /**
   * Asks again and again, `everyMs` apart, until the answer is what it waits for; gives up as the client
   * would.
   */
  poll<T>(target: string, everyMs: number, attempts: number, done: (answer: T) => boolean): Promise<T>;
}

/** A call as it is written here. */
interface Ask {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export function stranger(
  tenant: Defender,
  { audience, roles, host, headers: own = {} }: StrangerOptions,
): Stranger {
  const token = (): string => {
    const claims = { aud: audience, exp: tenant.now() / 1_000 + 3_599, appid: 'stranger', roles };
    return `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  };
  const api = new URL(tenant.url);
  const heard = (at: URL, { method, target, headers, body }: Ask): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: at.hostname, port: at.port, method, path: target, headers },
        (response) => {
          const chunks: Uint8Array[] = [];
          response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              bytes,
              text: bytes.toString('utf8'),
            });
          });
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const send: Stranger['send'] = (method, target, headers = {}, body) =>
    heard(api, {
      method,
      target,
      headers: { ...(host === undefined ? {} : { host }), authorization: token(), ...own, ...headers },
      body,
    });
  const get = async <T>(target: string): Promise<T> => {
    const answer = await send('GET', target);
    if (answer.status !== 200) throw new Error(`GET ${target}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as T;
  };
  return {
    send,
    get,
    post: (target, body) =>
      send('POST', target, { 'content-type': 'application/json' }, JSON.stringify(body)),
    download: (link) => {
      const url = new URL(link);
      return heard(url, { method: 'GET', target: link.slice(url.origin.length), headers: {} });
    },
    poll: async (target, everyMs, attempts, done) => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const answer = await get<Parameters<typeof done>[0]>(target);
        if (done(answer)) return answer;
        tenant.pass(everyMs);
      }
      throw new Error(`gave up on ${target} after ${attempts} attempts`);
    },
  };
}

/** The action of an answer with that status. */
export function actionIn(answer: Heard, status: number): ActionJson {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
  return JSON.parse(answer.text) as ActionJson;
}

/** A multipart body written by hand, as clients without a library for it do. */
export function multipart(
  fields: Readonly<Record<string, string>>,
  file: { readonly name: string; readonly content: string },
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const boundary = '0f6b1c8e-77a1-4c55-9d3f-stranger';
  const part = (head: string, content: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
  const texts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value));
  const body = `${part(`name="file"; filename="${file.name}"\r\nContent-Type: application/octet-stream`, file.content)}${texts.join('')}--${boundary}--\r\n`;
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body };
}
