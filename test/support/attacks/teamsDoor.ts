// Attack stage of Teams: activities with real tokens to the bot's own address, the connector's messages as
// the bot sent them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verb } from '../../../cards/view.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { nodesIn } from '../chats/hostile.ts';
import { ana, ben, channel, group, memberOf, team } from '../chats/teamsHarness.ts';
import type { Human } from '../chats/teamsHarness.ts';
import { dataOf, TeamsTestApp, teamsPolicy } from '../chats/teamsTestApp.ts';
import { carried } from './slackDoor.ts';
import { aliveInAdaptive, readAgain, stagePolicy } from './stage.ts';
import type { Carried, Door, Stage, Who } from './stage.ts';

const human = (name: string, n: number): Human => ({
  id: `29:${name.toLowerCase()}`,
  objectId: `dddddddd-0000-0000-0000-00000000000${n}`,
  name,
});
export const teamsPeople: Readonly<Record<Who, Human>> = {
  riley: ana,
  avery: ben,
  rileyAgain: { ...human('Ana', 1), id: '29:ana2' },
  sam: human('Sam', 2),
  ola: human('Ola', 3),
  nobody: human('Nobody', 4),
};

function withPeople(text: string): string {
  return stagePolicy(text)
    .replace(`teams: ${ana.objectId} }`, `teams: [${ana.objectId}, ${teamsPeople.rileyAgain.objectId}] }`)
    .replace('console: responder2 }', `console: responder2, teams: ${teamsPeople.sam.objectId} }`)
    .replace('console: onlooker1 }', `console: onlooker1, teams: ${teamsPeople.ola.objectId} }`);
}

export class TeamsStage implements Stage {
  readonly app = new TeamsTestApp();
  readonly links = ['/api/messages', '/api/messages?text=lr+freeze+x'];
  readonly #answers: Record<string, string[]> = {};
  /** How many answers and messages of each person have been asked for. */
  readonly #heard: Record<string, readonly [number, number]> = {};
  #policy: (text: string) => string;
  #again: () => Promise<unknown> = () => Promise.reject(new Error('nothing was sent yet'));

  constructor(policy: (text: string) => string) {
    this.#policy = policy;
  }

  async open(): Promise<void> {
    await this.app.open({ policy: (text) => this.#policy(withPeople(text)) });
    const members = Object.values(teamsPeople).map((one) => memberOf(one));
    for (const place of [group, channel, team]) this.app.connector.install(place, members);
  }

  get dataDir(): string {
    return this.app.folder;
  }

  service(): Service {
    return this.app.service;
  }

  say(who: Who, text: string, where?: 'elsewhere'): Promise<void> {
    const place = where === undefined ? channel : group;
    return this.#deliver(who, this.app.message(teamsPeople[who], place, `lr ${text}`));
  }

  press(who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    return this.#pressOn(this.#newest(), who, verb, changed);
  }

  asSeen(): Promise<(who: Who, verb: Verb) => Promise<void>> {
    const seen = { ...this.#newest() };
    return Promise.resolve((who, verb) => this.#pressOn(seen, who, verb));
  }

  #newest(): FakeMessage {
    const card = this.app.cards(channel).at(-1);
    if (card === undefined) throw new Error('there is no card');
    return card;
  }

  async #pressOn(card: FakeMessage, who: Who, verb: Verb, changed: Carried = {}): Promise<void> {
    const data = withChanged(dataOf(card, verb), changed);
    await this.#deliver(who, this.app.press(teamsPeople[who], channel, data, { replyToId: card.id }));
  }

  async again(): Promise<void> {
    await this.#again();
  }

  told(who: Who, words: RegExp): Promise<string> {
    const [answer, message] = this.#heard[who] ?? [0, 0];
    return this.app.connector.until(() => {
      const [spoken, written] = [this.#answers[who] ?? [], this.app.alone(teamsPeople[who])];
      const text = [...spoken.slice(answer), ...written.slice(message).map(wordsOf)].join('\n');
      if (!words.test(text)) return undefined;
      this.#heard[who] = [spoken.length, written.length];
      return text;
    }, 20_000);
  }

  async shows(words: RegExp): Promise<string> {
    return wordsOf(await this.app.card(channel, words));
  }

  cards(): Promise<number> {
    return Promise.resolve(this.app.cards(channel).length);
  }

  wire(): Promise<string> {
    return Promise.resolve(JSON.stringify(this.app.connector.messages.map(({ body }) => body)));
  }

  stood(): Promise<string> {
    return Promise.resolve(
      JSON.stringify(
        this.app.connector
          .in(channel)
          .filter(({ to }) => to === undefined)
          .map(({ history }) => history),
      ),
    );
  }

  alive(): Promise<readonly string[]> {
    const nodes = nodesIn(this.app.connector.messages.map(({ body }) => body));
    const mentions = nodes
      .filter(
        (node) =>
          node['type'] === 'mention' &&
          ![ana.id, ben.id, ben.objectId].includes(
            String((node['mentioned'] as Readonly<Record<string, unknown>> | undefined)?.['id']),
          ),
      )
      .map((node) => JSON.stringify(node));
    return Promise.resolve([
      ...mentions,
      ...aliveInAdaptive(nodes, [`<at>${ben.name}</at>`, '<at>Approvers</at>']),
    ]);
  }

  async restart(other?: (text: string) => string, meanwhile?: () => void): Promise<void> {
    if (other !== undefined) this.#policy = other;
    await this.app.service.stop();
    meanwhile?.();
    await this.app.run();
  }

  reload(other: (text: string) => string): Promise<void> {
    this.#policy = other;
    return readAgain(this.app.service, () =>
      writeFileSync(
        join(this.app.folder, 'policy.yaml'),
        teamsPolicy((text) => this.#policy(withPeople(text))),
      ),
    );
  }

  close(): Promise<void> {
    return this.app.close();
  }

  async #deliver(who: Who, activity: Readonly<Record<string, unknown>>): Promise<void> {
    this.#again = () => this.app.deliver(activity);
    const { status, json } = await this.app.deliver(activity);
    if (status !== 200) throw new Error(`the activity was answered with ${status}`);
    const value = (json as { readonly value?: unknown } | undefined)?.value;
    if (value !== undefined)
      (this.#answers[who] ??= []).push(typeof value === 'string' ? value : JSON.stringify(value));
  }
}

export async function openTeamsStage(policy: (text: string) => string = (text) => text): Promise<TeamsStage> {
  const stage = new TeamsStage(policy);
  await stage.open();
  return stage;
}

function withChanged(
  data: Readonly<Record<string, unknown>>,
  changed: Carried,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null
        ? carried(value as Readonly<Record<string, unknown>>, changed)
        : value,
    ]),
  );
}

export const teamsDoor: Door = { chat: 'Teams', open: openTeamsStage };
