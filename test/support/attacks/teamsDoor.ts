// Teams: activities with real tokens to the bot's own address, the connector's messages as the bot sent them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verb } from '../../../cards/view.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { nodesIn } from '../chats/hostile.ts';
import { ana, ben, channel, group, memberOf, team } from '../chats/teamsHarness.ts';
import type { Human } from '../chats/teamsHarness.ts';
import { dataOf, TeamsTestApp, teamsPolicy } from '../chats/teamsTestApp.ts';
import { carried } from './slackDoor.ts';
import { aliveInAdaptive, readAgain, stagePolicy } from './stage.ts';
import type { Carried, Door, Stage, Who } from './stage.ts';

export interface TeamsStage extends Stage {
  readonly app: TeamsTestApp;
}

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

export async function openTeamsStage(policy: (text: string) => string = (text) => text): Promise<TeamsStage> {
  const app = new TeamsTestApp();
  let edit = policy;
  await app.open({ policy: (text) => edit(withPeople(text)) });
  for (const place of [group, channel, team])
    app.connector.install(
      place,
      Object.values(teamsPeople).map((one) => memberOf(one)),
    );
  const answers: Record<string, string[]> = {};
  const heard: Record<string, readonly [number, number]> = {};
  let again: () => Promise<unknown> = () => Promise.reject(new Error('nothing was sent yet'));

  async function deliver(who: Who, activity: Readonly<Record<string, unknown>>): Promise<void> {
    again = () => app.deliver(activity);
    const { status, json } = await app.deliver(activity);
    if (status !== 200) throw new Error(`the activity was answered with ${status}`);
    const value = (json as { readonly value?: unknown } | undefined)?.value;
    if (value !== undefined)
      (answers[who] ??= []).push(typeof value === 'string' ? value : JSON.stringify(value));
  }

  const stage: TeamsStage = {
    app,
    service: () => app.service,
    dataDir: app.folder,
    say: (who, text, where) =>
      deliver(who, app.message(teamsPeople[who], where === undefined ? channel : group, `lr ${text}`)),
    async press(who, verb, changed = {}) {
      const card = app.cards(channel).at(-1);
      if (card === undefined) throw new Error('there is no card');
      await deliver(
        who,
        app.press(teamsPeople[who], channel, withChanged(dataOf(card, verb), verb, changed), {
          replyToId: card.id,
        }),
      );
    },
    async again() {
      await again();
    },
    async told(who, words) {
      const [answer, message] = heard[who] ?? [0, 0];
      return app.connector.until(() => {
        const [spoken, written] = [answers[who] ?? [], app.alone(teamsPeople[who])];
        const text = [...spoken.slice(answer), ...written.slice(message).map(wordsOf)].join('\n');
        if (!words.test(text)) return undefined;
        heard[who] = [spoken.length, written.length];
        return text;
      }, 20_000);
    },
    async shows(words) {
      return wordsOf(await app.card(channel, words));
    },
    cards: () => Promise.resolve(app.cards(channel).length),
    wire: () => Promise.resolve(JSON.stringify(app.connector.messages.map(({ body }) => body))),
    stood: () =>
      Promise.resolve(
        JSON.stringify(
          app.connector
            .in(channel)
            .filter(({ to }) => to === undefined)
            .map(({ history }) => history),
        ),
      ),
    alive() {
      const nodes = nodesIn(app.connector.messages.map(({ body }) => body));
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
    },
    links: ['/api/messages', '/api/messages?text=lr+freeze+x'],
    async restart(other, meanwhile) {
      if (other !== undefined) edit = other;
      await app.service.stop();
      meanwhile?.();
      await app.run();
    },
    reload(other) {
      edit = other;
      return readAgain(app.service, () =>
        writeFileSync(
          join(app.folder, 'policy.yaml'),
          teamsPolicy((text) => edit(withPeople(text))),
        ),
      );
    },
    close: () => app.close(),
  };
  return stage;
}

function withChanged(
  data: Readonly<Record<string, unknown>>,
  _verb: Verb,
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
