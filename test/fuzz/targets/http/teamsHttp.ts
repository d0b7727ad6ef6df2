// The door of Teams over real HTTP, with tokens of keys of our own and a fake connector behind it.
import { longestBody } from '../../../../src/adapters/teams/inbound/inboundRoute.ts';
import { appId, TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { field, parseJson } from '../../../../src/liveResponse/text/json.ts';
import { check, filled } from '../../loop/target.ts';
import type { Target } from '../../loop/target.ts';
import { send, writtenIn } from './rawHttp.ts';
import { largeActivity, teamsBodies } from '../teamsDoor.ts';

const head = 'POST /api/messages\ncontent-type: application/json\n';

let opening: Promise<TeamsHarness> | undefined;

async function open(): Promise<TeamsHarness> {
  const bench = new TeamsHarness();
  await bench.start();
  return bench;
}

const expected: ReadonlySet<number> = new Set([200, 400, 401, 403, 404, 413, 415, 503]);

export const teamsHttp: Target = {
  name: 'teamsHttp',
  form: 'text',
  seeds: teamsBodies.map((body) => Buffer.from(`${head}\n${JSON.stringify(body)}`)),
  words: [
    'authorization: Bearer a.b.c',
    'content-encoding: gzip',
    'serviceUrl',
    'channelId',
    'msteams',
    'adaptiveCard/action',
    '<at>Live Response</at> lr status',
    '{',
    '}',
    '[',
    'value',
    'conversation',
  ],
  most: longestBody + 200,
  large: (dice) =>
    dice.once(2)
      ? Buffer.concat([Buffer.from(`${head}\n`), largeActivity(dice)])
      : filled(
          longestBody,
          dice.pick(['[', '{"a":', '"a",', 'a', '<quote>']),
          `${head}\n${dice.pick(['', '[', '{"type":"message","text":"'])}`,
        ),
  waits: true,
  run: async (input) => {
    const bench = await (opening ??= open());
    const { connector, keys, bot } = bench;
    const { headers, ...rest } = writtenIn(input);
    // Our connector stands for Teams' own.
    const body = Buffer.from(
      rest.body.toString('utf8').replaceAll('https://smba.trafficmanager.net/emea/', connector.serviceUrl),
    );
    const given = field(parseJson(body.toString('utf8'))?.value, 'serviceUrl');
    const token = keys.token(appId, typeof given === 'string' ? given : connector.serviceUrl);
    const answered = await send(bench.url, {
      ...rest,
      body,
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    check(expected.has(answered.status), `the door answers ${answered.status}`);
    check(!/node_modules|\n\s+at /.test(answered.text), 'an answer shows a stack');
    for (const list of [bot.commands, bot.presses, bot.heardIn]) list.length = 0;
    return undefined;
  },
  close: async () => {
    await (await opening)?.stop();
  },
};
