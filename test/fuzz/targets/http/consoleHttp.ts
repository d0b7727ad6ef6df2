// The console's API over real HTTP: the whole program behind it, with the simulator for a Defender.
import { openConsole } from '../../../adapters/console/console.ts';
import type { TestConsole } from '../../../adapters/console/console.ts';
import { check, filled } from '../../loop/target.ts';
import type { Target } from '../../loop/target.ts';
import { send, writtenIn } from './rawHttp.ts';

const json = 'content-type: application/json';
const post = (path: string, body: unknown): Buffer =>
  Buffer.from(`POST /console/api/${path}\n${json}\n\n${JSON.stringify(body)}`);

let opening: Promise<TestConsole> | undefined;

const expected: ReadonlySet<number> = new Set([200, 304, 400, 403, 404, 405, 409, 413, 415]);

export const consoleHttp: Target = {
  name: 'consoleHttp',
  form: 'text',
  seeds: [
    post('commands', { as: 'responder1', place: 'incidents', text: 'host hosta' }),
    post('commands', { as: 'responder1', place: 'incidents', text: 'list mine', deliveryId: 'x' }),
    post('commands', { as: 'approver1', place: 'incidents', text: 'help run' }),
    post('commands', { as: 'responder1', place: 'incidents', text: 'status' }),
    post('presses', {
      as: 'approver1',
      request: 'lr-7f3k2q',
      verb: 'approve',
      revision: 1,
      fingerprint: 'a',
      index: 0,
      input: 'x',
    }),
    Buffer.from('GET /console/api/cards\n'),
    Buffer.from('GET /console/api/journal/lr-7f3k2q?as=responder1\n'),
    Buffer.from('GET /console/api/completion\nif-none-match: "x"\n'),
    Buffer.from('GET /console/api/events\nlast-event-id: 1-2\n'),
    Buffer.from('GET /\n'),
  ],
  words: [
    'as',
    'place',
    'text',
    'deliveryId',
    'verb',
    'revision',
    'origin: http://evil.example',
    'host: evil',
    json,
    'content-encoding: gzip',
    '/console/api/',
    '%2e%2e/',
    '?as[]=x',
    '?as=a&as=b',
    'responder1',
    'approver1',
    '__proto__',
  ],
  most: 40 * 1024,
  large: (dice) =>
    filled(
      33_000,
      dice.pick(['[', '{"a":', 'a', '\\u202e', '"']),
      `POST /console/api/commands\n${json}\n\n${dice.pick(['', '{"as":"responder1","place":"incidents","text":"'])}`,
      dice.pick(['', '"}']),
    ),
  waits: true,
  run: async (input) => {
    const opened = await (opening ??= openConsole());
    const written = writtenIn(input);
    const answered = await send(opened.service.url, written);
    check(
      expected.has(answered.status),
      `the console answers ${answered.status} to ${written.method} ${written.path.slice(0, 30)}`,
    );
    check(!/node_modules|\n\s+at /.test(answered.text), 'an answer shows a stack');
    return undefined;
  },
  close: async () => {
    await (await opening)?.close();
  },
};
