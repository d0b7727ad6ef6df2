// `npm run setup` through the built program: what it writes is what the bot starts with, nothing is
// overwritten, nothing is ever there in part, and no secret is shown.
import { teamsSettings } from '../support/chats/chosenChats.ts';
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { readSettings } from '../../src/adapters/config/settings.ts';
import { addressIn, startProgram, stopped } from '../support/programs/program.ts';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { people, quick, secrets, untold, setupWithSlack } from '../support/programs/setupAnswers.ts';

const stage = setupWithSlack();
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('with every answer given', () => {
  test('writes what the doctor finds whole and the bot starts with, up to the first approved dump', async () => {
    const ran = await stage.bench.run(
      ['--yes', '--chat', 'slack-socket', ...people, '--folder', stage.bench.folder, '--settings', '-'],
      { input: secrets(stage.slack) },
    );
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).not.toMatch(/^FAIL/m);
    untold(stage.slack, ran.out);
    expect(stage.bench.files()).toEqual(['.env', 'policy.yaml', 'slack-manifest.json']);
    expect([
      mode(join(stage.bench.folder, '.env')),
      mode(stage.bench.key),
      mode(join(stage.bench.home, '.live-response-bot')),
    ]).toEqual(['600', '600', '700']);
    expect(JSON.parse(stage.bench.read('slack-manifest.json'))).toMatchObject({
      settings: { socket_mode_enabled: true },
    });
    // What is left, in order: the start first, the dump last.
    expect(ran.out).toMatch(
      /1\. Start the bot: npm start\n +2\. In the Slack channel: \/invite @live-response\n +3\. Ask for the first dump, and have a colleague press Approve: \/lr dump hosta OfficeClickToRun/,
    );

    const variables = {
      LR_ENV_FILE: join(stage.bench.folder, '.env'),
      LR_POLICY: join(stage.bench.folder, 'policy.yaml'),
      LR_DATA_DIR: join(stage.bench.folder, 'data'),
    };
    const program = await startProgram('src/main.js', [], variables);
    try {
      expect(addressIn(program.firstLine)).toMatch(/^http:/);
      await stage.slack.until('a socket', () => (stage.slack.api.sockets.size > 0 ? true : undefined));
      const [riley, avery] = [stage.slack.person('U0RILEY1'), stage.slack.person('U0AVERY1')];
      await riley.command(incidents, 'dump hosta OfficeClickToRun');
      const first = await stage.slack.until('a card', () => stage.slack.cards(incidents)[0]);
      await riley.press(first, 'Approve');
      await stage.slack.until('the refusal of the one who asked', () =>
        /approve/i.test(riley.told()) ? true : undefined,
      );
      await avery.press(first, 'Approve');
      const ended = (): string =>
        stage.slack
          .cards(incidents)
          .map((one) => read(one))
          .join('\n');
      await stage.slack
        .until('the end', () => (/Finished: succeeded/.test(ended()) ? true : undefined), 30_000)
        .catch((error: unknown) => {
          throw new Error(ended(), { cause: error });
        });
    } finally {
      await stopped(program);
    }
  });

  test('a second run finds everything, changes no byte, and goes on to what is left', async () => {
    await stage.bench.run([...quick, '--settings', '-'], { input: secrets(stage.slack) });
    const before = [
      ...stage.bench.files().map((name) => stage.bench.read(name)),
      readFileSync(stage.bench.key, 'utf8'),
    ];
    const ran = await stage.bench.run(['--yes', '--chat', 'teams', '--tenant', 'secret']);
    expect(ran.code).toBe(0);
    expect([
      ...stage.bench.files().map((name) => stage.bench.read(name)),
      readFileSync(stage.bench.key, 'utf8'),
    ]).toEqual(before);
    expect(ran.out).toContain(
      'is there already and stays as it is; what it says of chat and tenant is taken from it.',
    );
    expect(ran.out).not.toContain('Teams app');
    expect(ran.out).toContain('In the Slack channel: /invite @live-response');
  });

  test('a secret in a file stays there, and .env names the file', async () => {
    const path = join(stage.bench.home, 'token');
    writeFileSync(path, `${stage.slack.tokens.bot}\n`, { mode: 0o600 });
    const ran = await stage.bench.run(quick, {
      environment: { SLACK_BOT_TOKEN_FILE: path, SLACK_APP_TOKEN: stage.slack.tokens.app },
    });
    expect(ran.code).toBe(0);
    expect(parseEnv(stage.bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN_FILE: path,
      SLACK_APP_TOKEN: stage.slack.tokens.app,
    });
    expect(stage.bench.read('.env')).not.toContain(stage.slack.tokens.bot);
  });

  test('every secret can be a file that an option names, and a file of another secret is refused', async () => {
    const file = (name: string, content: string): string => {
      writeFileSync(join(stage.bench.home, name), `${content}\r\n`, { mode: 0o600 });
      return join(stage.bench.home, name);
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
    const swapped = await stage.bench.run([
      ...args,
      '--slack-bot-token-file',
      files['slack-signing-secret-file'],
    ]);
    expect([swapped.code, stage.bench.files()]).toEqual([2, []]);
    expect(swapped.err).toMatch(/SLACK_BOT_TOKEN: The right one begins with xoxb-/);
    const ran = await stage.bench.run([
      ...args,
      ...Object.entries(files).flatMap(([flag, path]) => [`--${flag}`, path]),
    ]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(parseEnv(stage.bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN_FILE: files['slack-bot-token-file'],
      SLACK_SIGNING_SECRET_FILE: files['slack-signing-secret-file'],
      MicrosoftAppPassword_FILE: files['teams-secret-file'],
      AZURE_CLIENT_SECRET_FILE: files['client-secret-file'],
    });
    expect([stage.bench.read('.env'), ran.out].join('\n')).not.toContain('canary');
    const settings = readSettings({
      ...parseEnv(stage.bench.read('.env')),
      SLACK_BOT_TOKEN: 'xoxb-canary-1',
      SLACK_SIGNING_SECRET: 'canary-signing',
      MicrosoftAppPassword: 'canary-teams',
      AZURE_CLIENT_SECRET: 'canary-client',
    });
    expect(settings).not.toHaveProperty('problems');
  });

  test('a dry run shows the files without secrets and writes nothing', async () => {
    const ran = await stage.bench.run([...quick, '--dry-run', '--settings', '-'], {
      input: secrets(stage.slack),
    });
    expect([ran.code, stage.bench.files(), existsSync(stage.bench.key)]).toEqual([0, [], false]);
    untold(stage.slack, ran.out);
    expect(ran.out).toContain('SLACK_BOT_TOKEN=[secret]');
    expect(ran.out).toContain('slack: U0RILEY1');
  });

  test('of each chat and tenant the settings are ones that the start takes, and the manifest has the host in it', async () => {
    const guid = '5f0c1d2e-0000-4000-8000-000000000000';
    const ran = await stage.bench.run(
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
    const read = readSettings(parseEnv(stage.bench.read('.env')));
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    expect(read.warnings).toEqual([]);
    expect(teamsSettings(read.settings)?.password?.reveal()).toBe('canary~"#8Q');
    expect(read.settings.azure?.credential).toMatchObject({ kind: 'secret' });
    expect(
      stage.bench.read('slack-manifest.json').match(/https:\/\/bot\.example\.com\/slack\/events/g),
    ).toHaveLength(3);
    expect(stage.bench.read('slack-manifest.json')).not.toContain('REPLACE-ME');
    expect(ran.out).toContain('https://bot.example.com/api/messages');
    expect(stage.bench.files()).toContain('teams-package');
    expect(ran.out).not.toContain('canary');
    const policy = readPolicy(stage.bench.read('policy.yaml'));
    expect('policy' in policy && policy.policy.devices.allow.groups).toEqual(['Live "test"']);
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
    const ran = await stage.bench.run(args);
    expect([ran.code, stage.bench.files()]).toEqual([2, []]);
    expect(ran.err).toMatch(words);
    expect(ran.err).not.toContain('canary');
  });

  test('a secret of another kind, and an unknown setting, are told without their values', async () => {
    const ran = await stage.bench.run([...quick, '--settings', '-'], {
      input: 'SLACK_BOT_TOKEN=xoxp-canary-user\nSLACK_APP_TOKEN_FIEL=xapp-canary\n',
      environment: { SLACK_APP_TOKEN: 'xapp-canary two' },
    });
    expect([ran.code, stage.bench.files()]).toEqual([2, []]);
    expect(ran.err).toMatch(/SLACK_BOT_TOKEN: That is a person’s token\. The right one begins with xoxb-/);
    expect(ran.err).toMatch(/SLACK_APP_TOKEN_FIEL is not a setting\. Did you mean SLACK_APP_TOKEN_FILE\?/);
    expect(ran.err).toMatch(/SLACK_APP_TOKEN: It holds a blank/);
    expect(ran.err).not.toContain('canary');
  });

  test('a token that Slack refuses is told by the doctor, with exit code 1', async () => {
    const ran = await stage.bench.run(['--yes', '--chat', 'slack-socket', ...people, '--settings', '-'], {
      input: secrets(stage.slack).replace(stage.slack.tokens.bot, 'xoxb-of-another-app'),
    });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/FAIL {2}slack\.token {2}Slack does not accept SLACK_BOT_TOKEN/);
    expect(ran.out).toMatch(/Fix what the doctor calls FAIL, and ask it again: npm run doctor/);
    expect(ran.out).not.toContain('xoxb-of-another-app');
  });
});
