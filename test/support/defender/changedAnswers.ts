// A proxy between a client and the simulated API that changes answers on their way, as another tenant would
// give them. The result links lead past it.
import { createServer, request as ask } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passing {
  readonly method: string;
  /** Path and query, decoded as far as it can be. */
  readonly path: string;
  status: number;
  headers: Record<string, string>;
  /** The JSON of the answer; undefined where it is none. */
  body: unknown;
}

export interface ChangedAnswers {
  readonly url: string;
  close(): Promise<void>;
}

export async function changedAnswers(
  behind: string,
  change: (passing: Passing) => void,
): Promise<ChangedAnswers> {
  const target = new URL(behind);
  const server = createServer((incoming, outgoing) => {
    const onward = ask(
      {
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host: incoming.headers.host ?? target.host },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const passing: Passing = {
            method: incoming.method ?? 'GET',
            path: decodeURIComponent(incoming.url ?? ''),
            status: answer.statusCode ?? 502,
            headers: plain(answer.headers),
            body: jsonOf(text),
          };
          change(passing);
          outgoing.writeHead(passing.status, passing.headers);
          outgoing.end(passing.body === undefined ? text : JSON.stringify(passing.body));
        });
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** Without what speaks of the connection or of the length, which both are of this proxy now. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' &&
      !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name)
        ? [[name, value]]
        : [],
    ),
  );
}
