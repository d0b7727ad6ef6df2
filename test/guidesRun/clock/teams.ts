// Teams for the clock: its connector and its keys under their real names, and two people in one channel.
import type { Hosts } from '../cloud.ts';
import { forward } from '../../support/programs/forward.ts';
import { people } from '../cloud.ts';
import { ChannelKeys } from '../../../src/demo/teams/channelKeys.ts';
import { FakeConnector, cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { dataOf } from '../../../src/demo/teams/app.ts';

export interface Member {
  readonly id: string;
  readonly objectId: string;
  readonly name: string;
}

export const approvals = '19:approvals@thread.tacv2';
const team = '19:team@thread.tacv2';
const serviceUrl = 'https://smba.trafficmanager.net/teams/';
const bot = { id: `28:${people.teamsApp}`, name: 'Live Response' } as const;
/** Milliseconds that the bot may take to answer Teams, which gives up by itself after 15 s. */
const longestAnswer = 15_000;

export class PlayedTeams {
  readonly #keys = new ChannelKeys();
  readonly #connector = new FakeConnector();
  #sent = 0;

  async start(members: readonly Member[]): Promise<void> {
    await this.#keys.start();
    await this.#connector.start();
    this.#keys.document = { jwks_uri: 'https://login.botframework.com/v1/.well-known/keys' };
    const all = members.map(({ id, objectId, name }) => ({
      id,
      aadObjectId: objectId,
      name,
      tenantId: people.tenant,
      userRole: 'user',
    }));
    for (const place of [approvals, team]) this.#connector.install(place, all);
    for (const one of all) this.#connector.install(`a:direct-${one.id}`, [one]);
  }

  hosts(): Hosts {
    return {
      'login.botframework.com': forward(new URL(this.#keys.metadataUrl()).origin),
      'smba.trafficmanager.net': forward(this.#connector.origin),
    };
  }

  /** The newest request card of the channel, once it says these words. */
  card(words: RegExp, ms: number, but?: FakeMessage): Promise<FakeMessage> {
    return this.#connector.until(
      () =>
        this.#connector
          .in(approvals)
          .findLast(
            (message) =>
              message.id !== but?.id &&
              message.to === undefined &&
              cardOf(message) !== undefined &&
              words.test(wordsOf(message)),
          ),
      ms,
    );
  }

  /** As typed in the channel, with the bot mentioned. */
  async say(url: string, member: Member, text: string): Promise<void> {
    await this.#deliver(url, {
      ...this.#activity(member),
      type: 'message',
      textFormat: 'plain',
      text: `<at>${bot.name}</at> ${text}`,
      entities: [{ type: 'mention', mentioned: bot, text: `<at>${bot.name}</at>` }],
    });
  }

  async press(url: string, member: Member, card: FakeMessage, verb: string): Promise<void> {
    const value = {
      action: { type: 'Action.Execute', verb: `lr.${verb}.v1`, data: dataOf(card, verb) },
      trigger: 'manual',
    };
    await this.#deliver(url, {
      ...this.#activity(member),
      type: 'invoke',
      name: 'adaptiveCard/action',
      value,
      replyToId: card.id,
    });
  }

  async close(): Promise<void> {
    await this.#connector.stop();
    await this.#keys.stop();
  }

  #activity({ id, objectId, name }: Member): Readonly<Record<string, unknown>> {
    this.#sent += 1;
    return {
      id: `clock:${this.#sent}`,
      timestamp: new Date().toISOString(),
      channelId: 'msteams',
      serviceUrl,
      locale: 'en-US',
      from: { id, name, aadObjectId: objectId },
      recipient: bot,
      conversation: { id: approvals, conversationType: 'channel', tenantId: people.tenant, isGroup: true },
      channelData: { tenant: { id: people.tenant }, team: { id: team }, channel: { id: approvals } },
    };
  }

  /** With a token as Teams signs it, which the bot checks against the keys. */
  async #deliver(url: string, activity: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.#keys.token(people.teamsApp, serviceUrl)}`,
      },
      body: JSON.stringify(activity),
      signal: AbortSignal.timeout(longestAnswer),
    });
    const text = await response.text();
    if (response.status > 202)
      throw new Error(`the bot answered Teams with ${response.status}: ${text.slice(0, 500)}`);
  }
}
