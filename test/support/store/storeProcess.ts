// Starts the process of storeChild and reads what it acknowledges.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface StoreProcess {
  readonly pid: number;
  /** Resolves when it has told `count` lines in all, or has ended. */
  told(count: number): Promise<readonly string[]>;
  /** SIGKILL; answers all it told. */
  kill(): Promise<readonly string[]>;
  freeze(): void;
  ended(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** For teardown: a child left by a failed test would keep Jest from ending. */
export function killStoreProcesses(): void {
  for (const child of running) child.kill('SIGKILL');
}

export function startStoreProcess(dir: string, what: 'work' | 'hold'): StoreProcess {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./storeChild.js', import.meta.url)), dir, what],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  running.add(child);
  child.once('close', () => running.delete(child));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    lines.push(line);
    for (const one of waiting) one();
  });
  let over = false;
  const closed = new Promise<number | null>((resolve) => {
    reader.once('close', () => {
      over = true;
      for (const one of waiting) one();
    });
    child.once('close', resolve);
  });
  return {
    pid: child.pid ?? 0,
    told: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (lines.length < count && !over) return;
          waiting.delete(look);
          resolve(lines);
        };
        waiting.add(look);
        look();
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
      return lines;
    },
    freeze: () => {
      child.kill('SIGSTOP');
    },
    ended: () => closed,
  };
}
