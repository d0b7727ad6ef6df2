// Attack stage of the console: the page's JSON calls on loopback.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import type { ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardView, Verb } from '../../../cards/view.ts';
import type { Service } from '../../../src/app/compose.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { ConsoleMessage } from '../../../src/adapters/console/chat.ts';
import { openConsole } from '../../adapters/console/console.ts';
import type { TestConsole } from '../../adapters/console/console.ts';
import { nodesIn } from '../chats/hostile.ts';
import { examplePolicy } from '../apps/testApp.ts';
import { aliveInAdaptive, readAgain, stagePolicy } from './stage.ts';
import type { Carried, Door, Stage, Who } from './stage.ts';

const accounts: Readonly<Record<Who, string>> = {
  riley: 'responder1',
  rileyAgain: 'riley.again',
  sam: 'responder2',
  avery: 'approver1',
  ola: 'onlooker1',
  nobody: 'nobody',
};

type Card = Extract<ConsoleMessage, { kind: 'card' }>;

function withSecondAccount(text: string): string {
  return stagePolicy(text).replace('console: responder1 }', 'console: [responder1, riley.again] }');
}

export class ConsoleStage implements Stage {
  readonly page: TestConsole;
  readonly dataDir: string;
  readonly links = [
    '/console/api/commands',
    '/console/api/presses',
    '/console/api/commands?as=approver1&place=incidents&text=freeze+x',
  ];
  readonly #dir: string;
  readonly #told: Record<string, string[]> = {};
  #again: () => Promise<unknown> = () => Promise.reject(new Error('nothing was sent yet'));
  /** The page's own stream of events says when there is something new to read. */
  #stream: ClientRequest | undefined;
  #changed: () => void = () => undefined;

  constructor(dir: string, dataDir: string, page: TestConsole) {
    this.#dir = dir;
    this.dataDir = dataDir;
    this.page = page;
    this.#listen();
  }

  service(): Service {
    return this.page.service;
  }

  say(who: Who, text: string, where?: 'elsewhere'): Promise<void> {
    return this.#post(who, '/console/api/commands', {
      as: accounts[who],
      place: where === undefined ? 'incidents' : 'soc-private',
      text,
      deliveryId: `typed-${Math.round(performance.now() * 1_000)}`,
    });
  }

  async press(who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    const { view } = await this.#newest();
    await this.#pressOn(view, who, verb, changed);
  }

  async asSeen(): Promise<(who: Who, verb: Verb) => Promise<void>> {
    const { view } = await this.#newest();
    return (who, verb) => this.#pressOn(view, who, verb);
  }

  async #newest() {
    const card = (await this.#kept()).at(-1);
    if (card === undefined) throw new Error('there is no card');
    return card;
  }

  async #pressOn(view: CardView, who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    await this.#post(who, '/console/api/presses', {
      as: accounts[who],
      place: 'incidents',
      verb,
      request: changed.request ?? view.requestId,
      revision: changed.revision ?? view.revision,
      fingerprint: changed.fingerprint ?? view.fingerprint,
    });
  }

  async again(): Promise<void> {
    await this.#again();
  }

  told(who: Who, words: RegExp): Promise<string> {
    const text = (this.#told[who] ?? []).join('\n');
    if (!words.test(text)) throw new Error(`${who} was told ${text}`);
    this.#told[who] = [];
    return Promise.resolve(text);
  }

  async shows(words: RegExp): Promise<string> {
    for (;;) {
      const change = new Promise<void>((resolve) => (this.#changed = resolve));
      const newest = (await this.#kept()).at(-1);
      const text = newest === undefined ? '' : plainText(newest.view);
      if (words.test(text)) return text;
      await change;
    }
  }

  async cards(): Promise<number> {
    return (await this.#kept()).length;
  }

  /** What the page was sent but for what people typed themselves. */
  async wire(): Promise<string> {
    return JSON.stringify((await this.page.messages()).filter((message) => message.kind !== 'said'));
  }

  async stood(): Promise<string> {
    return JSON.stringify(
      (await this.page.messages()).filter(
        ({ place, kind }) => place === 'incidents' && (kind === 'card' || kind === 'note'),
      ),
    );
  }

  async alive(): Promise<readonly string[]> {
    return aliveInAdaptive(
      nodesIn(
        (await this.page.messages()).map(
          (message) => (message as unknown as Readonly<Record<string, unknown>>)['adaptiveCard'],
        ),
      ),
      [],
    );
  }

  async restart(other?: (text: string) => string, meanwhile?: () => void): Promise<void> {
    if (other !== undefined) this.#write(other);
    this.#stream?.destroy();
    if (meanwhile !== undefined) await this.page.service.stop();
    meanwhile?.();
    await this.page.restart();
    this.#listen();
  }

  reload(other: (text: string) => string): Promise<void> {
    return readAgain(this.page.service, () => this.#write(other));
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    await this.page.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #write(policy: (text: string) => string): void {
    writePolicy(this.#dir, policy);
  }

  async #kept(): Promise<readonly Card[]> {
    return (await this.page.messages()).filter(
      (message): message is Card => message.kind === 'card' && message.place === 'incidents',
    );
  }

  async #post(who: Who, path: string, body: object): Promise<void> {
    this.#again = () => this.page.post(path, body);
    const answer = await this.page.post(path, body);
    const { text } = answer.json();
    (this.#told[who] ??= []).push(typeof text === 'string' ? text : '');
  }

  #listen(): void {
    this.#stream = get(`${this.page.service.url}/console/api/events`, (response) =>
      response.on('data', () => this.#changed()),
    );
    // It is cut at the end.
    this.#stream.on('error', () => undefined);
  }
}

export async function openConsoleStage(
  policy: (text: string) => string = (text) => text,
): Promise<ConsoleStage> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-attacks-'));
  const dataDir = join(dir, 'data');
  const policyFile = writePolicy(dir, policy);
  return new ConsoleStage(dir, dataDir, await openConsole({ dataDir, policyFile }));
}

function writePolicy(dir: string, policy: (text: string) => string): string {
  const file = join(dir, 'policy.yaml');
  writeFileSync(file, policy(withSecondAccount(examplePolicy)));
  return file;
}

export const consoleDoor: Door = { chat: 'the console', open: openConsoleStage };
