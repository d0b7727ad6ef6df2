// Each way of deployment as it is written: with all secrets as files the bot starts, is ready, and does the
// main job in Slack before stand-ins that are reached by the platforms' real names. No secret gets into its
// environment, its log, its command line or its data.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { unhurried } from '../../src/demo/unhurried.ts';
import { people, startCloud } from '../guidesRun/cloud.ts';
import type { Cloud } from '../guidesRun/cloud.ts';
import { root } from '../support/root.ts';
import { incidents, slackPolicy } from '../support/slack/slackTestApp.ts';
import { testKeyText } from '../support/store/testKeys.ts';
import { byCompose, byKubernetes, bySystemd, here } from './deployed.ts';
import type { Deployed, Handed } from './deployed.ts';

/** Generous: a loaded machine. Milliseconds. */
const patience = 60_000;

let folder = '';
let cloud: Cloud | undefined;
let bot: ChildProcess | undefined;
afterEach(async () => {
  bot?.kill('SIGKILL');
  await cloud?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function hand(): Promise<{ readonly handed: Handed; readonly cloud: Cloud }> {
  folder = mkdtempSync(join(tmpdir(), 'lr-deployed-'));
  cloud = await startCloud(folder);
  const { bot: token, app, signingSecret } = cloud.slack.tokens;
  const secrets = {
    'journal-key': testKeyText,
    'client-secret': people.secret,
    'slack-bot-token': token,
    'slack-signing-secret': signingSecret,
    'slack-app-token': app,
    'teams-password': people.secret,
  };
  return {
    cloud,
    handed: {
      folder,
      secrets,
      policy: unhurried(slackPolicy()),
      tenant: people.tenant,
      app: people.defenderApp,
    },
  };
}

/** Every file below a folder. */
function below(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());
}

async function until<T>(what: string, look: () => Promise<T | undefined>, seen: () => string): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (bot?.exitCode !== null || performance.now() > end) throw new Error(`never seen: ${what}\n${seen()}`);
    await pause(50);
  }
}

interface Started {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<number | null>;
  /** All that it printed so far. */
  readonly log: () => string;
}

/** Starts it as it is deployed, and the way to the stand-ins, on ports of a test that shares this machine. */
function startDeployed(deployed: Deployed, { proxy, authorities }: Cloud): Started {
  const {
    command: [program = '', ...words],
    env,
  } = here(deployed, join(root, 'dist'));
  const child = spawn(program, words, {
    cwd: folder,
    env: {
      ...env,
      HTTPS_PROXY: proxy,
      NODE_EXTRA_CA_CERTS: authorities,
      HOST: '127.0.0.1',
      PORT: '0',
      LR_ADMIN_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  bot = child;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  return { child, ended, log: () => log };
}

/** Where chats and where operators reach it. */
async function addresses(log: () => string): Promise<{ readonly url: string; readonly admin: string }> {
  const seen = (what: string, words: RegExp): Promise<string> =>
    until(what, () => Promise.resolve(words.exec(log())?.[1]), log);
  return {
    url: await seen('its address', /(http:\/\/127\.0\.0\.1:\d+)/),
    admin: await seen('its admin address', /(http:\/\/\S+)\/readyz and /),
  };
}

async function untilReady(admin: string, log: () => string): Promise<void> {
  await until(
    'a bot that is ready',
    async () => {
      const answer = await (await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(5_000) })).text();
      return answer.includes('"status":"ready"') ? true : undefined;
    },
    log,
  );
}

/** A dump is asked for, not approved by who asked, approved and finished. */
async function doMainJob(slack: Cloud['slack']): Promise<void> {
  const shows = (words: RegExp): ReturnType<typeof slack.until<ReturnType<typeof slack.cards>[number]>> =>
    slack.until(
      `a card with ${String(words)}`,
      () => {
        const card = slack.cards(incidents).at(-1);
        return card !== undefined && words.test(read(card)) ? card : undefined;
      },
      patience,
    );
  await slack.person('U0RILEY1').command(incidents, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
  const card = await shows(/Waiting for approval/);
  await slack.person('U0RILEY1').press(card, 'Approve');
  expect(read(slack.cards(incidents).at(-1) ?? card)).toContain('Waiting for approval');
  await slack.person('U0AVERY1').press(card, 'Approve');
  await shows(/Finished/);
}

/**
 * Starts it as it is deployed, has a dump asked for and approved, ends it, and looks for the secrets
 * everywhere.
 */
async function story(deployed: Deployed, { secrets }: Handed, cloud: Cloud, socket = false): Promise<string> {
  const { child, ended, log } = startDeployed(deployed, cloud);
  const { url, admin } = await addresses(log);
  cloud.slack.target = socket ? undefined : `${url}/slack/events`;
  await untilReady(admin, log);
  const given = [
    readFileSync(`/proc/${String(child.pid)}/environ`, 'utf8'),
    readFileSync(`/proc/${String(child.pid)}/cmdline`, 'utf8'),
  ];
  await doMainJob(cloud.slack);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);

  const data = deployed.mounts['/data'] ?? join(folder, 'state');
  const kept = below(data);
  expect(kept.length).toBeGreaterThan(1);
  const places = [...given, log(), ...kept.map((name) => readFileSync(name, 'latin1'))];
  for (const [name, secret] of Object.entries(secrets))
    expect([name, places.filter((text) => text.includes(secret)).length]).toEqual([name, 0]);
  return log();
}

const has = (program: string, ...words: readonly string[]): boolean => spawnSync(program, words).status === 0;

/** Lines that say who else may use a secret: with the modes of each way there is nobody. */
const mayUse = /may use (?:the secret|the journal key).*/;

describe('with every secret as a file the bot starts, is ready and does the main job', () => {
  (has('docker-compose', '--version') ? test : test.skip)(
    'as compose.yaml says',
    async () => {
      const { handed, cloud: stage } = await hand();
      expect(mayUse.exec(await story(byCompose(handed), handed, stage))?.[0]).toBeUndefined();
    },
    4 * patience,
  );

  (has('kubectl', 'kustomize', '--help') ? test : test.skip)(
    'as the Kubernetes example says',
    async () => {
      const { handed, cloud: stage } = await hand();
      expect(mayUse.exec(await story(byKubernetes(handed), handed, stage))?.[0]).toBeUndefined();
    },
    4 * patience,
  );

  test(
    'as the systemd unit says',
    async () => {
      const { handed, cloud: stage } = await hand();
      expect(mayUse.exec(await story(bySystemd(handed), handed, stage))?.[0]).toBeUndefined();
    },
    4 * patience,
  );

  test(
    'as the unit is for Socket Mode, with the lines exchanged that docs/systemd.md names',
    async () => {
      const { handed, cloud: stage } = await hand();
      const unit = bySystemd(handed, (text) =>
        text
          .replaceAll('slack-signing-secret', 'slack-app-token')
          .replaceAll('SLACK_SIGNING_SECRET_FILE', 'SLACK_APP_TOKEN_FILE'),
      );
      expect(unit.env).toMatchObject({
        SLACK_APP_TOKEN_FILE: expect.stringMatching(/\/slack-app-token$/) as unknown,
      });
      expect(await story(unit, handed, stage, true)).toContain('"mode":"socket"');
    },
    4 * patience,
  );

  test(
    'as the unit is with Teams too, by the lines that docs/systemd.md names',
    async () => {
      const { handed, cloud: stage } = await hand();
      const teams = `Environment=MicrosoftAppId=${people.teamsApp} MicrosoftAppTenantId=${people.tenant} MicrosoftAppPassword_FILE=%d/teams-password\nLoadCredential=teams-password:/etc/live-response-bot/secrets/teams-password\n`;
      const log = await story(
        bySystemd(handed, (text) => text.replace('# Secrets: root', `${teams}# Secrets: root`)),
        handed,
        stage,
      );
      expect(log).toMatch(/Settings: .*MicrosoftAppPassword.* read from the file/);
    },
    4 * patience,
  );
});
