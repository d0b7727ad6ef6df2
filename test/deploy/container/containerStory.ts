// A step of `npm run test:container`, started by it in a network of its own: the image as compose.yaml or the
// Kubernetes example starts it, with every secret as a file, before stand-ins under the platforms' real
// names. The main job in Slack; SIGTERM while the session runs and a start again, with nothing sent twice;
// and no secret in what an engine shows of it. Words: a JSON of Told. Says what failed, and ends with 1.
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { people, startCloud } from '../../guidesRun/cloud.ts';
import type { Cloud } from '../../guidesRun/cloud.ts';
import { incidents, slackPolicy } from '../../support/slack/slackTestApp.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { testKeyText } from '../../support/store/testKeys.ts';
import { byCompose, byKubernetes } from '../deployed.ts';
import { runImage } from './engine.ts';
import type { Container, ImageConfig } from './engine.ts';

export interface Told {
  readonly way: 'compose' | 'kubernetes';
  /** An empty folder. */
  readonly folder: string;
  readonly config: ImageConfig;
  /** The image's files. */
  readonly root: string;
}

/** The bot's user and group in the image. */
const bot = 10_001;
/** A session takes some ten seconds, so that it is running when the bot is asked to stop. */
const deviceSpeed = 15;
/** Milliseconds for anything that is waited for, on a loaded machine. */
const patience = 60_000;

function holds(what: string, is: boolean, seen: unknown = ''): void {
  if (!is) throw new Error(`${what}: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`);
}

function fail(): never {
  throw new Error('there is no card');
}

/** Everything below a path, the path too. */
function all(path: string): readonly string[] {
  return [path, ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))];
}

/**
 * Owner and modes as each way hands them in: Compose passes the bot's own files on; the kubelet gives root's
 * files to the pod's group.
 */
function handOver(way: Told['way'], folder: string, secret: boolean): void {
  for (const path of all(folder)) {
    const isFolder = lstatSync(path).isDirectory();
    chownSync(path, way === 'compose' ? bot : 0, bot);
    if (way === 'kubernetes') chmodSync(path, isFolder ? 0o2775 : secret ? 0o440 : 0o644);
  }
}

const secretsOf = ({ slack }: Cloud): Readonly<Record<string, string>> => ({
  'journal-key': testKeyText,
  'client-secret': people.secret,
  'slack-bot-token': slack.tokens.bot,
  'slack-signing-secret': slack.tokens.signingSecret,
});

interface Seen {
  /** Variables of its processes. */
  readonly shown: readonly string[];
  readonly config: ImageConfig;
  readonly logs: readonly string[];
  /** Its data folder. */
  readonly data: string;
}

/** Looks through all that an engine shows of it, and all that it wrote. */
function holdsNoSecret(secrets: Readonly<Record<string, string>>, { shown, config, logs, data }: Seen): void {
  const kept = all(data)
    .filter((path) => lstatSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'));
  const places = { variables: shown, 'what inspect shows': [JSON.stringify(config)], logs, data: kept };
  for (const [place, texts] of Object.entries(places))
    for (const [name, secret] of Object.entries(secrets))
      holds(`${name} is in the ${place}`, !texts.some((text) => text.includes(secret)));
  holds(
    'what is looked through',
    kept.length > 1 &&
      logs.every((log) => log.length > 100) &&
      shown.every((text) => text.includes('SLACK_BOT_TOKEN_FILE=')),
  );
  holds(
    'no warning of who may use a secret',
    !logs.some((log) => /may use the/.test(log)),
    logs
      .join('')
      .split('\n')
      .filter((line) => line.includes('may use the')),
  );
}

async function tell({ way, folder, config, root }: Told): Promise<void> {
  const stands = join(folder, 'stand-ins');
  mkdirSync(stands);
  const cloud = await startCloud(stands, {}, deviceSpeed);
  const { slack, simulator } = cloud;
  const secrets = secretsOf(cloud);
  const deployed = (way === 'compose' ? byCompose : byKubernetes)({
    folder,
    secrets,
    policy: unhurried(slackPolicy()),
    tenant: people.tenant,
    app: people.defenderApp,
  });
  const { '/data': data = '', ...others } = deployed.mounts;
  for (const [path, from] of Object.entries(deployed.mounts)) handOver(way, from, path.includes('secrets'));
  const options = {
    joined: true,
    data,
    readOnly: { ...others, '/stand-ins': stands },
    // Besides what is deployed: the way to the stand-ins alone.
    env: { ...deployed.env, HTTPS_PROXY: cloud.proxy, NODE_EXTRA_CA_CERTS: '/stand-ins/stand-ins.pem' },
  };
  const containers: Container[] = [];
  const start = async (): Promise<Container> => {
    const container = runImage({ config, root, remove: () => undefined }, options);
    containers.push(container);
    await container.wrote(/\/readyz and /);
    const end = performance.now() + patience;
    for (;;) {
      const answer = await (
        await fetch('http://127.0.0.1:3979/readyz', { signal: AbortSignal.timeout(5_000) })
      ).text();
      if (answer.includes('"status":"ready"')) return container;
      if (performance.now() > end) throw new Error(`it is not ready: ${answer}\n${container.output()}`);
      await pause(100);
    }
  };
  const shows = (words: RegExp): Promise<ReturnType<typeof slack.cards>[number]> =>
    slack
      .until(
        `a card with ${String(words)}`,
        () => {
          const card = slack.cards(incidents).at(-1);
          return card !== undefined && words.test(read(card)) ? card : undefined;
        },
        patience,
      )
      .catch((error: unknown) => {
        throw new Error(
          `${error instanceof Error ? error.message : String(error)}, but ${read(slack.cards(incidents).at(-1) ?? fail())}\n${containers.map((one) => one.output()).join('\n')}`,
        );
      });
  const sent = (): number => simulator.tenant.submissions.length;
  slack.target = 'http://127.0.0.1:3978/slack/events';
  try {
    const first = await start();
    const shown = [first.variables()];
    await slack
      .person('U0RILEY1')
      .command(incidents, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
    const card = await shows(/Waiting for approval/);
    await slack.person('U0RILEY1').press(card, 'Approve');
    holds('nobody approves what they asked for', sent() === 0, sent());
    await slack.person('U0AVERY1').press(card, 'Approve');
    await slack.until(
      'a session that Defender was asked for',
      () => (sent() === 1 ? true : undefined),
      patience,
    );
    first.signal('SIGTERM');
    holds('exit code after SIGTERM', (await first.ended) === 0, first.output());
    holds(
      'it was stopped while the session ran',
      !/Finished/.test(read(slack.cards(incidents).at(-1) ?? card)),
      read(slack.cards(incidents).at(-1) ?? card),
    );
    const second = await start();
    await shows(/Finished/);
    holds('sessions that Defender was asked for', sent() === 1, sent());
    holds('cards in the channel', slack.cards(incidents).length === 1, slack.cards(incidents).length);
    second.signal('SIGTERM');
    holds('exit code after the second SIGTERM', (await second.ended) === 0, second.output());
    const logs = containers.map((one) => one.output());
    holdsNoSecret(secrets, { shown, config, logs, data });
  } finally {
    for (const container of containers) container.kill();
  }
}

// Ended here: what the stand-ins still have open ends with this process.
try {
  await tell(JSON.parse(process.argv[2] ?? '') as Told);
  process.exit(0);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
}
