// The lock that keeps a second process off one data folder. A listening socket holds it, so the system drops
// it with the process, however that died; a pid file would have to be believed or doubted. Another user of
// the machine can hold none of it: the sockets are in the folder, which only its owner can enter, and a
// process that has the name outside any folder must prove that it can read there.
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../../liveResponse/ports.ts';
import { codeOf } from '../../clock.ts';

/** Another process works on this data folder. */
export class FolderInUse extends Error {
  readonly code = 'folderInUse';
  constructor(folder: string, holder: string) {
    super(
      `The data folder ${folder} is in use by another running bot${holder === '' ? '' : ` (process ${holder})`}. Stop that one first, or give this one its own folder with LR_DATA_DIR.`,
    );
    this.name = 'FolderInUse';
  }
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Another process has the folder's name, and cannot be distinguished from a bot: on a volume without sockets
 * there is nothing else to go by.
 */
export class NameHeldByAnother extends Error {
  constructor(folder: string) {
    super(
      `The data folder ${folder} lies on a volume that takes no sockets, and another process of this machine has the name by which a bot would hold it (ss -xlp shows which). Stop that one, or put the folder on a local disk.`,
    );
    this.name = 'NameHeldByAnother';
  }
}

/** A socket path in the file system may have so many bytes (108 on Linux, 104 on macOS, with its NUL). */
const maxSocketPath = 103;

/** How long a holder may take to say its process id and to prove itself. */
const answerWithin = 500;

/** In the folder: what a holder proves itself with. */
const keyFile = 'lock.key';

/**
 * Takes the lock of an existing folder that only its owner can enter, or throws FolderInUse. Decided by a
 * socket file in the folder, which is also seen across containers that share the volume but not the network
 * namespace. On Linux and Windows there is also a name that only one process can have and that is no file: of
 * two that start at once it lets one through. On Linux somebody else's process may have it
 * first, and then it decides nothing.
 */
export async function lockFolder(
  folder: string,
  log: Log,
  platform: NodeJS.Platform = process.platform,
): Promise<Lock> {
  const place = placeOf(folder, platform);
  makeKey(place.real, log);
  const held: Held[] = [];
  const release = async (): Promise<void> => {
    for (const one of held) await one.release();
  };
  try {
    let named = platform !== 'linux';
    if (platform === 'win32') held.push(await takePipe(place, folder));
    if (platform === 'linux') {
      const name = await takeName(place, folder);
      named = name !== undefined;
      if (name === undefined)
        log.warn('lockNameHeldByAnother', {
          folder,
          todo: 'ss -xlp shows which process has it; the lock holds without it',
        });
      else held.push(name);
    }
    if (platform !== 'win32') {
      const file = await takeFile(place, folder, platform === 'linux' ? log : undefined);
      if (file === undefined && !named) throw new NameHeldByAnother(folder);
      if (file !== undefined) held.push(file);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * Who holds the lock of an existing folder, without taking it: the process id, empty when the holder does not
 * say; undefined when nobody does. A holder in another container is seen by its socket file, as by
 * `lockFolder`.
 */
export async function lockHolder(
  folder: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const place = placeOf(folder, platform);
  if (platform === 'win32') return holderOf(await probe(pipeOf(place), place.real));
  if (platform === 'linux') {
    const named = await probe(nameOf(place), place.real);
    if (named.proven) return named.holder;
  }
  for (const sockets of [places(place).inFolder, places(place).inTmp]) {
    const reach = reaching(sockets.at, platform);
    try {
      for (const file of socketsIn(sockets)) {
        const found = await probe(reach.path(file), place.real);
        if (found.alive) return found.holder;
      }
    } finally {
      reach.close();
    }
  }
  return undefined;
}

function holderOf({ alive, holder }: Probed): string | undefined {
  return alive ? holder : undefined;
}

interface Place {
  readonly real: string;
  readonly name: string;
  readonly platform: NodeJS.Platform;
}

interface Held {
  release(): Promise<void>;
}

function placeOf(folder: string, platform: NodeJS.Platform): Place {
  const real = realpathSync(folder);
  return {
    real,
    platform,
    name: `live-response-bot-${hash('sha256', platform === 'win32' ? real.toLowerCase() : real, 'hex').slice(0, 32)}`,
  };
}

const nameOf = ({ name }: Place): string => `\0${name}`;
const pipeOf = ({ name }: Place): string => `\\\\.\\pipe\\${name}`;

/**
 * Where socket files of this folder's lock may lie: in it, or for long paths where the system has no shorter
 * way to it (and in version 0.1) in the folder for temporary files.
 */
function places({ real, name }: Place): { readonly inFolder: Sockets; readonly inTmp: Sockets } {
  return {
    inFolder: { at: real, prefix: 'lock-', anyones: false },
    inTmp: { at: tmpdir(), prefix: `lr-${name.slice(-16)}-`, anyones: true },
  };
}

interface Sockets {
  readonly at: string;
  readonly prefix: string;
  /** Anyone may put a file there: those of other users count for nothing. */
  readonly anyones: boolean;
}

function socketsIn({ at, prefix, anyones }: Sockets): readonly string[] {
  return readdirSync(at).filter(
    (file) => file.startsWith(prefix) && file.endsWith('.sock') && (!anyones || isOurs(join(at, file))),
  );
}

function isOurs(path: string): boolean {
  try {
    return lstatSync(path).uid === process.getuid?.();
  } catch (error) {
    // Gone in the meantime.
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Paths of sockets in a folder, however long its own path is: Linux has a short name for every open folder.
 */
function reaching(
  at: string,
  platform: NodeJS.Platform,
): { path(file: string): string; readonly short: boolean; close(): void } {
  const fits = Buffer.byteLength(join(at, 'lock-0123456789ab.sock')) <= maxSocketPath;
  if (fits || platform !== 'linux' || !existsSync('/proc/self/fd'))
    return { path: (file) => join(at, file), short: fits, close: () => undefined };
  const open = openSync(at, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    path: (file) => `/proc/self/fd/${open}/${file}`,
    short: true,
    close: () => {
      closeSync(open);
    },
  };
}

/**
 * Made once, by the process that comes first, and again where a full disk left it empty. Without it the file
 * still decides; what is wrong with the disk is reported by the next one who needs it.
 */
function makeKey(real: string, log: Log): void {
  if (keyIn(real) !== undefined) return;
  try {
    writeFileSync(join(real, keyFile), randomBytes(32).toString('hex'), {
      flag: existsSync(join(real, keyFile)) ? 'w' : 'wx',
      mode: 0o600,
    });
  } catch (error) {
    if (codeOf(error) === '') throw error;
    if (codeOf(error) !== 'EEXIST') log.warn('lockKeyNotWritten', { code: codeOf(error) });
  }
}

/** Read each time: another process may just have made it. */
function proofOf(real: string, challenge: string): string | undefined {
  const key = keyIn(real);
  return key === undefined ? undefined : createHmac('sha256', key).update(challenge).digest('hex');
}

/** Undefined where there is none. */
function keyIn(real: string): string | undefined {
  try {
    const key = readFileSync(join(real, keyFile), 'utf8').trim();
    return /^[0-9a-f]{64}$/.test(key) ? key : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
}

/**
 * Undefined when somebody has the name who cannot prove to be a bot on this folder: another user's process,
 * or one that was stopped; that one is still seen by its file.
 */
async function takeName(place: Place, folder: string): Promise<Held | undefined> {
  try {
    return heldBy(await listen(nameOf(place), place.real));
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const { proven, holder } = await probe(nameOf(place), place.real);
    if (proven) throw new FolderInUse(folder, holder);
    return undefined;
  }
}

async function takePipe(place: Place, folder: string): Promise<Held> {
  try {
    return heldBy(await listen(pipeOf(place), place.real));
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' && codeOf(error) !== 'EACCES') throw error;
    throw new FolderInUse(folder, (await probe(pipeOf(place), place.real)).holder);
  }
}

function heldBy(server: Server, after: () => void = () => undefined): Held {
  return {
    async release() {
      await close(server);
      after();
    },
  };
}

/**
 * Every process listens on a name of its own, and only then looks for others: of two, at least the later one
 * sees the earlier. Names are never used twice, so removing a dead one cannot remove a living one. Two that
 * start in the same instant may both give up. Undefined where the volume takes no sockets, which is written
 * to `tolerant`.
 */
async function takeFile(place: Place, folder: string, tolerant: Log | undefined): Promise<Held | undefined> {
  const { inFolder, inTmp } = places(place);
  const near = reaching(inFolder.at, place.platform);
  const sockets = near.short ? inFolder : inTmp;
  const { at, prefix } = sockets;
  const own = `${prefix}${randomBytes(6).toString('hex')}.sock`;
  const path = (file: string): string => (near.short ? near.path(file) : join(at, file));
  let server: Server;
  try {
    server = await listen(path(own), place.real);
    chmodSync(join(at, own), 0o600);
  } catch (error) {
    near.close();
    if (tolerant === undefined) throw error;
    // Some network volumes take no sockets. The name that is no file still keeps out every process of this
    // machine's network namespace.
    tolerant.warn('lockFileNotPossible', { code: codeOf(error) });
    return undefined;
  }
  // Open until then: its socket is removed by this way when it closes.
  const held = heldBy(server, () => {
    near.close();
  });
  for (const other of socketsIn(sockets)) {
    if (other === own) continue;
    const found = await probe(path(other), place.real);
    if (found.alive) {
      await held.release();
      throw new FolderInUse(folder, found.holder);
    }
    rmSync(join(at, other), { force: true });
  }
  return held;
}

function listen(path: string, real: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      // A prober that goes away early is none of our business, but an unheard error would end the process.
      socket.on('error', () => socket.destroy());
      socket.setTimeout(answerWithin, () => socket.destroy());
      let asked = '';
      socket.write(`${process.pid}\n`);
      socket.on('data', (bytes) => {
        asked += bytes.toString('latin1').slice(0, 200);
        const challenge = /^([0-9a-f]{32})\n/.exec(asked)?.[1];
        if (challenge !== undefined) socket.end(proofOf(real, challenge) ?? '');
        else if (asked.length > 40) socket.destroy();
      });
      socket.on('end', () => socket.end());
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

interface Probed {
  readonly alive: boolean;
  /** It can read the folder's key. */
  readonly proven: boolean;
  readonly holder: string;
}

/** Dead only when the system says that nobody listens; a holder that is stopped or slow is alive. */
function probe(path: string, real: string): Promise<Probed> {
  return new Promise((resolve) => {
    const challenge = randomBytes(16).toString('hex');
    let said = '';
    const socket = createConnection({ path });
    const answer = (alive: boolean): void => {
      socket.destroy();
      const [, holder = '', proof = ''] = /^(\d{1,10})\n?([0-9a-f]{64})?$/.exec(said) ?? [];
      const expected = proof === '' ? undefined : proofOf(real, challenge);
      resolve({
        alive,
        holder,
        proven:
          expected !== undefined && timingSafeEqual(Buffer.from(proof, 'hex'), Buffer.from(expected, 'hex')),
      });
    };
    socket.setTimeout(answerWithin, () => answer(true));
    socket.on('connect', () => socket.write(`${challenge}\n`));
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1').slice(0, 100);
    });
    socket.on('end', () => answer(true));
    // A process that goes away in the middle of it was there.
    socket.on('error', (error) => answer(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error))));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
