// A test console: the whole service with its console on a free port, used as a page uses it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import type { ConsoleMessage } from '../../../src/adapters/console/chat.ts';
import { optionsFrom } from '../../../src/app/options.ts';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import { root } from '../../support/root.ts';

export interface TestConsole {
  service: Service;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** Any request at all, with headers that fetch would not send. */
  raw(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer>;
  messages(): Promise<readonly ConsoleMessage[]>;
  /** Reads the event stream from a position until `enough` says so, and answers all of it. */
  events(from: string, enough: (text: string) => boolean): Promise<string>;
  /** Resolves with the first message, there already or still to come, that `is` accepts. */
  seen(is: (message: ConsoleMessage) => boolean): Promise<ConsoleMessage>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON. */
  json(): Readonly<Record<string, unknown>>;
}

export async function openConsole({
  dataDir = mkdtempSync(join(tmpdir(), 'lr-console-')),
  policyFile,
  policy,
  variables = {},
}: {
  readonly dataDir?: string;
  readonly policyFile?: string;
  readonly policy?: (text: string) => string;
  readonly variables?: Readonly<Record<string, string>>;
} = {}): Promise<TestConsole> {
  const example = policyFile ?? join(root, 'policy.example.yaml');
  const file = policy === undefined ? example : join(dataDir, 'policy.yaml');
  if (policy !== undefined) writeFileSync(file, policy(readFileSync(example, 'utf8')));
  const read = readSettings({
    LR_DATA_DIR: dataDir,
    LR_LOG_LEVEL: 'silent',
    LR_SPEED: '60',
    LR_POLICY: file,
    ...variables,
  });
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  const options = { ...optionsFrom(read.settings), port: 0 };

  const opened: TestConsole = {
    service: await startService(options),
    get: (path) => opened.raw('GET', path, {}),
    post: (path, body) =>
      opened.raw('POST', path, { 'content-type': 'application/json' }, JSON.stringify(body)),
    raw: (method, path, headers, body) =>
      new Promise((resolve, reject) => {
        const sent = request(`${opened.service.url}${path}`, { method, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: () => JSON.parse(text) as Readonly<Record<string, unknown>>,
            });
          });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    messages: async () =>
      (await opened.get('/console/api/cards')).json()['messages'] as readonly ConsoleMessage[],
    async events(from, enough) {
      const stopping = new AbortController();
      const response = await fetch(`${opened.service.url}/console/api/events`, {
        headers: { 'last-event-id': from },
        signal: stopping.signal,
      });
      const decoder = new TextDecoder();
      let text = '';
      for await (const part of response.body ?? []) {
        text += decoder.decode(part as Uint8Array, { stream: true });
        if (enough(text)) break;
      }
      stopping.abort();
      return text;
    },
    async seen(is) {
      const { position, messages } = (await opened.get('/console/api/cards')).json() as {
        readonly position: string;
        readonly messages: readonly ConsoleMessage[];
      };
      const found = (text: string): ConsoleMessage | undefined => told(text).find(is);
      const before = messages.find(is);
      const later = before ?? found(await opened.events(position, (text) => found(text) !== undefined));
      if (later === undefined) throw new Error('the stream ended before it was seen');
      return later;
    },
    async restart() {
      await opened.service.stop();
      opened.service = await startService(options);
    },
    async close() {
      await opened.service.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return opened;
}

/** The messages of a stream, as far as they have arrived whole. */
function told(text: string): readonly ConsoleMessage[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((event) => /^id: .*\ndata: (.*)$/.exec(event)?.[1] ?? [])
    .map((data) => JSON.parse(data) as ConsoleMessage);
}
