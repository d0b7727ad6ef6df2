// `npm run setup` through the built program: what it writes is what the bot starts with, nothing is
// overwritten, nothing is ever there in part, and no secret is shown.
import { teamsSettings } from '../support/chats/chosenChats.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  lstatSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { readSettings } from '../../src/adapters/config/settings.ts';
import { addressIn, startProgram, stopped } from '../support/programs/program.ts';
import { SetupBench, hasScript, inTerminal, keys } from '../support/programs/setupBench.ts';
import { read, startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents } from '../support/slack/slackTestApp.ts';

let bench: SetupBench;
let slack: FakeSlack;
beforeEach(async () => {
  bench = new SetupBench();
  slack = await startFakeSlack();
  seedWorkspace(slack);
});
afterEach(async () => {
  await slack.close();
  bench.close();
});

const people = [
  '--person',
  'id=riley,name=Riley Responder,roles=asks,slack=U0RILEY1',
  '--person',
  'id=avery,name=Avery Approver,roles=approves,slack=U0AVERY1',
  '--place',
  `slack:${incidents}`,
];
const quick = ['--yes', '--no-check', '--chat', 'slack-socket', ...people];
const secrets = (): string =>
  `SLACK_BOT_TOKEN=${slack.tokens.bot}\nSLACK_APP_TOKEN=${slack.tokens.app}\nSLACK_API_URL=${slack.apiUrl}\nPORT=0\nLR_ADMIN_PORT=0\nLR_SPEED=200\nLR_LOG_LEVEL=error\n`;
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const untold = (text: string): void => {
  for (const secret of [slack.tokens.bot, slack.tokens.app]) expect(text).not.toContain(secret);
};

describe('with every answer given', () => {
  test('writes what the doctor finds whole and the bot starts with, up to the first approved dump', async () => {
    const ran = await bench.run(
      ['--yes', '--chat', 'slack-socket', ...people, '--folder', bench.folder, '--settings', '-'],
      { input: secrets() },
    );
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).not.toMatch(/^FAIL/m);
    untold(ran.out);
    expect(bench.files()).toEqual(['.env', 'policy.yaml', 'slack-manifest.json']);
    expect([
      mode(join(bench.folder, '.env')),
      mode(bench.key),
      mode(join(bench.home, '.live-response-bot')),
    ]).toEqual(['600', '600', '700']);
    expect(JSON.parse(bench.read('slack-manifest.json'))).toMatchObject({
      settings: { socket_mode_enabled: true },
    });
    // What is left, in order: the start first, the dump last.
    expect(ran.out).toMatch(
      /1\. Start the bot: npm start\n +2\. In the Slack channel: \/invite @live-response\n +3\. Ask for the first dump, and have a colleague press Approve: \/lr dump hosta OfficeClickToRun/,
    );

    const variables = {
      LR_ENV_FILE: join(bench.folder, '.env'),
      LR_POLICY: join(bench.folder, 'policy.yaml'),
      LR_DATA_DIR: join(bench.folder, 'data'),
    };
    const program = await startProgram('src/main.js', [], variables);
    try {
      expect(addressIn(program.firstLine)).toMatch(/^http:/);
      await slack.until('a socket', () => (slack.api.sockets.size > 0 ? true : undefined));
      const [riley, avery] = [slack.person('U0RILEY1'), slack.person('U0AVERY1')];
      await riley.command(incidents, 'dump hosta OfficeClickToRun');
      const first = await slack.until('a card', () => slack.cards(incidents)[0]);
      await riley.press(first, 'Approve');
      await slack.until('the refusal of the one who asked', () =>
        /approve/i.test(riley.told()) ? true : undefined,
      );
      await avery.press(first, 'Approve');
      const ended = (): string =>
        slack
          .cards(incidents)
          .map((one) => read(one))
          .join('\n');
      await slack
        .until('the end', () => (/Finished: succeeded/.test(ended()) ? true : undefined), 30_000)
        .catch((error: unknown) => {
          throw new Error(ended(), { cause: error });
        });
    } finally {
      await stopped(program);
    }
  });

  test('a second run finds everything, changes no byte, and goes on to what is left', async () => {
    await bench.run([...quick, '--settings', '-'], { input: secrets() });
    const before = [...bench.files().map((name) => bench.read(name)), readFileSync(bench.key, 'utf8')];
    const ran = await bench.run(['--yes', '--chat', 'teams', '--tenant', 'secret']);
    expect(ran.code).toBe(0);
    expect([...bench.files().map((name) => bench.read(name)), readFileSync(bench.key, 'utf8')]).toEqual(
      before,
    );
    expect(ran.out).toContain(
      'is there already and stays as it is; what it says of chat and tenant is taken from it.',
    );
    expect(ran.out).not.toContain('Teams app');
    expect(ran.out).toContain('In the Slack channel: /invite @live-response');
  });

  test('a secret in a file stays there, and .env names the file', async () => {
    const path = join(bench.home, 'token');
    writeFileSync(path, `${slack.tokens.bot}\n`, { mode: 0o600 });
    const ran = await bench.run(quick, {
      environment: { SLACK_BOT_TOKEN_FILE: path, SLACK_APP_TOKEN: slack.tokens.app },
    });
    expect(ran.code).toBe(0);
    expect(parseEnv(bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN_FILE: path,
      SLACK_APP_TOKEN: slack.tokens.app,
    });
    expect(bench.read('.env')).not.toContain(slack.tokens.bot);
  });

  test('every secret can be a file that an option names, and a file of another secret is refused', async () => {
    const file = (name: string, content: string): string => {
      writeFileSync(join(bench.home, name), `${content}\r\n`, { mode: 0o600 });
      return join(bench.home, name);
    };
    const guid = '5f0c1d2e-0000-4000-8000-000000000000';
    const files = {
      'slack-bot-token-file': file('bot', 'xoxb-canary-1'),
      'slack-signing-secret-file': file('signing', 'canary-signing'),
      'teams-secret-file': file('teams', 'canary-teams'),
      'client-secret-file': file('client', 'canary-client'),
    };
    const args = [
      '--yes',
      '--no-check',
      '--chat',
      'slack-http,teams',
      '--teams-id',
      guid,
      '--teams-tenant',
      guid,
      '--tenant',
      'secret',
      '--tenant-id',
      guid,
      '--client-id',
      guid,
    ];
    const swapped = await bench.run([...args, '--slack-bot-token-file', files['slack-signing-secret-file']]);
    expect([swapped.code, bench.files()]).toEqual([2, []]);
    expect(swapped.err).toMatch(/SLACK_BOT_TOKEN: The right one begins with xoxb-/);
    const ran = await bench.run([
      ...args,
      ...Object.entries(files).flatMap(([flag, path]) => [`--${flag}`, path]),
    ]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(parseEnv(bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN_FILE: files['slack-bot-token-file'],
      SLACK_SIGNING_SECRET_FILE: files['slack-signing-secret-file'],
      MicrosoftAppPassword_FILE: files['teams-secret-file'],
      AZURE_CLIENT_SECRET_FILE: files['client-secret-file'],
    });
    expect([bench.read('.env'), ran.out].join('\n')).not.toContain('canary');
    const settings = readSettings({
      ...parseEnv(bench.read('.env')),
      SLACK_BOT_TOKEN: 'xoxb-canary-1',
      SLACK_SIGNING_SECRET: 'canary-signing',
      MicrosoftAppPassword: 'canary-teams',
      AZURE_CLIENT_SECRET: 'canary-client',
    });
    expect(settings).not.toHaveProperty('problems');
  });

  test('a dry run shows the files without secrets and writes nothing', async () => {
    const ran = await bench.run([...quick, '--dry-run', '--settings', '-'], { input: secrets() });
    expect([ran.code, bench.files(), existsSync(bench.key)]).toEqual([0, [], false]);
    untold(ran.out);
    expect(ran.out).toContain('SLACK_BOT_TOKEN=[secret]');
    expect(ran.out).toContain('slack: U0RILEY1');
  });

  test('of each chat and tenant the settings are ones that the start takes, and the manifest has the host in it', async () => {
    const guid = '5f0c1d2e-0000-4000-8000-000000000000';
    const ran = await bench.run(
      [
        '--yes',
        '--no-check',
        '--chat',
        'slack-http,teams',
        '--host',
        'Bot.Example.com',
        '--teams-id',
        guid,
        '--teams-tenant',
        guid,
        '--tenant',
        'secret',
        '--tenant-id',
        guid,
        '--client-id',
        guid,
        '--device-group',
        'Live "test"',
        '--settings',
        '-',
      ],
      {
        input:
          `SLACK_BOT_TOKEN=xoxb-canary\nSLACK_SIGNING_SECRET=canary-signing\nMicrosoftAppPassword='canary~"#8Q'\nAZURE_CLIENT_SECRET='canary #~b'\n`.replace(
            'canary #~b',
            'canary#~bc',
          ),
      },
    );
    expect([ran.code, ran.err]).toEqual([0, '']);
    const read = readSettings(parseEnv(bench.read('.env')));
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    expect(read.warnings).toEqual([]);
    expect(teamsSettings(read.settings)?.password?.reveal()).toBe('canary~"#8Q');
    expect(read.settings.azure?.credential).toMatchObject({ kind: 'secret' });
    expect(
      bench.read('slack-manifest.json').match(/https:\/\/bot\.example\.com\/slack\/events/g),
    ).toHaveLength(3);
    expect(bench.read('slack-manifest.json')).not.toContain('REPLACE-ME');
    expect(ran.out).toContain('https://bot.example.com/api/messages');
    expect(bench.files()).toContain('teams-package');
    expect(ran.out).not.toContain('canary');
    const policy = readPolicy(bench.read('policy.yaml'));
    expect('policy' in policy && policy.policy.devices.allow.groups).toEqual(['Live "test"']);
  });
});

describe('what is there', () => {
  test('a certificate in place of the secret of Teams is seen, in settings given and in a .env found', async () => {
    const guid = '5f0c1d2e-0000-4000-8000-000000000000';
    const args = [
      '--yes',
      '--no-check',
      '--chat',
      'teams',
      '--teams-id',
      guid,
      '--teams-tenant',
      guid,
      '--settings',
      '-',
    ];
    const ran = await bench.run(args, { input: 'MicrosoftAppCertificatePath=/nowhere/teams.pem\n' });
    const again = await bench.run(['--yes', '--no-check']);
    for (const { code, out } of [ran, again])
      expect([code, out.includes('MicrosoftAppPassword')]).toEqual([0, false]);
    expect(parseEnv(bench.read('.env'))).not.toHaveProperty('MicrosoftAppPassword');
  });

  test('is untouched to the byte, whatever it holds, a link that leads nowhere included; the rest is written', async () => {
    const odd = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x41]);
    writeFileSync(join(bench.folder, 'policy.yaml'), odd);
    symlinkSync('/nowhere/at/all', join(bench.folder, 'slack-manifest.json'));
    mkdirSync(join(bench.home, '.live-response-bot'), { recursive: true });
    writeFileSync(bench.key, odd);
    const ran = await bench.run([...quick, '--settings', '-'], { input: secrets() });
    expect(ran.code).toBe(0);
    expect(readFileSync(join(bench.folder, 'policy.yaml'))).toEqual(odd);
    expect(readFileSync(bench.key)).toEqual(odd);
    expect(lstatSync(join(bench.folder, 'slack-manifest.json')).isSymbolicLink()).toBe(true);
    expect(ran.out.match(/^kept .* is there already: not a byte of it was changed\.$/gm)).toHaveLength(3);
    expect(parseEnv(bench.read('.env'))).toMatchObject({ SLACK_APP_TOKEN: slack.tokens.app });
  });

  test('after kill -9 at any file is whole or not there, and the next run goes on and removes the draft', async () => {
    // Killed at the first sign of the n-th change in the folder, so that each moment of writing is met.
    let killed = 0;
    for (let moment = 1; moment <= 9; moment += 1) {
      const child = bench.start([...quick, '--settings', '-', '--key', join(bench.folder, 'journal.key')]);
      let seen = 0;
      const watcher = watch(bench.folder, () => {
        seen += 1;
        if (seen === moment) child.kill('SIGKILL');
      });
      child.stdin?.end(secrets());
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') killed += 1;
      watcher.close();
      for (const name of readdirSync(bench.folder).filter((one) => !one.startsWith('.lr-setup-'))) {
        if (name === '.env')
          expect(parseEnv(bench.read('.env'))).toMatchObject({
            SLACK_BOT_TOKEN: slack.tokens.bot,
            LR_DEFENDER: 'simulator',
            LR_LOG_LEVEL: 'error',
          });
        if (name === 'policy.yaml') expect(readPolicy(bench.read(name))).toHaveProperty('policy');
        if (name === 'journal.key') expect(bench.read(name)).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
        if (name === 'slack-manifest.json') expect(JSON.parse(bench.read(name))).toHaveProperty('settings');
      }
    }
    expect(killed).toBeGreaterThan(0);
    writeFileSync(join(bench.folder, '.lr-setup-999999999-0123456789ab'), 'half a secret');
    const ran = await bench.run([...quick, '--settings', '-', '--key', join(bench.folder, 'journal.key')], {
      input: secrets(),
    });
    expect(ran.code).toBe(0);
    expect(bench.files()).toEqual(['.env', 'journal.key', 'policy.yaml', 'slack-manifest.json']);
  });
});

describe('what is wrong', () => {
  test.each<readonly [string, readonly string[], RegExp]>([
    [
      'a secret as an option',
      ['--yes', '--slack-bot-token=xoxb-canary'],
      /--slack-bot-token is not taken: everybody on this machine sees the words of a command/,
    ],
    ['a misspelt option', ['--chta', 'none'], /--chta is no option\. Did you mean --chat\?/],
    ['an unknown chat', ['--chat', 'slack-sockets'], /Did you mean slack-socket\?/],
    ['both ways to Slack', ['--chat', 'slack-socket,slack-http'], /Slack reaches the bot in one way/],
    ['a host with a path', ['--host', 'https://bot.example.com/'], /The name alone/],
    [
      'one person alone',
      ['--yes', '--person', 'id=robin,roles=asks+approves'],
      /Nobody approves their own request/,
    ],
    [
      'a name in place of an id',
      ['--person', 'id=robin,roles=asks,slack=@robin'],
      /That is no member id; one looks like U0123ABCD/,
    ],
    ['words of no option', ['--yes', 'xoxb-canary'], /words that belong to no option/],
    ['no terminal to ask in', [], /There is no terminal to ask in/],
  ])('%s is refused with its cause, and nothing is written', async (_what, args, words) => {
    const ran = await bench.run(args);
    expect([ran.code, bench.files()]).toEqual([2, []]);
    expect(ran.err).toMatch(words);
    expect(ran.err).not.toContain('canary');
  });

  test('a secret of another kind, and an unknown setting, are told without their values', async () => {
    const ran = await bench.run([...quick, '--settings', '-'], {
      input: 'SLACK_BOT_TOKEN=xoxp-canary-user\nSLACK_APP_TOKEN_FIEL=xapp-canary\n',
      environment: { SLACK_APP_TOKEN: 'xapp-canary two' },
    });
    expect([ran.code, bench.files()]).toEqual([2, []]);
    expect(ran.err).toMatch(/SLACK_BOT_TOKEN: That is a person’s token\. The right one begins with xoxb-/);
    expect(ran.err).toMatch(/SLACK_APP_TOKEN_FIEL is not a setting\. Did you mean SLACK_APP_TOKEN_FILE\?/);
    expect(ran.err).toMatch(/SLACK_APP_TOKEN: It holds a blank/);
    expect(ran.err).not.toContain('canary');
  });

  test('a token that Slack refuses is told by the doctor, with exit code 1', async () => {
    const ran = await bench.run(['--yes', '--chat', 'slack-socket', ...people, '--settings', '-'], {
      input: secrets().replace(slack.tokens.bot, 'xoxb-of-another-app'),
    });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/FAIL {2}slack\.token {2}Slack does not accept SLACK_BOT_TOKEN/);
    expect(ran.out).toMatch(/Fix what the doctor calls FAIL, and ask it again: npm run doctor/);
    expect(ran.out).not.toContain('xoxb-of-another-app');
  });
});

(hasScript ? describe : describe.skip)('in a terminal', () => {
  test('asks one thing after the other, shows no secret, has the doctor look, and takes a refused token once more', async () => {
    writeFileSync(join(bench.home, 'more.env'), `SLACK_API_URL=${slack.apiUrl}\nPORT=0\nLR_ADMIN_PORT=0\n`);
    const terminal = inTerminal(bench, ['--settings', join(bench.home, 'more.env')]);
    await terminal.answer('Which chat?', keys.enter);
    await terminal.answer('How does Slack reach the bot?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `xoxp-wrong${keys.enter}`);
    await terminal.answer(
      'The right one begins with xoxb-',
      `${'\u007f'.repeat(10)}xoxb-of-another-app${keys.enter}`,
    );
    await terminal.answer('SLACK_APP_TOKEN', `${slack.tokens.app}${keys.enter}`);
    await terminal.answer('FAIL slack.token', '');
    await terminal.answer('What next?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `${slack.tokens.bot}${keys.enter}`);
    await terminal.answer('SLACK_APP_TOKEN [as before]', keys.enter);
    await terminal.answer('Which Defender?', keys.enter);
    await terminal.answer('Name of person 1', `Riley Responder${keys.enter}`);
    await terminal.answer('Short id [riley]', keys.enter);
    await terminal.answer('What may Riley Responder do?', keys.enter);
    await terminal.answer('Slack member id of Riley', `U0RILEY1${keys.enter}`);
    await terminal.answer('Name of person 2', `Avery Approver${keys.enter}`);
    await terminal.answer('Short id [avery]', keys.enter);
    await terminal.answer('What may Avery Approver do?', keys.enter);
    await terminal.answer('Slack member id of Avery', keys.enter);
    await terminal.answer('One more person?', keys.enter);
    await terminal.answer('Channel where approvals are asked for', `slack:${incidents}${keys.enter}`);
    await terminal.answer('Device group that may be reached [Workstations]', keys.enter);
    expect(await terminal.ended).toBe(0);
    const shown = terminal.shown();
    untold(shown);
    expect(shown).not.toContain('xoxb-of-another-app');
    expect(shown).toMatch(/What is left, in this order:/);
    expect(shown).toMatch(/says "LATER:"/);
    expect(parseEnv(bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN: slack.tokens.bot,
      SLACK_APP_TOKEN: slack.tokens.app,
      LR_DEFENDER: 'simulator',
    });
    expect(bench.read('policy.yaml')).toMatch(/\{ id: riley, name: "Riley Responder", slack: U0RILEY1 \}\n/);
    expect(bench.read('policy.yaml')).toMatch(
      /\{ id: avery, name: "Avery Approver", console: avery \} # LATER: slack: U\.\.\./,
    );
  });

  test('left with Ctrl-C at a secret, it says what was written and has written nothing else', async () => {
    const terminal = inTerminal(bench);
    await terminal.answer('Which chat?', keys.enter);
    await terminal.answer('How does Slack reach the bot?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `xoxb-half${keys.interrupt}`);
    expect(await terminal.ended).toBe(130);
    expect(bench.files()).toEqual(['slack-manifest.json']);
    expect(existsSync(bench.key)).toBe(false);
    expect(terminal.shown()).toMatch(
      /Left\. Written, whole: slack-manifest\.json\. What else you typed is not kept\. Go on: npm run setup/,
    );
    expect(terminal.shown()).not.toContain('xoxb-half');
  });
});
