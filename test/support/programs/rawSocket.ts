// A client that writes what it likes and as slowly as it likes, and hears when it is cut.
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawSocket {
  write(text: string): void;
  /** Everything that came so far. */
  said(): string;
  /** Resolves when the other side has ended it. */
  readonly cut: Promise<void>;
  isCut(): boolean;
  /** Resolves with what came once it holds these words; rejects when it was cut before. */
  hears(words: RegExp): Promise<string>;
  close(): void;
}

export async function rawSocket(url: string): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) });
  let said = '';
  let cut = false;
  socket.on('data', (bytes) => (said += bytes.toString('latin1')));
  socket.on('error', () => socket.destroy());
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => {
      cut = true;
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  return {
    write: (text) => void socket.write(text),
    said: () => said,
    cut: ended,
    isCut: () => cut,
    hears: (words) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (words.test(said)) resolve(said);
        };
        socket.on('data', look);
        void ended.then(() => {
          if (words.test(said)) resolve(said);
          else reject(new Error(`cut after ${JSON.stringify(said)}`));
        });
        look();
      }),
    close: () => socket.destroy(),
  };
}
