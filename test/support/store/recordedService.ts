// Service on a recorded data folder, with the cards of then in a fake Slack and a fake Teams
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { teamsChat } from '../../../src/adapters/teams/platform.ts';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledClock } from '../../../src/adapters/clock.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Json, SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { seedWorkspace } from '../../../src/demo/slack/workspace.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { dataOf } from '../../../src/demo/teams/app.ts';
import { ana, appId, ben, TeamsStage, tenant } from '../../../src/demo/teams/stage.ts';
import type { Human } from '../../../src/demo/teams/stage.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { ServiceOptions } from '../../../src/app/options.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { layOutRecord, policyTextOf, recordedLines, recordsFolder, storyOf } from './olderRecord.ts';
import type { RecordName } from './olderRecord.ts';

export interface RecordedButton {
  readonly label: string;
  /** Slack's; the value is JSON. */
  readonly actionId?: string;
  readonly value?: string;
  /** Teams': without a verb it is the Action.Submit of clients that know no Action.Execute. */
  readonly verb?: string;
  readonly data?: Json;
}

/** A card as somebody had it on the screen: where it is, and what its buttons carry. */
export interface RecordedCard {
  readonly label: string;
  readonly state: string;
  readonly revision: number;
  readonly surface: 'slack' | 'teams';
  readonly place: string;
  readonly id: string;
  readonly request: string;
  readonly buttons: readonly RecordedButton[];
}

export function recordedCards(name: RecordName): readonly RecordedCard[] {
  const file = name === 'unkeyed' ? 'unkeyed' : 'keyed';
  return JSON.parse(
    readFileSync(join(recordsFolder, `${file}.presses.json`), 'utf8'),
  ) as readonly RecordedCard[];
}

interface Ref {
  readonly surface: string;
  readonly place: string;
  readonly id: string;
}

/** Every card that was ever posted, with its request. */
function postedCards(name: RecordName): readonly (Ref & { readonly request: string })[] {
  return recordedLines(name).flatMap(({ request, event }) =>
    event.type === 'cardPosted' && request !== null ? [{ ...(event['ref'] as Ref), request }] : [],
  );
}

/** What the record saw last of a script's content. */
function contentOf(name: RecordName, script: string): string | undefined {
  const seen = recordedLines(name).flatMap(({ event }) => {
    const { content } = (event['asked'] ?? {}) as {
      readonly content?: { readonly files?: readonly { readonly name: string; readonly sha256?: string }[] };
    };
    return content?.files ?? [];
  });
  return seen.findLast((file) => file.name === script)?.sha256;
}

const slackButtons = (buttons: readonly RecordedButton[]): readonly Json[] => [
  {
    type: 'actions',
    elements: buttons.map(({ label, actionId, value }) => ({
      type: 'button',
      text: { type: 'plain_text', text: label },
      action_id: actionId,
      value,
    })),
  },
];

const people = { riley: 'U0RILEY1', sam: 'U0SAMMY1', avery: 'U0AVERY1', ola: 'U0OLLIE1' } as const;
export type Presser = keyof typeof people;

/** Milliseconds; generous, for a loaded machine. */
const patience = 30_000;

export class RecordedService {
  readonly stage: TeamsStage;
  readonly slack: FakeSlack;
  readonly service: Service;
  readonly simulator: Simulator;
  readonly name: RecordName;
  readonly #folder: string;
  readonly #cards: readonly RecordedCard[];

  private constructor(
    name: RecordName,
    folder: string,
    parts: Pick<RecordedService, 'stage' | 'slack' | 'service' | 'simulator'>,
  ) {
    this.name = name;
    this.#folder = folder;
    this.stage = parts.stage;
    this.slack = parts.slack;
    this.service = parts.service;
    this.simulator = parts.simulator;
    this.#cards = recordedCards(name);
  }

  /** Starts a minute after the recording ended, in that time: what waits for approval has not expired. */
  static async open(name: RecordName): Promise<RecordedService> {
    const folder = layOutRecord(name);
    const clock = new ScaledClock({ speed: 1, epoch: storyOf(name).stoppedAt + 60_000 });
    const stage = new TeamsStage();
    stage.keys.now = () => clock.now();
    await stage.seedWorkspace();
    // By socket: the library that checks signatures goes by the machine's own clock.
    const slack = await startFakeSlack({ now: () => clock.now() });
    seedWorkspace(slack);
    plant(name, slack, stage);
    const simulator = await startSimulator({ clock, extraDevices: 60 });
    // As the story left it: another content would rightly stop an approval.
    for (const file of simulator.tenant.library()) {
      const sha256 = contentOf(name, file.fileName);
      if (sha256 !== undefined) simulator.tenant.keepFile({ ...file, sha256 });
    }
    mkdirSync(join(stage.folder, 'policy'));
    const policyFile = join(stage.folder, 'policy', 'policy.yaml');
    writeFileSync(policyFile, policyTextOf(name));
    const service = await startService(optionsOf({ folder, policyFile, clock, slack, stage, simulator }));
    stage.url = service.url;
    return new RecordedService(name, folder, { stage, slack, service, simulator });
  }

  async close(): Promise<void> {
    await this.service.stop();
    await this.simulator.stop();
    await this.slack.close();
    await this.stage.connector.stop();
    await this.stage.keys.stop();
    this.stage.tidy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  request(label: string): Request {
    const found = this.service.store.get(storyOf(this.name).requests[label] ?? label);
    if (found === undefined) throw new Error(`there is no request "${label}"`);
    return found;
  }

  person(who: Presser): Person {
    return this.slack.person(people[who]);
  }

  /** The card of that request on that surface, as recorded in a state. */
  recorded(surface: RecordedCard['surface'], label: string, state: string): RecordedCard {
    const found = this.#cards.find(
      (card) => card.surface === surface && card.label === label && card.state === state,
    );
    if (found === undefined) throw new Error(`no ${surface} card of "${label}" was recorded as ${state}`);
    return found;
  }

  /** Presses a button of the recorded card in Slack. Resolves once Slack has its acknowledgement. */
  async pressInSlack(who: Presser, card: RecordedCard, button: string): Promise<void> {
    const standing = this.slack.world.messages.find(
      (one) => one.channel === card.place && one.ts === card.id,
    );
    if (standing === undefined) throw new Error(`${card.id} is not in ${card.place}`);
    const { acknowledged } = await this.person(who).press(
      { ...standing, blocks: slackButtons(card.buttons) },
      button,
    );
    if (!acknowledged) throw new Error('the press was not acknowledged');
  }

  /** The same, and what that person alone is answered: below the conversation, or in a window. */
  async toldInSlack(who: Presser, card: RecordedCard, button: string): Promise<string> {
    const before = this.#answers(who);
    await this.pressInSlack(who, card, button);
    const fresh = (): string | undefined => [...this.#answers(who)].find(([key]) => !before.has(key))?.[1];
    return this.until(`an answer to ${who}, who pressed ${button} of ${card.label}`, fresh);
  }

  /** By a key that tells one from another. A window that is still checking has answered nothing yet. */
  #answers(who: Presser): ReadonlyMap<string, string> {
    const { ephemerals, views } = this.slack.world;
    const below = ephemerals.map((one, at) => ({ user: one.user, key: `below ${at}`, text: read(one) }));
    const windows = [...views.values()].map(({ id, user, view }) => ({
      user,
      key: `window ${id}`,
      text: read({ text: '', blocks: view['blocks'] as readonly Json[] }),
    }));
    const answers = [...below, ...windows].filter((one) => one.user === people[who]);
    return new Map(
      answers.flatMap(({ key, text }) => (text.includes('Checking that you may') ? [] : [[key, text]])),
    );
  }

  /** The same in Teams: the answer comes with the press. A card is answered as its words. */
  async pressInTeams(
    who: 'riley' | 'avery',
    card: RecordedCard,
    button: RecordedButton,
    input?: string,
  ): Promise<string> {
    const human: Human = who === 'riley' ? ana : ben;
    const data = { ...button.data, ...(input === undefined ? {} : { lrInput: input }) };
    const value = { action: { type: 'Action.Execute', verb: button.verb, data }, trigger: 'manual' };
    const { status, json } = await this.stage.deliver(
      this.stage.press(human, card.place, data, { replyToId: card.id, value }),
    );
    if (status !== 200) throw new Error(`the press was answered with ${status}`);
    const answer = json as { readonly statusCode: number; readonly type: string; readonly value: unknown };
    if (answer.type === 'application/vnd.microsoft.activity.message') return String(answer.value);
    return wordsOf({
      id: '',
      conversation: '',
      history: [],
      body: { attachments: [{ content: answer.value }] },
    });
  }

  /** Presses a button as today's code has drawn it on the recorded message, once it has. */
  async pressCurrentInSlack(who: Presser, { place, id }: RecordedCard, button: string): Promise<void> {
    const drawn = await this.until(`${button} on ${id}`, () =>
      this.slack.world.messages.find(
        (one) => one.ts === id && one.channel === place && JSON.stringify(one.blocks).includes(`"${button}"`),
      ),
    );
    await this.person(who).press(drawn, button);
  }

  /** The same in Teams. */
  async pressCurrentInTeams(who: 'riley' | 'avery', card: RecordedCard, verb: string): Promise<void> {
    const drawn = await this.until(`${verb} on ${card.id}`, () =>
      this.stage.connector.messages.find(
        (one) => one.id === card.id && JSON.stringify(one.body).includes(`"lr.${verb}.v1"`),
      ),
    );
    await this.pressInTeams(who, card, { label: verb, verb: `lr.${verb}.v1`, data: dataOf(drawn, verb) });
  }

  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return this.slack.until(what, look, patience);
  }

  /** Resolves when the recorded message itself shows these words: it was drawn again where it is. */
  shows(card: RecordedCard, words: RegExp): Promise<string> {
    return this.until(`${card.surface} ${card.id} with ${String(words)}`, () => {
      const text = this.#textOf(card);
      return text !== undefined && words.test(text) ? text : undefined;
    });
  }

  #textOf({ surface, place, id }: RecordedCard): string | undefined {
    if (surface === 'slack') {
      const message = this.slack.world.messages.find((one) => one.channel === place && one.ts === id);
      return message === undefined ? undefined : read(message);
    }
    const message = this.stage.connector.messages.find((one) => one.id === id);
    return message === undefined ? undefined : wordsOf(message);
  }

  /** Cards of a request in one place that do not say that a newer one took their place. */
  standing(surface: RecordedCard['surface'], place: string, request: string): number {
    if (surface === 'slack') {
      const of = (message: SlackMessageKept): boolean =>
        JSON.stringify(message.metadata ?? {}).includes(request) && !message.text.includes('superseded');
      return this.slack.cards(place).filter(of).length;
    }
    return this.stage.connector.in(place).filter((message) => wordsOf(message).includes(request)).length;
  }
}

interface Around extends Pick<RecordedService, 'slack' | 'stage' | 'simulator'> {
  readonly folder: string;
  readonly policyFile: string;
  readonly clock: Clock;
}

function optionsOf({ folder, policyFile, clock, slack, stage, simulator }: Around): ServiceOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    admin: 'off',
    dataDir: folder,
    policyFile,
    command: '/lr',
    logLevel: 'silent',
    secrets: [],
    defender: {
      kind: 'service',
      tenant: 'simulator',
      endpoint: customEndpoint(simulator.url),
      credentials: 'none',
      loopback: true,
    },
    console: false,
    platforms: [
      slackChat({
        botToken: slack.tokens.bot,
        allowedTeams: [],
        deafAfter: 60_000,
        appToken: slack.tokens.app,
        apiUrl: slack.apiUrl,
      }),
      teamsChat({
        settings: {
          type: 'SingleTenant',
          appId,
          tenantId: tenant,
          password: new Secret('x'),
          cloud: 'public',
          allowedTenants: [tenant],
          devNoAuth: false,
          door: 'direct',
        },
        authority: stage.authority(),
        origins: [stage.connector.origin],
        serviceUrl: stage.connector.serviceUrl,
      }),
    ],
    rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1_500 },
    sessions: 25,
    // This tenant knows nothing of the sessions of then: they are not looked for while a test presses.
    pollGap: 3_600_000,
    parkedGap: 3_600_000,
    outputRetention: 30 * 86_400_000,
    clock,
  };
}

/** Every card of the recording where it was posted, so that it can be drawn again there. */
function plant(name: RecordName, { world }: FakeSlack, stage: TeamsStage): void {
  for (const { surface, place, id, request } of postedCards(name)) {
    const text = `a card of ${request}, as an older version drew it`;
    if (surface === 'slack') {
      const metadata = { event_type: 'live_response_card', event_payload: { request } };
      world.messages.push({
        channel: place,
        ts: id,
        broadcast: false,
        at: world.now(),
        by: 'U0BOT',
        text,
        blocks: [],
        metadata,
        history: [text],
        args: {},
        deleted: false,
      });
    }
    if (surface === 'teams')
      stage.connector.messages.push({ id, conversation: place, body: { text }, history: [] });
  }
}
