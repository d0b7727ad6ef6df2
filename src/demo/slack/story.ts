// `npm run demo -- --chat slack`: the main job and its refusals in a fake Slack, with the real program behind
// it, started by settings alone. Every state of every message is printed as people read it; the exit code is
// 0 only if every step was seen.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plain } from './methods.ts';
import { read, startFakeSlack } from './fakeSlack.ts';
import type { FakeSlack } from './fakeSlack.ts';
import type { Person } from './person.ts';
import type { SlackMessageKept } from './world.ts';
import { entryFile } from '../../adapters/packageFiles.ts';
import { seedWorkspace, incidents, slackPolicy } from './workspace.ts';

/** Simulated seconds per real one. */
const speed = 100;
/** Real milliseconds for any one step. */
const patience = 60_000;

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

interface Program {
  readonly url: string;
  stop(): Promise<number | null>;
}

/** The program as an administrator starts it, with nothing but settings. */
async function startProgram(slack: FakeSlack, folder: string): Promise<Program> {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, slackPolicy());
  const settings = {
    SLACK_BOT_TOKEN: slack.tokens.bot,
    SLACK_SIGNING_SECRET: slack.tokens.signingSecret,
    SLACK_API_URL: slack.apiUrl,
    LR_DEFENDER: 'simulator',
    LR_POLICY: policy,
    LR_SPEED: String(speed),
    LR_DATA_DIR: join(folder, 'data'),
    LR_LOG_LEVEL: 'error',
    PORT: '0',
  };
  say(
    Object.entries(settings)
      .map(([name, value]) => `${name}=${/TOKEN|SECRET/.test(name) ? '…' : value}`)
      .join(' '),
  );
  const child = spawn(process.execPath, [entryFile(), 'start'], {
    env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      const found = /http:\/\/[^\s/]+/.exec(out)?.[0];
      if (found !== undefined) resolve(found);
    });
    void ended.then((code) => {
      reject(new Error(`the program ended with ${String(code)}`));
    });
  });
  return {
    url,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Prints what changed in the workspace, each state once. */
function narrate(slack: FakeSlack): void {
  const printed = new Map<SlackMessageKept, number>();
  let whispers = 0;
  const show = (head: string, text: string): void => {
    say(`\n---- ${head} ${'-'.repeat(Math.max(0, 70 - head.length))}\n${text}`);
  };
  slack.world.watch(() => {
    for (const message of slack.world.messages) {
      const before = printed.get(message) ?? 0;
      const at =
        message.thread === undefined
          ? `#${message.channel} ${message.ts}`
          : `#${message.channel}, in the thread of ${message.thread}`;
      message.history.slice(before).forEach((text, index) => {
        show(before + index === 0 ? `posted in ${at}` : `updated in ${at}`, text);
      });
      printed.set(message, message.history.length);
    }
    for (const one of slack.world.ephemerals.slice(whispers))
      show(`to ${one.user} alone`, plain(one.text, one.blocks));
    whispers = slack.world.ephemerals.length;
  });
}

async function story(slack: FakeSlack): Promise<void> {
  const [riley, avery, ola] = ['U0RILEY1', 'U0AVERY1', 'U0OLLIE1'].map((id) => slack.person(id)) as [
    Person,
    Person,
    Person,
  ];
  const seen = async <T>(step: string, look: () => T | undefined): Promise<T> => {
    const found = await slack.until(step, look, patience);
    say(`   [seen] ${step}`);
    return found;
  };
  const told = (person: Person, step: string, words: RegExp): Promise<string> =>
    seen(step, () => (words.test(person.told()) ? person.told() : undefined));
  const card = (step: string, words: RegExp): Promise<SlackMessageKept> =>
    seen(step, () => {
      const newest = slack.cards(incidents).at(-1);
      return newest !== undefined && words.test(read(newest)) ? newest : undefined;
    });
  const types = async (person: Person, text: string): Promise<void> => {
    say(`\n#incidents  ${person.id}: /lr ${text}`);
    if (!(await person.command(incidents, text)).acknowledged)
      throw new Error('never seen: the acknowledgement of the command');
  };
  const presses = async (person: Person, on: SlackMessageKept, button: string): Promise<void> => {
    say(`\n#incidents  ${person.id} presses ${button}`);
    if (!(await person.press(on, button)).acknowledged)
      throw new Error(`never seen: the acknowledgement of ${button}`);
  };

  await types(ola, 'dump hosta OfficeClickToRun');
  await told(ola, 'somebody without a role is refused', /role|may not|cannot|needs/i);

  await types(riley, 'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"');
  const asked = await card('an approval card', /Waiting for approval/);
  await presses(riley, asked, 'Approve');
  await told(riley, 'the requester’s own approval is refused', /own request/i);
  await presses(ola, asked, 'Approve');
  await told(ola, 'an onlooker’s approval is refused', /approver/i);
  await presses(avery, asked, 'Approve');
  // Among all that it has said: on a busy machine it may have finished before anybody looks.
  await seen('running', () =>
    slack
      .cards(incidents)
      .at(-1)
      ?.history.find((text) => /Running/.test(text)),
  );
  await card('the excerpt of index 0', /51 MB/);
  const done = await card('finished, with a link and its expiry', /Finished[\s\S]*expires/);
  if (done.ts !== asked.ts) throw new Error('never seen: all of it on one message');
  await presses(riley, done, 'lr.open.v1');
  await seen('a note in the thread that mentions the requester', () =>
    slack.world
      .in(incidents)
      .find((message) => message.thread === done.ts && message.text.includes('<@U0RILEY1>')),
  );
  const bare = await card('the link taken off before it dies', /^(?![\s\S]*expires)[\s\S]*Finished/);
  await presses(riley, bare, 'lr.link.v1');
  await card('a fresh link', /Finished[\s\S]*expires/);
  await presses(riley, slack.cards(incidents).at(-1) ?? bare, 'lr.output.v1');
  await told(riley, 'the whole output, to the person alone', /page 1 of/);

  await types(riley, 'collect hosta');
  const second = await seen('a second approval card', () =>
    slack.cards(incidents).find((one) => one.ts !== asked.ts),
  );
  await presses(avery, second, 'Deny');
  await seen('the form that asks for the reason', () =>
    [...slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
  );
  await avery.submit('not during the change window');
  await card('denied, with its reason', /not during the change window/);

  say('\n#incidents  U0AVERY1 mentions the bot in the thread: status');
  await avery.mention(incidents, 'status', { thread: asked.ts });
  await told(avery, 'a mention in a thread is answered there', /Recent requests/);
}

/** Sets the exit code of the process. */
export async function playInSlack(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lr-slack-demo-'));
  const slack = await startFakeSlack();
  let program: Program | undefined;
  const began = performance.now();
  try {
    seedWorkspace(slack);
    narrate(slack);
    program = await startProgram(slack, folder);
    slack.target = `${program.url}/slack/events`;
    await story(slack);
    say(
      `\nEvery step was seen, in ${((performance.now() - began) / 1000).toFixed(1)} s at ${speed} times real speed.`,
    );
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    if ((await program?.stop()) !== 0) process.exitCode = 1;
    await slack.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
