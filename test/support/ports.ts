// Ports for what is stopped and started again on the same address, or is told its port before it starts.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below what Linux (32768), macOS and Windows (49152) give to connections that go out and to `listen(0)`: from
 * there the port could be somebody else's while nobody listens on it.
 */
const [lowest, highest] = [10_000, 32_000];

const givenOut = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(true);
    });
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

/** Nobody listens on it, and this process has not been given it before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (givenOut.has(port) || !(await isFree(port))) continue;
    givenOut.add(port);
    return port;
  }
}
