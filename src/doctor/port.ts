// The two HTTP ports: free, or in use by the very bot whose data folder this is; then whether that one says
// it is ready.
import { createServer } from 'node:net';
import { field, textOf } from '../liveResponse/text/json.ts';
import { codeOf } from '../adapters/clock.ts';
import { call, isAnswer } from '../adapters/checks/call.ts';
import type { Called, Caller } from '../adapters/checks/call.ts';
import { fail, ok, skip, warn } from '../adapters/checks/line.ts';
import type { Line, Tell } from '../adapters/checks/line.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PortSubject extends Address {
  /** Undefined where it is off. */
  readonly admin: Address | undefined;
  /** The process that holds the data folder's lock, when one does. */
  readonly holder: string | undefined;
}

const readyWithinMs = 3_000;
const check = 'http.port';
const adminCheck = 'http.admin';

export async function examinePorts(
  { host, port, admin, holder }: PortSubject,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  const ours = await examinePublic({ host, port }, holder, caller, tell);
  if (admin === undefined)
    tell(
      warn(
        adminCheck,
        'LR_ADMIN_PORT=off: nobody can read why the bot is not well, nor metrics',
        'Leave LR_ADMIN_PORT out: the admin port is reached from this machine alone.',
      ),
    );
  else await examineAdmin(admin, ours, caller, tell);
}

/** Answers whether the running bot of this data folder listens there. */
async function examinePublic(
  { host, port }: Address,
  holder: string | undefined,
  caller: Caller,
  tell: Tell,
): Promise<boolean> {
  if (port === 0) {
    tell(ok(check, 'PORT=0: the system chooses a free one at each start'));
    return false;
  }
  const code = await tryToListen(host, port);
  if (code === undefined) {
    if (holder === undefined) tell(ok(check, `${host}:${port} is free`));
    else
      tell(
        warn(
          check,
          `a bot works on this data folder, but not on ${host}:${port}: it runs with other settings than these`,
          'Run the doctor with the settings of the running bot.',
        ),
      );
    return false;
  }
  if (code !== 'EADDRINUSE') {
    tell(notListening(check, { host, port }, code, { host: 'HOST', port: 'PORT' }));
    return false;
  }
  const status = statusOf(await readiness({ host, port }, caller));
  if (status === undefined)
    tell(
      fail(
        check,
        `${host}:${port} is in use by another program`,
        'Stop that program, or set PORT to a free port.',
      ),
    );
  else if (holder === undefined)
    tell(
      fail(
        check,
        `${host}:${port} is in use by a live-response-bot with another data folder`,
        'Stop that one, or set PORT to a free port.',
      ),
    );
  else if (status === 'ready')
    tell(ok(check, `${host}:${port} is in use by the running bot, which says it is ready`));
  else
    tell(
      warn(
        check,
        `${host}:${port} is in use by the running bot, which is ${status}`,
        `${adminCheck} says why.`,
      ),
    );
  return status !== undefined && holder !== undefined;
}

/** @param ours whether the running bot of this data folder is on the public port */
async function examineAdmin(
  { host, port }: Address,
  ours: boolean,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  if (port === 0) {
    if (ours)
      tell(
        skip(
          adminCheck,
          'LR_ADMIN_PORT=0: which port the running bot has is in its first lines',
          'Read why it is as it is there.',
        ),
      );
    else tell(ok(adminCheck, 'the system chooses a free one at each start'));
    return;
  }
  const code = await tryToListen(host, port);
  if (code === undefined) {
    if (ours)
      tell(
        skip(
          adminCheck,
          `the running bot has no admin port at ${host}:${port}: it was started with other settings than these`,
          'Run the doctor with its settings to be told why it is as it is; its first lines say where its admin port is.',
        ),
      );
    else tell(ok(adminCheck, `${host}:${port} is free`));
    return;
  }
  if (code !== 'EADDRINUSE') {
    tell(notListening(adminCheck, { host, port }, code, { host: 'LR_ADMIN_HOST', port: 'LR_ADMIN_PORT' }));
    return;
  }
  const checks = ours ? checksOf(await readiness({ host, port }, caller)) : undefined;
  if (checks === undefined) {
    tell(
      fail(
        adminCheck,
        `${host}:${port} is in use by another program`,
        'Stop that program, or set LR_ADMIN_PORT to a free port.',
      ),
    );
    return;
  }
  const wrong = checks
    .filter(({ ok: well }) => !well)
    .map(({ name, why }) => `${name}${why === '' ? '' : `: ${why}`}`);
  if (wrong.length === 0) tell(ok(adminCheck, `${host}:${port} says that all is well`));
  else
    tell(
      warn(
        adminCheck,
        `the running bot is not well: ${wrong.join('; ')}`,
        `Fix what it names; http://${host}:${port}/readyz tells when it is well.`,
      ),
    );
}

function notListening(
  which: string,
  { host, port }: Address,
  code: string,
  names: { readonly host: string; readonly port: string },
): Line {
  if (code === 'EACCES')
    return fail(
      which,
      `port ${port} needs rights this process does not have`,
      `Set ${names.port} to one above 1024.`,
    );
  return fail(
    which,
    `${host}:${port} cannot be listened on (${code})`,
    `Set ${names.host} to an address of this machine (127.0.0.1, or 0.0.0.0 for all).`,
  );
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

async function readiness({ host, port }: Address, caller: Caller): Promise<Called | undefined> {
  const reachable =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  const asked = await call(
    { ...caller, timeoutMs: readyWithinMs },
    { method: 'GET', url: new URL(`http://${reachable}:${port}/readyz`) },
  );
  return isAnswer(asked) ? asked : undefined;
}

/** What the public port of a bot of ours says, in its word. */
function statusOf(asked: Called | undefined): 'ready' | 'not ready' | undefined {
  const status = field(asked?.body?.value, 'status');
  return status === 'ready' || status === 'not ready' ? status : undefined;
}

interface Told {
  readonly name: string;
  readonly ok: boolean;
  readonly why: string;
}

/** The checks of the admin port's /readyz when they are ours. */
function checksOf(asked: Called | undefined): readonly Told[] | undefined {
  const list = field(asked?.body?.value, 'checks');
  if (!Array.isArray(list)) return undefined;
  const checks = list.map((one: unknown): Told => ({
    name: textOf(field(one, 'name')),
    ok: field(one, 'ok') === true,
    why: textOf(field(one, 'why')),
  }));
  return checks.some(({ name }) => name === 'journal') ? checks : undefined;
}
