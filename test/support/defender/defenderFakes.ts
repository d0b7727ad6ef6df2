// A loopback HTTP server whose answers a test writes, and a clock and a log that need no waiting.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Secret } from '../../../src/adapters/secret.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import type { Clock, Log } from '../../../src/liveResponse/ports.ts';

export interface Asked {
  readonly method: string;
  /** Path with its query, decoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Loopback {
  readonly origin: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export type Answer = (ask: Asked, response: ServerResponse, count: number) => void;

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

/** Starts a server on a free port of 127.0.0.1; `count` is 1 for the first request. */
export async function serve(answer: Answer): Promise<Loopback> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (message, response) => {
    void bodyOf(message).then((body) => {
      const ask = {
        method: message.method ?? '',
        path: decodeURIComponent(message.url ?? ''),
        headers: message.headers,
        body,
      };
      asked.push(ask);
      answer(ask, response, asked.length);
    });
  };
  const server = createServer(listener);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

/** The error shape of Defender, with a target to be found again. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  json(
    response,
    status,
    { error: { code, message: `message of ${code}`, target: 'a6b1c2d3-target' } },
    headers,
  );
}

/** A clock on which sleeping takes no time and moves it on. */
export class StepClock implements Clock {
  #now: number;
  readonly slept: number[] = [];
  constructor(now = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  elapsed(): number {
    return this.#now;
  }
  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.#now += ms;
    return Promise.resolve();
  }
  pass(ms: number): void {
    this.#now += ms;
  }
}

export class ListLog implements Log {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: unknown }[] = [];
  info(event: string, fields?: unknown): void {
    this.lines.push({ level: 'info', event, fields });
  }
  warn(event: string, fields?: unknown): void {
    this.lines.push({ level: 'warn', event, fields });
  }
  error(event: string, fields?: unknown): void {
    this.lines.push({ level: 'error', event, fields });
  }
}

/** Tokens `token-1`, `token-2` …: a new one only when a renewal is asked for. */
export function countingTokens(): TokenSource & { readonly renewals: () => number } {
  let count = 1;
  return {
    renewals: () => count - 1,
    getToken: (_scope, renew = false) => {
      if (renew) count += 1;
      return Promise.resolve({ value: new Secret(`token-${count}`), expiresAt: Number.MAX_SAFE_INTEGER });
    },
  };
}

export const machineId = '1e5bc9d7e413ddd7902c2932e418702b84d0cc07';
export const actionId = '988cc94e-7a8f-4b28-ab65-54970c5d5018';

/** An action as the service answers it; fields of `over` replace or add. */
export function actionJson(over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    '@odata.context': 'https://api.securitycenter.microsoft.com/api/$metadata#MachineActions/$entity',
    id: actionId,
    type: 'LiveResponse',
    requestor: 'analyst@microsoft.com',
    requestorComment: 'lr:abc:nonce Testing Live Response API',
    status: 'Pending',
    machineId,
    computerDnsName: 'hostname',
    creationDateTimeUtc: '2021-02-04T15:36:52.7788848Z',
    lastUpdateDateTimeUtc: '2021-02-04T15:36:52.7788848Z',
    errorHResult: 0,
    commands: [
      {
        index: 0,
        startTime: null,
        endTime: null,
        commandStatus: 'Created',
        errors: [],
        command: {
          type: 'RunScript',
          params: [
            { key: 'ScriptName', value: 'minidump.ps1' },
            { key: 'Args', value: 'OfficeClickToRun' },
          ],
        },
      },
      {
        index: 1,
        startTime: null,
        endTime: null,
        commandStatus: 'Created',
        errors: [],
        command: {
          type: 'GetFile',
          params: [{ key: 'Path', value: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' }],
        },
      },
    ],
    ...over,
  };
}
