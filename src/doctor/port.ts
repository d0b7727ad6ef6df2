// The HTTP port: free, or in use by the very bot whose data folder this is; then whether that one says it is ready.
import { createServer } from 'node:net';
import { codeOf } from '../adapters/store/disk.ts';
import { field } from '../liveResponse/json.ts';
import { call, isAnswer } from './call.ts';
import type { Called, Caller } from './call.ts';
import { fail, ok, warn } from './line.ts';
import type { Tell } from './line.ts';

export interface PortSubject {
  readonly host: string;
  readonly port: number;
  /** The process that holds the data folder's lock, when one does. */
  readonly holder: string | undefined;
}

const readyWithinMs = 3_000;
const check = 'http.port';

export async function examinePort({ host, port, holder }: PortSubject, caller: Caller, tell: Tell): Promise<void> {
  if (port === 0) {
    tell(ok(check, 'PORT=0: the system chooses a free one at each start'));
    return;
  }
  const code = await tryToListen(host, port);
  if (code === undefined) {
    if (holder === undefined) tell(ok(check, `${host}:${port} is free`));
    else tell(warn(check, `a bot works on this data folder, but not on ${host}:${port}: it runs with other settings than these`, 'Run the doctor with the settings of the running bot.'));
    return;
  }
  if (code === 'EACCES') tell(fail(check, `port ${port} needs rights this process does not have`, 'Set PORT to one above 1024.'));
  else if (code !== 'EADDRINUSE') tell(fail(check, `${host}:${port} cannot be listened on (${code})`, 'Set HOST to an address of this machine (127.0.0.1, or 0.0.0.0 for all).'));
  else await examineOccupant({ host, port, holder }, caller, tell);
}

/** The system's code of why not; undefined when it can be done. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      resolve(codeOf(error) || error.message);
    });
    server.listen({ host, port }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

async function examineOccupant({ host, port, holder }: PortSubject, caller: Caller, tell: Tell): Promise<void> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  const asked = await call({ ...caller, timeoutMs: readyWithinMs }, { method: 'GET', url: new URL(`http://${reachable}:${port}/readyz`) });
  const checks = isAnswer(asked) ? checksOf(asked) : undefined;
  if (checks === undefined) {
    tell(fail(check, `${host}:${port} is in use by another program`, 'Stop that program, or set PORT to a free port.'));
  } else if (holder === undefined) {
    tell(fail(check, `${host}:${port} is in use by a live-response-bot with another data folder`, 'Stop that one, or set PORT to a free port.'));
  } else {
    const wrong = checks.filter(({ ok: well }) => !well).map(({ name, why }) => `${name}${why === '' ? '' : `: ${why}`}`);
    if (wrong.length === 0) tell(ok(check, `${host}:${port} is in use by the running bot, which says it is ready`));
    else tell(warn(check, `${host}:${port} is in use by the running bot, which is not ready: ${wrong.join('; ')}`, 'Fix what it names; /readyz tells when it is well.'));
  }
}

interface Told {
  readonly name: string;
  readonly ok: boolean;
  readonly why: string;
}

/** The checks of /readyz when they are ours. */
function checksOf({ body }: Called): readonly Told[] | undefined {
  const list = field(body?.value, 'checks');
  if (!Array.isArray(list)) return undefined;
  const checks = list.map((one: unknown): Told => ({ name: textOf(field(one, 'name')), ok: field(one, 'ok') === true, why: textOf(field(one, 'why')) }));
  return checks.some(({ name }) => name === 'journal') ? checks : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
