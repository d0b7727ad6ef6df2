// The fake Slack as a process of its own, so that no kill touches it: people act in it over a control port,
// and everything that was delivered, answered and shown is appended to a log file. Arguments: the file and a
// seed. The first line of stdout is JSON with its addresses.
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Delivered } from '../../../src/demo/slack/delivering.ts';
import { plain, text } from '../../../src/demo/slack/methods.ts';
import { seedWorkspace, incidents, privateRoom } from '../../support/slack/slackTestApp.ts';
import type { Json, OpenView, SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { humans } from '../people.ts';
import { ChatProcess, deciding, failing } from './chatProcess.ts';
import type { Sending } from './chatProcess.ts';
import type { CardSeen, Deed, Room } from './chatControl.ts';

const drawing: ReadonlySet<string> = new Set(['chat.postMessage', 'chat.update']);

const chat = new ChatProcess();
const slack = await startFakeSlack();
seedWorkspace(slack);
const { world } = slack;
world.scopes = [...world.scopes, 'channels:history', 'groups:history'];
// The rates of Slack are not what this is about, and would stretch it to an hour; the bot keeps its own.
slack.api.rates = false;
slack.api.refuse = failing(chat.random, chat.tally);
for (const { account, name } of humans) world.user(account, { name });
const members = ['U0BOT', ...humans.map(({ account }) => account)];
world.channel(incidents, { members });
world.channel(privateRoom, { members });

const written = { calls: 0, ephemerals: 0, drawn: 0 };
/** The press that opened each modal, and the state of it that was logged last. */
const modals = new Map<string, { readonly key: string; hash: string }>();
world.watch(() => {
  const at = world.now();
  const calls = world.calls.slice(written.calls);
  written.calls = world.calls.length;
  for (const { method, args, error } of calls)
    if (drawing.has(method)) {
      if (error === undefined) written.drawn += 1;
      const channel = text(args['channel']);
      chat.log({ type: 'shown', at, chat: 'slack', channel, body: JSON.stringify(args) });
    }
  for (const one of world.ephemerals.slice(written.ephemerals))
    chat.log({
      type: 'private',
      at,
      chat: 'slack',
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
    chat.log({ type: 'modal', at, key: modal.key, title: plain('', [view.view['title'] as Json]) });
  }
});

/** The request that a form is about; undefined while it asks for nothing yet. */
function formOf({ view }: OpenView): string | undefined {
  if (!((view['blocks'] ?? []) as readonly Json[]).some((block) => block['type'] === 'input'))
    return undefined;
  return /lr-[0-9a-z]+/.exec(text(view['private_metadata']))?.[0];
}

function send(deed: Deed): Sending | undefined {
  const first = sent(deed);
  if (first === undefined) return undefined;
  // Commands and presses are not repeated by Slack: the person sees a warning and does it again.
  return { first, again: slack.lastDelivery(), repeated: deed.kind === 'mention' };
}

/**
 * Undefined where it cannot be done any more: the card was drawn again meanwhile, and nobody can press what
 * is not drawn.
 */
function sent(deed: Deed): Promise<Delivered> | undefined {
  const who = slack.person(deed.person);
  if (deed.kind === 'submit') {
    // The one that was opened last is in front, and may have stopped asking meanwhile.
    const front = [...world.views.values()].findLast(({ user }) => user === deed.person);
    return front !== undefined && formOf(front) !== undefined ? who.submit(deed.input) : undefined;
  }
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

function room(all: boolean): Room {
  const cards = world.messages.flatMap((message) => (message.deleted ? [] : (cardOf(message, all) ?? [])));
  const open = [...world.views.values()].flatMap((view) => {
    const request = formOf(view);
    return request === undefined ? [] : [{ user: view.user, request }];
  });
  return { cards, forms: open, drawn: written.drawn };
}

function cardOf(message: SlackMessageKept, all: boolean): CardSeen | undefined {
  if (message.metadata?.['event_type'] !== 'live_response_card') return undefined;
  const buttons = message.blocks
    .flatMap((block) => (block['type'] === 'actions' ? (block['elements'] as readonly Json[]) : []))
    .map((one) => text(one['action_id']));
  if (!all && !buttons.some((id) => deciding.test(id))) return undefined;
  const request = text((message.metadata['event_payload'] as Json)['request']);
  return {
    chat: 'slack',
    channel: message.channel,
    ts: message.ts,
    request,
    buttons,
    text: all ? read(message) : '',
  };
}

await chat.serve(
  {
    send,
    room,
    target(url) {
      slack.target = url === undefined ? undefined : `${url}/slack/events`;
    },
  },
  { api: slack.apiUrl, tokens: slack.tokens },
);
