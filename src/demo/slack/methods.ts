// Web API methods of the fake Slack, with Slack's own refusals. Each returns the fields of its answer, or
// throws the error word.
import { blockKitProblems, stringLength } from '../../../cards/renderers/blockKitProblems.ts';
import { botUser, home } from './world.ts';
import type { Json, SlackChannel, SlackMessageKept, SlackWorld } from './world.ts';

/** Slack says no. */
export class SlackRefusal extends Error {
  readonly more: Json;
  constructor(error: string, more: Json = {}) {
    super(error);
    this.more = more;
  }
}

type Method = (world: SlackWorld, args: Json) => Json;

/** Requests a minute; chat.postMessage has a rule of its own (docs.slack.dev/apis/web-api/rate-limits). */
export const tiers: Readonly<Record<string, number>> = {
  'auth.test': 100,
  'chat.update': 50,
  'chat.postEphemeral': 100,
  'chat.getPermalink': 100,
  'conversations.info': 50,
  'conversations.history': 50,
  'users.info': 100,
  'usergroups.users.list': 20,
  'views.open': 100,
  'views.update': 100,
  'apps.connections.open': 20,
};

/** Where messages of 11,300 to 13,300 characters were seen to be refused (slackapi/bolt-js#2509). */
const longestMessage = 11_300;

export const methods: Readonly<Record<string, Method>> = {
  'auth.test': () => ({
    url: 'https://home.slack.test/',
    team: 'Home',
    team_id: home,
    user: 'live-response',
    user_id: botUser,
    bot_id: 'B0BOT',
    is_enterprise_install: false,
  }),

  'chat.postMessage': (world, args) => {
    const channel = writable(world, text(args['channel']));
    const thread = optionalText(args['thread_ts']);
    if (thread !== undefined && !world.in(channel.id).some((message) => message.ts === thread))
      throw new SlackRefusal('thread_not_found');
    const blocks = checkedBlocks(args);
    const message: SlackMessageKept = {
      channel: channel.id,
      ts: world.nextTs(),
      at: world.now(),
      by: botUser,
      broadcast: args['reply_broadcast'] === 'true',
      text: text(args['text']).slice(0, 40_000),
      blocks,
      history: [plain(text(args['text']), blocks)],
      args,
      deleted: false,
      ...(thread === undefined ? {} : { thread }),
      ...metadataOf(args),
    };
    world.messages.push(message);
    return { channel: channel.id, ts: message.ts, message: shown(message) };
  },

  'chat.update': (world, args) => {
    const channel = visible(world, text(args['channel']));
    const message = world.in(channel.id).find((one) => one.ts === text(args['ts']));
    if (message === undefined) throw new SlackRefusal('message_not_found');
    if (message.by !== botUser) throw new SlackRefusal('cant_update_message');
    if (channel.archived) throw new SlackRefusal('is_inactive');
    if (world.now() - message.at > world.editWindow) throw new SlackRefusal('edit_window_closed');
    if (text(args['text']).length > 4_000) throw new SlackRefusal('msg_too_long');
    const blocks = checkedBlocks(args);
    const rich = (all: readonly Json[]): boolean => all.some((block) => block['type'] === 'rich_text');
    if (rich(message.blocks) && !rich(blocks)) throw new SlackRefusal('block_mismatch');
    message.text = text(args['text']);
    message.blocks = blocks;
    message.args = args;
    message.history.push(plain(message.text, blocks));
    const { metadata } = metadataOf(args);
    if (metadata !== undefined) {
      if (Object.keys(metadata).length === 0) delete message.metadata;
      else message.metadata = metadata;
    }
    return { channel: channel.id, ts: message.ts, text: message.text, message: shown(message) };
  },

  'chat.postEphemeral': (world, args) => {
    const channel = writable(world, text(args['channel']));
    const user = text(args['user']);
    if (!channel.members.has(user)) throw new SlackRefusal('user_not_in_channel');
    const blocks = checkedBlocks(args);
    const thread = optionalText(args['thread_ts']);
    const ts = world.nextTs();
    world.ephemerals.push({
      channel: channel.id,
      user,
      text: text(args['text']),
      blocks,
      via: 'chat.postEphemeral',
      ts,
      args,
      ...(thread === undefined ? {} : { thread }),
    });
    return { message_ts: ts };
  },

  'chat.getPermalink': (world, args) => {
    const channel = visible(world, text(args['channel']));
    const ts = text(args['message_ts']);
    if (!world.in(channel.id).some((message) => message.ts === ts))
      throw new SlackRefusal('message_not_found');
    return {
      channel: channel.id,
      permalink: `https://home.slack.test/archives/${channel.id}/p${ts.replace('.', '')}`,
    };
  },

  'conversations.info': (world, args) => {
    const channel = visible(world, text(args['channel']));
    const scope = channel.id.startsWith('D') ? 'im:read' : channel.private ? 'groups:read' : 'channels:read';
    if (!world.scopes.includes(scope))
      throw new SlackRefusal('missing_scope', { needed: scope, provided: world.scopes.join(',') });
    return {
      channel: {
        id: channel.id,
        name: channel.name,
        is_private: channel.private,
        is_archived: channel.archived,
        is_member: channel.members.has(botUser),
        is_im: channel.id.startsWith('D'),
        is_shared: channel.shared,
        is_ext_shared: channel.shared,
        is_org_shared: false,
        is_pending_ext_shared: false,
      },
    };
  },

  'conversations.history': (world, args) => {
    const channel = visible(world, text(args['channel']));
    const scope = channel.private ? 'groups:history' : 'channels:history';
    if (!world.scopes.includes(scope))
      throw new SlackRefusal('missing_scope', { needed: scope, provided: world.scopes.join(',') });
    const newest = world
      .in(channel.id)
      .filter((message) => message.thread === undefined || message.broadcast)
      .reverse();
    return { messages: newest.slice(0, Number(text(args['limit']) || 100)).map(shown), has_more: false };
  },

  'users.info': (world, args) => {
    const user = world.users.get(text(args['user']));
    if (user === undefined) throw new SlackRefusal('user_not_found');
    const { email, ...told } = user;
    return {
      user: {
        ...told,
        real_name: user.name,
        profile: {
          display_name: user.name,
          real_name: user.name,
          ...(email !== undefined && world.scopes.includes('users:read.email') ? { email } : {}),
        },
      },
    };
  },

  'usergroups.users.list': (world, args) => {
    const members = world.groups.get(text(args['usergroup']));
    if (members === undefined) throw new SlackRefusal('no_such_subteam');
    return { users: members };
  },

  'views.open': (world, args) => {
    const trigger = world.triggers.get(text(args['trigger_id']));
    if (trigger === undefined) throw new SlackRefusal('invalid_trigger_id');
    if (trigger.used) throw new SlackRefusal('exchanged_trigger_id');
    if (world.now() - trigger.at > 3_000) throw new SlackRefusal('expired_trigger_id');
    const view = checkedView(args['view']);
    trigger.used = true;
    const opened = { id: `V${world.nextId()}`, user: trigger.user, view, hash: `h${world.nextId()}` };
    world.views.set(opened.id, opened);
    return { view: { ...view, id: opened.id, hash: opened.hash } };
  },

  'views.update': (world, args) => {
    const opened = world.views.get(text(args['view_id']));
    if (opened === undefined) throw new SlackRefusal('not_found');
    const hash = optionalText(args['hash']);
    if (hash !== undefined && hash !== opened.hash) throw new SlackRefusal('hash_conflict');
    opened.view = checkedView(args['view']);
    opened.hash = `h${world.nextId()}`;
    return { view: { ...opened.view, id: opened.id, hash: opened.hash } };
  },
};

/** A channel the bot may write in, as Slack refuses it otherwise. */
function writable(world: SlackWorld, id: string): SlackChannel {
  if (id.startsWith('U') && world.users.has(id)) return world.direct(id);
  const channel = visible(world, id);
  if (!channel.members.has(botUser)) throw new SlackRefusal('not_in_channel');
  if (channel.archived) throw new SlackRefusal('is_archived');
  if (channel.readOnly) throw new SlackRefusal('restricted_action');
  return channel;
}

function visible(world: SlackWorld, id: string): SlackChannel {
  // Everybody has a conversation with the bot, whether or not it was ever used.
  const channel =
    world.channels.get(id) ??
    (id.startsWith('D') && world.users.has(id.slice(1)) ? world.direct(id.slice(1)) : undefined);
  // A conversation of two that the bot is none of is not there for it.
  if (channel !== undefined && id.startsWith('D') && !channel.members.has(botUser))
    throw new SlackRefusal('channel_not_found');
  if (channel === undefined || (channel.private && !channel.members.has(botUser)))
    throw new SlackRefusal('channel_not_found');
  return channel;
}

function checkedBlocks(args: Json): readonly Json[] {
  const given = args['blocks'] === undefined ? [] : parsed(args['blocks'], 'invalid_blocks_format');
  if (!Array.isArray(given)) throw new SlackRefusal('invalid_blocks_format');
  const blocks = given as readonly Json[];
  if (blocks.length === 0 && text(args['text']) === '') throw new SlackRefusal('no_text');
  if (stringLength(blocks) > longestMessage) throw new SlackRefusal('msg_blocks_too_long');
  const problems = blocks.length === 0 ? [] : blockKitProblems(blocks);
  if (problems.length > 0)
    throw new SlackRefusal('invalid_blocks', {
      errors: problems,
      response_metadata: { messages: problems.map((problem) => `[ERROR] ${problem}`) },
    });
  return blocks;
}

function checkedView(value: unknown): Json {
  const view = parsed(value, 'invalid_arguments') as Json;
  const problems: string[] = [];
  for (const [part, most] of [
    ['title', 24],
    ['submit', 24],
    ['close', 24],
  ] as const) {
    const said = view[part] === undefined ? undefined : (view[part] as Json)['text'];
    if (part === 'title' && said === undefined) problems.push('/view/title: missing');
    if (said !== undefined && (typeof said !== 'string' || said.length === 0 || said.length > most))
      problems.push(`/view/${part}: 1 to ${most} characters`);
  }
  const blocks = (view['blocks'] ?? []) as readonly Json[];
  if (blocks.length === 0 || blocks.length > 100) problems.push('/view/blocks: 1 to 100');
  const inputs = blocks.filter((block) => block['type'] === 'input');
  if (inputs.length > 0 && view['submit'] === undefined) problems.push('/view/submit: needed with an input');
  for (const input of inputs) {
    const label = (input['label'] as Json)['text'];
    if (typeof label !== 'string' || label.length === 0 || label.length > 2_000)
      problems.push('/view/blocks/input/label: 1 to 2000 characters');
    const most = (input['element'] as Json)['max_length'];
    if (most !== undefined && (typeof most !== 'number' || most < 1 || most > 3_000))
      problems.push('/view/blocks/input/element/max_length: 1 to 3000');
  }
  const others = blocks.filter((block) => block['type'] !== 'input');
  if (others.length > 0) problems.push(...blockKitProblems(others));
  if (text(view['private_metadata']).length > 3_000) problems.push('/view/private_metadata: at most 3000');
  if (JSON.stringify(view).length > 250_000) throw new SlackRefusal('view_too_large');
  if (problems.length > 0)
    throw new SlackRefusal('invalid_arguments', {
      response_metadata: { messages: problems.map((problem) => `[ERROR] ${problem}`) },
    });
  return view;
}

/** A message as payloads and answers show it. */
export function shown(message: SlackMessageKept): Json {
  return {
    type: 'message',
    user: message.by,
    bot_id: 'B0BOT',
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
    ...(message.thread === undefined ? {} : { thread_ts: message.thread }),
    ...(message.metadata === undefined ? {} : { metadata: message.metadata }),
  };
}

/** All that a person reads in a message. */
export function plain(top: string, blocks: readonly Json[]): string {
  if (blocks.length === 0) return unescaped(top);
  return blocks.map(readBlock).join('\n');
}

function readBlock(block: unknown): string {
  if (typeof block !== 'object' || block === null) return '';
  const { type, text: said, elements, fields, label, name, url, title } = block as Json;
  if (type === 'emoji') return `:${String(name)}:`;
  const own = typeof said === 'string' ? (type === 'mrkdwn' ? unescaped(said) : said) : readBlock(said);
  const parts = [own, readBlock(label), readBlock(title), ...listOf(fields).map(readBlock)];
  const inner = listOf(elements).map((one) => (type === 'actions' ? `[${readBlock(one)}]` : readBlock(one)));
  const joined = inner.join(type === 'rich_text_section' ? '' : type === 'actions' ? ' ' : '\n');
  return [...parts, joined, typeof url === 'string' && type !== 'button' ? url : '']
    .filter((part) => part !== '')
    .join('\n');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What Slack's clients draw for the three entities. */
function unescaped(said: string): string {
  return said.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function metadataOf(args: Json): { metadata?: Json } {
  return args['metadata'] === undefined
    ? {}
    : { metadata: parsed(args['metadata'], 'invalid_metadata_format') as Json };
}

function parsed(value: unknown, error: string): unknown {
  try {
    return JSON.parse(text(value));
  } catch {
    throw new SlackRefusal(error);
  }
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
