// One Teams adapter on a real HTTP server, a fake connector behind it, keys of our own, and people who speak to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bot, CommandIn, PressIn, Reply } from '../../src/bot/ports.ts';
import { Secret } from '../../src/adapters/secret.ts';
import { startHttp } from '../../src/adapters/http/server.ts';
import { Http } from '../../src/adapters/outbound/http.ts';
import { startTeams } from '../../src/adapters/teams/teams.ts';
import type { Teams, TeamsOptions } from '../../src/adapters/teams/teams.ts';
import type { Clock, Log } from '../../src/liveResponse/ports.ts';
import { createClock } from '../../src/adapters/clock.ts';
import { ChannelKeys, issuer } from './channelKeys.ts';
import type { TokenOptions } from './channelKeys.ts';
import { FakeConnector } from './fakeConnector.ts';
import { teamsDoor } from './teamsDoor.ts';
import type { FakeMember, FakeMessage } from './fakeConnector.ts';
import { testKeys } from './testKeys.ts';

export const appId = '11111111-1111-1111-1111-111111111111';
export const tenant = '22222222-2222-2222-2222-222222222222';
export const bot = { id: `28:${appId}`, name: 'Live Response' } as const;

export interface Human {
  readonly id: string;
  readonly objectId: string;
  readonly name: string;
}
export const ana: Human = { id: '29:ana', objectId: 'aaaaaaaa-0000-0000-0000-000000000001', name: 'Ana Requester' };
export const ben: Human = { id: '29:ben', objectId: 'bbbbbbbb-0000-0000-0000-000000000002', name: 'Ben Approver' };

export const group = '19:group@thread.v2';
export const channel = '19:channel@thread.tacv2';
export const team = '19:team@thread.tacv2';
export const directOf = (human: Human): string => `a:direct-${human.id}`;

export function memberOf(human: Human, more: Partial<FakeMember> = {}): FakeMember {
  return { id: human.id, aadObjectId: human.objectId, name: human.name, tenantId: tenant, userRole: 'user', userPrincipalName: `${human.id.slice(3)}@corp.example`, ...more };
}

/** A Bot that answers from a script and remembers what it was asked. */
export class ScriptedBot implements Bot {
  readonly commands: CommandIn[] = [];
  readonly presses: PressIn[] = [];
  onCommand: (input: CommandIn) => Promise<Reply> = () => Promise.resolve({ kind: 'sentence', text: 'heard' });
  onPress: (input: PressIn) => Promise<Reply> = () => Promise.resolve({ kind: 'nothing' });
  command(input: CommandIn): Promise<Reply> {
    this.commands.push(input);
    return this.onCommand(input);
  }
  press(input: PressIn): Promise<Reply> {
    this.presses.push(input);
    return this.onPress(input);
  }
  readonly heardIn: string[] = [];
  heard(surface: string, place: string): void {
    this.heardIn.push(`${surface}:${place}`);
  }
}

export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Keeps what was logged, for tests that look at it. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (event: string, fields?: Readonly<Record<string, unknown>>): void => void lines.push(`${event} ${JSON.stringify(fields ?? {}, (_key, value: unknown) => (value instanceof Error ? `${value.name}: ${value.message}` : value))}`);
  return { lines, info: keep, warn: keep, error: keep };
}

/** Sleeps take no time and move the clock on. */
export function leapingClock(): Clock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    elapsed: () => performance.now() + ahead,
    sleep: (ms) => {
      ahead += ms;
      return Promise.resolve();
    },
  };
}

let activities = 0;

export class TeamsBench {
  readonly keys = new ChannelKeys();
  readonly connector = new FakeConnector();
  readonly bot: ScriptedBot = new ScriptedBot();
  readonly folder = mkdtempSync(join(tmpdir(), 'lr-teams-'));
  readonly http = new Http();
  teams!: Teams;
  url = '';
  #stopHttp: () => Promise<void> = () => Promise.resolve();

  async start(more: Partial<TeamsOptions> = {}, served: Bot = this.bot): Promise<void> {
    await this.keys.start();
    await this.connector.start();
    this.connector.authorization = 'Bearer outgoing';
    this.connector.install(group, [memberOf(ana), memberOf(ben)]);
    this.connector.install(channel, [memberOf(ana), memberOf(ben)]);
    this.connector.install(team, [memberOf(ana), memberOf(ben)]);
    this.connector.install(directOf(ana), [memberOf(ana)]);
    this.connector.install(directOf(ben), [memberOf(ben)]);
    await this.boot(more, served);
  }

  /** The adapter alone: again after `halt`, as a restart. */
  async boot(more: Partial<TeamsOptions> = {}, served: Bot = this.bot): Promise<void> {
    const { clock } = more;
    // botbuilder knows the time of the machine only.
    if (clock !== undefined && teamsDoor() === 'direct') this.keys.now = () => clock.now();
    this.teams = await startTeams({
      settings: { type: 'SingleTenant', appId, tenantId: tenant, password: new Secret('x'), cloud: 'public', allowedTenants: [tenant], devNoAuth: false, door: teamsDoor() },
      folder: this.folder,
      http: this.http,
      keys: testKeys,
      clock: createClock(),
      log: silent,
      command: '/lr',
      jitter: () => 0,
      authority: this.authority(),
      origins: [this.connector.origin],
      serviceUrl: this.connector.serviceUrl,
      ...more,
    });
    const http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      log: silent,
      healthy: () => [],
      ready: () => this.teams.checks(),
      clock: createClock(),
      mount: [(app) => this.teams.mount(app, served)],
    });
    this.url = http.url;
    this.#stopHttp = () => http.stop();
  }

  authority(): NonNullable<TeamsOptions['authority']> {
    return { openIdMetadataUrl: this.keys.metadataUrl(), tokenIssuer: issuer, loginUrl: 'https://login.microsoftonline.com/botframework.com', oauthScope: issuer, token: () => Promise.resolve('outgoing') };
  }

  async halt(): Promise<void> {
    await this.#stopHttp();
    await this.teams.stop();
  }

  async stop(): Promise<void> {
    await this.halt();
    await this.connector.stop();
    await this.keys.stop();
    await this.http.close();
    this.tidy();
  }

  tidy(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What one person alone was told, wherever that stands. */
  alone(human: Human): readonly FakeMessage[] {
    return this.connector.messages.filter((message) => message.to === human.id || message.conversation === directOf(human));
  }

  /** A message as Teams sends it. */
  message(human: Human, place: string, text: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    activities += 1;
    const kind = place.startsWith('a:') ? 'personal' : place.includes('tacv2') ? 'channel' : 'groupChat';
    return {
      type: 'message',
      id: `f:${activities}`,
      timestamp: '2026-11-22T10:00:00.000Z',
      channelId: 'msteams',
      serviceUrl: this.connector.serviceUrl,
      from: { id: human.id, name: human.name, aadObjectId: human.objectId },
      conversation: { id: place, conversationType: kind, tenantId: tenant, ...(kind === 'personal' ? {} : { isGroup: true }) },
      recipient: { ...bot },
      textFormat: 'plain',
      locale: 'en-US',
      text: kind === 'personal' ? text : `<at>${bot.name}</at> ${text}`,
      entities: kind === 'personal' ? [] : [{ type: 'mention', mentioned: { id: bot.id, name: bot.name }, text: `<at>${bot.name}</at>` }, { type: 'clientInfo', locale: 'en-US' }],
      channelData: { tenant: { id: tenant }, ...(kind === 'channel' ? { team: { id: team }, channel: { id: place.split(';')[0] } } : {}) },
      ...more,
    };
  }

  /** A press on a card, as an invoke. */
  press(human: Human, place: string, data: unknown, more: Readonly<Record<string, unknown>> = {}, trigger = 'manual'): Readonly<Record<string, unknown>> {
    return { ...this.message(human, place, ''), text: undefined, textFormat: undefined, entities: undefined, type: 'invoke', name: 'adaptiveCard/action', value: { action: { type: 'Action.Execute', verb: 'lr.approve.v1', data }, trigger }, ...more };
  }

  async deliver(activity: Readonly<Record<string, unknown>>, options: TokenOptions & { readonly header0?: string | null } = {}): Promise<{ readonly status: number; readonly text: string; readonly json: unknown }> {
    const authorization = options.header0 === undefined ? `Bearer ${this.keys.token(appId, this.connector.serviceUrl, options)}` : options.header0;
    const response = await fetch(`${this.url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
      body: JSON.stringify(activity),
    });
    const text = await response.text();
    return { status: response.status, text, json: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined };
  }
}
