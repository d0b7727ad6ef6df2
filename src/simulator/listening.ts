// Shared parts of both HTTP servers: listening on loopback only, reading a request, and stopping without
// waiting for idle clients.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';

export interface Listening {
  /** "http://127.0.0.1:port". */
  readonly url: string;
  stop(): Promise<void>;
}

const loopback = '127.0.0.1';
/** A library upload may have 20 MB; somewhat more must reach the code that refuses it. */
const maxBodyBytes = 24 * 1024 * 1024;

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function listen(port: number, listener: RequestListener): Promise<Listening> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, loopback, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The simulator listens on no port.');
  return {
    url: `http://${loopback}:${address.port}`,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        server.closeAllConnections();
      }),
  };
}

/** The whole body; undefined when it is longer than anything the API takes. */
export async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Path and query of a request; the path is decoded when it can be. */
export function addressOf(request: IncomingMessage): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const [raw = '', ...query] = (request.url ?? '/').split('?');
  return { path: decoded(raw), query: new URLSearchParams(query.join('?')) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}
