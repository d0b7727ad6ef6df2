// Incoming activities of Teams as plain data of our own, read tolerantly: fields of the wrong kind count as
// absent.
import { listOf, parseJson, recordOf, shortText } from '../../../liveResponse/text/json.ts';
import { plainOf, quotesIn, withoutQuotes } from './quotes.ts';
import type { JsonRecord } from '../../../liveResponse/text/json.ts';

export type ConversationKind = 'personal' | 'groupChat' | 'channel';

export interface Mention {
  readonly id: string;
  /** As it is in the text, such as `<at>Live Response</at>`. */
  readonly text: string;
}

/** What the adapter needs of an activity. Safe to write to disk and read back. */
export interface Inbound {
  readonly type: string;
  /** `adaptiveCard/action` of an invoke; `add` and `remove` are in `action`. */
  readonly name?: string;
  readonly action?: string;
  readonly id: string;
  readonly text: string;
  readonly value?: unknown;
  /** Of a press: the message that holds the card. */
  readonly replyToId?: string;
  readonly serviceUrl: string;
  /** The conversation without a channel's thread. */
  readonly place: string;
  /** Root message of the channel's thread this came from. */
  readonly thread?: string;
  readonly kind: ConversationKind;
  /** As said by the conversation and by the channel data; both, because they must agree. */
  readonly tenants: readonly string[];
  readonly teamId?: string;
  /** A channel shared with other teams or organisations. */
  readonly shared: boolean;
  readonly from: {
    readonly id: string;
    readonly objectId?: string;
    readonly name?: string;
    readonly role?: string;
  };
  readonly bot: { readonly id: string; readonly name?: string };
  /** A native slash command or an answer to a private message: seen by the sender alone. */
  readonly targeted: boolean;
  readonly mentions: readonly Mention[];
  /** Texts of messages that this one forwards, with their entities: `text` holds them as well. */
  readonly forwarded?: readonly string[];
  /** The same of messages that it quotes: each with its author's name, and without it. */
  readonly quoted?: readonly (readonly string[])[];
  /**
   * Of a conversationUpdate that says so: the channel that was restored or renamed, which need not be the
   * conversation.
   */
  readonly channelId?: string;
  /** The bot, or the place, was taken away. */
  readonly removal?: true;
}

/** Longest text taken; Teams itself allows some 28,000 characters, a command needs 4,000. */
const longestText = 32_768;

/**
 * Why a body is no activity of Teams: `shape` means nobody could answer it, `channel` and `serviceUrl` that
 * it is not of Teams at all.
 */
export type Misfit = 'shape' | 'channel' | 'serviceUrl';

export function readActivity(body: unknown): Inbound | Misfit {
  const json = recordOf(body);
  const type = shortText(json['type'], 100);
  if (type === undefined) return 'shape';
  if (json['channelId'] !== 'msteams') return 'channel';
  const serviceUrl = shortText(json['serviceUrl']);
  if (serviceUrl === undefined) return 'serviceUrl';
  const conversation = recordOf(json['conversation']);
  const from = recordOf(json['from']);
  const recipient = recordOf(json['recipient']);
  const data = recordOf(json['channelData']);
  const fullId = shortText(conversation['id']);
  const id = shortText(json['id']);
  const fromId = shortText(from['id']);
  const botId = shortText(recipient['id']);
  if (fullId === undefined || id === undefined || fromId === undefined || botId === undefined) return 'shape';
  const { place, thread } = splitThread(fullId);
  const objectId = shortText(from['aadObjectId'], 64)?.toLowerCase();
  return {
    type,
    ...optional('name', shortText(json['name'], 100)),
    ...optional('action', shortText(json['action'], 40)),
    id,
    // Cut, and still too long for a command: that is what its person reads.
    text: typeof json['text'] === 'string' ? json['text'].slice(0, longestText) : '',
    ...optional('value', type === 'message' && isEmpty(json['value']) ? undefined : json['value']),
    ...optional('replyToId', shortText(json['replyToId'], 200)),
    serviceUrl,
    place,
    ...optional('thread', thread),
    kind: kindOf(shortText(conversation['conversationType'], 40), place, data),
    tenants: [
      ...new Set(
        [shortText(conversation['tenantId'], 64), shortText(recordOf(data['tenant'])['id'], 64)].flatMap(
          (one) => one?.toLowerCase() ?? [],
        ),
      ),
    ],
    ...optional('teamId', shortText(recordOf(data['team'])['id'])),
    shared: isShared(data),
    from: {
      id: fromId,
      ...optional('objectId', objectId),
      ...optional('name', shortText(from['name'], 200)),
      ...optional('role', shortText(from['role'], 40)),
    },
    bot: { id: botId, ...optional('name', shortText(recipient['name'], 200)) },
    targeted: recipient['isTargeted'] === true,
    mentions: mentionsOf(json['entities']),
    ...othersWords(json['attachments'], shortText(json['text'], longestText) ?? ''),
    ...optional('channelId', shortText(recordOf(data['channel'])['id'])),
    ...(isRemoval(json, data, botId) ? { removal: true } : {}),
  };
}

/** `19:…@thread.tacv2;messageid=1700000000000` into the channel and the root message of the thread. */
export function splitThread(id: string): { readonly place: string; readonly thread: string | undefined } {
  const [place = id, thread] = id.split(';messageid=', 2);
  return { place, thread };
}

function kindOf(type: string | undefined, place: string, data: JsonRecord): ConversationKind {
  if (type === 'personal' || type === 'channel' || type === 'groupChat') return type;
  // Old clients leave the type out; a wrong guess must not take a public place for a private one. Those of
  // many people begin with "19:".
  if (place.startsWith('a:')) return 'personal';
  return shortText(recordOf(data['channel'])['id']) === undefined ? 'groupChat' : 'channel';
}

function isShared(data: JsonRecord): boolean {
  return (
    recordOf(data['channel'])['type'] === 'shared' ||
    data['channelType'] === 'shared' ||
    (Array.isArray(data['sharedWithTeams']) && data['sharedWithTeams'].length > 0)
  );
}

function mentionsOf(entities: unknown): readonly Mention[] {
  return listOf(entities)
    .slice(0, 50)
    .flatMap((entity): readonly Mention[] => {
      const one = recordOf(entity);
      const id = shortText(recordOf(one['mentioned'])['id']);
      return one['type'] !== 'mention' || id === undefined
        ? []
        : [{ id, text: shortText(one['text']) ?? '' }];
    });
}

/** Some clients send an empty value with a typed line; that is no press. */
function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

function wordsIn(html: string): string {
  return plainOf(html)
    .replace(/&nbsp;|\s+/gi, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

function othersWords(attachments: unknown, said: string): Pick<Inbound, 'forwarded' | 'quoted'> {
  const forwarded: string[] = [];
  const quoted: (readonly string[])[] = [];
  const saidWords = wordsIn(said);
  // All of them: what comes after a dozen files would otherwise be taken for typed. The door bounds the whole
  // body.
  for (const attachment of listOf(attachments)) {
    const { contentType, content } = recordOf(attachment);
    if (contentType === 'text/html' && typeof content === 'string') {
      const found = quotesIn(content);
      forwarded.push(...found.forwarded);
      // Some clients leave the quoted message out of the text: then nothing is to be taken from it.
      if (wordsIn(withoutQuotes(content)) !== saidWords) quoted.push(...found.quoted);
    }
    // As Microsoft Graph names them (learn.microsoft.com/graph/api/resources/chatmessageattachment).
    const attached = recordOf(
      typeof content === 'string' && content.length <= longestText ? parseJson(content)?.value : content,
    );
    const [preview, original] = [
      shortText(attached['messagePreview'], longestText),
      shortText(attached['originalMessageContent'], longestText),
    ];
    if (contentType === 'messageReference' && preview !== undefined) quoted.push([plainOf(preview)]);
    if (contentType === 'forwardedMessageReference' && original !== undefined)
      forwarded.push(plainOf(original));
  }
  return { ...(forwarded.length === 0 ? {} : { forwarded }), ...(quoted.length === 0 ? {} : { quoted }) };
}

/** msteams-docs: bots/how-to/conversations/subscribe-to-conversation-events.md */
const takenAway: ReadonlySet<unknown> = new Set([
  'channelDeleted',
  'teamDeleted',
  'teamHardDeleted',
  'teamArchived',
  'channelUnshared',
]);

function isRemoval(json: JsonRecord, data: JsonRecord, botId: string): boolean {
  if (json['type'] === 'installationUpdate')
    return typeof json['action'] === 'string' && json['action'].startsWith('remove');
  const removed = listOf(json['membersRemoved']);
  return takenAway.has(data['eventType']) || removed.some((member) => recordOf(member)['id'] === botId);
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
