// `npm run doctor` as people run it: the built program, settings alone, the simulator and a Slack of our own
// behind real HTTP. All green first; then each planted fault shows the one right red line, exit code 1, and
// nothing secret.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { runDoctor } from '../support/programs/doctorBench.ts';
import type { ProgramRun, Variables } from '../support/programs/doctorBench.ts';
import { addressIn, startProgram } from '../support/programs/program.ts';
import { root } from '../support/root.ts';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents, privateRoom, slackPolicy } from '../support/slack/slackTestApp.ts';

let dir: string;
let simulator: Simulator;
let slack: FakeSlack;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-doctor-'));
  mkdirSync(join(dir, 'data'));
  simulator = await startSimulator();
  slack = await startFakeSlack();
  seedWorkspace(slack);
  writeFileSync(join(dir, 'policy.yaml'), slackPolicy());
});
afterEach(async () => {
  await simulator.stop();
  await slack.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Slack over a socket before a simulator on this machine. */
function settings(more: Variables = {}): Variables {
  return {
    PORT: '0',
    LR_DATA_DIR: join(dir, 'data'),
    LR_POLICY: join(dir, 'policy.yaml'),
    DEFENDER_API_URL: simulator.url,
    DEFENDER_AUTH: 'none',
    SLACK_BOT_TOKEN: slack.tokens.bot,
    SLACK_APP_TOKEN: slack.tokens.app,
    SLACK_API_URL: slack.apiUrl,
    ...more,
  };
}

function expectNoSecrets({ text, stderr }: ProgramRun, variables: Variables): void {
  for (const name of [
    'SLACK_BOT_TOKEN',
    'SLACK_APP_TOKEN',
    'SLACK_SIGNING_SECRET',
    'AZURE_CLIENT_SECRET',
    'MicrosoftAppPassword',
  ]) {
    const value = variables[name];
    if (value !== undefined && value !== '') expect(text + stderr).not.toContain(value);
  }
}

describe('with everything well', () => {
  test('and no setting at all, it examines the simulated tenant inside the bot and says so', async () => {
    const run = await runDoctor({ PORT: '0', LR_DATA_DIR: join(dir, 'data') });
    expect([run.code, run.red, run.yellow, run.stderr]).toEqual([0, [], [], '']);
    const found = new Map(run.lines.map(({ check, found: said }) => [check, said]));
    expect(found.get('defender.tenant')).toContain('SIMULATED TENANT inside the bot');
    for (const check of [
      'settings.valid',
      'policy.file',
      'data.folder',
      'data.space',
      'data.lock',
      'http.port',
      'defender.host',
      'defender.clock',
      'defender.machines',
      'defender.actions',
      'defender.library',
      'defender.scripts',
      'defender.run',
    ]) {
      expect(run.lines.find((line) => line.check === check)?.verdict).toBe('ok');
    }
    expect(run.lines.filter(({ verdict }) => verdict === 'skip').map(({ check }) => check)).toEqual([
      'slack',
      'teams',
    ]);
    // Neither the simulated tenant nor the written file of the folder's test is left behind.
    expect(readdirSync(join(dir, 'data'))).toEqual([]);
  });

  test('Slack and a simulator of another process are all green, and no live response was started', async () => {
    const run = await runDoctor(settings());
    expect([run.code, run.red, run.yellow]).toEqual([0, [], []]);
    for (const check of ['slack.token', 'slack.scopes', 'slack.place', 'slack.socket'])
      expect(run.lines.find((line) => line.check === check)?.verdict).toBe('ok');
    expect(simulator.tenant.submissions).toEqual([]);
    expect(slack.world.messages).toEqual([]);
    expectNoSecrets(run, settings());
  });

  test('the text names each thing once, with a next step below what is not ok, and ends with the counts', async () => {
    const run = await runDoctor(settings(), []);
    expect(run.code).toBe(0);
    expect(run.text).toMatch(/^ok {4}settings\.valid/m);
    expect(run.text).toMatch(/^skip {2}teams .*\n {6}-> .*docs\/teams-setup\.md/m);
    expect(run.text).toMatch(/\n\d+ ok, 0 warn, 0 FAIL, \d+ skip\n$/);
    expect(run.text).not.toContain('\u001b');
  });

  test('beside a running bot it says that the bot runs, and does not disturb it', async () => {
    const local = { LR_DATA_DIR: join(dir, 'data'), LR_LOG_LEVEL: 'error' };
    const bot = await startProgram('src/main.js', [], { ...local, PORT: '0' });
    try {
      const url = addressIn(bot.firstLine);
      const run = await runDoctor({
        ...local,
        PORT: new URL(url).port,
        LR_ADMIN_PORT: new URL(await bot.adminUrl()).port,
      });
      expect([run.code, run.red, run.yellow]).toEqual([0, [], []]);
      expect(run.text).toContain(`a bot works on it (process ${String(bot.child.pid)})`);
      expect(run.text).toContain('in use by the running bot, which says it is ready');
      expect(run.text).toMatch(/"http\.admin","found":"[^"]* says that all is well/);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      // With another port it is the same bot, started with other settings.
      expect((await runDoctor({ ...local, PORT: '0' }, ['--json', '--offline'])).red).toEqual([]);
    } finally {
      await bot.kill('SIGTERM');
    }
  });

  test('offline it looks at this machine alone, and without its probe it sends no POST', async () => {
    const offline = await runDoctor(
      settings({ DEFENDER_API_URL: 'http://127.0.0.1:1', SLACK_API_URL: 'http://127.0.0.1:1/' }),
      ['--json', '--offline'],
    );
    expect([offline.code, offline.red]).toEqual([0, []]);
    expect(offline.lines.filter(({ verdict }) => verdict === 'skip').map(({ check }) => check)).toEqual([
      'defender',
      'slack',
      'teams',
      'graph',
    ]);
    const quiet = await runDoctor(settings(), ['--json', '--no-probe']);
    expect(quiet.lines.find(({ check }) => check === 'defender.run')?.verdict).toBe('skip');
  });
});

interface Planted {
  /** Changes the world, and may change settings. */
  readonly plant: () => Variables | Promise<Variables>;
  /** The one red line. */
  readonly red: RegExp;
  /** In its next step. */
  readonly next: RegExp;
}

const policyWith = (change: (text: string) => string): Variables => {
  writeFileSync(join(dir, 'policy.yaml'), change(slackPolicy()));
  return {};
};
const refusing = (on: 'machines' | 'list' | 'run' | 'library', status: number): Variables => {
  simulator.tenant.faults.plant({ what: 'status', on, status, times: 'always' });
  return {};
};

const planted: Readonly<Record<string, Planted>> = {
  'a setting that does not fit': {
    plant: () => ({ LR_SESSIONS: '900' }),
    red: /^settings\.valid: LR_SESSIONS is "900"/,
    next: /\.env\.example/,
  },
  'a mistake in the policy': {
    plant: () => policyWith((text) => text.replace('approver: [approver1', 'approver: [aprover1')),
    red: /^policy\.file: .*policy\.yaml:\d+: .*did you mean approver1/,
    next: /line \d+/,
  },
  'a policy that is not there': {
    plant: () => ({ LR_POLICY: join(dir, 'nowhere.yaml') }),
    red: /^policy\.file: .*cannot be read/,
    next: /policy\.example\.yaml/,
  },
  'a policy of another chat': {
    plant: () => policyWith(() => readFileSync(join(root, 'policy.example.yaml'), 'utf8')),
    red: /^policy\.places: no place with "approvals: true"/,
    next: /whoami/,
  },
  // Tests may run as root, whom no mode keeps out: a file where the folder should be cannot be written by
  // anybody.
  'a data folder that cannot be written': {
    plant: () => {
      writeFileSync(join(dir, 'file'), '');
      return { LR_DATA_DIR: join(dir, 'file', 'data') };
    },
    red: /^data\.folder: .*file is not a folder/,
    next: /LR_DATA_DIR/,
  },
  'Defender that cannot be reached': {
    plant: () => ({ DEFENDER_API_URL: 'http://127.0.0.1:1' }),
    red: /^defender\.host: 127\.0\.0\.1:1 gives no answer/,
    next: /DEFENDER_API_URL/,
  },
  'machines that answer 500': {
    plant: () => refusing('machines', 500),
    red: /^defender\.machines: Defender answers 500 InternalServerError \(correlation id [0-9a-f-]{36}\)/,
    next: /service health/,
  },
  'machines that may not be read': {
    plant: () => refusing('machines', 403),
    red: /^defender\.machines: Defender answers 403/,
    next: /Machine\.Read\.All/,
  },
  'actions that may not be read': {
    plant: () => refusing('list', 403),
    red: /^defender\.actions: Defender answers 403.*follow running sessions/,
    next: /Machine\.ReadWrite\.All/,
  },
  'the right to run missing': {
    plant: () => refusing('run', 403),
    red: /^defender\.run: Defender answers 403.*start a live response session/,
    next: /Machine\.LiveResponse/,
  },
  'a script missing in the library': {
    plant: async () => {
      await fetch(`${simulator.url}/api/libraryfiles/minidump.ps1`, { method: 'DELETE' });
      return {};
    },
    red: /^defender\.scripts: minidump\.ps1 is not in the live response library, and the recipe dump needs it/,
    next: /manifest\/defender\/minidump\.ps1/,
  },
  'the other script missing in the library': {
    plant: async () => {
      await fetch(`${simulator.url}/api/libraryfiles/collect.ps1`, { method: 'DELETE' });
      return {};
    },
    red: /^defender\.scripts: collect\.ps1 is not in the live response library, and the recipe collect needs it/,
    next: /manifest\/defender\/collect\.ps1/,
  },
  'a Slack token that is not accepted': {
    plant: () => ({ SLACK_BOT_TOKEN: 'xoxb-canary-of-another-app' }),
    red: /^slack\.token: .*invalid_auth/,
    next: /Bot User OAuth Token/,
  },
  'a Slack scope that is missing': {
    plant: () => {
      slack.world.scopes = slack.world.scopes.filter((scope) => scope !== 'usergroups:read');
      return {};
    },
    red: /^slack\.scopes: missing: usergroups:read \(user groups of the policy give no role\)$/,
    next: /install the app again/,
  },
  'an app token that opens no socket': {
    plant: () => ({ SLACK_APP_TOKEN: 'xapp-canary-of-another-app' }),
    red: /^slack\.socket: .*invalid_auth/,
    next: /connections:write/,
  },
  'a channel without the bot': {
    plant: () => {
      slack.world.channel(incidents, { members: ['U0RILEY1'] });
      return {};
    },
    red: /^slack\.place: the bot is not in C0INCIDENT/,
    next: /\/invite/,
  },
  'a private channel without the bot': {
    plant: () => {
      slack.world.channel(privateRoom, { members: ['U0RILEY1'] });
      return {};
    },
    red: /^slack\.place: C0PRIVATE1 is not there, or is a private channel/,
    next: /\/invite/,
  },
  'a user group that is gone': {
    plant: () =>
      policyWith((text) => text.replace('approver: [approver1', "approver: ['slack:S0DELETED', approver1")),
    red: /^slack\.group: the user group S0DELETED cannot be read \(no_such_subteam\)/,
    next: /policy/,
  },
  'Slack that cannot be reached': {
    plant: () => ({ SLACK_API_URL: 'http://127.0.0.1:1/' }),
    red: /^slack\.host: 127\.0\.0\.1:1 gives no answer/,
    next: /reach Slack/,
  },
  'Slack over HTTP with a token that is not accepted': {
    plant: () => ({
      SLACK_BOT_TOKEN: 'xoxb-canary-of-another-app',
      SLACK_APP_TOKEN: '',
      SLACK_SIGNING_SECRET: 'canary-signing-secret',
    }),
    red: /^slack\.token: .*invalid_auth/,
    next: /install the app again/,
  },
};

describe('a planted fault shows the one right red line and exit code 1:', () => {
  test.each(Object.entries(planted))('%s', async (_name, { plant, red, next }) => {
    const variables = settings(await plant());
    const run = await runDoctor(variables);
    expect(run.red).toEqual([expect.stringMatching(red)]);
    const line = run.lines.find(({ verdict }) => verdict === 'FAIL');
    expect(line !== undefined && 'next' in line ? line.next : '').toMatch(next);
    expect([run.code, run.stderr]).toEqual([1, '']);
    expectNoSecrets(run, variables);
    expect(simulator.tenant.submissions).toEqual([]);
  });

  test('a port that another program has', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    other.on('connection', (socket) => socket.destroy());
    const run = await runDoctor(settings({ PORT: String(port), LR_ADMIN_PORT: '0' }));
    await new Promise((resolve) => other.close(resolve));
    expect([run.code, run.red]).toEqual([1, [`http.port: 127.0.0.1:${port} is in use by another program`]]);
  });

  test('a port that another bot has, with its own data folder', async () => {
    const bot = await startProgram('src/main.js', [], {
      PORT: '0',
      LR_DATA_DIR: join(dir, 'other'),
      LR_LOG_LEVEL: 'error',
    });
    try {
      const run = await runDoctor(
        settings({ PORT: new URL(addressIn(bot.firstLine)).port, LR_ADMIN_PORT: '0' }),
      );
      expect([run.code, run.red]).toEqual([
        1,
        [expect.stringMatching(/^http\.port: .* in use by a live-response-bot with another data folder$/)],
      ]);
    } finally {
      await bot.kill('SIGTERM');
    }
  });
});

test('settings that do not fit show every problem at once, and what does not depend on them is looked at all the same', async () => {
  const run = await runDoctor(settings({ LR_SESSIONS: '900', LR_POLL_MS: 'fast', LR_SESSION: '5' }));
  expect(run.red).toHaveLength(2);
  expect(run.yellow).toEqual([expect.stringMatching(/LR_SESSION is not a setting.*LR_SESSIONS/)]);
  for (const check of ['policy.file', 'data.folder', 'http.port'])
    expect(run.lines.find((line) => line.check === check)?.verdict).toBe('ok');
});

test('a call it does not understand ends with exit code 2 and the usage', async () => {
  const run = await runDoctor({}, ['--wrong']);
  expect([run.code, run.text]).toEqual([2, '']);
  expect(run.stderr).toContain('usage: npm run doctor');
});
