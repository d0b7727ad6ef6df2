// Slack's payloads, read tolerantly: only what we need, checked for its type, and never a name where an id is
// meant.
import { createHash } from 'node:crypto';
import type { FormOrigin } from '../outbound/slackMessages.ts';
import { formAction, formBlock } from '../outbound/slackMessages.ts';
import { pressedVerb } from '../../../liveResponse/verbs.ts';
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';

/** What every delivery contains: who, where, and how to answer. */
export interface Delivery {
  readonly user: string;
  /**
   * Workspaces and organisations that the payload names for the person, as `trustOf` reads them; Slack signed
   * it.
   */
  readonly teams: readonly string[];
  readonly channel: string;
  readonly thread?: string;
  readonly responseUrl?: string;
  /** The same for every repetition of one delivery. */
  readonly id: string;
}

export interface SlashCommand extends Delivery {
  readonly command: string;
  readonly text: string;
  /** What Slack calls the place: `directmessage`, `privategroup`, `mpdm-...` or a channel's name. */
  readonly channelName?: string;
}

export interface Mention extends Delivery {
  readonly text: string;
}

export interface Pressed extends Delivery {
  readonly actionId: string;
  readonly value?: string;
  /** Opens a modal within three seconds; it is not written down. */
  readonly triggerId?: string;
  /** The message the button was on; undefined where it was shown to one person alone. */
  readonly card?: string;
}

export interface Submitted extends Delivery {
  readonly origin: FormOrigin;
  readonly input: string;
}

/** Whatever a person did. */
export type Taking =
  | { readonly kind: 'command'; readonly read: SlashCommand }
  | { readonly kind: 'mention'; readonly read: Mention }
  | { readonly kind: 'press'; readonly read: Pressed }
  | { readonly kind: 'form'; readonly read: Submitted };

/** Undefined for what no person did, and for what cannot be read. */
export function readTaking(body: unknown, botUser: string): Taking | undefined {
  const payload = recordOf(body);
  const event = recordOf(payload['event']);
  // Typed without the slash command in the conversation with the bot: it comes only where the app was given
  // that event.
  const alone =
    event['type'] === 'message' && event['channel_type'] === 'im' && event['subtype'] === undefined;
  if (event['type'] === 'app_mention' || alone) {
    const read = readMention(body, botUser, alone);
    return read === undefined ? undefined : { kind: 'mention', read };
  }
  if (payload['command'] !== undefined) {
    const read = readCommand(body);
    return read === undefined ? undefined : { kind: 'command', read };
  }
  if (payload['type'] === 'view_submission') {
    const read = readSubmission(body);
    return read === undefined ? undefined : { kind: 'form', read };
  }
  const { actions } = payload;
  const read = Array.isArray(actions) ? readPress(body, actions[0]) : undefined;
  return read === undefined ? undefined : { kind: 'press', read };
}

/**
 * What of it is written down until it is answered: a response_url and a trigger_id are keys, and stay in
 * memory.
 */
export function memoOf({ kind, read }: Taking): unknown {
  const { responseUrl: _key, ...rest } = read;
  if (!('triggerId' in rest)) return { kind, read: rest };
  const { triggerId: _other, ...press } = rest;
  return { kind, read: press };
}

/** A memo of our own, read back; undefined for one that another version wrote. */
export function readMemo(memo: unknown): Taking | undefined {
  const { kind, read } = recordOf(memo);
  const { user, channel, id, teams } = recordOf(read);
  const whole =
    typeof user === 'string' && typeof channel === 'string' && typeof id === 'string' && Array.isArray(teams);
  return whole && (kind === 'command' || kind === 'mention' || kind === 'press' || kind === 'form')
    ? (memo as Taking)
    : undefined;
}

export function readCommand(body: unknown): SlashCommand | undefined {
  const payload = recordOf(body);
  const user = asText(payload['user_id']);
  const channel = asText(payload['channel_id']);
  if (user === '' || channel === '') return undefined;
  return {
    user,
    channel,
    teams: statement(
      asText(payload['team_id']),
      asText(payload['team_id']),
      asText(payload['enterprise_id']),
    ),
    command: asText(payload['command']),
    text: typedText(asText(payload['text'])),
    id: digest('command', asText(payload['trigger_id']), user, channel, asText(payload['text'])),
    ...optional('responseUrl', payload['response_url']),
    ...optional('channelName', asText(payload['channel_name'])),
  };
}

/**
 * A mention of the bot in a channel or thread; undefined for one of a bot, for an edited message and for one
 * that does not mention it. @param alone where it need not be mentioned
 */
export function readMention(body: unknown, botUser: string, alone = false): Mention | undefined {
  const envelope = recordOf(body);
  const event = recordOf(envelope['event']);
  const user = asText(event['user']);
  const channel = asText(event['channel']);
  const ts = asText(event['ts']);
  const text = asText(event['text']);
  const said = afterMention(text, botUser) ?? (alone && text.trim() !== '' ? text : undefined);
  // Bots that answer each other never stop; an edited message was answered when it was new.
  if (
    user === '' ||
    channel === '' ||
    ts === '' ||
    said === undefined ||
    event['bot_id'] !== undefined ||
    event['edited'] !== undefined
  )
    return undefined;
  return {
    user,
    channel,
    teams: [event['user_team'], event['source_team']].flatMap((team) =>
      statement(asText(team), asText(envelope['team_id']), asText(envelope['enterprise_id'])),
    ),
    text: typedText(said),
    id: digest('mention', channel, ts),
    ...optional('thread', event['thread_ts']),
  };
}

export function readPress(body: unknown, pressed: unknown): Pressed | undefined {
  const payload = recordOf(body);
  const action = recordOf(pressed);
  const person = recordOf(payload['user']);
  const container = recordOf(payload['container']);
  const user = asText(person['id']);
  const channel = asText(container['channel_id']) || asText(recordOf(payload['channel'])['id']);
  if (user === '' || channel === '') return undefined;
  const ephemeral = container['is_ephemeral'] === true;
  const ts = asText(container['message_ts']);
  return {
    user,
    channel,
    teams: teamsOf(payload, person),
    actionId: asText(action['action_id']),
    id: digest(
      'press',
      asText(payload['trigger_id']),
      asText(action['action_ts']),
      user,
      ts,
      asText(action['action_id']),
    ),
    ...optional('triggerId', payload['trigger_id']),
    ...optional('value', action['value']),
    ...optional('thread', container['thread_ts']),
    ...optional('responseUrl', payload['response_url']),
    ...(ephemeral || ts === '' ? {} : { card: ts }),
  };
}

/** A form sent off. The person is who Slack says sent it, no matter who opened it. */
export function readSubmission(body: unknown): Submitted | undefined {
  const payload = recordOf(body);
  const person = recordOf(payload['user']);
  const view = recordOf(payload['view']);
  const origin = readOrigin(asText(view['private_metadata']));
  const user = asText(person['id']);
  if (user === '' || origin === undefined) return undefined;
  const values = recordOf(recordOf(recordOf(view['state'])['values'])[formBlock]);
  return {
    user,
    channel: origin.channel,
    teams: teamsOf(payload, person),
    origin,
    input: asText(recordOf(values[formAction])['value']),
    // The same form may be sent again after it was not taken; a repetition of one sending has the same
    // trigger.
    id: digest('form', asText(view['id']), user, asText(payload['trigger_id'])),
  };
}

function readOrigin(metadata: string): FormOrigin | undefined {
  const { r, v, f, w, c } = recordOf(parseJson(metadata)?.value);
  const verb = pressedVerb(w);
  if (
    verb === undefined ||
    typeof r !== 'string' ||
    typeof v !== 'number' ||
    typeof f !== 'string' ||
    typeof c !== 'string'
  )
    return undefined;
  return { verb, requestId: r, revision: v, fingerprint: f, channel: c };
}

/**
 * What a payload says of a person's workspace. `T.../E...` where it names the organisation of that very
 * workspace; the organisation of another one says nothing about it. On an organisation's own installation the
 * workspace may be left out.
 */
function statement(team: string, around: string, organisation: string): readonly string[] {
  if (team === '') return around === '' && organisation !== '' ? [organisation] : [];
  return [team === around && organisation !== '' ? `${team}/${organisation}` : team];
}

function teamsOf(
  payload: Readonly<Record<string, unknown>>,
  person: Readonly<Record<string, unknown>>,
): readonly string[] {
  const team = recordOf(payload['team']);
  return statement(
    asText(person['team_id']),
    asText(team['id']),
    asText(team['enterprise_id']) || asText(recordOf(payload['enterprise'])['id']),
  );
}

/** A trigger id opens modals in the person's name: it is not written down, its digest is. */
function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function optional<K extends string>(key: K, value: unknown): Partial<Readonly<Record<K, string>>> {
  return typeof value === 'string' && value !== '' ? ({ [key]: value } as Partial<Record<K, string>>) : {};
}

/** What an unescaped `<...>` can mean; the text between the brackets holds no further bracket. */
const token = /<([^<>]*)>/g;

/**
 * The text as it was typed. Links give their label (`<http://hosta.corp|hosta.corp>` is what became of
 * `hosta.corp`), mentions of people, groups and channels stay as they are, so that no name is ever taken for
 * a host. Then the three entities are decoded, once: decoding first would let a typed `&lt;` forge a link.
 */
export function typedText(text: string): string {
  return text
    .replace(token, (whole, inside: string) => unlinked(inside) ?? whole)
    .replace(/&(lt|gt|amp);/g, (_whole, name: string) => entities[name] ?? '');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&' };

function unlinked(inside: string): string | undefined {
  // `@`, `#` and `!` begin mentions of people, channels and groups.
  if (inside === '' || '@#!'.includes(inside.charAt(0))) return undefined;
  const bar = inside.indexOf('|');
  const address = bar < 0 ? inside : inside.slice(0, bar);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) return undefined;
  return bar < 0 ? address.replace(/^mailto:/, '') : inside.slice(bar + 1);
}

/** The text after the first mention of the bot; undefined where it is not mentioned. */
export function afterMention(text: string, botUser: string): string | undefined {
  const found = new RegExp(`<@${botUser}(?:\\|[^<>]*)?>[\\s,:]*`).exec(text);
  return found === null ? undefined : text.slice(found.index + found[0].length);
}

/**
 * Slack leaves out nothing here: a form field given twice arrives as a list, and a hostile one as anything.
 */
export function asText(value: unknown): string {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : '';
}
