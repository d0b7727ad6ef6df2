// A port for a program that is stopped and started again on the same address.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Nobody listens on it at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  return port;
}
