// Attack stage of Slack: signed HTTP deliveries from the fake, its blocks as the bot sent them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verb } from '../../../cards/view.ts';
import type { Service } from '../../../src/app/compose.ts';
import { live, nodesIn } from '../chats/hostile.ts';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import { incidents, openSlackTestApp, privateRoom, slackPolicy } from '../slack/slackTestApp.ts';
import type { SlackTestApp } from '../slack/slackTestApp.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { readAgain, stagePolicy } from './stage.ts';
import type { Carried, Door, Stage, Who } from './stage.ts';

export const slackIds: Readonly<Record<Who, string>> = {
  riley: 'U0RILEY1',
  rileyAgain: 'U0RILEY2',
  sam: 'U0SAMMY1',
  avery: 'U0AVERY1',
  ola: 'U0OLLIE1',
  nobody: 'U0NOBODY',
};

function withSecondAccount(text: string): string {
  return stagePolicy(text).replace('slack: U0RILEY1', 'slack: [U0RILEY1, U0RILEY2]');
}

export class SlackStage implements Stage {
  readonly slack: FakeSlack;
  readonly dataDir: string;
  readonly links = [
    '/slack/events',
    '/slack/events?command=%2Flr&text=freeze+x',
    '/slack/actions',
    '/slack/commands',
  ];
  readonly #app: SlackTestApp;
  /** How much of what each account was told has been asked for. */
  readonly #heard: Record<string, number> = {};
  #again: () => Promise<unknown> = () => Promise.reject(new Error('nothing was sent yet'));

  constructor(app: SlackTestApp) {
    this.#app = app;
    this.slack = app.slack;
    this.dataDir = join(app.dataDir, 'data');
  }

  person(who: Who): Person {
    return this.slack.person(slackIds[who]);
  }

  service(): Service {
    return this.#app.service;
  }

  async say(who: Who, text: string, where?: 'elsewhere'): Promise<void> {
    // As Slack hands on what somebody types (docs.slack.dev/messaging/formatting-message-text).
    await this.person(who).command(
      where === undefined ? incidents : privateRoom,
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
    this.#again = this.slack.lastDelivery();
  }

  press(who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    return this.#pressOn(this.#newest(), who, verb, changed);
  }

  asSeen(): Promise<(who: Who, verb: Verb) => Promise<void>> {
    const seen = { ...this.#newest() };
    return Promise.resolve((who, verb) => this.#pressOn(seen, who, verb));
  }

  #newest(): SlackMessageKept {
    const card = this.slack.cards(incidents).at(-1);
    if (card === undefined) throw new Error('there is no card');
    return card;
  }

  async #pressOn(card: SlackMessageKept, who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    await this.person(who).press(withChanged(card, verb, changed), `lr.${verb}.v1`);
    this.#again = this.slack.lastDelivery();
  }

  async again(): Promise<void> {
    await this.#again();
  }

  told(who: Who, words: RegExp): Promise<string> {
    const id = slackIds[who];
    const from = this.#heard[id] ?? 0;
    return this.slack.until(`${String(words)} told to ${who}`, () => {
      const all = this.slack.world.ephemerals.filter((one) => one.user === id);
      const text = all.slice(from).map(read).join('\n');
      if (!words.test(text)) return undefined;
      this.#heard[id] = all.length;
      return text;
    });
  }

  async shows(words: RegExp): Promise<string> {
    return read(await this.#app.shows(words));
  }

  cards(): Promise<number> {
    return Promise.resolve(this.slack.cards(incidents).filter((card) => !card.deleted).length);
  }

  wire(): Promise<string> {
    const { world } = this.slack;
    return Promise.resolve(
      JSON.stringify([
        world.in(incidents).map(({ text, blocks }) => ({ text, blocks })),
        world.ephemerals.map(({ text, blocks }) => ({ text, blocks })),
      ]),
    );
  }

  stood(): Promise<string> {
    return Promise.resolve(
      this.slack.world
        .in(incidents)
        .flatMap(({ history, text, blocks }) => [...history, text, JSON.stringify(blocks)])
        .join('\n'),
    );
  }

  alive(): Promise<readonly string[]> {
    const { world } = this.slack;
    const kept = [...world.in(incidents), ...world.ephemerals];
    const nodes = nodesIn(kept.map(({ blocks }) => blocks));
    const texts = [
      ...kept.map(({ text }) => text),
      ...nodes.filter((node) => node['type'] === 'mrkdwn').map((node) => String(node['text'])),
    ];
    const tags = texts
      .map((text) =>
        ['<!subteam^S0APPROVE>', '<@U0RILEY1>', '<@U0RILEY2>'].reduce(
          (rest, ours) => rest.replaceAll(ours, ''),
          text,
        ),
      )
      .filter((text) => /[<>]/.test(text));
    const drawn = nodes
      .filter((node) => live.has(String(node['type'])) || node['emoji'] === true)
      .map((node) => JSON.stringify(node));
    const unfurled = world.calls
      .filter(
        ({ method, args }) =>
          method === 'chat.postMessage' &&
          (args['parse'] !== 'none' || args['unfurl_links'] !== 'false' || args['unfurl_media'] !== 'false'),
      )
      .map(({ args }) => JSON.stringify(args));
    return Promise.resolve([...tags, ...drawn, ...unfurled]);
  }

  async restart(other?: (text: string) => string, meanwhile?: () => void): Promise<void> {
    if (other !== undefined) this.#write(other);
    if (meanwhile !== undefined) await this.#app.service.stop();
    meanwhile?.();
    await this.#app.restart();
  }

  reload(other: (text: string) => string): Promise<void> {
    return readAgain(this.#app.service, () => this.#write(other));
  }

  close(): Promise<void> {
    return this.#app.close();
  }

  #write(policy: (text: string) => string): void {
    writeFileSync(join(this.#app.dataDir, 'policy.yaml'), policy(withSecondAccount(slackPolicy())));
  }
}

export async function openSlackStage(
  policy: (text: string) => string = (text) => text,
  settings: Readonly<Record<string, string>> = {},
): Promise<SlackStage> {
  const app = await openSlackTestApp({ policy: (text) => policy(withSecondAccount(text)), settings });
  app.slack.world.user('U0RILEY2', { name: 'Riley' });
  return new SlackStage(app);
}

/** The card with another value in one of its buttons: what a forged press would bring. */
function withChanged(card: SlackMessageKept, verb: Verb, changed: Carried): SlackMessageKept {
  const change = (element: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    if (element['action_id'] !== `lr.${verb}.v1` || Object.keys(changed).length === 0) return element;
    const value = JSON.parse(String(element['value'])) as Readonly<Record<string, unknown>>;
    return { ...element, value: JSON.stringify(carried(value, changed)) };
  };
  return {
    ...card,
    blocks: card.blocks.map((block) =>
      block['type'] === 'actions'
        ? {
            ...block,
            elements: (block['elements'] as readonly Readonly<Record<string, unknown>>[]).map(change),
          }
        : block,
    ),
  };
}

/** The same for any names of the fields on the wire: a text of the old value is replaced. */
export function carried(
  value: Readonly<Record<string, unknown>>,
  { request, revision, fingerprint }: Carried,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value).map(([key, old]) => {
      if (request !== undefined && typeof old === 'string' && /^lr-[0-9a-z]{6}$/.test(old))
        return [key, request];
      if (fingerprint !== undefined && typeof old === 'string' && /^[0-9a-f]{8,64}$/.test(old))
        return [key, fingerprint];
      if (revision !== undefined && typeof old === 'number' && !key.startsWith('i')) return [key, revision];
      return [key, old];
    }),
  );
}

export const slackDoor: Door = { chat: 'Slack', open: openSlackStage };
