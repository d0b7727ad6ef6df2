// The way out of a whole site: Slack, Teams, Entra, Defender and its results under their real names, with a
// company's proxy as the only way. Nothing goes around it, and each way in which a proxy fails is told with
// the next step, by the doctor and on /readyz.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ana, channel, group } from '../../src/demo/teams/stage.ts';
import { root } from '../support/root.ts';
import { Site } from '../support/programs/siteProgram.ts';
import type { ProgramRun } from '../support/programs/doctorBench.ts';

let site: Site;
afterEach(() => site.close());

/** The hosts in docs/reach.md, of all its tables. */
const told = [
  ...(
    readFileSync(join(root, 'docs', 'reach.md'), 'utf8').split('## Hosts that the bot calls\n')[1] ?? ''
  ).matchAll(/`([a-z*][a-z0-9.*-]+\.[a-z]+)`/g),
].map(([, host = '']) => host);
const isTold = (host: string): boolean =>
  told.some((one) => (one.startsWith('*') ? host.endsWith(one.slice(1)) : one === host));

/** What the process itself connected to and looked up, without what is on this machine by its own address. */
function around(): readonly string[] {
  const own = new URL(site.names.proxy.url).host;
  const lines = readFileSync(site.egress, 'utf8').trim().split('\n');
  if (!lines.includes(`connect ${own}`)) throw new Error('the watch saw nothing of the proxy');
  return [...new Set(lines)].filter(
    (line) =>
      line !== `connect ${own}` && !/^(?:connect|lookup) (?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(line),
  );
}

describe.each([
  ['as it is', false],
  ['opened by the proxy', true],
])('with TLS %s', (_name, inspected) => {
  test('both chats, sign-in, Defender, results and links all go through the proxy, to hosts that docs/reach.md lists, and nothing goes around it', async () => {
    site = new Site({ slack: true, teams: true });
    await site.open({ inspected, credentials: 'bot:p@ss' });
    const { proxy, slack } = site.names;
    site.settings = { HTTPS_PROXY: proxy.url.replace('//', '//bot:p%40ss@') };
    await site.start();
    await site.dumpInSlack();
    site.names.go();
    // What the script said was read from the results, and the link leads there.
    const card = await site.slackShows(/^(?=[^]*Finished)(?=[^]*51 MB)[^]*expires/);
    expect(JSON.stringify(card.blocks)).toContain('https://lrresults.blob.core.windows.net/');
    // A private answer goes by the address that Slack named for it.
    await slack.person('U0RILEY1').command('C0INCIDENT', 'quota');
    await slack.until('an answer', () => slack.world.ephemerals.find(({ via }) => via === 'response_url'));
    // And Teams: what is said there, its card, and the press.
    await site.names.teams.deliver(site.names.teams.message(ana, group, 'dump hostb OfficeClickToRun'));
    await site.teamsShows(channel, /Waiting for approval/);
    await site.well();
    expect(site.submissions).toBe(1);
    expect(proxy.hosts).toEqual(
      expect.arrayContaining([
        'api.security.microsoft.com',
        'hooks.slack.com',
        'login.botframework.com',
        'login.microsoftonline.com',
        'lrresults.blob.core.windows.net',
        'slack.com',
        'smba.trafficmanager.net',
        'wss-primary.slack.com',
      ]),
    );
    expect(proxy.hosts.filter((host) => !isTold(host))).toEqual([]);
    expect(proxy.asked.filter(({ port, credentials }) => port !== 443 || credentials === undefined)).toEqual(
      [],
    );
    expect([around(), proxy.plain, [...proxy.strangers], site.names.unauthorised]).toEqual([[], [], [], []]);
    const run = await site.doctor();
    expect([run.red, run.stderr]).toEqual([[], '']);
    expect(run.text + site.program.stderr()).not.toMatch(/p%40ss|p@ss/);
  });
});

interface Failing {
  /** Breaks the proxy, before the doctor and the start. */
  readonly plant: () => void;
  /** In what the doctor says of Defender, Slack and Teams, and in the reasons on /readyz. */
  readonly says: RegExp;
  readonly inspected?: true;
  readonly credentials?: string;
}

const failing: Readonly<Record<string, Failing>> = {
  'refuses every host': {
    plant: () => (site.names.proxy.mood = () => 'refuse'),
    says: /the proxy http:\/\/127\.0\.0\.1:\d+ does not let \S+ through \(403\): have the hosts in docs\/reach\.md allowed there/,
  },
  'wants a password': {
    plant: () => undefined,
    credentials: 'bot:secret',
    says: /wants a user name and password, or other ones \(407\): write them into HTTPS_PROXY as http:\/\/user:password@host:port/,
  },
  'is not there': {
    plant: () => (site.settings = { HTTPS_PROXY: 'http://127.0.0.1:9' }),
    says: /the proxy http:\/\/127\.0\.0\.1:9 does not answer \(ECONNREFUSED\): check HTTPS_PROXY/,
  },
  'ends every connection': {
    plant: () => (site.names.proxy.mood = () => 'die'),
    says: /the proxy \S+ ended the connection to \S+ \(\w+\): look at the proxy’s log/,
  },
  'opens TLS, and Node was not told its authority': {
    plant: () => (site.settings = { NODE_EXTRA_CA_CERTS: '' }),
    inspected: true,
    says: /is of an authority unknown here: where a proxy opens TLS, name its authority in NODE_EXTRA_CA_CERTS/,
  },
};

/** A bot that was refused tries again at growing intervals, up to a minute. Milliseconds. */
const generous = 180_000;

const found = ({ lines }: ProgramRun, check: string): string =>
  lines.find((line) => line.check === check)?.found ?? '';

test.each(Object.keys(failing))(
  'a proxy that %s is told as that, by the doctor and on /readyz',
  async (name) => {
    const { plant, says, inspected, credentials } = failing[name] as Failing;
    site = new Site({ slack: true, teams: true });
    await site.open({
      ...(inspected === undefined ? {} : { inspected }),
      ...(credentials === undefined ? {} : { credentials }),
    });
    plant();
    const run = await site.doctor();
    for (const check of ['defender.token', 'defender.host', 'slack.host', 'teams.token', 'teams.keys'])
      expect([check, found(run, check)]).toEqual([check, expect.stringMatching(says)]);
    await site.start();
    for (const check of ['defender', 'slack', 'teams connector'])
      expect([check, await site.told(check, says)]).toEqual([check, expect.anything()]);
    if (credentials === undefined) return;
    // The proxy lets everybody through again: the bot goes on by itself.
    site.names.proxy.credentials = undefined;
    await site.until('a connection to Slack', () => site.names.slack.api.sockets.size > 0);
    await site.until(
      'Defender',
      async () => (await site.ready()).checks.find(({ name: check }) => check === 'defender')?.ok === true,
      2 * 60_000,
    );
  },
  generous,
);

test('a proxy that hangs is given up in time, and told as that', async () => {
  site = new Site({ slack: true });
  await site.open();
  site.names.proxy.mood = () => 'hang';
  await site.start();
  expect(await site.told('defender', /does not answer \(timeout\)/)).toContain('check HTTPS_PROXY');
  expect(await site.told('slack', /does not answer \(timeout\)/)).toContain('check HTTPS_PROXY');
  expect(await site.stop()).toBe(0);
});

test('a proxy that dies while a session runs: the session is followed again once it is back, the script ran once, and no second card stands', async () => {
  site = new Site({ slack: true, teams: true });
  await site.open();
  await site.start();
  await site.dumpInSlack();
  const { proxy, slack } = site.names;
  await proxy.stop();
  await site.told('defender', /does not answer \(ECONNREFUSED\)/);
  site.names.go();
  await proxy.start();
  await site.slackShows(/Finished/);
  expect(site.submissions).toBe(1);
  expect(slack.cards('C0INCIDENT')).toHaveLength(1);
});

test('a proxy that lets all but one host through: that one is named, and a place in Teams is not taken for closed', async () => {
  site = new Site({ slack: true, teams: true });
  await site.open();
  const alone = new Set(['smba.trafficmanager.net', 'wss-primary.slack.com']);
  site.names.proxy.mood = (host) => (alone.has(host) ? 'refuse' : 'open');
  site.settings = { SLACK_DEAF_AFTER: '10s' };
  const run = await site.doctor();
  expect(run.red).toEqual([
    expect.stringMatching(
      /^slack\.socket: Slack’s host for Socket Mode, wss-primary\.slack\.com, gives no answer: the proxy .* \(403\)/,
    ),
  ]);
  await site.start();
  expect(await site.told('teams connector', /smba\.trafficmanager\.net/)).toContain('(403)');
  expect(await site.told('slackSocket', /must let WebSockets/)).toContain('wss-primary.slack.com');
  expect((await site.ready()).checks.find(({ name }) => name === 'places')).toMatchObject({ ok: true });
});

test('what NO_PROXY names goes directly, and all else through the proxy', async () => {
  site = new Site({ teams: true });
  await site.open();
  site.settings = { NO_PROXY: 'botframework.com,.security.microsoft.com' };
  await site.start();
  await site.told('defender', /./);
  expect(site.names.proxy.hosts).toContain('login.microsoftonline.com');
  expect(site.names.proxy.hosts.filter((host) => /botframework|security\.microsoft/.test(host))).toEqual([]);
  expect(around()).toContain('lookup api.security.microsoft.com');
});
