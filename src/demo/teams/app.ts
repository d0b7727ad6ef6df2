// The whole product as a process would run it, with Teams as its chat: real HTTP in and out, the embedded
// simulator at high speed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startService } from '../../app/compose.ts';
import type { Service } from '../../app/compose.ts';
import type { ServiceOptions } from '../../app/options.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import type { ChosenChat } from '../../adapters/chatPlatform.ts';
import { teamsChat } from '../../adapters/teams/platform.ts';
import { Secret } from '../../adapters/secret.ts';
import { cardOf, wordsOf } from './fakeConnector.ts';
import type { FakeMessage } from './fakeConnector.ts';
import { packageFile } from '../../adapters/packageFiles.ts';
import { unhurried } from '../unhurried.ts';
import { ana, appId, ben, channel, group, TeamsStage, tenant } from './stage.ts';

/**
 * Ana may ask, Ben may approve and is mentioned in the channel, where every request has a card; the group is
 * where people ask.
 */
export function teamsPolicy(
  more: (text: string) => string,
  example = readFileSync(packageFile('policy.example.yaml'), 'utf8'),
): string {
  const people = example
    .replace(
      'name: Riley Responder, console: responder1 }',
      `name: ${ana.name}, console: responder1, teams: ${ana.objectId} }`,
    )
    .replace(
      'name: Avery Approver, console: approver1 }',
      `name: ${ben.name}, console: approver1, teams: ${ben.objectId} }`,
    );
  const places = [
    'places:',
    `  - { place: "teams:${group}", approvals: false, results: card }`,
    `  - { place: "teams:${channel}", approvals: true, notify: "teams:${ben.objectId}", results: card }`,
  ].join('\n');
  return more(people.replace(/^places:\n(?:[ #].*\n)+/m, `${places}\n`));
}

export interface TeamsAppOptions {
  readonly policy?: (text: string) => string;
  readonly speed?: number;
  /** Which way to Teams; the settings' default when not given. */
  readonly door?: 'botbuilder' | 'direct';
  readonly pressLimit?: number;
  readonly disk?: NonNullable<ServiceOptions['disk']>;
  /** A second chat next to Teams. */
  readonly beside?: ChosenChat;
}

/** A press that is not the plain one. */
export interface Click {
  readonly verb: string;
  readonly input?: string;
  readonly activity?: Readonly<Record<string, unknown>>;
  readonly trigger?: string;
}

export class TeamsApp extends TeamsStage {
  /** Where reasons in words and metrics are. */
  adminUrl = '';
  service!: Service;
  #options: TeamsAppOptions = {};

  async open(options: TeamsAppOptions = {}): Promise<void> {
    this.#options = options;
    await this.seedWorkspace();
    await this.run();
  }

  /** The process; again after `halted`, as a restart. */
  async run(): Promise<void> {
    const file = join(this.folder, 'policy.yaml');
    writeFileSync(file, teamsPolicy(this.#options.policy ?? unhurried));
    const options: ServiceOptions = {
      host: '127.0.0.1',
      port: 0,
      dataDir: this.folder,
      policyFile: file,
      command: '/lr',
      logLevel: 'silent',
      secrets: [],
      defender: { kind: 'simulator', speed: this.#options.speed ?? 200 },
      console: false,
      ...(this.#options.disk === undefined ? {} : { disk: this.#options.disk }),
      platforms: [
        ...(this.#options.beside === undefined ? [] : [this.#options.beside]),
        teamsChat({
          settings: {
            type: 'SingleTenant',
            appId,
            tenantId: tenant,
            password: new Secret('x'),
            cloud: 'public',
            allowedTenants: [tenant],
            devNoAuth: false,
            door: this.#options.door ?? 'botbuilder',
          },
          authority: this.authority(),
          origins: [this.connector.origin],
          serviceUrl: this.connector.serviceUrl,
          ...(this.#options.pressLimit === undefined ? {} : { pressLimit: this.#options.pressLimit }),
        }),
      ],
      rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1_500 },
      sessions: 25,
      pollGap: 2_400,
      parkedGap: 30_000,
      offlineQueue: 3 * 24 * 3_600_000,
      outputRetention: 30 * 24 * 3_600_000,
    };
    this.service = await startService(options);
    this.url = this.service.url;
    this.adminUrl = this.service.adminUrl ?? '';
  }

  async close(): Promise<void> {
    // Undefined where the start failed, whose servers have to end all the same.
    await (this.service as Service | undefined)?.stop();
    await this.connector.stop();
    await this.keys.stop();
    this.tidy();
  }

  newest(): Request {
    const [request] = this.service.store.all();
    if (request === undefined) throw new Error('no request is stored');
    return request;
  }

  /** The newest request card of a place, once it says `words`. */
  card(place: string, words: RegExp, ms = 20_000): Promise<FakeMessage> {
    return this.connector.until(
      () => this.cards(place).findLast((message) => words.test(wordsOf(message))),
      ms,
    );
  }

  /** Cards of requests that everybody in a place sees. */
  cards(place: string): readonly FakeMessage[] {
    return this.connector
      .in(place)
      .filter((message) => message.to === undefined && cardOf(message) !== undefined);
  }

  /** Presses a button as it is on a card, by its verb. Resolves with what the person reads. */
  async click(human: typeof ana, place: string, card: FakeMessage, press: string | Click): Promise<string> {
    const { verb, ...more }: Click = typeof press === 'string' ? { verb: press } : press;
    const data = { ...dataOf(card, verb), ...(more.input === undefined ? {} : { lrInput: more.input }) };
    const { status, json } = await this.deliver(
      this.press(human, place, data, {
        replyToId: card.id,
        ...more.activity,
        ...(more.trigger === undefined ? {} : { trigger: more.trigger }),
      }),
    );
    if (status !== 200) throw new Error(`the press was answered with ${status}`);
    const { statusCode, type, value } = json as {
      readonly statusCode: number;
      readonly type: string;
      readonly value: unknown;
    };
    if (statusCode !== 200) throw new Error(`the press was answered with ${statusCode} inside`);
    return type === 'application/vnd.microsoft.activity.message' ? String(value) : JSON.stringify(value);
  }

  say(human: typeof ana, place: string, text: string): Promise<unknown> {
    return this.deliver(this.message(human, place, text));
  }
}

/** What a button of a card carries; in a second step too. */
export function dataOf(card: FakeMessage, verb: string): Readonly<Record<string, unknown>> {
  const found: Readonly<Record<string, unknown>>[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      const one = value as Readonly<Record<string, unknown>>;
      if (one['type'] === 'Action.Execute' && one['verb'] === `lr.${verb}.v1`)
        found.push(one['data'] as Readonly<Record<string, unknown>>);
      Object.values(one).forEach(walk);
    }
  };
  walk(cardOf(card));
  const [data] = found;
  if (data === undefined) throw new Error(`the card has no button ${verb}: ${wordsOf(card)}`);
  return data;
}
