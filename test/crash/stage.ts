// The stage of the crash test: Defender, Slack and Teams as processes of their own, a data folder on a small
// disk of its own where mounts are allowed, and the bot, which is started again and again.
import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appId, tenant } from '../../src/demo/teams/stage.ts';
import { addressIn, startProgram } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';
import { createJournalWatch } from './journalWatch.ts';
import type { JournalWatch } from './journalWatch.ts';
import { crashPolicy } from './people.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';
import { chatControl } from './servers/chatControl.ts';
import type { Chat, ChatControl, Deed, LogLine, Played, Room } from './servers/chatControl.ts';
import type { Ran } from './tenant.ts';
import { cardsUntrue } from './verdict.ts';
import type { Evidence, JournalLine } from './verdict.ts';
import { isOpen } from '../../src/liveResponse/request/request.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { journalLines } from '../support/store/journal.ts';

/** Given to the program; none of them may be found anywhere else. */
export interface Secrets {
  readonly [name: string]: string;
}

/** How the program is reached in this life. */
export interface Doors {
  /** Slack over the socket; else over HTTP. */
  readonly socket: boolean;
  readonly teams: 'botbuilder' | 'direct';
}

/** The disk under the data folder. */
export interface Disk {
  /** Undefined: there is one; else why there is none. */
  readonly missing: string | undefined;
  /** Not one byte more than is on it now. */
  fill(): void;
  empty(): void;
  /** Not while a file on it is open for writing: the kernel refuses it. */
  readOnly(): void;
  writable(): void;
}

const diskSize = '2g';

function openDisk(folder: string): Disk & { close(): void } {
  mkdirSync(folder);
  const mount = (options: string, ...more: readonly string[]) =>
    spawnSync('mount', ['-o', options, ...more, folder], { encoding: 'utf8' });
  const made = mount(`size=${diskSize},mode=700`, '-t', 'tmpfs', 'crash-test');
  const missing =
    made.status === 0 ? undefined : (made.error?.message ?? made.stderr.trim().split('\n')[0] ?? '');
  const must = (options: string): void => {
    const done = mount(`remount,${options}`);
    if (done.status !== 0) throw new Error(`mount -o remount,${options}: ${done.stderr}`);
  };
  return {
    missing,
    fill() {
      // The bot writes on meanwhile, and no disk can be made smaller than what is on it.
      for (;;) {
        const { blocks, bfree, bsize } = statfsSync(folder);
        if (mount(`remount,size=${(blocks - bfree) * bsize}`).status === 0) return;
      }
    },
    empty: () => must(`size=${diskSize}`),
    readOnly: () => must('ro'),
    writable: () => must('rw'),
    close() {
      if (missing === undefined) spawnSync('umount', ['-l', folder]);
    },
  };
}

export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'lr-crash-test-'));
  readonly data = join(this.dir, 'data');
  readonly disk = openDisk(this.data);
  readonly secrets: Secrets;
  readonly #random: Random;
  readonly #programs: Program[] = [];
  readonly #chats = new Map<Chat, ChatControl>();
  #settings: Readonly<Record<string, string>> = {};
  #tokens = { bot: '', app: '', signingSecret: '' };
  #api = '';
  #journal: JournalWatch | undefined;

  constructor(random: Random) {
    this.#random = random;
    const hex = (): string => Array.from({ length: 24 }, () => between(random, 0, 16).toString(16)).join('');
    const key = Buffer.from(Array.from({ length: 32 }, () => between(random, 0, 256)));
    this.secrets = {
      'the journal key': key.toString('base64'),
      'the secret of Teams': `canary-teams-${hex()}`,
    };
  }

  async open(): Promise<void> {
    writeFileSync(join(this.dir, 'policy.yaml'), crashPolicy());
    const seed = (): string => String(between(this.#random, 1, 1_000_000_000));
    const { url } = await this.#start<{ readonly url: string }>('defenderProcess', [
      join(this.dir, 'tenant'),
      seed(),
    ]);
    this.#api = url;
    const slack = await this.#start<{
      readonly api: string;
      readonly control: string;
      readonly tokens: { readonly bot: string; readonly app: string; readonly signingSecret: string };
    }>('slackProcess', [this.#logOf('slack'), seed()]);
    const secret = this.secrets['the secret of Teams'] ?? '';
    const teams = await this.#start<{
      readonly control: string;
      readonly proxy: string;
      readonly authorities: string;
    }>('teamsProcess', [this.#logOf('teams'), seed(), this.dir, secret]);
    this.#chats.set('slack', chatControl(slack.control)).set('teams', chatControl(teams.control));
    this.#tokens = slack.tokens;
    this.#settings = {
      PORT: '0',
      LR_DATA_DIR: this.data,
      LR_POLICY: join(this.dir, 'policy.yaml'),
      LR_LOG_LEVEL: 'info',
      LR_JOURNAL_KEY: this.secrets['the journal key'] ?? '',
      SLACK_BOT_TOKEN: slack.tokens.bot,
      SLACK_API_URL: slack.api,
      MicrosoftAppId: appId,
      MicrosoftAppTenantId: tenant,
      MicrosoftAppPassword: secret,
      HTTPS_PROXY: teams.proxy,
      NODE_EXTRA_CA_CERTS: teams.authorities,
      DEFENDER_API_URL: url,
      DEFENDER_AUTH: 'none',
      LR_SUBMITS_PER_MINUTE: '1000',
      LR_CALLS_PER_MINUTE: '10000',
      LR_CALLS_PER_HOUR: '100000',
      LR_POLL_MS: '300',
    };
  }

  /** More settings for the starts that follow. */
  settings(more: Readonly<Record<string, string>>): void {
    this.#settings = { ...this.#settings, ...more };
  }

  /** All that was given to the program in secret, and how a token of Teams begins. */
  get given(): Secrets {
    return {
      ...this.secrets,
      'the bot token': this.#tokens.bot,
      'the app token': this.#tokens.app,
      'the signing secret': this.#tokens.signingSecret,
      'a token of Teams': Buffer.from('{"alg":"RS256","typ":"JWT","kid":"stand-in"}').toString('base64url'),
    };
  }

  async #start<T>(name: string, args: readonly string[]): Promise<T> {
    const program = await startProgram(`test/crash/servers/${name}.js`, args);
    this.#programs.push(program);
    return JSON.parse(program.firstLine) as T;
  }

  #logOf(chat: Chat): string {
    const file = join(this.dir, `${chat}.ndjson`);
    writeFileSync(file, '');
    return file;
  }

  #chat(name: Chat): ChatControl {
    const found = this.#chats.get(name);
    if (found === undefined) throw new Error(`${name} is not there`);
    return found;
  }

  /** Where all that the program says and is asked for by a monitor is written down. */
  get said(): string {
    return join(this.dir, 'said.txt');
  }

  note(text: string): void {
    appendFileSync(this.said, `${text}\n`);
  }

  #environment({ socket, teams }: Doors): Readonly<Record<string, string>> {
    return {
      ...this.#settings,
      LR_TEAMS_DOOR: teams,
      ...(socket
        ? { SLACK_APP_TOKEN: this.#tokens.app }
        : { SLACK_SIGNING_SECRET: this.#tokens.signingSecret }),
    };
  }

  /** Resolves when it listens and both chats have its address. */
  async start(doors: Doors): Promise<Program> {
    const program = await this.bot(doors);
    const url = addressIn(program.firstLine);
    await Promise.all([
      this.#chat('slack').target(doors.socket ? undefined : url),
      this.#chat('teams').target(url),
    ]);
    return program;
  }

  /** The program alone. Rejects when it ends before it listens. */
  bot(doors: Doors): Promise<Program> {
    return startProgram('src/main.js', [], this.#environment(doors), (child: ChildProcess) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => appendFileSync(this.said, chunk));
    });
  }

  /** Exit code of a look at the whole record. */
  async audited(): Promise<number | null> {
    const audit = await startProgram('src/cli/audit.js', ['verify', '--data', this.data], {
      LR_JOURNAL_KEY: this.secrets['the journal key'] ?? '',
    });
    return audit.ended;
  }

  deliver(deed: Deed): Promise<boolean> {
    return this.#chat(deed.chat).deliver(deed);
  }

  async room(which: 'open' | 'all'): Promise<Room> {
    const [slack, teams] = await Promise.all([
      this.#chat('slack').room(which),
      this.#chat('teams').room(which),
    ]);
    return {
      drawn: slack.drawn + teams.drawn,
      cards: [...slack.cards, ...teams.cards],
      forms: [...slack.forms, ...teams.forms],
    };
  }

  /** How often which fault was played, by server. */
  async played(): Promise<Readonly<Record<string, Played>>> {
    return {
      Defender: (await this.#ask('played')) as Played,
      Slack: await this.#chat('slack').played(),
      Teams: await this.#chat('teams').played(),
    };
  }

  async #ask(what: string): Promise<unknown> {
    const answer = await fetch(`${this.#api}/crash/${what}`);
    if (!answer.ok) throw new Error(`Defender answered ${answer.status} to ${what}`);
    return answer.json();
  }

  async changeLibrary(): Promise<void> {
    await this.#ask('library');
  }

  /** The last life is a long one: nothing that makes the bot wait for a minute. */
  async calm(): Promise<void> {
    await this.#ask('calm');
  }

  log(): readonly LogLine[] {
    return (['slack', 'teams'] as const)
      .flatMap((chat) => readFileSync(join(this.dir, `${chat}.ndjson`), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
      .sort((one, other) => one.at - other.at);
  }

  /** Requests that have not ended, and what is untrue on cards. */
  async unsettled(): Promise<{ readonly open: readonly Request[]; readonly behind: readonly string[] }> {
    const { requests } = this.#read();
    const { cards } = await this.room('all');
    return {
      open: [...requests.values()].filter(isOpen),
      behind: cardsUntrue({ requests, cards }),
    };
  }

  /** The journal as far as it is written. */
  #read(): JournalWatch {
    this.#journal ??= createJournalWatch(this.data, this.secrets['the journal key']);
    this.#journal.read();
    return this.#journal;
  }

  async evidence(): Promise<Evidence> {
    const key = this.secrets['the journal key'];
    const journal = this.#read();
    return {
      log: this.log(),
      journal: journalLines(this.data, key) as readonly JournalLine[],
      requests: journal.requests,
      submissions: (await this.#ask('ran')) as readonly Ran[],
      cards: (await this.room('all')).cards,
    };
  }

  async close(keep: boolean): Promise<void> {
    for (const program of this.#programs) await program.kill('SIGKILL');
    if (keep) return;
    this.disk.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
