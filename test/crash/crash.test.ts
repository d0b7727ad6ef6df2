// Kills the bot with -9 at random moments while it works against a simulator that loses answers, then holds
// the journal, what people were told and what really ran against each other: nothing acknowledged lost,
// nothing run twice, unapproved or altered.
import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJournalWatch } from './journalWatch.ts';
import { liftLimits } from './limits.ts';
import { randomFrom } from './random.ts';
import type { JournalWatch } from './journalWatch.ts';
import { examplePolicy } from '../support/apps/testApp.ts';
import { addressIn, startProgram } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';
import type { Request, State } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { stateIn } from '../support/requests/requests.ts';
import { bindingOf } from '../../src/liveResponse/commands.ts';

/** `LR_CRASH_KILLS=1000 LR_CRASH_SEED=7 node scripts/jest.js crash` for a longer or a repeated run. */
const kills = Number(process.env['LR_CRASH_KILLS'] ?? 60);
const seed = Number(process.env['LR_CRASH_SEED'] ?? Date.now() % 1_000_000);
const perState = 5;
const hunted = ['queued', 'submitting', 'unknown', 'running'] as const satisfies readonly State[];

interface Told {
  /** Request ids whose storing was told to the person. */
  readonly asked: Map<string, string>;
  /** Request ids whose approval was told to the person. */
  readonly approved: Set<string>;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * The bot and whoever types and presses at it: goes on asking and approving, whatever happens to the process.
 */
class Desk {
  readonly told: Told = { asked: new Map(), approved: new Set() };
  readonly #random: () => number;
  readonly #devices: number;
  readonly #journal: JournalWatch;
  #url: string | undefined;
  #asking = true;
  #stopped = false;

  constructor(random: () => number, devices: number, journal: JournalWatch) {
    this.#random = random;
    this.#devices = devices;
    this.#journal = journal;
  }

  at(url: string | undefined): void {
    this.#url = url;
  }

  /**
   * Asks no more, but goes on deciding: a request that nobody can find keeps its device until a person has
   * decided.
   */
  windDown(): void {
    this.#asking = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  async work(): Promise<void> {
    while (!this.#stopped) {
      const open = [...this.#journal.requests.values()].filter((request) => {
        const stage = stageOf(request);
        return stage.state !== 'finished' && stage.state !== 'closed';
      });
      const waiting = open.find((request) => stageOf(request).state === 'awaitingApproval');
      const unfound = open.find((request) => {
        const stage = stageOf(request);
        return stage.state === 'unknown' && stage.searches >= 2;
      });
      if (unfound !== undefined)
        await this.#drop(unfound.id, unfound.revision, bindingOf(unfound.subject.digest));
      else if (waiting !== undefined)
        await this.#approve(waiting.id, waiting.revision, bindingOf(waiting.subject.digest));
      // Several at once: an ask reads device, neighbours and library first, and the process seldom lives for
      // two of them in a row.
      else if (this.#asking && open.filter((request) => stageOf(request).state !== 'unknown').length < 8)
        await Promise.all([this.#ask(), this.#ask(), this.#ask()]);
      await wait(15);
    }
  }

  async #ask(): Promise<void> {
    const device = `load${String(1 + Math.floor(this.#random() * this.#devices)).padStart(3, '0')}`;
    const process = `proc${Math.floor(this.#random() * 1e9)}`;
    const reply = await this.#post('commands', {
      as: 'responder1',
      place: 'incidents',
      text: `dump ${device} ${process}`,
    });
    if (reply?.['kind'] === 'asked' && typeof reply['requestId'] === 'string')
      this.told.asked.set(reply['requestId'], process);
  }

  async #approve(request: string, revision: number, fingerprint: string): Promise<void> {
    const reply = await this.#post('presses', {
      as: 'approver1',
      place: 'incidents',
      request,
      verb: 'approve',
      revision,
      fingerprint,
    });
    if (reply?.['kind'] === 'asked') this.told.approved.add(request);
  }

  /**
   * A person's answer to a request that was never seen at Defender. Should it have run after all, the end of
   * the test finds it.
   */
  async #drop(request: string, revision: number, fingerprint: string): Promise<void> {
    await this.#post('presses', {
      as: 'responder1',
      place: 'incidents',
      request,
      verb: 'drop',
      revision,
      fingerprint,
    });
  }

  /** Undefined when nobody answered: then nothing was acknowledged. */
  async #post(what: string, body: unknown): Promise<Record<string, unknown> | undefined> {
    if (this.#url === undefined) return undefined;
    try {
      const response = await fetch(`${this.#url}/console/api/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return response.ok ? ((await response.json()) as Record<string, unknown>) : undefined;
    } catch (error) {
      // The process was killed while it answered, or is not there yet; anything else is a fault of the test.
      if (!(error instanceof TypeError) && !(error instanceof SyntaxError) && !isFetchFailure(error))
        throw error;
      return undefined;
    }
  }
}

function isFetchFailure(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    /fetch failed|terminated|JSON/.test(String(error.message))
  );
}

interface Submission {
  readonly comment: string;
  readonly commands: readonly {
    readonly type: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
  }[];
}

const devices = 200;

/** A simulated tenant that goes on over its end, is fast, and loses many of its answers. */
function startTenant(data: string): Promise<Program> {
  return startProgram('src/cli/simulator.js', [
    '--port',
    '0',
    '--speed',
    '40',
    '--devices',
    String(devices),
    '--latency',
    '40',
    '--lose-answers',
    '0.4',
    '--data',
    data,
    '--sessions',
    '50',
  ]);
}

const hurried = {
  PORT: '0',
  LR_LOG_LEVEL: 'error',
  DEFENDER_AUTH: 'none',
  LR_SUBMITS_PER_MINUTE: '1000',
  LR_CALLS_PER_MINUTE: '10000',
  LR_CALLS_PER_HOUR: '100000',
  LR_POLL_MS: '300',
  // Few sessions, so that approved requests are found waiting.
  LR_SESSIONS: '6',
};

describe('a bot that is killed again and again', () => {
  test('loses nothing it acknowledged, and runs nothing twice, unapproved or altered', async () => {
    process.stderr.write(`crash test: seed ${seed}, ${kills} kills\n`);
    const dir = mkdtempSync(join(tmpdir(), 'lr-crash-'));
    const data = join(dir, 'data');
    const policy = join(dir, 'policy.yaml');
    writeFileSync(policy, examplePolicy.replace('groups: [Workstations, Servers]', "groups: ['*']"));
    const random = randomFrom(seed);
    const simulator = await startTenant(join(dir, 'tenant'));
    const api = (JSON.parse(simulator.firstLine) as { readonly url: string }).url;
    await liftLimits(api);
    const env = { ...hurried, LR_DATA_DIR: data, LR_POLICY: policy, DEFENDER_API_URL: api };
    const journal = createJournalWatch(data);
    const desk = new Desk(random, devices, journal);
    const working = desk.work();
    const hits = new Map<State, number>(hunted.map((state) => [state, 0]));
    let bot: Program | undefined;
    try {
      // A loaded machine gets less done between two kills: it is killed some more until enough was seen.
      const isEnough = (): boolean =>
        desk.told.asked.size > kills / 4 && [...hits.values()].every((count) => count >= perState);
      for (let kill = 0; kill < kills || (kill < 3 * kills && !isEnough()); kill += 1) {
        bot = await startProgram('src/main.js', [], env);
        desk.at(addressIn(bot.firstLine));
        // Hunt the state that has been hit least; the moment within it is random.
        const target = [...hits].sort((a, b) => a[1] - b[1])[0]?.[0] ?? 'running';
        await huntFor(target, journal, random);
        await bot.kill('SIGKILL');
        desk.at(undefined);
        journal.read();
        const states = new Set([...journal.requests.values()].map((request) => stageOf(request).state));
        for (const state of hunted) if (states.has(state)) hits.set(state, (hits.get(state) ?? 0) + 1);
      }
      desk.windDown();
      bot = await startProgram('src/main.js', [], env);
      desk.at(addressIn(bot.firstLine));
      await settle(journal);
      desk.stop();
      await working;
      await bot.kill('SIGTERM');
      journal.read();
      process.stderr.write(
        `crash test: states at the kills: ${[...hits].map(([state, count]) => `${state} ${count}`).join(', ')}; ${journal.requests.size} requests, ${desk.told.asked.size} of them acknowledged\n`,
      );
      const submissions = (
        (await (await fetch(`${api}/simulator/submissions`)).json()) as {
          readonly value: readonly Submission[];
        }
      ).value;
      verify(journal, desk.told, submissions);
      for (const state of hunted) expect([state, (hits.get(state) ?? 0) >= perState]).toEqual([state, true]);
    } finally {
      desk.stop();
      await bot?.kill('SIGKILL');
      await simulator.kill('SIGKILL');
      if (process.env['LR_CRASH_KEEP'] === undefined) rmSync(dir, { recursive: true, force: true });
      else process.stderr.write(`crash test: kept ${dir}\n`);
    }
  }, 600_000);
});

/**
 * Watches the journal until a request is in the state (or for a while in vain), then lets a random moment
 * pass.
 */
async function huntFor(target: State, journal: JournalWatch, random: () => number): Promise<void> {
  const deadline = performance.now() + 4_000;
  // Let the process get past what it does at its start, so that not every kill hits the same code.
  await wait(Math.floor(random() * 250));
  while (performance.now() < deadline) {
    journal.read();
    if ([...journal.requests.values()].some((request) => stageOf(request).state === target)) {
      await wait(Math.floor(random() * 20));
      return;
    }
    await wait(3);
  }
}

/** Waits until every request has ended, with the people still at their desk. */
async function settle(journal: JournalWatch): Promise<void> {
  const deadline = performance.now() + 120_000;
  let busy: readonly Request[] = [];
  while (performance.now() < deadline) {
    journal.read();
    busy = [...journal.requests.values()].filter((request) => {
      const stage = stageOf(request);
      return stage.state !== 'finished' && stage.state !== 'closed';
    });
    if (busy.length === 0) return;
    await wait(100);
  }
  const told = busy.map((request) => {
    const stage = stageOf(request);
    return `${request.id} ${stage.state}${stage.state === 'queued' ? `, waits for ${stage.waitsFor ?? 'its turn'}` : ''} (${request.targets[0].device.name})`;
  });
  throw new Error(`these did not come to an end: ${told.join('; ')}`);
}

function verify(journal: JournalWatch, told: Told, submissions: readonly Submission[]): void {
  const requests = journal.requests;
  expect({
    'enough was asked to show anything': told.asked.size > kills / 4 && submissions.length > kills / 8,
  }).toEqual({ 'enough was asked to show anything': true });
  const lost = [...told.asked].filter(([id, process]) => requests.get(id)?.asked.title !== `dump ${process}`);
  expect({ 'acknowledged requests lost': lost }).toEqual({ 'acknowledged requests lost': [] });
  const unapproved = [...told.approved].filter((id) => !journal.approvedBy.has(id));
  expect({ 'acknowledged approvals lost': unapproved }).toEqual({ 'acknowledged approvals lost': [] });

  const ran = new Map<string, number>();
  for (const submission of submissions) {
    const id = /^lr:(lr-[0-9a-z]+):[0-9a-f]{16} /.exec(submission.comment)?.[1] ?? submission.comment;
    ran.set(id, (ran.get(id) ?? 0) + 1);
    const request = requests.get(id);
    expect(request).toBeDefined();
    expect({ id, approvedBy: journal.approvedBy.get(id) }).toEqual({ id, approvedBy: 'approver1' });
    expect(request?.asked.requester.id).toBe('responder1');
    const process = request?.asked.title.replace('dump ', '') ?? '';
    expect(
      submission.commands.map(({ type, params }) => [type, ...params.map(({ value }) => value)]),
    ).toEqual([
      ['RunScript', 'minidump.ps1', process],
      ['GetFile', `C:\\windows\\TEMP\\${process}.dmp.zip`],
    ]);
  }
  expect({ 'ran twice': [...ran].filter(([, count]) => count > 1) }).toEqual({ 'ran twice': [] });
  // What the card says has run must have run, and the reverse: a finished request has its one submission.
  for (const request of requests.values())
    if (stageOf(request).state === 'finished')
      expect([request.id, ran.get(request.id)]).toEqual([request.id, 1]);
  for (const [id] of ran) expect([id, stateIn(requests.get(id))]).toEqual([id, 'finished']);
}
