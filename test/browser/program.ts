// Starts and stops the built program as an operator would: environment in, one line with the address out.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { packageRoot } from '../support/packageRoot.ts';

export interface Program {
  readonly url: string;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** A port nobody listens on at the moment; a restart takes the same one again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  return port;
}

/** Real milliseconds until the address must have been printed. */
const patience = 15_000;

export async function startProgram(port: number, dataDir: string): Promise<Program> {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'src', 'main.js')], {
    cwd: packageRoot,
    // Nothing of this shell's settings: a real Defender must never be behind this test.
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), LR_DATA_DIR: dataDir, LR_LOG_LEVEL: 'error', LR_POLICY: join(packageRoot, 'policy.example.yaml') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const url = await addressOf(child);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => {
      child.kill();
      reject(new Error(`no address within ${patience / 1000} s; it said: ${said}`));
    }, patience);
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the program ended with ${String(code)}; it said: ${said}`));
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /http:\/\/[^\s/]+\//.exec(said)?.[0];
      if (address === undefined) return;
      clearTimeout(late);
      resolve(address);
    });
  });
}
