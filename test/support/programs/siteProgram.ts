// The built program as a site runs it: real names, a company's proxy as the only way out, credentials at
// Entra, and the files of its secrets.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stateIn } from '../requests/requests.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, slackPolicy } from '../../../src/demo/slack/workspace.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { dataOf } from '../../../src/demo/teams/app.ts';
import { ana, appId, ben, channel, group, tenant } from '../../../src/demo/teams/stage.ts';
import type { Human } from '../../../src/demo/teams/stage.ts';
import { createJournalWatch } from '../../crash/journalWatch.ts';
import { runDoctor } from './doctorBench.ts';
import type { ProgramRun } from './doctorBench.ts';
import { addressIn, startProgram, stopped } from './program.ts';
import type { Program } from './program.ts';
import { defenderApp, startRealNames } from '../entra/realNames.ts';
import type { RealNames, RealNamesOptions } from '../entra/realNames.ts';
import { root } from '../root.ts';
import { testKeyText } from '../store/testKeys.ts';

export { incidents };

export interface Chats {
  readonly slack?: boolean;
  readonly teams?: boolean;
}

/**
 * Generous: a loaded machine, and outages that are looked at again once a minute. Below the time a test has
 * where that says nothing else. Milliseconds.
 */
const patience = 50_000;

export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'lr-site-'));
  readonly #chats: Chats;
  #names: RealNames | undefined;
  #program: Program | undefined;
  readonly #journal = createJournalWatch(join(this.folder, 'data'));
  /** Over the usual settings; an empty value takes one out. */
  settings: Record<string, string> = {};

  constructor(chats: Chats) {
    this.#chats = chats;
  }

  get names(): RealNames {
    if (this.#names === undefined) throw new Error('nothing is open');
    return this.#names;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('no program runs');
    return this.#program;
  }

  /** The world around the program; `start` starts it. */
  async open(options: Omit<RealNamesOptions, 'folder'> = {}): Promise<void> {
    this.#names = await startRealNames({ folder: this.folder, ...options });
    const { app } = this.#names;
    app.defender.secrets.add('defender-secret-1');
    app.teams.secrets.add('teams-secret-1');
    app.library.secrets.add('library-secret-1');
    writeFileSync(join(this.folder, 'policy.yaml'), this.#policy());
  }

  /** Riley asks and Avery approves in Slack; Ana, who is Riley, and Ben, who is Avery, in Teams. */
  #policy(): string {
    const base =
      this.#chats.slack === true ? slackPolicy() : readFileSync(join(root, 'policy.example.yaml'), 'utf8');
    if (this.#chats.teams !== true) return unhurried(base);
    const people = base
      .replace('name: Riley Responder, ', `name: Riley Responder, teams: ${ana.objectId}, `)
      .replace('name: Avery Approver, ', `name: Avery Approver, teams: ${ben.objectId}, `);
    const places = [
      `  - { place: "teams:${group}", approvals: false, results: card }`,
      `  - { place: "teams:${channel}", approvals: true, notify: "teams:${ben.objectId}", results: card }`,
    ].join('\n');
    const own =
      this.#chats.slack === true
        ? people.replace(/^places:\n/m, `places:\n${places}\n`)
        : people.replace(/^places:\n(?:[ #].*\n)+/m, `places:\n${places}\n`);
    return unhurried(own);
  }

  /** All settings of the program and of the doctor. */
  all(): Record<string, string> {
    const { slack, proxy, authorities } = this.names;
    return {
      ...(this.#chats.slack === true
        ? { SLACK_BOT_TOKEN: slack.tokens.bot, SLACK_APP_TOKEN: slack.tokens.app }
        : {}),
      ...(this.#chats.teams === true
        ? { MicrosoftAppId: appId, MicrosoftAppTenantId: tenant, MicrosoftAppPassword: 'teams-secret-1' }
        : {}),
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: defenderApp,
      AZURE_CLIENT_SECRET: 'defender-secret-1',
      LR_JOURNAL_KEY: testKeyText,
      LR_ANCHOR_FILE: join(this.folder, 'anchors.ndjson'),
      LR_POLICY: join(this.folder, 'policy.yaml'),
      LR_DATA_DIR: join(this.folder, 'data'),
      LR_LOG_LEVEL: 'info',
      LR_POLL_MS: '1000', // Defender lets 100 calls a minute through, and the bots started one after the other and the doctor share them.
      PORT: '0',
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: authorities,
      ...this.settings,
    };
  }

  /** Where the program's own connections are written down, one destination a line (egressWatch). */
  get egress(): string {
    return join(this.folder, 'egress.txt');
  }

  async start(): Promise<void> {
    const watch = pathToFileURL(join(root, 'dist', 'test', 'support', 'programs', 'egressWatch.js')).href;
    this.#program = await startProgram('src/main.js', [], {
      ...this.all(),
      NODE_OPTIONS: `--import=${watch}`,
      EGRESS_FILE: this.egress,
    });
    if (this.#chats.teams === true) this.names.teams.url = addressIn(this.#program.firstLine);
  }

  /** SIGTERM. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const code = await stopped(this.program);
    this.#program = undefined;
    return code;
  }

  async restart(): Promise<void> {
    const code = await this.stop();
    if (code !== 0) throw new Error(`it ended with ${String(code)}`);
    await this.start();
  }

  /** Runs the doctor with the bot's settings. */
  doctor(): Promise<ProgramRun> {
    return runDoctor(this.all());
  }

  async ready(): Promise<{
    readonly status: string;
    readonly reasons?: readonly string[];
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly why?: string }[];
  }> {
    return (await (await fetch(`${await this.program.adminUrl()}/readyz`)).json()) as Awaited<
      ReturnType<Site['ready']>
    >;
  }

  /** Resolves with what /readyz says of a check once it fits. */
  async told(name: string, words: RegExp): Promise<string> {
    let last = '';
    await this.until(`${name} saying ${String(words)}`, async () => {
      const found = (await this.ready()).checks.find((check) => check.name === name);
      last = found === undefined || found.ok ? '' : (found.why ?? '');
      return words.test(last);
    });
    return last;
  }

  async well(): Promise<void> {
    let last = '';
    await this.until('all well', async () => {
      const { status, reasons = [] } = await this.ready();
      last = reasons.join(' | ');
      return status === 'ready';
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${last}`);
    });
  }

  async until(what: string, holds: () => boolean | Promise<boolean>, ms = patience): Promise<void> {
    const deadline = performance.now() + ms;
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new Error(`it never came to that: ${what}; ${this.#program?.stderr().slice(-3_000) ?? ''}`);
      await pause(50);
    }
  }

  requests(): readonly Request[] {
    this.#journal.read();
    return [...this.#journal.requests.values()];
  }

  async reaches(state: State): Promise<void> {
    await this.until(`a request that is ${state}`, () => stateIn(this.requests().at(-1)) === state);
  }

  /** Sessions that Defender was asked for. */
  get submissions(): number {
    return this.names.simulator.tenant.submissions.length;
  }

  /** The newest card in Slack once it reads like this. */
  slackShows(words: RegExp): Promise<SlackMessageKept> {
    return this.names.slack.until(
      `a card with ${String(words)}`,
      () => {
        const card = this.names.slack.cards(incidents).at(-1);
        return card !== undefined && words.test(read(card)) ? card : undefined;
      },
      patience,
    );
  }

  /** Asked and approved in Slack; resolves when the session runs, which it does until `names.go()`. */
  async dumpInSlack(): Promise<void> {
    const { slack } = this.names;
    this.names.hold();
    await slack.person('U0RILEY1').command(incidents, 'dump hosta OfficeClickToRun');
    await slack
      .person('U0AVERY1')
      .press(
        await this.slackShows(/hosta[^]*Waiting for approval|Waiting for approval[^]*hosta/i),
        'Approve',
      );
    await this.reaches('running');
  }

  /** The newest card of a place in Teams once it says `words`. */
  teamsShows(place: string, words: RegExp): Promise<FakeMessage> {
    const { connector } = this.names.teams;
    return connector.until(
      () =>
        connector
          .in(place)
          .findLast(
            (message) =>
              message.to === undefined &&
              message.body['attachments'] !== undefined &&
              words.test(wordsOf(message)),
          ),
      patience,
    );
  }

  async pressInTeams(human: Human, place: string, card: FakeMessage, verb: string): Promise<string> {
    const { status, text } = await this.names.teams.deliver(
      this.names.teams.press(human, place, dataOf(card, verb), { replyToId: card.id }),
    );
    if (status !== 200) throw new Error(`the press was answered with ${String(status)}: ${text}`);
    return text;
  }

  /** The same in Teams. */
  async dumpInTeams(): Promise<void> {
    const { teams } = this.names;
    this.names.hold();
    const said = await teams.deliver(teams.message(ana, group, 'dump hosta OfficeClickToRun'));
    if (said.status !== 200) throw new Error(`Teams was answered with ${String(said.status)}: ${said.text}`);
    await this.pressInTeams(ben, channel, await this.teamsShows(channel, /Waiting for approval/), 'approve');
    await this.reaches('running');
  }

  async close(): Promise<void> {
    await this.#program?.kill('SIGKILL');
    await this.#names?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
