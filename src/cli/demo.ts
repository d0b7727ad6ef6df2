// `npm run demo`: the main job as one scripted story in the terminal, on the simulator at high speed. Every
// card state is printed as plain text; the exit code is 0 only if every step was seen.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plainText } from '../../cards/renderers/plainText.ts';
import type { CardView, Verb } from '../../cards/view.ts';
import type { ChatPort, Reply } from '../bot/ports.ts';
import { ChatError } from '../bot/ports.ts';
import { bindingOf } from '../liveResponse/commands.ts';
import type { CardRef, Request } from '../liveResponse/request/request.ts';
import { stageOf } from '../liveResponse/request/request.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { startService } from '../app/compose.ts';
import type { Service } from '../app/compose.ts';

/**
 * Simulated seconds per real second: two and a half minutes of waiting for a device take a second and a half.
 */
const speed = 100;
/** Real milliseconds for the whole story. */
const patience = 60_000;
const surface = 'console';
const place = 'incidents';

class TerminalChat implements ChatPort {
  readonly surface = surface;
  #newest: CardView | undefined;
  readonly #watchers = new Set<() => void>();

  post(at: string, view: CardView, intent: string): Promise<CardRef> {
    this.#draw(view, 'card posted');
    return Promise.resolve({ surface, place: at, id: intent });
  }

  update(_card: CardRef, view: CardView): Promise<void> {
    if (this.#newest === undefined) return Promise.reject(new ChatError('gone', 'no such card'));
    this.#draw(view, 'the same card, updated');
    return Promise.resolve();
  }

  note(_card: CardRef, text: string, mention: readonly string[]): Promise<void> {
    console.log(`\n>> note to ${mention.join(', ')}: ${text}`);
    return Promise.resolve();
  }

  announce(at: string, text: string): Promise<void> {
    console.log(`\n>> to everybody in ${at}: ${text}`);
    return Promise.resolve();
  }

  replyPrivately(_place: string, account: string, text: string): Promise<void> {
    console.log(`\n>> to ${account} alone: ${text}`);
    return Promise.resolve();
  }

  /** Resolves with the first view, shown already or still to come, that `is` accepts. */
  seen(step: string, is: (view: CardView) => boolean): Promise<CardView> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#watchers.delete(watch);
        reject(new Error(`never seen: ${step}`));
      }, patience);
      const watch = (): void => {
        if (this.#newest === undefined || !is(this.#newest)) return;
        clearTimeout(late);
        this.#watchers.delete(watch);
        resolve(this.#newest);
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  #draw(view: CardView, how: string): void {
    this.#newest = view;
    console.log(
      `\n---- ${how}, revision ${view.revision} ${'-'.repeat(Math.max(0, 60 - how.length))}\n${plainText(view, { urls: 'shown' })}`,
    );
    for (const watch of this.#watchers) watch();
  }
}

let deliveries = 0;
const account = (id: string) => ({ surface, id, trust: 'member' }) as const;
const here = { surface, id: place, direct: false, external: false } as const;

function say(service: Service, as: string, text: string): Promise<Reply> {
  console.log(`\n#${place}  ${as}: /lr ${text}`);
  return service.bot.command({
    surface,
    account: account(as),
    place: here,
    text,
    deliveryId: `say-${(deliveries += 1)}`,
  });
}

interface DemoPress {
  readonly as: string;
  readonly verb: Verb;
  readonly index?: number;
}

function press(
  service: Service,
  { id, revision, subject: { digest } }: Request,
  { as, verb, index }: DemoPress,
): Promise<Reply> {
  console.log(`\n#${place}  ${as} presses ${verb}${index === undefined ? '' : ` on index ${index}`}`);
  return service.bot.press({
    surface,
    account: account(as),
    place: here,
    verb,
    requestId: id,
    revision,
    fingerprint: bindingOf(digest),
    deliveryId: `press-${(deliveries += 1)}`,
    ...(index === undefined ? {} : { index }),
  });
}

function expectThat(step: string, seen: boolean): void {
  if (!seen) throw new Error(`never seen: ${step}`);
  console.log(`   [seen] ${step}`);
}

async function story(service: Service, chat: TerminalChat): Promise<void> {
  const request = () => {
    const [newest] = service.store.all();
    if (newest === undefined) throw new Error('never seen: a stored request');
    return newest;
  };
  const asked = await say(
    service,
    'responder1',
    'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"',
  );
  expectThat('the request is stored', asked.kind === 'asked');
  await chat.seen('an approval card', (view) => view.buttons.some((button) => button.verb === 'approve'));

  const self = await press(service, request(), { as: 'responder1', verb: 'approve' });
  console.log(`   reply: ${self.kind === 'sentence' ? self.text : self.kind}`);
  expectThat(
    'the requester’s own approval is refused',
    self.kind === 'sentence' && request().stage.state === 'awaitingApproval',
  );

  const approved = await press(service, request(), { as: 'approver1', verb: 'approve' });
  expectThat('another person’s approval is taken', approved.kind === 'asked');
  await chat.seen('running at Defender', (view) =>
    /running|defender has it/i.test(`${view.status} ${view.lead}`),
  );
  await chat.seen('index 0 completed, with its excerpt', (view) =>
    view.excerpts.some((excerpt) => excerpt.index === 0 && excerpt.text.includes('51 MB')),
  );
  await chat.seen('index 1 completed', (view) => view.steps.at(1)?.tone === 'good');
  const finished = await chat.seen(
    'a finished card with a link',
    (view) => view.links.length === 1 && stageOf(request()).state === 'finished',
  );
  const [link] = finished.links;
  expectThat(
    `the link works and says when it expires (${link?.expiry ?? ''})`,
    (await fetch(link?.url ?? '')).status === 200 && link?.expiry !== '',
  );
  expectThat(
    'both indexes ran in one session, sent once',
    service.simulator?.tenant.submissions.length === 1,
  );

  await chat.seen('the link replaced before it dies', (view) => view.links.length === 0);
  const expiresAt =
    stageOf(request()).state === 'finished'
      ? Date.parse(new URL(link?.url ?? '').searchParams.get('se') ?? '')
      : 0;
  await service.clock.sleep(Math.max(0, expiresAt - service.clock.now()) + 1000);
  expectThat('the old link is dead', (await fetch(link?.url ?? '')).status === 403);

  await press(service, request(), { as: 'responder1', verb: 'link', index: 1 });
  const fresh = await chat.seen('a new link on the card', (view) => view.links.length === 1);
  expectThat(
    'the new link works',
    fresh.links[0]?.url !== link?.url && (await fetch(fresh.links[0]?.url ?? '')).status === 200,
  );
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lr-demo-'));
  const began = performance.now();
  const chat = new TerminalChat();
  const service = await startService({
    host: '127.0.0.1',
    port: 0,
    dataDir,
    policyFile: packageFile('policy.example.yaml'),
    command: '/lr',
    logLevel: 'error',
    secrets: [],
    defender: { kind: 'simulator', speed },
    console: false,
    chats: [chat],
    rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1500 },
    sessions: 25,
    pollGap: 2_400,
    parkedGap: 30_000,
    offlineQueue: 3 * 24 * 3_600_000,
    outputRetention: 30 * 24 * 3_600_000,
  });
  try {
    await story(service, chat);
    console.log(
      `\nEvery step was seen, in ${((performance.now() - began) / 1000).toFixed(1)} s at ${speed} times real speed.`,
    );
  } catch (error) {
    console.log(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const chats = ['console', 'slack', 'teams'] as const;
const usage = `usage: ${commandFor('demo', `[--chat ${chats.join('|')}]`)}
Plays the main job as a story on a simulated tenant; nothing is kept, and nothing real is touched. --chat slack and --chat teams play it through
that chat's real adapter, with a chat that stands in for the real one. Exit code: 0 every step was seen, 1 one was not, 2 called wrongly.
`;

/** Undefined when help was asked for; throws what is wrong with the options. */
function chosenChat(): string | undefined {
  const { values } = parseArgs({
    options: { chat: { type: 'string', default: 'console' }, help: { type: 'boolean', short: 'h' } },
  });
  return values.help === true ? undefined : values.chat;
}

async function play(): Promise<void> {
  let chosen: string | undefined;
  try {
    chosen = chosenChat();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (chosen === undefined) process.stdout.write(usage);
  else if (chosen === 'console') await main();
  else if (chosen === 'slack') await (await import('../demo/slack/story.ts')).playInSlack();
  else if (chosen === 'teams') await (await import('../demo/teams/story.ts')).playInTeams();
  else {
    console.error(
      `There is no demo for the chat "${chosen}". Name one after --chat: console, slack or teams.`,
    );
    process.exitCode = 2;
  }
}

try {
  await play();
} catch (error) {
  console.error(`The demo cannot start: ${whyItFailed(error)}`);
  process.exitCode = 1;
}
