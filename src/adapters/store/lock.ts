// Keeps a second process off one data folder. A listening socket holds the lock, so the system drops it with the process,
// however it died; a pid file would have to be believed or doubted.
import { hash, randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../liveResponse/ports.ts';
import { codeOf } from './disk.ts';

/** Another process works on this data folder. */
export class FolderInUse extends Error {
  readonly code = 'folderInUse';
  constructor(folder: string, holder: string) {
    super(`The data folder ${folder} is in use by another running bot${holder === '' ? '' : ` (process ${holder})`}. Stop that one first, or give this one its own folder with LR_DATA_DIR.`);
    this.name = 'FolderInUse';
  }
}

export interface Lock {
  release(): Promise<void>;
}

/** A socket path in the file system may have so many bytes (108 on Linux, 104 on macOS, with its NUL). */
const maxSocketPath = 103;

/** How long a holder may take to say its process id; it holds the lock all the same. */
const answerWithin = 500;

/**
 * Takes the lock of an existing folder, or throws FolderInUse.
 * On Linux and Windows by a name that only one process can have and that no file stands for; on Linux and elsewhere also by a
 * socket file in the folder, which is seen across containers that share the volume but not the network namespace.
 */
export async function lockFolder(folder: string, log: Log, platform: NodeJS.Platform = process.platform): Promise<Lock> {
  const { real, name } = nameOf(folder, platform);
  const held: Server[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(held.map(close));
  };
  try {
    if (platform === 'win32') held.push(await takeName(`\\\\.\\pipe\\${name}`, folder));
    if (platform === 'linux') held.push(await takeName(`\0${name}`, folder));
    if (platform !== 'win32') held.push(...(await takeFile(real, name, folder, platform === 'linux' ? log : undefined)));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * Who holds the lock of an existing folder, without taking it: the process id, empty when the holder does not say; undefined when
 * nobody does. A holder in another container is seen by its socket file, as by `lockFolder`.
 */
export async function lockHolder(folder: string, platform: NodeJS.Platform = process.platform): Promise<string | undefined> {
  const { real, name } = nameOf(folder, platform);
  const paths = platform === 'win32' ? [`\\\\.\\pipe\\${name}`] : [...(platform === 'linux' ? [`\0${name}`] : []), ...socketFiles(real, name)];
  for (const path of paths) {
    const { alive, holder } = await probe(path);
    if (alive) return holder;
  }
  return undefined;
}

function nameOf(folder: string, platform: NodeJS.Platform): { readonly real: string; readonly name: string } {
  const real = realpathSync(folder);
  return { real, name: `live-response-bot-${hash('sha256', platform === 'win32' ? real.toLowerCase() : real, 'hex').slice(0, 32)}` };
}

/** The socket files of every process that took or takes this folder's lock, wherever their paths fitted. */
function socketFiles(real: string, name: string): readonly string[] {
  const socketsIn = (place: string, prefix: string): readonly string[] =>
    readdirSync(place)
      .filter((file) => file.startsWith(prefix) && file.endsWith('.sock'))
      .map((file) => join(place, file));
  return [...socketsIn(real, 'lock-'), ...socketsIn(tmpdir(), `lr-${name.slice(-16)}-`)];
}

async function takeName(path: string, folder: string): Promise<Server> {
  try {
    return await listen(path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' && codeOf(error) !== 'EACCES') throw error;
    throw new FolderInUse(folder, (await probe(path)).holder);
  }
}

/**
 * Every process listens on a name of its own, and only then looks for others: of two, at least the later one sees the earlier.
 * Names are never used twice, so removing a dead one cannot remove a living one. Two that start in the same instant may both give up.
 */
async function takeFile(real: string, name: string, folder: string, tolerant: Log | undefined): Promise<readonly Server[]> {
  const own = `${randomBytes(6).toString('hex')}.sock`;
  const fits = Buffer.byteLength(join(real, `lock-${own}`)) <= maxSocketPath;
  const prefix = fits ? 'lock-' : `lr-${name.slice(-16)}-`;
  const place = fits ? real : tmpdir();
  const ownName = `${prefix}${own}`;
  let server: Server;
  try {
    server = await listen(join(place, ownName));
    chmodSync(join(place, ownName), 0o600);
  } catch (error) {
    if (tolerant === undefined) throw error;
    // Some network volumes take no sockets. The abstract name above still keeps out every process of this machine's network namespace.
    tolerant.warn('lockFileNotPossible', { code: codeOf(error) });
    return [];
  }
  for (const other of readdirSync(place)) {
    if (other === ownName || !other.startsWith(prefix) || !other.endsWith('.sock')) continue;
    const found = await probe(join(place, other));
    if (found.alive) {
      await close(server);
      throw new FolderInUse(folder, found.holder);
    }
    rmSync(join(place, other), { force: true });
  }
  return [server];
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      // A prober that goes away early is none of our business, but an unheard error would end the process.
      socket.on('error', () => socket.destroy());
      socket.end(String(process.pid));
    });
    server.once('error', reject);
    server.listen({ path }, () => {
      server.removeListener('error', reject);
      server.on('error', () => server.unref());
      server.unref();
      resolve(server);
    });
  });
}

/** Dead only when the system says that nobody listens; a holder that is stopped or slow is alive. */
function probe(path: string): Promise<{ readonly alive: boolean; readonly holder: string }> {
  return new Promise((resolve) => {
    let holder = '';
    const socket = createConnection({ path });
    const answer = (alive: boolean): void => {
      socket.destroy();
      resolve({ alive, holder: /^\d{1,10}$/.test(holder) ? holder : '' });
    };
    socket.setTimeout(answerWithin, () => answer(true));
    socket.on('data', (bytes) => {
      holder += bytes.toString('utf8').slice(0, 20);
    });
    socket.on('end', () => answer(true));
    socket.on('error', (error) => answer(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error))));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
