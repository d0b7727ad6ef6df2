// The simulated tenant of the crash test as a process of its own: its calls fail by the seed, its library
// changes on demand, and it notes what each session really ran. Arguments: the folder of its state and a seed.
// The first line of stdout is JSON with its address; below /crash it answers the driver.
import { createHash } from 'node:crypto';
import { createServer, request as ask } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault } from '../../../src/simulator/faults.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { randomFrom } from '../random.ts';
import { wide } from '../limits.ts';
import { deviceCount, outputCanary, script } from '../tenant.ts';
import type { Ran } from '../tenant.ts';
import { Tally } from './chatProcess.ts';

/**
 * Of a hundred calls, how many fail how. A POST whose connection ends before anything was done cannot be told
 * from one whose answer was lost: each such leaves its request to a person, so these are few.
 */
const failures: readonly (Fault & { readonly percent: number })[] = [
  { what: 'reset', on: 'run', percent: 0.1 },
  { what: 'status', on: 'run', status: 503, percent: 0.1 },
  { what: 'throttle', on: 'run', retryAfter: 1, percent: 1.4 },
  { what: 'throttle', on: 'run', percent: 1.4 },
  { what: 'loseAnswer', on: 'run', percent: 4 },
  ...(['list', 'get', 'machines', 'library', 'link', 'cancel'] as const).flatMap((on) => [
    { what: 'reset' as const, on, percent: 2 },
    { what: 'loseAnswer' as const, on, percent: 2 },
    { what: 'status' as const, on, status: 502, percent: 2 },
    { what: 'throttle' as const, on, retryAfter: 1, percent: 1 },
    { what: 'throttle' as const, on, percent: 1 },
    { what: 'slowBody' as const, on, ms: 400, percent: 2 },
  ]),
  // Of what is younger than this nothing is shown: a search right after a lost answer is in vain.
  { what: 'staleList', ms: 6_000, percent: 5 },
  { what: 'reverseList', percent: 5 },
];
/** Of a hundred accepted POSTs, how many are answered with 503 all the same. */
const failedAfterwards = 3;

const [, , dataDir = '', seed = '1'] = process.argv;
const random = randomFrom(Number(seed));
const tally = new Tally();
const simulator = await startSimulator({
  dataDir,
  deviceSpeed: 60,
  extraDevices: deviceCount,
  random,
  profile: { maxSessions: 50, limits: wide },
});
const { tenant } = simulator;
plantAll();

function plantAll(without: (fault: Fault) => boolean = () => false): void {
  tenant.faults.plant({ what: 'delay', ms: 20, times: 'always' });
  for (const { percent, ...fault } of failures)
    if (!without(fault)) tenant.faults.plant({ ...fault, probability: percent / 100, times: 'always' });
}

const take = tenant.faults.take.bind(tenant.faults);
tenant.faults.take = (what, place) => {
  const taken = take(what, place);
  if (taken !== undefined && what !== 'delay')
    tally.add(
      `${what}${taken.status === undefined ? '' : ` ${taken.status}`}${what !== 'throttle' ? '' : taken.retryAfter === undefined ? ' without Retry-After' : ' with Retry-After'}${place === 'run' ? ' of a POST' : ''}`,
    );
  return taken;
};

const ran: Ran[] = [];
const keepSubmission = tenant.keepSubmission.bind(tenant);
tenant.keepSubmission = (action) => {
  keepSubmission(action);
  const { id, comment, machineId } = action;
  ran.push({
    actionId: id,
    comment,
    machineId,
    commands: action.commands.map(({ command }) => command),
    sha256: tenant.world.libraryFile(script)?.sha256 ?? '',
  });
};

const actionOf = tenant.action.bind(tenant);
tenant.action = (id) => {
  const action = actionOf(id);
  if (action === undefined) return undefined;
  const commands = action.commands.map((run) =>
    run.result === null
      ? run
      : { ...run, result: { ...run.result, output: `${outputCanary(action.id)}\n${run.result.output}` } },
  );
  return { ...action, commands };
};

let changes = 0;
/** Somebody uploads another script under the same name. */
function changeLibrary(): void {
  const file = tenant.world.libraryFile(script);
  if (file === undefined) throw new Error(`${script} is not in the library`);
  changes += 1;
  const sha256 = createHash('sha256').update(`${file.sha256} ${changes}`).digest('hex');
  tenant.keepFile({ ...file, sha256, updatedAt: tenant.now() });
  tally.add('library changed');
}

function own(path: string): unknown {
  switch (path) {
    case '/crash/played':
      return tally.all;
    case '/crash/ran':
      return ran;
    case '/crash/calm':
      // One of these makes the bot wait for a minute, which nobody shortens any more by killing it.
      tenant.faults.clear();
      plantAll(({ what, retryAfter }) => what === 'throttle' && retryAfter === undefined);
      return {};
    case '/crash/library':
      changeLibrary();
      return {};
    default:
      throw new Error(`unknown: ${path}`);
  }
}

/** Hands the call on under its own name, so that the next page is asked for here again. */
function handOn(incoming: IncomingMessage, response: ServerResponse): void {
  const post = incoming.method === 'POST' && /\/runliveresponse$/i.test(incoming.url ?? '');
  const onward = ask(
    new URL(incoming.url ?? '/', simulator.url),
    { method: incoming.method, headers: incoming.headers },
    (answer) => {
      const accepted = post && answer.statusCode === 201;
      tally.add(post ? 'POSTs answered' : 'calls answered');
      if (accepted && random() * 100 < failedAfterwards) {
        answer.resume();
        tally.add('answered 503 after accepting a POST');
        response.writeHead(503, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    },
  );
  onward.on('error', () => {
    tally.add(post ? 'POSTs not answered' : 'calls not answered');
    incoming.socket.resetAndDestroy();
  });
  incoming.pipe(onward);
}

const front = createServer((incoming, response) => {
  if (incoming.url?.startsWith('/crash/') === true)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(own(incoming.url)));
  else handOn(incoming, response);
});
await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
process.stdout.write(
  `${JSON.stringify({ url: `http://127.0.0.1:${(front.address() as AddressInfo).port}` })}\n`,
);
