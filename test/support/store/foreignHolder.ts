// A process of another user (where the test may start one) that has the names by which a data folder's lock
// could be held.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ForeignHolder {
  /**
   * Its socket among the temporary files; undefined where it is of the same user as the test, and would
   * rightly count.
   */
  readonly file: string | undefined;
  kill(): Promise<void>;
}

const nobody = 65_534;

/**
 * @param says what it answers to whoever connects: nothing, its process id as a bot of version 0.1 did, or
 * that and a made-up proof
 */
export async function startForeignHolder(
  folder: string,
  says: 'nothing' | 'pid' | 'proof',
): Promise<ForeignHolder> {
  const root = process.getuid?.() === 0;
  const name = `live-response-bot-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  const file = root ? join(tmpdir(), `lr-${name.slice(-16)}-foreign.sock`) : undefined;
  const program = `
    const { createServer } = require('node:net');
    const answer = (socket) => {
      socket.on('error', () => socket.destroy());
      if (${JSON.stringify(says)} === 'nothing') return;
      socket.write(String(process.pid) + '\\n');
      if (${JSON.stringify(says)} === 'proof') socket.end('0'.repeat(64));
      else socket.end();
    };
    const paths = ${JSON.stringify([`\0${name}`, ...(file === undefined ? [] : [file])])};
    Promise.all(paths.map((path) => new Promise((resolve) => createServer(answer).listen({ path }, resolve)))).then(() => process.stdout.write('held\\n'));
  `;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...(root ? { uid: nobody, gid: nobody } : {}),
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error('the foreign process ended before it held anything')));
  });
  return {
    file,
    async kill() {
      child.kill('SIGKILL');
      await ended;
      if (file !== undefined) rmSync(file, { force: true });
    },
  };
}
