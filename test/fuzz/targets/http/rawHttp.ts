// One HTTP request that is written down as text: method and path, headers, an empty line, the body.
import { request } from 'node:http';

export interface Written {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The request in an input; what no client could send at all is left out. */
export function writtenIn(input: Buffer): Written {
  const end = input.indexOf('\n\n');
  const head = input
    .subarray(0, end < 0 ? input.length : end)
    .toString('latin1')
    .split('\n');
  const [first = '', ...lines] = head;
  const [method = '', path = ''] = first.split(' ');
  const headers = new Map<string, string>();
  for (const line of lines.slice(0, 20)) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (
      /^[\w!#$%&'*+.^`|~-]{1,60}$/.test(name) &&
      /^[\t\x20-\x7e\x80-\xff]{0,500}$/.test(value) &&
      !reserved.has(name)
    )
      headers.set(name, value);
  }
  return {
    method: /^[A-Z]{1,10}$/.test(method) && method !== 'CONNECT' ? method : 'POST',
    path: /^\/[\x21-\x7e]{0,300}$/.test(path) ? path : '/',
    headers: Object.fromEntries(headers),
    body: end < 0 ? Buffer.alloc(0) : input.subarray(end + 2),
  };
}

/** Those would make the server wait for bytes that never come. */
const reserved: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  'te',
  'trailer',
  '__proto__',
  'host',
]);

export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** So long an answer may take, milliseconds; a server that never answers has failed. */
const patience = 10_000;
/** Of an answer no more is read: event streams never end. */
const enough = 100_000;

/** Sends it, and reads the answer. */
export function send(origin: string, { method, path, headers, body }: Written): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${origin}${path}`,
      { method, headers: { ...headers, 'content-length': body.length }, timeout: patience },
      (response) => {
        let text = '';
        const done = (): void => {
          resolve({ status: response.statusCode ?? 0, text });
          sent.destroy();
        };
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (
            text.length > enough ||
            String(response.headers['content-type']).startsWith('text/event-stream')
          )
            done();
        });
        response.on('end', done);
        if (String(response.headers['content-type']).startsWith('text/event-stream')) done();
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    // A body that is not read to its end: the answer has come before.
    sent.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET'
        ? resolve({ status: 413, text: '' })
        : reject(error),
    );
    sent.end(body);
  });
}
