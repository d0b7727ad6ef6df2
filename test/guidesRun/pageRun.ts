// Executes one page, in order, in a copy of a fresh clone: settings hold from where they stand, what keeps
// running is stopped when the next block or heading begins, and each command has to end as the guide says.
import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { knownNames } from '../../src/adapters/config/settings.ts';
import { slackPolicy } from '../support/slack/slackTestApp.ts';
import type { Cloud } from './cloud.ts';
import { readPage } from './page.ts';
import type { Command, MarkKind } from './page.ts';
import { markProblem } from './marks.ts';
import { firstMissing, tail } from './output.ts';
import { ready, reasons, signal } from './processes.ts';
import { filled, NoStandIn, typed, valuesFor } from './standIns.ts';
import { Failed, Terminal, assignment, longest } from './terminal.ts';
import type { Ended } from './terminal.ts';
import { freePort } from '../support/ports.ts';
import { clone, plainEnvironment } from './checkout.ts';

export interface Outcome {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  /**
   * `repeated`: the very command was executed before on this page, with the same settings. `not-root`: it
   * writes into folders of the machine.
   */
  readonly result: 'executed' | 'repeated' | 'failed' | 'not-root' | MarkKind;
  /** Why it was not run, or what is wrong. */
  readonly why?: string;
  readonly ms: number;
}

export interface Run {
  /** The checkout whose tracked files are a clone's. */
  readonly root: string;
  readonly pages: readonly string[];
  readonly cloud: Cloud;
  /**
   * Takes node_modules and dist of the checkout in place of a first `npm ci` and build: for trying a page
   * while writing it.
   */
  readonly installed?: boolean;
  /** Called page by page, once a page has ended. */
  readonly tell?: (outcome: Outcome) => void;
}
/** Until a server has said that it is ready, and until it has ended when told to (docs/health.md: 20 s). */
const patience = longest;
const stopsWithin = 30_000;
const servers =
  /^(?:\w+=\S*\s+)*(?:npm start|npm run (?:serve|simulator)|node dist\/src\/main\.js|(?:npx \.\/)?live-response-bot(?:-\S+\.tgz)?(?: start| simulator)?)(?:\s+-|\s*$)/;

export class PageRun {
  readonly outcomes: Outcome[] = [];
  readonly #run: Run;
  readonly #page: string;
  readonly #folder: string;
  readonly #state: string;
  readonly #master: string;
  readonly #terminal: Terminal;
  readonly #earlier: ReadonlyMap<string, PageRun>;
  readonly #values: Readonly<Record<string, string>>;
  readonly #ports: Record<string, string> = {};
  readonly #settings: Record<string, string> = {};
  readonly #done = new Set<string>();
  /** Variables of the terminal, which also fill the gaps of their names: `<person>` is `$person`. */
  readonly #variables = new Set<string>();
  readonly #servers: {
    readonly child: ChildProcess;
    readonly text: string;
    readonly keepsRunning: boolean;
  }[] = [];
  #last: Ended | undefined;
  #installed = false;
  /** Told once the packages and what was built of the sources can be used by other pages. */
  readonly #whenBuilt: (() => void) | undefined;

  constructor(
    run: Run,
    page: string,
    where: {
      readonly work: string;
      readonly master: string;
      readonly before: ReadonlyMap<string, PageRun>;
      readonly whenBuilt: (() => void) | undefined;
    },
  ) {
    const { work, master, before } = where;
    this.#whenBuilt = where.whenBuilt;
    this.#earlier = before;
    this.#run = run;
    this.#page = page;
    this.#folder = join(work, page.replaceAll('/', '_').replace(/\.md$/, ''), 'live-response-bot');
    this.#state = dirname(this.#folder);
    this.#master = master;
    mkdirSync(join(this.#state, 'home'), { recursive: true });
    this.#values = valuesFor(run.cloud, this.#state);
    this.#terminal = new Terminal(this.#state, this.#folder, () => this.#environment());
  }

  async all(): Promise<void> {
    const text = readFileSync(join(this.#run.root, this.#page), 'utf8');
    clone(this.#run.root, this.#folder);
    const pieces = readPage(text);
    // A page that does not install goes on from one that did.
    this.#installed = pieces.some(
      (piece) => piece.kind === 'command' && piece.mark === undefined && /\bnpm ci\b/.test(piece.text),
    );
    for (const port of ['3978', '3979', '4000']) this.#ports[port] = String(await freePort());
    try {
      for (const piece of pieces) {
        if (piece.kind === 'boundary') await this.#stopServers((server) => !server.keepsRunning);
        else if (piece.kind === 'problem')
          this.#tell({ line: piece.line, text: '', result: 'failed', why: piece.text, ms: 0 });
        else if (piece.kind === 'after') this.#goOn(piece.line, piece.page);
        else if (piece.kind === 'before') await this.#before(piece.line, piece.text);
        else if (piece.kind === 'settings') this.#set(piece.line, piece.settings);
        else if (piece.kind === 'output') this.#compare(piece.line, piece.lines);
        else await this.#command(piece);
      }
    } finally {
      await this.#stopServers(() => true);
    }
  }

  #tell(outcome: Omit<Outcome, 'page'>): void {
    const whole = { page: this.#page, ...outcome };
    this.outcomes.push(whole);
  }

  #install(): void {
    this.#installed = true;
    if (existsSync(join(this.#folder, 'node_modules')) || !existsSync(this.#master)) return;
    // A copy of 26,000 files, or hard links to them, would take most of the time of a page.
    symlinkSync(join(this.#master, 'node_modules'), join(this.#folder, 'node_modules'));
    if (!existsSync(join(this.#master, 'dist'))) return;
    cpSync(join(this.#master, 'dist'), join(this.#folder, 'dist'), { recursive: true });
    // Built of the very same files. The folders of this copy are newer, which would have all of it built
    // again.
    utimesSync(join(this.#folder, 'dist', '.built'), new Date(), new Date());
  }

  #goOn(line: number, page: string): void {
    const earlier = this.#earlier.get(page);
    if (earlier === undefined) {
      this.#tell({
        line,
        text: page,
        result: 'failed',
        why: 'the page goes on from one that was not executed before it',
        ms: 0,
      });
      return;
    }
    Object.assign(this.#settings, earlier.#settings);
    // As it is once the people and places of the chat have been pasted into it, which is the last step of
    // that page.
    writeFileSync(join(this.#folder, 'policy.yaml'), slackPolicy());
  }

  #set(line: number, settings: readonly (readonly [string, string])[]): void {
    for (const [name, value] of settings) {
      try {
        if (!knownNames.includes(name) && name !== 'NODE_EXTRA_CA_CERTS')
          throw new NoStandIn(`"${name}" is no setting`);
        const own = typed(filled(name, value, this.#values), this.#values, this.#ports);
        // What listens everywhere would be reached from outside this machine while it is tested.
        if (name !== 'HOST') this.#settings[name] = own;
      } catch (error) {
        if (!(error instanceof NoStandIn)) throw error;
        this.#tell({ line, text: `${name}=${value}`, result: 'failed', why: error.message, ms: 0 });
      }
    }
    this.#done.clear();
  }

  #environment(): Record<string, string> {
    const plain = plainEnvironment(join(this.#state, 'home'));
    return {
      ...plain,
      PORT: this.#ports['3978'] ?? '',
      LR_ADMIN_PORT: this.#ports['3979'] ?? '',
      LR_LOG_LEVEL: 'warn',
      ...this.#settings,
    };
  }

  /**
   * Sign-in, Slack and Defender are played under their real names, behind a proxy; the way to the package
   * registry stays as it is.
   */
  #behindProxy(): Record<string, string> {
    const { proxy, authorities } = this.#run.cloud;
    return {
      HTTPS_PROXY: proxy,
      NODE_EXTRA_CA_CERTS: authorities,
      CURL_CA_BUNDLE: authorities,
      npm_config_proxy: 'null',
      npm_config_https_proxy: 'null',
    };
  }

  /** What the page takes for done: it has to work, and does not count as a command of the page. */
  async #before(line: number, text: string): Promise<void> {
    this.#done.clear();
    try {
      if (text === 'stop') await this.#stopServers(() => true);
      else await this.#type(text, { keepsRunning: true }, 0);
    } catch (error) {
      if (!(error instanceof NoStandIn) && !(error instanceof Failed)) throw error;
      this.#tell({ line, text, result: 'failed', why: error.message, ms: 0 });
    }
  }

  async #type(
    text: string,
    how: Pick<Command, 'keepsRunning' | 'script' | 'answers' | 'asRoot'>,
    exits: number,
  ): Promise<void> {
    const install = /^npm ci(?: && |$)/.exec(text)?.[0];
    if (install !== undefined) await this.#npmCi();
    else if (!this.#installed) this.#install();
    const rest = typed(text.slice(install?.length ?? 0), this.#values, this.#ports, this.#variables);
    const [before, last] = how.script === true ? ['', rest] : split(rest);
    if (before !== '') this.#expect(await this.#ran(before, how), 0);
    if (servers.test(last)) await this.#serve(last, how.keepsRunning === true);
    else if (last !== '') {
      this.#last = await this.#ran(last, how);
      this.#expect(this.#last, exits);
      const name = assignment.exec(last)?.[1];
      if (name !== undefined) this.#variables.add(name);
    }
  }

  async #command(command: Command): Promise<void> {
    const { line, text, mark, exits = 0 } = command;
    if (mark !== undefined) {
      const wrong = markProblem(command, this.#folder, this.#page);
      this.#tell({
        line,
        text,
        result: wrong === undefined ? mark.kind : 'failed',
        why: wrong ?? mark.why,
        ms: 0,
      });
      return;
    }
    if (this.#done.has(text)) {
      this.#tell({ line, text, result: 'repeated', ms: 0 });
      return;
    }
    if (command.asRoot === true && !mayBeRoot()) {
      this.#tell({ line, text, result: 'not-root', ms: 0 });
      return;
    }
    const began = performance.now();
    const ms = (): number => Math.round(performance.now() - began);
    try {
      await this.#type(text, command, exits);
      if (this.#whenBuilt !== undefined) this.#keepBuilt();
      this.#done.add(text);
      this.#tell({ line, text, result: 'executed', ms: ms() });
    } catch (error) {
      if (!(error instanceof NoStandIn) && !(error instanceof Failed)) throw error;
      this.#tell({ line, text, result: 'failed', why: error.message, ms: ms() });
    }
  }

  /** The first one is real; later ones would install the very same again. */
  async #npmCi(): Promise<void> {
    if (existsSync(join(this.#master, 'node_modules'))) {
      this.#install();
      return;
    }
    this.#installed = true;
    this.#expect(await this.#ran('npm ci', {}, {}), 0);
    mkdirSync(this.#master, { recursive: true });
    symlinkSync(join(this.#folder, 'node_modules'), join(this.#master, 'node_modules'));
  }

  /** What this page has built, for the pages behind it. */
  #keepBuilt(): void {
    if (
      !existsSync(join(this.#folder, 'dist', '.built')) ||
      existsSync(join(this.#master, 'dist')) ||
      !existsSync(this.#master)
    )
      return;
    cpSync(join(this.#folder, 'dist'), join(this.#master, 'dist'), { recursive: true });
    this.#whenBuilt?.();
  }

  #ran(
    text: string,
    how: Pick<Command, 'script' | 'answers' | 'asRoot'>,
    extra = this.#behindProxy(),
  ): Promise<Ended> {
    return this.#terminal.ran(text, extra, how);
  }

  #expect({ code, all }: Ended, wanted: number): void {
    if (code !== wanted)
      throw new Failed(`exit code ${String(code)}, and the guide lets expect ${wanted}:\n${tail(all)}`);
  }

  async #serve(text: string, keepsRunning: boolean): Promise<void> {
    // "With the same settings", the guides say of the command that follows.
    for (const [, name = '', value = ''] of (/^(?:\w+=\S*\s+)*/.exec(text)?.[0] ?? '').matchAll(
      /(\w+)=(\S*)/g,
    ))
      this.#settings[name] = value;
    const own =
      /npm run simulator/.test(text) && !/--port/.test(text)
        ? `${text}${/ -- /.test(text) ? '' : ' --'} --port ${this.#ports['4000'] ?? '0'}`
        : text;
    await this.#stopServers((other) => programOf(other.text) === programOf(text));
    const child = this.#terminal.start(own, this.#behindProxy());
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => (out += String(chunk)));
    child.stderr?.on('data', (chunk: Buffer) => (out += String(chunk)));
    this.#servers.push({ child, text, keepsRunning });
    const end = performance.now() + patience;
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Failed(
          `it ended with ${String(child.exitCode ?? child.signalCode)} and should keep running:\n${tail(out)}`,
        );
      const admin = /(http:\/\/\S+)\/readyz and /.exec(out)?.[1];
      if (
        admin === undefined
          ? /simulator/.test(text) && /http:\/\/127\.0\.0\.1:\d+/.test(out)
          : await ready(admin)
      )
        break;
      if (performance.now() > end)
        throw new Failed(
          `it was not ready within ${patience / 1000} s${admin === undefined ? '' : ` (${await reasons(admin)})`}:\n${tail(out)}`,
        );
      await pause(100);
    }
    this.#last = { code: 0, out, all: out };
  }

  async #stopServers(
    which: (server: { readonly text: string; readonly keepsRunning: boolean }) => boolean,
  ): Promise<void> {
    for (const server of [...this.#servers].filter(which)) {
      this.#servers.splice(this.#servers.indexOf(server), 1);
      const { child } = server;
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('close', resolve));
      signal(child, 'SIGTERM');
      const timer = setTimeout(() => {
        this.#tell({
          line: 0,
          text: server.text,
          result: 'failed',
          why: `it still ran ${stopsWithin / 1000} s after SIGTERM`,
          ms: stopsWithin,
        });
        signal(child, 'SIGKILL');
      }, stopsWithin);
      await ended;
      clearTimeout(timer);
    }
  }

  /** Each line of the guide in order, numbers and dates as they may be. */
  #compare(line: number, lines: readonly string[]): void {
    const missing = firstMissing(lines, this.#last?.all ?? '');
    if (missing !== undefined)
      this.#tell({
        line,
        text: missing,
        result: 'failed',
        why: `the command before it prints no such line:\n${tail(this.#last?.all ?? 'no command ran before it')}`,
        ms: 0,
      });
  }
}

const programOf = (text: string): string => (/simulator/.test(text) ? 'simulator' : 'service');

/** Mounts of one's own need root; a container may not give them all the same. */
function mayBeRoot(): boolean {
  return (
    process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '--bind', '/opt', '/opt']).status === 0
  );
}

/** What stands before the last `&&` of one line, and what behind it. */
function split(text: string): readonly [string, string] {
  const at = text.includes('\n') || /["']/.test(text) ? -1 : text.lastIndexOf(' && ');
  return at === -1 ? ['', text] : [text.slice(0, at), text.slice(at + 4)];
}
