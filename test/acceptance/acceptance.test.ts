// `npm run acceptance` as people run it: the built program, lines typed to it, and a simulated tenant behind real HTTP in a process that is not its own.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProfileChange } from '../../src/simulator/profile.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { fixtureIn, startAcceptance } from '../support/acceptanceRun.ts';
import type { AcceptanceRun, Fixture } from '../support/acceptanceRun.ts';
import { changedAnswers } from '../support/changedAnswers.ts';
import type { ChangedAnswers, Passing } from '../support/changedAnswers.ts';
import { addressIn, startProgram, stopped } from '../support/program.ts';
import { root } from '../support/root.ts';
import { read, startFakeSlack } from '../support/slack/fakeSlack.ts';
import { furnish, incidents, slackPolicy } from '../support/slack/slackHouse.ts';

const device = 'hosta.corp.example';

let folder = '';
let out = '';
let simulator: Simulator | undefined;
let proxy: ChangedAnswers | undefined;
const runs: AcceptanceRun[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-acceptance-'));
  out = join(folder, 'out');
  mkdirSync(out);
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.signal('SIGKILL');
    await run.ended;
  }
  await proxy?.close();
  await simulator?.stop();
  proxy = undefined;
  simulator = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** The policy of docs/acceptance.md as it stands there, for this device. */
function policy(name = device): string {
  const page = readFileSync(join(root, 'docs', 'acceptance.md'), 'utf8');
  const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, text.replaceAll('testpc.corp.example', name), { mode: 0o600 });
  return file;
}

/** A tenant whose devices take a fiftieth of the time, in this process and on its own ports. */
async function tenant(profile: ProfileChange = {}): Promise<Simulator> {
  simulator = await startSimulator({ deviceSpeed: 50, profile: { commandMs: [50_000, 50_000], getFileMs: [50_000, 50_000], ...profile } });
  return simulator;
}

const settings = (url: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ DEFENDER_API_URL: url, DEFENDER_AUTH: 'none', LR_POLL_MS: '200', LR_CALLS_PER_MINUTE: '10000', LR_CALLS_PER_HOUR: '100000', LR_POLICY: more['LR_POLICY'] ?? policy(), ...more });

function start(words: readonly string[], env: Readonly<Record<string, string>>): AcceptanceRun {
  const run = startAcceptance([...words, '--data', join(folder, 'data'), '--out', out], env);
  runs.push(run);
  return run;
}

/** Two people at the terminal, to the moment it was sent. */
async function approve(run: AcceptanceRun): Promise<void> {
  await run.seen(/Two people of the policy sit here/);
  run.type('analyst: ask');
  await run.seen(/\(approve\) Approve/);
  run.type('lead: approve');
  const [, code = ''] = await run.seen(/approve lr-\w+ (r\d+-[0-9a-f]{16})/);
  run.type(`lead: approve ${code}`);
  await run.seen(/Sent: action/);
}

function measured({ measures }: Fixture, name: string): string {
  const found = measures.find((one) => one.name === name);
  return `${found?.verdict ?? ''}: ${found?.tenant ?? ''}`;
}

/** Both people played, through a proxy that changes answers. */
async function played(change: (passing: Passing) => void, profile: ProfileChange = {}): Promise<{ readonly code: number | null; readonly text: string; readonly fixture: Fixture }> {
  const { url } = await tenant(profile);
  proxy = await changedAnswers(url, change);
  const run = start(['--device', device, '--play'], settings(proxy.url));
  const code = await run.ended;
  return { code, text: run.text(), fixture: fixtureIn(out).json };
}

describe('two people at the terminal', () => {
  test('do the main job: the asker cannot approve, one submission is made, and the table and the fixture are there', async () => {
    const { url, tenant: at } = await tenant();
    const days = [0, 1].map((day) => new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10));
    for (const day of days) writeFileSync(join(out, `acceptance-${day}.json`), 'earlier');
    const run = start(['--device', 'hosta'], settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.type('analyst: ask');
    await run.seen(/RunScript minidump\.ps1 notepad/);
    run.type('analyst: approve');
    await run.seen(/\(to analyst\) .*(own request|somebody else|another person|not approve)/i);
    expect(at.submissions).toHaveLength(0);
    run.type('lead: approve');
    const [, code = ''] = await run.seen(/approve lr-\w+ (r\d+-[0-9a-f]{16})/);
    run.type(`lead: approve ${code}`);
    expect(await run.ended).toBe(0);

    expect(run.text()).toMatch(/The main job went through: approved by another person, sent once, succeeded, and its results could be read/);
    expect(run.text()).toMatch(/assumption +simulator +this tenant/);
    expect(at.submissions).toHaveLength(1);
    // Never over an earlier one, and for its owner alone.
    for (const day of days) expect(readFileSync(join(out, `acceptance-${day}.json`), 'utf8')).toBe('earlier');
    const [name = ''] = readdirSync(out).filter((one) => /-2\.json$/.test(one));
    expect(statSync(join(out, name)).mode & 0o777).toBe(0o600);
    const fixture = JSON.parse(readFileSync(join(out, name), 'utf8')) as Fixture;
    expect(fixture.mainJob.ok).toBe(true);
    expect(fixture.simulated).toBe(true);
    // Devices work fifty times as fast here; that the program says so is what it is for. All else is as the simulator has it.
    expect(fixture.measures.filter((one) => one.verdict === 'differs').map((one) => one.name).sort()).toEqual(['time.settle', 'time.start']);
    expect(measured(fixture, 'comment.kept')).toMatch(/^same: yes, \d+ characters$/);
    expect(measured(fixture, 'link.next')).toMatch(/^same: yes/);
    expect(measured(fixture, 'list.fresh')).toMatch(/^same: as new, in \d+ pairs$/);
    expect(measured(fixture, 'limit.busy')).toMatch(/^unmeasured: .*a second POST is a second submission/);
  });

  test('take only the lines of the main job, from people who are named', async () => {
    const { url, tenant: at } = await tenant();
    const run = start(['--device', device], settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.type('analyst: run hosta collect.ps1');
    await run.seen(/"run" is not for this terminal\. It takes: ask, approve/);
    run.type('analyst: freeze now');
    await run.seen(/"freeze" is not for this terminal/);
    run.type('ask');
    await run.seen(/Type who says it first/);
    run.type('lead: approve');
    await run.seen(/Nothing has been asked for yet/);
    run.type('stranger: ask');
    await run.seen(/\(to stranger\) /);
    run.leave();
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/did NOT go through: nobody approved it in time, or it was not sent\. Nothing was asked for, and nothing ran\./);
    expect(at.submissions).toHaveLength(0);
    expect(readdirSync(out)).toEqual([]);
  });

  test('may deny, and may leave before anybody approved: nothing ran, which is said', async () => {
    const { url, tenant: at } = await tenant();
    const run = start(['--device', device], settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.type('analyst: ask');
    await run.seen(/\(approve\) Approve/);
    run.type('lead: deny not on this device');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/It ended without a session: denied; nothing ran\./);

    const other = start(['--device', device], settings(url));
    await other.seen(/Two people of the policy sit here/);
    other.type('analyst: ask');
    await other.seen(/\(approve\) Approve/);
    other.leave();
    expect(await other.ended).toBe(1);
    expect(other.text()).toMatch(/Nobody has approved it, and nothing ran\./);
    expect(at.submissions).toHaveLength(0);
    // A folder for each run: what one left waiting is sent by no other.
    expect(readdirSync(join(folder, 'data'))).toHaveLength(2);
  });

  test('who interrupt it while the device works are told what runs on, and keep what was measured', async () => {
    const { url, tenant: at } = await tenant({ commandMs: [3_000_000, 3_000_000], scriptTimeoutMs: 6_000_000 });
    const run = start(['--device', device], settings(url));
    await approve(run);
    await run.seen(/Defender: InProgress/);
    run.signal('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/stopped\. The session runs on at Defender, which says InProgress \(action [0-9a-f-]{36}\); nothing here follows or stops it any more\./);
    expect(at.submissions).toHaveLength(1);
    expect(at.actions()[0]?.status).toBe('InProgress');
    expect(fixtureIn(out).json.mainJob).toMatchObject({ ok: false });
  });

  test('who interrupt it before anything was asked for are told so', async () => {
    const { url, tenant: at } = await tenant();
    const run = start(['--device', device], settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.signal('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/stopped\. Nothing was asked for, and nothing ran\./);
    expect(at.submissions).toHaveLength(0);
  });
});

describe('a tenant that is not as the simulator', () => {
  const actionsIn = (body: unknown): readonly Record<string, unknown>[] => {
    const value = (body as { readonly value?: unknown }).value;
    return Array.isArray(value) ? (value as readonly Record<string, unknown>[]) : [body as Record<string, unknown>];
  };

  test('with results at the end alone, plain files, no transcript line and other start times is told line by line, and fails nothing', async () => {
    const { code, text, fixture } = await played(() => undefined, { results: 'whenEnded', collected: 'plain', transcript: 'clean', startTimes: 'all', requestorIs: 'appName', runStatus: 200, commandStates: 'connector' });
    expect(text).toContain('DIFFERS');
    expect(measured(fixture, 'link.next')).toMatch(/^differs: no: .*400/);
    expect(measured(fixture, 'link.settling')).toMatch(/^differs: no: .*400/);
    expect(measured(fixture, 'file.kind')).toBe('differs: zip');
    expect(measured(fixture, 'script.firstLine')).toBe('differs: no');
    expect(measured(fixture, 'script.nuls')).toBe('differs: none');
    expect(measured(fixture, 'time.startOfGetFile')).toBe('differs: one');
    expect(measured(fixture, 'requestor')).toBe('differs: name');
    expect(measured(fixture, 'run.status')).toBe('differs: 200');
    expect(measured(fixture, 'words.command')).toMatch(/^differs: .*Executing/);
    expect(code).toBe(0);
  });

  test('with regional hosts, new fields and words, cut comments and rates in its headers is told so', async () => {
    const { fixture } = await played((passing) => {
      if (typeof passing.body !== 'object' || passing.body === null) return;
      passing.headers['x-ratelimit-remaining'] = '99';
      const body = passing.body as Record<string, unknown>;
      if (typeof body['@odata.context'] === 'string') passing.body = { ...body, '@odata.context': body['@odata.context'].replace(/^http:\/\/[^/]+/, 'https://api-us3.securitycenter.microsoft.com') };
      if (!passing.path.startsWith('/api/machineactions') || passing.path.includes('DownloadLink')) return;
      for (const action of actionsIn(passing.body)) {
        action['sessionRegion'] = 'weu';
        delete action['lastUpdateDateTimeUtc'];
        if (passing.method === 'GET' && typeof action['requestorComment'] === 'string') action['requestorComment'] = action['requestorComment'].slice(0, 60);
        for (const command of (action['commands'] ?? []) as Record<string, unknown>[]) command['exitCode'] = 0;
      }
    });
    expect(measured(fixture, 'paging.context')).toBe('differs: api-us3.securitycenter.microsoft.com');
    expect(measured(fixture, 'fields.action')).toBe('differs: new: sessionRegion; missing: lastUpdateDateTimeUtc');
    expect(measured(fixture, 'fields.command')).toBe('differs: new: exitCode');
    expect(measured(fixture, 'headers.rate')).toBe('differs: x-ratelimit-remaining');
    expect(measured(fixture, 'comment.kept')).toMatch(/^differs: \d+ characters sent; list: cut to 60; alone: cut to 60$/);
  });

  test('with a list that lags behind its actions, and no "in" in filters, is told by how much', async () => {
    const before: { at: number; rows: unknown }[] = [];
    const { fixture } = await played((passing) => {
      if (!passing.path.startsWith('/api/machineactions?') || !/machineId eq/.test(passing.path)) {
        if (passing.path.startsWith('/api/machineactions?') && passing.path.includes(' in (')) Object.assign(passing, { status: 400, body: { error: { code: 'ODataError', message: 'no such operator', target: '0' } } });
        return;
      }
      if (!passing.path.endsWith('$top=50')) return;
      // What the list showed five readings ago.
      before.push({ at: before.length, rows: passing.body });
      passing.body = before[Math.max(0, before.length - 6)]?.rows;
    });
    expect(measured(fixture, 'list.fresh')).toMatch(/^differs: older in \d+ of \d+ pairs, by up to \d+\.\d s/);
    expect(measured(fixture, 'list.idIn')).toBe('differs: no, 400 ODataError');
  });

  test('whose words of the end are spelt otherwise is told with its spelling', async () => {
    const { url } = await tenant();
    proxy = await changedAnswers(url, (passing) => {
      if (passing.method === 'GET' && passing.path.startsWith('/api/machineactions') && typeof passing.body === 'object' && passing.body !== null) for (const action of actionsIn(passing.body)) if (action['status'] === 'Cancelled') action['status'] = 'Canceled';
    });
    const run = start(['--device', device, '--play', '--cancel'], settings(proxy.url));
    await run.ended;
    const fixture = fixtureIn(out).json;
    expect(measured(fixture, 'words.status')).toMatch(/^differs: .*Canceled/);
    expect(measured(fixture, 'cancel.word')).toBe('differs: Canceled');
  });
});

test('a cancel that somebody asks for is measured, and is what was wanted', async () => {
  const { url, tenant: at } = await tenant();
  const run = start(['--device', device, '--play', '--cancel'], settings(url));
  expect(await run.ended).toBe(0);
  expect(run.text()).toMatch(/went through: cancelled, as was asked for/);
  expect(measured(fixtureIn(out).json, 'cancel.word')).toBe('same: Cancelled');
  expect(at.submissions).toHaveLength(1);
});

test('a device that stays offline is told as what still waits at Defender', async () => {
  const run = start(['--device', 'laptop7', '--play', '--patience', '8'], { LR_SPEED: '200', LR_POLICY: policy('laptop7.corp.example') });
  expect(await run.ended).toBe(1);
  expect(run.text()).toMatch(/it did not end in time\. The session runs on at Defender, which says Pending \(action [0-9a-f-]{36}\)/);
  expect(fixtureIn(out).json.mainJob.ok).toBe(false);
});

test('a script that fails is no success of the main job', async () => {
  const { url, tenant: at } = await tenant();
  at.changeDevice(device, { broken: true });
  const run = start(['--device', device, '--play'], settings(url));
  expect(await run.ended).toBe(1);
  expect(run.text()).toMatch(/did NOT go through: the session ended: failed/);
});

describe('what has to be put right first', () => {
  test.each([
    ['another device', 'srv-portal.corp.example', device],
    ['a name that means nothing', 'nosuchpc', device],
    ['a controller that the policy keeps out', 'dc1.corp.example', device],
  ])('%s is refused before anything is asked for, with the way', async (_what, asked, allowed) => {
    const { url, tenant: at } = await tenant();
    const run = start(['--device', asked, '--play'], settings(url, { LR_POLICY: policy(allowed) }));
    expect(await run.ended).toBe(2);
    expect(run.text()).toContain('Nothing was asked for.');
    if (asked !== 'nosuchpc') expect(run.text()).toContain(`names: [${asked}]`);
    expect(at.submissions).toHaveLength(0);
  });

  const real = { DEFENDER_API_URL: '', DEFENDER_AUTH: '', AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555', AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa', AZURE_CLIENT_SECRET: 'a secret nobody knows', LR_POLL_MS: '', LR_CALLS_PER_MINUTE: '', LR_CALLS_PER_HOUR: '' };
  const key = (): Readonly<Record<string, string>> => {
    const file = join(folder, 'key');
    writeFileSync(file, `${Buffer.alloc(32, 'a key').toString('base64')}\n`);
    chmodSync(file, 0o600);
    return { LR_JOURNAL_KEY_FILE: file };
  };

  test('before a real Defender nobody is played, a pipe is no pair of people, and the policy allows one device by its name', async () => {
    const asked = async (words: readonly string[], more: Readonly<Record<string, string>>): Promise<string> => {
      const run = start(words, { ...settings('', more), ...real, ...key(), ...more });
      run.type('analyst: ask');
      expect(await run.ended).toBe(2);
      expect(run.text()).not.toContain(real.AZURE_CLIENT_SECRET);
      return run.text();
    };
    expect(await asked(['--device', device, '--play'], {})).toMatch(/--play lets this program be two people/);
    expect(await asked(['--device', device], {})).toMatch(/two people type at this terminal, and the input is none/);
    const wide = join(folder, 'wide.yaml');
    writeFileSync(wide, readFileSync(policy(), 'utf8').replace(/^ {2}allow: .*$/m, '  allow: { groups: [Workstations], tags: [], names: [hosta.corp.example] }'));
    expect(await asked(['--device', device], { LR_POLICY: wide })).toMatch(/allows the test device by its name and nothing else[^]*names: \[hosta\.corp\.example\]/);
    expect(await asked(['--device', device], { LR_POLICY: policy('hostb.corp.example') })).toMatch(/allows the test device by its name and nothing else/);
    expect(await asked(['--device', device, '--chat'], {})).toMatch(/--chat needs a chat/);
  });

  test('before a real Defender a frozen bot, or one that runs, holds up a run at the terminal', async () => {
    const data = join(folder, 'bot');
    const env = { ...settings(''), ...real, ...key(), LR_DATA_DIR: data };
    const refused = async (): Promise<string> => {
      const run = start(['--device', device], env);
      expect(await run.ended).toBe(2);
      return run.text();
    };
    const bot = await startProgram('src/main.js', [], { PORT: '0', LR_DATA_DIR: data, LR_LOG_LEVEL: 'error', ...key() });
    try {
      expect(await refused()).toMatch(/The bot runs on this machine \(process \d+\)[^]*use --watch/);
    } finally {
      await stopped(bot);
    }
    expect(await refused()).toMatch(/two people type at this terminal/);
    const frozen = await startProgram('src/freezeCli.js', ['odd approvals', '--data', data], { ...key() });
    expect(await frozen.ended).toBe(0);
    expect(await refused()).toMatch(/Submissions are frozen since 20[^]*nothing is sent from here either/);
  });

  test.each([
    [[], /--device NAME is missing/],
    [['--device', 'a b'], /a device name has letters/],
    [['--device', 'a', '--chat', '--watch'], /--chat and --watch are two ways/],
    [['--device', 'a', '--patience', '0'], /--patience 0: whole minutes/],
    [['--device', 'a', '--second'], /--second/],
    [['--device', 'a', '--watch', '--cancel'], /--cancel is for runs at the terminal/],
  ])('%j is called wrongly', async (words, sentence) => {
    const run = start(words, {});
    expect(await run.ended).toBe(2);
    expect(run.text()).toMatch(sentence);
  });

  test('--help says what it does, and does nothing', async () => {
    const run = start(['--help'], {});
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/Nothing runs without the approval of a second person/);
  });
});

test('--chat: asked and approved in Slack, by the bot in this process, whose folder no other may have meanwhile', async () => {
  const { url, tenant: at } = await tenant();
  const slack = await startFakeSlack();
  try {
    furnish(slack);
    const file = join(folder, 'slack.yaml');
    writeFileSync(file, slackPolicy());
    const env = { ...settings(url, { LR_POLICY: file }), PORT: '0', LR_DATA_DIR: join(folder, 'bot'), SLACK_BOT_TOKEN: slack.tokens.bot, SLACK_APP_TOKEN: slack.tokens.app, SLACK_API_URL: slack.apiUrl };
    const run = start(['--device', 'hosta', '--chat'], env);
    await run.seen(/The bot runs here\. Ask for "dump hosta notepad" in the chat/);
    const second = start(['--device', 'hosta', '--chat'], env);
    expect(await second.ended).toBe(2);
    expect(second.text()).toMatch(/in use by another running bot[^]*--watch looks on from outside/);
    await slack.person('U0RILEY1').command(incidents, 'dump hosta notepad');
    const card = await slack.until('an approval card', () => slack.cards(incidents).find((one) => read(one).includes('Waiting for approval')));
    await slack.person('U0AVERY1').press(card, 'Approve');
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/went through: approved by another person, sent once/);
    expect(at.submissions).toHaveLength(1);
    const { text } = fixtureIn(out);
    // Neither what Slack was told nor its tokens are in what looks at Defender alone.
    expect([slack.tokens.bot, slack.tokens.app, 'slack', 'U0RILEY1', 'Riley', incidents].filter((secret) => (text + run.text()).includes(secret) && (secret !== 'Riley' || text.includes(secret)))).toEqual([]);
    expect(measured(fixtureIn(out).json, 'comment.kept')).toMatch(/^same: yes/);
  } finally {
    for (const run of runs) {
      run.signal('SIGKILL');
      await run.ended;
    }
    await slack.close();
  }
});

test('--watch looks from outside at what a bot elsewhere was asked and approved for, and only reads', async () => {
  const { url, tenant: at } = await tenant();
  const posts: string[] = [];
  proxy = await changedAnswers(url, (passing) => {
    if (passing.method !== 'GET') posts.push(passing.path);
  });
  const bot = await startProgram('src/main.js', [], { ...settings(url), PORT: '0', LR_DATA_DIR: join(folder, 'bot'), LR_LOG_LEVEL: 'error' });
  try {
    const run = start(['--device', device, '--watch'], settings(proxy.url));
    await run.seen(/This program only reads/);
    const console_ = addressIn(bot.firstLine);
    const say = async (path: string, body: object): Promise<string> => (await fetch(`${console_}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin: console_ }, body: JSON.stringify(body) })).text();
    await say('/console/api/commands', { as: 'analyst', place: 'acceptance', text: `dump ${device} notepad` });
    const told = await say('/console/api/commands', { as: 'lead', place: 'acceptance', text: `approve ${/lr-\w+/.exec(await say('/console/api/commands', { as: 'lead', place: 'acceptance', text: 'list pending' }))?.[0] ?? ''}` });
    await say('/console/api/commands', { as: 'lead', place: 'acceptance', text: /approve lr-\w+ r\d+-[0-9a-f]{16}/.exec(told)?.[0] ?? '' });
    await run.seen(/Seen: action/);
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/went through: approved in the chat of the bot, succeeded/);
    expect(measured(fixtureIn(out).json, 'run.status')).toBe('unmeasured: not measured: another process sent it');
    expect(posts).toEqual([]);
    expect(at.submissions).toHaveLength(1);
  } finally {
    await stopped(bot);
  }
});
