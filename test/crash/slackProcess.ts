// The fake Slack as a process of its own, so that no kill touches it: people act in it over a control port,
// and everything that was delivered, answered, called and shown is appended to a log file. Arguments: the
// file. The first line of stdout is JSON with its addresses.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { read, startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { Delivered } from '../../src/demo/slack/delivering.ts';
import { plain, text } from '../../src/demo/slack/methods.ts';
import { seedWorkspace, incidents } from '../support/slack/slackTestApp.ts';
import type { Json, OpenView, SlackMessageKept } from '../../src/demo/slack/world.ts';
import { approvers, responders } from './people.ts';
import type { CardSeen, Deed, LogLine, Room } from './slackControl.ts';

/** Slack repeats an event that was not acknowledged this often. */
const repetitions = 3;
/** What somebody decides by; a card without any of these has come to its end. */
const deciding = /^lr\.(approve|deny|withdraw|cancel|look|resend|drop)\./;

const drawing: ReadonlySet<string> = new Set(['chat.postMessage', 'chat.update']);

const logFile = process.argv[2] ?? '';
const slack = await startFakeSlack();
seedWorkspace(slack);
const { world } = slack;
world.scopes = [...world.scopes, 'channels:history', 'groups:history'];
// The rates of Slack are not what this is about, and would stretch it to an hour; the bot keeps its own.
slack.api.rates = false;
const people = [...responders, ...approvers];
for (const { account, name } of people) world.user(account, { name });
world.channel(incidents, { members: ['U0BOT', ...people.map(({ account }) => account)] });

function log(line: LogLine): void {
  appendFileSync(logFile, `${JSON.stringify(line)}\n`);
}

const written = { calls: 0, ephemerals: 0 };
/** The press that opened each modal, and the state of it that was logged last. */
const modals = new Map<string, { readonly key: string; hash: string }>();
world.watch(() => {
  const calls = world.calls.slice(written.calls);
  written.calls = world.calls.length;
  for (const { method, args, at, error } of calls)
    log({
      type: 'call',
      at,
      method,
      channel: text(args['channel']),
      ts: text(args['ts']),
      answer: error ?? 'ok',
    });
  for (const one of world.ephemerals.slice(written.ephemerals))
    log({
      type: 'private',
      at: world.now(),
      user: one.user,
      text: plain(one.text, one.blocks),
      ...(one.address === undefined ? {} : { key: one.address }),
    });
  written.ephemerals = world.ephemerals.length;
  const opening = calls.find(({ method, error }) => method === 'views.open' && error === undefined);
  for (const view of world.views.values()) {
    const modal = modals.get(view.id) ?? { key: text(opening?.args['trigger_id']), hash: '' };
    if (modal.hash === view.hash) continue;
    modals.set(view.id, modal);
    modal.hash = view.hash;
    log({ type: 'modal', at: world.now(), key: modal.key, title: plain('', [view.view['title'] as Json]) });
  }
});

/** The request that a form is about; undefined while it asks for nothing yet. */
function formOf({ view }: OpenView): string | undefined {
  if (!((view['blocks'] ?? []) as readonly Json[]).some((block) => block['type'] === 'input'))
    return undefined;
  return /lr-[0-9a-z]+/.exec(text(view['private_metadata']))?.[0];
}

/** What Slack delivers again when the bot is back. */
let unacknowledged: { readonly deed: Deed; readonly again: () => Promise<Delivered>; attempt: number }[] = [];

async function deliver(deed: Deed): Promise<boolean> {
  const delivery = sent(deed);
  if (delivery === undefined) return false;
  const again = slack.lastDelivery();
  const done = await outcome(delivery);
  note(deed, 0, done);
  // Commands and presses are not repeated by Slack: the person sees a warning and does it again.
  if (!done.acknowledged && deed.kind === 'mention') unacknowledged.push({ deed, again, attempt: 0 });
  return done.acknowledged;
}

/**
 * Undefined where it cannot be done any more: the card was drawn again meanwhile, and nobody can press what
 * is not drawn.
 */
function sent(deed: Deed): Promise<Delivered> | undefined {
  const who = slack.person(deed.person);
  if (deed.kind === 'submit')
    return room(false).forms.some(({ user }) => user === deed.person) ? who.submit(deed.input) : undefined;
  if (deed.kind === 'mention') return who.mention(deed.channel, deed.text);
  world.responseUrls.set(deed.key, { user: deed.person, channel: deed.channel, at: world.now(), uses: 0 });
  world.triggers.set(deed.key, { user: deed.person, at: world.now(), used: false });
  const payload = { response_url: `${slack.api.origin}/respond/${deed.key}`, trigger_id: deed.key };
  if (deed.kind !== 'press') return who.command(deed.channel, deed.text, { payload });
  const card = world.in(deed.channel).find(({ ts }) => ts === deed.ts);
  if (
    card === undefined ||
    cardOf(card, true)?.buttons.some((id) => id.startsWith(`lr.${deed.verb}.`)) !== true
  )
    return undefined;
  return who.press(card, `lr.${deed.verb}.`, { payload });
}

async function outcome(delivery: Promise<Delivered>): Promise<Delivered> {
  try {
    return await delivery;
  } catch (error) {
    // No socket came: the person sees that the app did not answer.
    return { acknowledged: false, body: error instanceof Error ? error.message : String(error), ms: 0 };
  }
}

function note(deed: Deed, attempt: number, { acknowledged, status, body, ms }: Delivered): void {
  log({
    type: 'delivery',
    at: world.now(),
    attempt,
    deed,
    acknowledged,
    body,
    ms,
    ...(status === undefined ? {} : { status }),
  });
}

async function repeat(): Promise<void> {
  const due = unacknowledged;
  unacknowledged = [];
  for (const one of due) {
    one.attempt += 1;
    const done = await outcome(one.again());
    note(one.deed, one.attempt, done);
    if (!done.acknowledged && one.attempt < repetitions) unacknowledged.push(one);
  }
}

function room(all: boolean): Room {
  const cards = world.messages.flatMap((message) => (message.deleted ? [] : (cardOf(message, all) ?? [])));
  const open = [...world.views.values()].flatMap((view) => {
    const request = formOf(view);
    return request === undefined ? [] : [{ user: view.user, request }];
  });
  return {
    cards,
    forms: open,
    drawn: world.calls.filter(({ method, error }) => error === undefined && drawing.has(method)).length,
  };
}

function cardOf(message: SlackMessageKept, all: boolean): CardSeen | undefined {
  if (message.metadata?.['event_type'] !== 'live_response_card') return undefined;
  const buttons = message.blocks
    .flatMap((block) => (block['type'] === 'actions' ? (block['elements'] as readonly Json[]) : []))
    .map((one) => text(one['action_id']));
  if (!all && !buttons.some((id) => deciding.test(id))) return undefined;
  const request = text((message.metadata['event_payload'] as Json)['request']);
  return { channel: message.channel, ts: message.ts, request, buttons, text: all ? read(message) : '' };
}

async function answer(request: IncomingMessage): Promise<unknown> {
  switch (request.url) {
    case '/target': {
      const { url } = (await bodyOf(request)) as { readonly url: string | null };
      slack.target = url === null ? undefined : `${url}/slack/events`;
      void repeat();
      return {};
    }
    case '/deliver':
      return { acknowledged: await deliver((await bodyOf(request)) as Deed) };
    case '/room/open':
      return room(false);
    case '/room/all':
      return room(true);
    default:
      throw new Error(`unknown: ${request.url ?? ''}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

const control = createServer((request, response) => {
  answer(request).then(
    (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(409).end(error instanceof Error ? error.message : String(error)),
  );
});
await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
process.stdout.write(
  `${JSON.stringify({ api: slack.apiUrl, control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`, tokens: slack.tokens })}\n`,
);
