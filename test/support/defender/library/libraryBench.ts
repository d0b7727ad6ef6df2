// `npm run library` under test: the built program, the simulator with an empty library, and in front of it a
// proxy that may change, lose or hold up any answer. Signed in as nobody (a simulator on this machine), or as
// whoever a fake "az" says.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileChange } from '../../../../src/simulator/profile.ts';
import { startSimulator } from '../../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../../src/simulator/simulator.ts';
import { jwt, tenantId } from '../../programs/doctorBench.ts';
import { root } from '../../root.ts';

export interface Passing {
  readonly method: string;
  readonly path: string;
  /** How many calls of that method came before. */
  readonly nth: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Does what the simulator would do, and gives its answer without sending it on. */
  readonly asked: () => Promise<{ readonly status: number; readonly text: string }>;
}

/** True when it has answered by itself, or let the connection drop. */
export type Change = (passing: Passing) => Promise<boolean> | boolean;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

export interface LibraryBench {
  readonly simulator: Simulator;
  readonly dir: string;
  /** "GET /api/libraryfiles", in order. */
  readonly calls: readonly string[];
  /** Headers of every call. */
  readonly headers: readonly IncomingMessage['headers'][];
  change: Change;
  /** The program, with the words and settings given; `typed` is what a person types. */
  readonly run: (
    words: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly typed?: string },
  ) => Promise<Ran>;
  /** Settings with which the fake "az" signs in, with a token of these claims. */
  readonly az: (claims?: Readonly<Record<string, unknown>>) => Readonly<Record<string, string>>;
  /** Puts a file into the library as somebody else did. */
  readonly put: (name: string, text: string, by?: string) => void;
  /** Name to SHA-256. */
  readonly held: () => Readonly<Record<string, string>>;
  /** Writes a file below the bench's folder, and gives its path. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly close: () => Promise<void>;
}

export const sha = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

export async function libraryBench(profile: ProfileChange = {}): Promise<LibraryBench> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-library-'));
  const simulator = await startSimulator({ profile });
  const [one] = simulator.tenant.library();
  if (one === undefined) throw new Error('the simulator starts with an empty library');
  for (const { fileName } of simulator.tenant.library()) simulator.tenant.dropFile(fileName);
  const calls: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const seen = new Map<string, number>();
  const bench: { change: Change } = { change: () => false };
  const server = createServer((request, response) => {
    void pass(request, response);
  });
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = '', url = '' } = request;
    const nth = seen.get(method) ?? 0;
    seen.set(method, nth + 1);
    calls.push(`${method} ${url}`);
    headers.push(request.headers);
    const asked = async (): Promise<{ readonly status: number; readonly text: string }> => {
      const given = Object.fromEntries(
        ['authorization', 'content-type', 'accept'].flatMap((name) =>
          typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : [],
        ),
      );
      const answer = await fetch(`${simulator.url}${url}`, {
        method,
        headers: given,
        ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    if (await bench.change({ method, path: url, nth, request, response, asked })) return;
    const { status, text } = await asked();
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(dir, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  return Object.assign(bench, {
    simulator,
    dir,
    calls,
    headers,
    write,
    run: (
      words: readonly string[],
      { env = {}, typed }: { readonly env?: Readonly<Record<string, string>>; readonly typed?: string } = {},
    ) =>
      new Promise<Ran>((resolve) => {
        const child = spawn(process.execPath, [join(root, 'dist', 'src', 'cli', 'library.js'), ...words], {
          env: {
            PATH: process.env['PATH'] ?? '',
            LR_ENV_FILE: 'off',
            DEFENDER_API_URL: url,
            DEFENDER_AUTH: 'none',
            ...env,
          },
          cwd: dir,
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        let out = '';
        child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
        child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
        child.stdin.on('error', () => undefined).end(typed);
        child.once('close', (code) => {
          resolve({ code, out });
        });
      }),
    az: (claims: Readonly<Record<string, unknown>> = {}) => {
      const answer = JSON.stringify({
        accessToken: jwt(claims),
        expiresOn: '2099-01-01 00:00:00.000000',
        expires_on: 4_070_908_800,
        tenant: tenantId,
        tokenType: 'Bearer',
      });
      const az = write('bin/az', `#!/bin/sh\ncat <<'EOF'\n${answer}\nEOF\n`);
      chmodSync(az, 0o755);
      return {
        PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
        DEFENDER_AUTH: 'auto',
        AZURE_TENANT_ID: tenantId,
        DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default',
      };
    },
    put: (name: string, text: string, by = 'someone@corp.example') => {
      const now = simulator.tenant.now();
      simulator.tenant.keepFile({
        ...one,
        fileName: name,
        sha256: sha(text),
        description: 'put there by hand',
        createdAt: now,
        updatedAt: now,
        createdBy: by,
        hasParameters: false,
        parametersDescription: null,
        signed: false,
      });
    },
    held: () =>
      Object.fromEntries(simulator.tenant.library().map(({ fileName, sha256 }) => [fileName, sha256])),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await simulator.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  });
}

/** A policy whose one recipe runs hello.ps1, and what is added to its recipes. */
export function policyText(more = ''): string {
  return `people:
  - { id: a, name: Ana, console: a }
  - { id: b, name: Ben, console: b }
roles: { responder: [a], approver: [b] }
approval:
  standard: { request: responder, approve: approver, expireAfter: 2h, runWithin: 1h, reason: optional }
recipes:
  hello:
    usage: hello <host> <whom>
    description: Says hello.
    args: { whom: { chars: A-Za-z0-9, max: 20 } }
    commands:
      - { RunScript: hello.ps1, Args: '{whom}' }
    tier: standard
${more}devices:
  allow: { groups: ['*'], tags: [], names: [] }
  never: { groups: [], tags: [], names: [] }
places:
  - { place: 'console:incidents', approvals: true, results: card }
results: { read: [responder, approver] }
freeze: [approver]
`;
}

/** A bench with a policy and a script of its own, which the library does not hold yet. */
export async function libraryBenchWithScript(): Promise<LibraryBench> {
  const bench = await libraryBench();
  bench.write('policy.yaml', policyText());
  bench.write('scripts/hello.ps1', 'Write-Output "hello"\n');
  return bench;
}
