// Teams stage of a story: people and places, a fake connector, keys that sign what it sends, and the
// messages and presses of people.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TeamsOptions } from '../../adapters/teams/open.ts';
import { ChannelKeys, issuer } from './channelKeys.ts';
import type { TokenOptions } from './channelKeys.ts';
import { FakeConnector } from './fakeConnector.ts';
import type { FakeMember, FakeMessage } from './fakeConnector.ts';

export const appId = '11111111-1111-1111-1111-111111111111';
export const tenant = '22222222-2222-2222-2222-222222222222';
export const bot = { id: `28:${appId}`, name: 'Live Response' } as const;

export interface Human {
  readonly id: string;
  readonly objectId: string;
  readonly name: string;
}
export const ana: Human = {
  id: '29:ana',
  objectId: 'aaaaaaaa-0000-0000-0000-000000000001',
  name: 'Ana Requester',
};
export const ben: Human = {
  id: '29:ben',
  objectId: 'bbbbbbbb-0000-0000-0000-000000000002',
  name: 'Ben Approver',
};

export const group = '19:group@thread.v2';
export const channel = '19:channel@thread.tacv2';
export const team = '19:team@thread.tacv2';
export const directOf = (human: Human): string => `a:direct-${human.id}`;

export function memberOf(human: Human, more: Partial<FakeMember> = {}): FakeMember {
  return {
    id: human.id,
    aadObjectId: human.objectId,
    name: human.name,
    tenantId: tenant,
    userRole: 'user',
    userPrincipalName: `${human.id.slice(3)}@corp.example`,
    ...more,
  };
}

let activities = 0;

export class TeamsStage {
  readonly keys = new ChannelKeys();
  readonly connector = new FakeConnector();
  readonly folder = mkdtempSync(join(tmpdir(), 'lr-teams-'));
  url = '';

  /** Keys and connector, with everybody in every place. */
  async seedWorkspace(): Promise<void> {
    await this.keys.start();
    await this.connector.start();
    this.connector.authorization = 'Bearer outgoing';
    for (const place of [group, channel, team]) this.connector.install(place, [memberOf(ana), memberOf(ben)]);
    this.connector.install(directOf(ana), [memberOf(ana)]);
    this.connector.install(directOf(ben), [memberOf(ben)]);
  }

  authority(): NonNullable<TeamsOptions['authority']> {
    return {
      openIdMetadataUrl: this.keys.metadataUrl(),
      tokenIssuer: issuer,
      loginUrl: 'https://login.microsoftonline.com/botframework.com',
      oauthScope: issuer,
      token: () => Promise.resolve('outgoing'),
    };
  }

  tidy(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What was said to one person alone, in whatever conversation. */
  alone(human: Human): readonly FakeMessage[] {
    return this.connector.messages.filter(
      (message) => message.to === human.id || message.conversation === directOf(human),
    );
  }

  /** A message as Teams sends it. */
  message(
    human: Human,
    place: string,
    text: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> {
    activities += 1;
    const kind = place.startsWith('a:') ? 'personal' : place.includes('tacv2') ? 'channel' : 'groupChat';
    return {
      type: 'message',
      id: `f:${activities}`,
      timestamp: '2026-11-22T10:00:00.000Z',
      channelId: 'msteams',
      serviceUrl: this.connector.serviceUrl,
      from: { id: human.id, name: human.name, aadObjectId: human.objectId },
      conversation: {
        id: place,
        conversationType: kind,
        tenantId: tenant,
        ...(kind === 'personal' ? {} : { isGroup: true }),
      },
      recipient: { ...bot },
      textFormat: 'plain',
      locale: 'en-US',
      text: kind === 'personal' ? text : `<at>${bot.name}</at> ${text}`,
      entities:
        kind === 'personal'
          ? []
          : [
              { type: 'mention', mentioned: { id: bot.id, name: bot.name }, text: `<at>${bot.name}</at>` },
              { type: 'clientInfo', locale: 'en-US' },
            ],
      channelData: {
        tenant: { id: tenant },
        ...(kind === 'channel' ? { team: { id: team }, channel: { id: place.split(';')[0] } } : {}),
      },
      ...more,
    };
  }

  /** A press on a card, as an invoke. @param more fields of the activity; `trigger` is one of its value */
  press(
    human: Human,
    place: string,
    data: unknown,
    { trigger = 'manual', ...more }: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> {
    return {
      ...this.message(human, place, ''),
      text: undefined,
      textFormat: undefined,
      entities: undefined,
      type: 'invoke',
      name: 'adaptiveCard/action',
      value: { action: { type: 'Action.Execute', verb: 'lr.approve.v1', data }, trigger },
      ...more,
    };
  }

  async deliver(
    activity: Readonly<Record<string, unknown>>,
    options: TokenOptions & { readonly header0?: string | null } = {},
  ): Promise<{ readonly status: number; readonly text: string; readonly json: unknown }> {
    const authorization =
      options.header0 === undefined
        ? `Bearer ${this.keys.token(appId, this.connector.serviceUrl, options)}`
        : options.header0;
    const response = await fetch(`${this.url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
      body: JSON.stringify(activity),
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined,
    };
  }
}
