// The console: the page's JSON calls on loopback.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import type { ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { ConsoleMessage } from '../../../src/adapters/console/chat.ts';
import { openConsole } from '../../adapters/console/console.ts';
import type { TestConsole } from '../../adapters/console/console.ts';
import { nodesIn } from '../chats/hostile.ts';
import { examplePolicy } from '../testApp.ts';
import { aliveInAdaptive, readAgain, stagePolicy } from './stage.ts';
import type { Door, Stage, Who } from './stage.ts';

export interface ConsoleStage extends Stage {
  readonly page: TestConsole;
}

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

export async function openConsoleStage(
  policy: (text: string) => string = (text) => text,
): Promise<ConsoleStage> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-attacks-'));
  const dataDir = join(dir, 'data');
  const policyFile = join(dir, 'policy.yaml');
  writeFileSync(policyFile, policy(withSecondAccount(examplePolicy)));
  const page = await openConsole({ dataDir, policyFile });
  const told: Record<string, string[]> = {};
  let again: () => Promise<unknown> = () => Promise.reject(new Error('nothing was sent yet'));

  const write = (other: (text: string) => string): void =>
    writeFileSync(policyFile, other(withSecondAccount(examplePolicy)));
  const cards = async (): Promise<readonly Card[]> =>
    (await page.messages()).filter(
      (message): message is Card => message.kind === 'card' && message.place === 'incidents',
    );
  /** What the page was sent but for what people typed themselves. */
  const sentMessages = async (): Promise<string> =>
    JSON.stringify((await page.messages()).filter((message) => message.kind !== 'said'));
  async function post(who: Who, path: string, body: object): Promise<void> {
    again = () => page.post(path, body);
    const answer = await page.post(path, body);
    const { text } = answer.json();
    (told[who] ??= []).push(typeof text === 'string' ? text : '');
  }

  // The page's own stream of events says when there is something new to read.
  let changed: () => void = () => undefined;
  let stream: ClientRequest | undefined;
  const listen = (): void => {
    stream = get(`${page.service.url}/console/api/events`, (response) =>
      response.on('data', () => changed()),
    );
    // It is cut at the end.
    stream.on('error', () => undefined);
  };
  listen();

  const stage: ConsoleStage = {
    page,
    service: () => page.service,
    dataDir,
    say: (who, text, where) =>
      post(who, '/console/api/commands', {
        as: accounts[who],
        place: where === undefined ? 'incidents' : 'soc-private',
        text,
        deliveryId: `typed-${Math.round(performance.now() * 1_000)}`,
      }),
    async press(who, verb, changed = {}) {
      const card = (await cards()).at(-1);
      if (card === undefined) throw new Error('there is no card');
      await post(who, '/console/api/presses', {
        as: accounts[who],
        place: 'incidents',
        verb,
        request: changed.request ?? card.view.requestId,
        revision: changed.revision ?? card.view.revision,
        fingerprint: changed.fingerprint ?? card.view.fingerprint,
      });
    },
    async again() {
      await again();
    },
    told(who, words) {
      const text = (told[who] ?? []).join('\n');
      if (!words.test(text)) throw new Error(`${who} was told ${text}`);
      told[who] = [];
      return Promise.resolve(text);
    },
    async shows(words) {
      for (;;) {
        const change = new Promise<void>((resolve) => (changed = resolve));
        const newest = (await cards()).at(-1);
        const text = newest === undefined ? '' : plainText(newest.view);
        if (words.test(text)) return text;
        await change;
      }
    },
    cards: async () => (await cards()).length,
    wire: sentMessages,
    stood: async () =>
      JSON.stringify(
        (await page.messages()).filter(
          ({ place, kind }) => place === 'incidents' && (kind === 'card' || kind === 'note'),
        ),
      ),
    alive: async () =>
      aliveInAdaptive(
        nodesIn(
          (await page.messages()).map(
            (message) => (message as unknown as Readonly<Record<string, unknown>>)['adaptiveCard'],
          ),
        ),
        [],
      ),
    links: [
      '/console/api/commands',
      '/console/api/presses',
      '/console/api/commands?as=approver1&place=incidents&text=freeze+x',
    ],
    async restart(other, meanwhile) {
      if (other !== undefined) write(other);
      stream?.destroy();
      if (meanwhile !== undefined) await page.service.stop();
      meanwhile?.();
      await page.restart();
      listen();
    },
    reload: (other) => readAgain(page.service, () => write(other)),
    async close() {
      stream?.destroy();
      await page.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return stage;
}

export const consoleDoor: Door = { chat: 'the console', open: openConsoleStage };
