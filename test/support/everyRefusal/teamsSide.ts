// Teams for a story of refusals: Ana asks in a group chat, Ben approves in a channel, and the cards of both
// show the results.
import { teamsChat } from '../../../src/adapters/teams/platform.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import {
  ana,
  appId,
  ben,
  channel,
  directOf,
  group,
  memberOf,
  team,
  TeamsHarness,
  tenant,
} from '../chats/teamsHarness.ts';
import { dataOf, teamsPolicy } from '../chats/teamsTestApp.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import type { ChatSide, SeenCard, StageClock, Who } from './stage.ts';

const humans = { requester: ana, approver: ben } as const;

export async function openTeamsSide(clock: StageClock): Promise<ChatSide> {
  const bench = new TeamsHarness();
  const { connector } = bench;
  await bench.keys.start();
  await connector.start();
  connector.now = () => clock.now();
  connector.authorization = 'Bearer outgoing';
  for (const place of [group, channel, team]) connector.install(place, [memberOf(ana), memberOf(ben)]);
  connector.install(directOf(ana), [memberOf(ana)]);
  connector.install(directOf(ben), [memberOf(ben)]);
  /** What a press was answered with, which the presser alone sees. */
  const toasts: string[] = [];
  let listening = false;

  function kept(place: string): readonly FakeMessage[] {
    return connector.in(place).filter((message) => message.to === undefined && cardOf(message) !== undefined);
  }

  async function click(card: FakeMessage, place: string, verb: string): Promise<void> {
    const data = { ...dataOf(card, verb), ...(verb === 'deny' ? { lrInput: 'not today' } : {}) };
    const { status, json } = await bench.deliver(bench.press(ben, place, data, { replyToId: card.id }));
    if (!listening) return;
    toasts.push(
      status === 200 ? String((json as { readonly value?: unknown }).value) : `answered with ${status}`,
    );
  }

  function told(who: Who): readonly string[] {
    const { id } = humans[who];
    const alone = connector.messages
      .filter((message) => message.to === id || message.conversation === directOf(humans[who]))
      .map(wordsOf);
    // In public only that there is an answer.
    const hints = connector.messages
      .filter(
        (message) =>
          cardOf(message) === undefined && wordsOf(message).includes('an answer that is for you alone'),
      )
      .map(wordsOf);
    return [...alone, ...hints, ...(who === 'approver' ? toasts : [])];
  }

  return {
    name: 'teams',
    places: [group, channel],
    policy: teamsPolicy(unhurried),
    options: (timeout) => ({
      platforms: [
        teamsChat({
          settings: {
            type: 'SingleTenant',
            appId,
            tenantId: tenant,
            password: new Secret('x'),
            cloud: 'public',
            allowedTenants: [tenant],
            devNoAuth: false,
          },
          authority: bench.authority(),
          origins: [connector.origin],
          serviceUrl: connector.serviceUrl,
          jitter: () => 0,
          ...(timeout === undefined ? {} : { timeout }),
        }),
      ],
    }),
    listening: (url) => {
      listening = url !== undefined;
      if (url !== undefined) bench.url = url;
    },
    refuse: (refuse) => {
      connector.refuse = refuse;
    },
    say: (text) => bench.deliver(bench.message(ana, group, `lr ${text}`)),
    async press(verb) {
      const card = kept(channel).at(-1);
      if (card === undefined) throw new Error('there is no card');
      await click(card, channel, verb);
    },
    async pressOlder(place) {
      const [older] = kept(place).slice(0, -1).filter(isLive);
      if (older !== undefined) await click(older, place, 'withdraw');
    },
    cards: (place) =>
      kept(place).map((message): SeenCard => ({ text: wordsOf(message), live: isLive(message) })),
    told,
    async close() {
      await connector.stop();
      await bench.keys.stop();
      bench.tidy();
    },
  };
}

/** Whether something can be decided on it. */
function isLive(message: FakeMessage): boolean {
  return /"lr\.(approve|deny|withdraw|cancel)\.v1"/.test(JSON.stringify(cardOf(message)));
}
