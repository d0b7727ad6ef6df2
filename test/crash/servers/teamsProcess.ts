// The fake Teams as a process of its own, under Microsoft's names behind a proxy: sign-in, the keys of the
// channel, and the connector, which takes only calls with a token. People act in it over a control port; what
// was delivered, answered and shown is appended to a log file. Arguments: the file, a seed, a folder for the
// authority's certificate and the secret of the bot's registration.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Delivered } from '../../../src/demo/slack/delivering.ts';
import { dataOf } from '../../../src/demo/teams/app.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { appId, channel, directOf, memberOf, team, tenant } from '../../../src/demo/teams/stage.ts';
import type { Human as TeamsHuman } from '../../../src/demo/teams/stage.ts';
import { AppRegistration, EntraApps } from '../../support/entra/entraApps.ts';
import { RealTeams } from '../../support/entra/realNames.ts';
import { certificateAuthority } from '../../support/entra/selfSigned.ts';
import { CompanyProxy } from '../../support/programs/companyProxy.ts';
import { forward } from '../../support/programs/forward.ts';
import { humans, inTeams } from '../people.ts';
import { ChatProcess, deciding, failing } from './chatProcess.ts';
import type { Sending } from './chatProcess.ts';
import type { CardSeen, Deed, Room } from './chatControl.ts';

/** How long Teams waits for the answer to a press. Milliseconds. */
const invokeLimit = 10_000;

const chat = new ChatProcess();
const [, , , , folder = '', secret = ''] = process.argv;
const teams = new RealTeams();
const { connector, keys } = teams;
await teams.seedWorkspace();
connector.authorization = undefined;
connector.refuse = failing(chat.random, chat.tally);
// The rates of Teams are not what this is about, as with Slack: every call comes in an hour of its own.
let hours = 0;
connector.now = () => Date.now() + (hours += 1) * 3_600_000;
keys.document = { jwks_uri: 'https://login.botframework.com/v1/.well-known/keys' };
const people = new Map(humans.map((human) => [human.account, inTeams(human)]));
const accounts = new Map([...people].map(([account, { id }]) => [id, account]));
const everybody = [...people.values()].map((human) => memberOf(human));
for (const place of [channel, team]) connector.install(place, everybody);
for (const human of people.values()) connector.install(directOf(human), [memberOf(human)]);

const entra = new EntraApps(tenant);
const registration = new AppRegistration();
registration.secrets.add(secret);
entra.apps.set(appId, registration);

type Play = (message: IncomingMessage, response: ServerResponse) => unknown;
const toConnector = forward(connector.origin);
const hosts: Readonly<Record<string, Play>> = {
  'login.microsoftonline.com': entra.answer,
  'login.botframework.com': forward(new URL(keys.metadataUrl()).origin),
  'smba.trafficmanager.net': (message, response) => {
    if (entra.lets(message, appId, 'https://api.botframework.com')) toConnector(message, response);
    else {
      chat.tally.add('calls without a good token');
      response.writeHead(401).end();
    }
  },
};
const authority = certificateAuthority('a public authority');
const ports = new Map<string, number>();
for (const [host, play] of Object.entries(hosts)) {
  const server = createServer(authority.issue(host), (message, response) => void play(message, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.set(host, (server.address() as AddressInfo).port);
}
const proxy = new CompanyProxy({ leadsTo: (host) => ports.get(host) });
await proxy.start();
const authorities = join(folder, 'authorities.pem');
writeFileSync(authorities, authority.cert);

let drawn = 0;
/** Versions of each message that are in the log. */
const logged = new Map<string, number>();
/** Messages whose newest version may be missing in the log, and those that were never looked at. */
let looked = 0;
function watch(): undefined {
  const fresh = connector.messages.slice(looked);
  looked = connector.messages.length;
  for (const message of fresh) logged.set(message.id, 0);
  for (const message of connector.messages) {
    const before = logged.get(message.id) ?? 0;
    if (message.history.length === before) continue;
    logged.set(message.id, message.history.length);
    for (const body of message.history.slice(before)) show(message, JSON.stringify(body));
  }
  return undefined;
}

function show(message: FakeMessage, body: string): void {
  const at = Date.now();
  const to = message.to ?? /^a:direct-(.+)$/.exec(message.conversation)?.[1];
  drawn += 1;
  if (to === undefined) chat.log({ type: 'shown', at, chat: 'teams', channel: placeOf(message), body });
  else
    chat.log({
      type: 'private',
      at,
      chat: 'teams',
      user: accounts.get(to) ?? to,
      text: wordsOf(message),
    });
}
// It never finds what it looks for: that is how one is told of every call.
void connector.until(watch, 86_400_000);

function placeOf({ conversation }: FakeMessage): string {
  return conversation.split(';')[0] ?? '';
}

function send(deed: Deed): Sending | undefined {
  const human = people.get(deed.person);
  const activity = human === undefined ? undefined : activityOf(human, deed);
  if (activity === undefined) return undefined;
  const go = (): Promise<Delivered> => delivered(activity);
  // A message that was not acknowledged may be sent again; of a press the person sees that it went wrong.
  return { first: go(), again: go, repeated: deed.kind !== 'press' };
}

/** Undefined where the card is not drawn like that any more. */
function activityOf(human: TeamsHuman, deed: Deed): Readonly<Record<string, unknown>> | undefined {
  if (deed.kind === 'submit') return undefined;
  const own = { id: deed.key, timestamp: new Date().toISOString() };
  if (deed.kind !== 'press') return teams.message(human, deed.channel, deed.text, own);
  const card = connector.messages.find(({ id }) => id === deed.ts);
  if (card === undefined || cardSeen(card, true)?.buttons.includes(`lr.${deed.verb}.v1`) !== true)
    return undefined;
  const data = { ...dataOf(card, deed.verb), ...(deed.verb === 'deny' ? { lrInput: 'not now' } : {}) };
  return teams.press(human, deed.channel, data, { ...own, replyToId: card.id });
}

async function delivered(activity: Readonly<Record<string, unknown>>): Promise<Delivered> {
  const began = performance.now();
  if (teams.url === '') throw new Error('no address to deliver to');
  const answer = await fetch(`${teams.url}/api/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${keys.token(appId, connector.serviceUrl)}`,
    },
    body: JSON.stringify(activity),
    signal: AbortSignal.timeout(invokeLimit),
  });
  const said = await answer.text();
  return {
    acknowledged: answer.ok,
    status: answer.status,
    body: toldIn(said),
    ms: performance.now() - began,
  };
}

/** What the person reads at once in the answer to a press; a card in it counts as told. */
function toldIn(said: string): string {
  if (!said.startsWith('{')) return '';
  const { type, value } = JSON.parse(said) as { readonly type?: string; readonly value?: unknown };
  if (type === 'application/vnd.microsoft.card.adaptive') return 'The card as it is now.';
  return typeof value === 'string' ? value : '';
}

function room(all: boolean): Room {
  return {
    cards: connector.messages.flatMap((message) => cardSeen(message, all) ?? []),
    forms: [],
    drawn,
  };
}

/** The request of each card, from its buttons: in the words there may be another one. */
const requests = new Map<string, string>();
/** What is known of each drawn card; it is drawn again as another body. */
const seen = new WeakMap<object, CardSeen | 'none'>();

function cardSeen(message: FakeMessage, all: boolean): CardSeen | undefined {
  const known = seen.get(message.body) ?? cardRead(message) ?? 'none';
  seen.set(message.body, known);
  if (known === 'none' || (!all && !known.buttons.some((id) => deciding.test(id)))) return undefined;
  return all ? known : { ...known, text: '' };
}

function cardRead(message: FakeMessage): CardSeen | undefined {
  const card = cardOf(message);
  if (card === undefined || message.to !== undefined || placeOf(message) !== channel) return undefined;
  const json = JSON.stringify(card);
  const request =
    requests.get(message.id) ??
    /"requestId":"(lr-[0-9a-z]+)"/.exec(json)?.[1] ??
    /lr-[0-9a-z]{4,}/.exec(json)?.[0];
  if (request === undefined) return undefined;
  requests.set(message.id, request);
  const buttons = [...json.matchAll(/"verb":"(lr\.[a-z]+\.v1)"/g)].map(([, verb]) => verb ?? '');
  return {
    chat: 'teams',
    channel,
    ts: message.id,
    request,
    buttons: [...new Set(buttons)],
    text: wordsOf(message),
  };
}

await chat.serve(
  {
    send,
    room,
    target(url) {
      teams.url = url ?? '';
    },
  },
  { proxy: proxy.url, authorities },
);
