// The verdict of the crash test: the logs of both chats, the journal, what Defender really started and the
// cards that stand, held against each other.
import { isDeepStrictEqual } from 'node:util';
import { statusText } from '../../cards/messages/status.ts';
import { wasRead } from '../../src/liveResponse/request/content.ts';
import type { Event } from '../../src/liveResponse/request/events.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { approvers, humans } from './people.ts';
import type { CardSeen, Deed, DeliveryLine, LogLine, PrivateLine } from './servers/chatControl.ts';
import type { Ran } from './tenant.ts';

export interface JournalLine {
  readonly at: number;
  readonly request: string | null;
  readonly event: Event;
}

export interface Evidence {
  readonly log: readonly LogLine[];
  readonly journal: readonly JournalLine[];
  readonly requests: ReadonlyMap<string, Request>;
  readonly submissions: readonly Ran[];
  readonly cards: readonly CardSeen[];
}

/** Sentences, by what was broken. */
export interface Broken {
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  readonly unapproved: readonly string[];
  readonly altered: readonly string[];
  readonly untrue: readonly string[];
}

export interface Verdict {
  readonly figures: Readonly<Record<string, number>>;
  readonly broken: Broken;
  /** Requests that a person had to decide about, since nobody could know whether they ran. */
  readonly handed: readonly string[];
  /** Requests that were to be sent to Defender. */
  readonly tried: number;
}

const accounts = new Map(humans.map(({ account, id }) => [account, id]));

/** The evidence, with what is asked of it again and again looked up once. */
class Case {
  readonly evidence: Evidence;
  readonly lines = new Map<string, JournalLine[]>();
  readonly #byTitle = new Map<string, Request[]>();

  constructor(evidence: Evidence) {
    this.evidence = evidence;
    for (const line of evidence.journal) {
      if (line.request === null) continue;
      const known = this.lines.get(line.request);
      if (known === undefined) this.lines.set(line.request, [line]);
      else known.push(line);
    }
    for (const request of evidence.requests.values()) {
      const { title } = request.asked;
      this.#byTitle.set(title, [...(this.#byTitle.get(title) ?? []), request]);
    }
  }

  of(request: string): readonly JournalLine[] {
    return this.lines.get(request) ?? [];
  }

  has(request: string, ...types: readonly Event['type'][]): boolean {
    return this.of(request).some(({ event }) => types.includes(event.type));
  }

  /** Every ask names a process of its own. */
  asked(text: string): readonly Request[] {
    const [verb, host, process] = text.split(' ');
    return (this.#byTitle.get(`dump ${process ?? ''}`) ?? []).filter(
      (request) => verb === 'dump' && request.targets[0].device.name.startsWith(host ?? ' '),
    );
  }
}

export function verdictOf(evidence: Evidence): Verdict {
  const all = new Case(evidence);
  const deliveries = evidence.log.filter((line): line is DeliveryLine => line.type === 'delivery');
  const acknowledged = acknowledgedIn(deliveries);
  const withoutEffect = acknowledged.filter((line) => !tookEffect(all, line));
  const answers = answersIn(evidence.log, acknowledged, withoutEffect);
  const shownLater = evidence.log
    .filter((line): line is PrivateLine => line.type === 'private' && line.key !== undefined)
    .map(({ key }) => key);
  const deeds = new Map(deliveries.map(({ deed }) => [deed.key, deed]));
  const kinds = (chat: Deed['chat'], ...wanted: readonly Deed['kind'][]) =>
    [...deeds.values()].filter((deed) => deed.chat === chat && wanted.includes(deed.kind)).length;
  const tried = [...evidence.requests.keys()].filter((id) => all.has(id, 'claimed'));
  return {
    figures: {
      'commands in Slack': kinds('slack', 'command', 'mention'),
      'commands in Teams': kinds('teams', 'command', 'mention'),
      'presses in Slack': kinds('slack', 'press', 'submit'),
      'presses in Teams': kinds('teams', 'press', 'submit'),
      acknowledged: acknowledged.length,
      'answered more than once': shownLater.length - new Set(shownLater).size,
      requests: evidence.requests.size,
      approvals: evidence.journal.filter(({ event }) => event.type === 'approved').length,
      submissions: evidence.submissions.length,
      'answers lost and found': [...evidence.requests.keys()].filter((id) => all.has(id, 'found')).length,
      'handed over after a kill before the POST': tried.filter(
        (id) => handedOver(all, id) && neverAnswered(all, id),
      ).length,
      'older copies in Teams': olderInTeams(evidence).length,
    },
    broken: {
      lost: withoutEffect.flatMap((line) => (answers.has(line.deed.key) ? [] : [lostSentence(line)])),
      twice: [...ranTwice(all), ...askedTwice(evidence), ...ranThoughRefused(all, answers)],
      unapproved: evidence.submissions.flatMap((ran) => unapproved(all, ran) ?? []),
      altered: evidence.submissions.flatMap((ran) => altered(all, ran) ?? []),
      untrue: cardsUntrue(evidence),
    },
    handed: tried.filter((id) => handedOver(all, id)),
    tried: tried.length,
  };
}

/** A person decided what nobody could know, or would have to. */
function handedOver(all: Case, id: string): boolean {
  const request = all.evidence.requests.get(id);
  return (
    all.has(id, 'abandoned', 'resubmitted') || (request !== undefined && stageOf(request).state === 'unknown')
  );
}

/** Its process ended between the intent to send it and the answer: no fault of Defender had a part in it. */
function neverAnswered(all: Case, id: string): boolean {
  return all.of(id).some(({ event }) => event.type === 'lost' && event.error === undefined);
}

/** One line for each deed: the first one that says something, else the first one. */
function acknowledgedIn(deliveries: readonly DeliveryLine[]): readonly DeliveryLine[] {
  const lines = new Map<string, DeliveryLine>();
  for (const line of deliveries) {
    if (!line.acknowledged) continue;
    const known = lines.get(line.deed.key);
    if (known === undefined || (wordsIn(known.body) === '' && wordsIn(line.body) !== ''))
      lines.set(line.deed.key, line);
  }
  return [...lines.values()];
}

/**
 * Private words to whoever did something, by its key. Words that came to no address count once, for the
 * person's oldest deed in that chat that nothing else came of.
 */
function answersIn(
  log: readonly LogLine[],
  acknowledged: readonly DeliveryLine[],
  withoutEffect: readonly DeliveryLine[],
): ReadonlyMap<string, string> {
  const answers = new Map<string, string>();
  for (const { deed, body } of acknowledged) {
    const words = wordsIn(body);
    if (words !== '') answers.set(deed.key, words);
  }
  for (const line of log) {
    if (line.type === 'private' && line.key !== undefined) answers.set(line.key, line.text);
    // Before the bot has judged, the modal asks for a moment; left standing like that it is no answer.
    if (line.type === 'modal' && line.title !== 'One moment') answers.set(line.key, line.title);
  }
  for (const line of log) {
    if (line.type !== 'private' || line.key !== undefined) continue;
    const meant = withoutEffect.find(
      ({ deed, at, ms }) =>
        deed.person === line.user && deed.chat === line.chat && at - ms <= line.at && !answers.has(deed.key),
    );
    if (meant !== undefined) answers.set(meant.deed.key, line.text);
  }
  return answers;
}

/** What announces an answer is none. */
const announcing =
  /^(?:This takes a moment|I am sending you|This press has arrived before|Done\. This card follows)/;

/** The words in an acknowledgement itself, which the chat shows to the person. */
function wordsIn(body: string): string {
  if (body === '' || body === '{}' || announcing.test(body)) return '';
  if (!body.startsWith('{')) return body;
  const { text, errors = {} } = JSON.parse(body) as {
    readonly text?: unknown;
    /** Below the fields of a form that stays open. */
    readonly errors?: Readonly<Record<string, unknown>>;
  };
  return [text, ...Object.values(errors)].filter((words) => typeof words === 'string').join(' ');
}

/** The events that a press leads to where it is not refused. */
const effects: Readonly<Record<string, readonly Event['type'][]>> = {
  approve: ['approved'],
  withdraw: ['withdrawn'],
  cancel: ['cancelAsked', 'withdrawn'],
  drop: ['abandoned'],
  look: ['searched', 'found'],
};

function tookEffect(all: Case, { deed }: DeliveryLine): boolean {
  if (deed.kind !== 'press' && deed.kind !== 'submit') return all.asked(deed.text).length > 0;
  const wanted =
    deed.kind === 'submit' || (deed.chat === 'teams' && deed.verb === 'deny')
      ? ['denied']
      : (effects[deed.verb] ?? []);
  return all
    .of(deed.request)
    .some(
      ({ event }) =>
        wanted.includes(event.type) &&
        (personIn(event) ?? accounts.get(deed.person)) === accounts.get(deed.person),
    );
}

/** Who denied, withdrew or gave it up; undefined of what another person may have done a moment before. */
function personIn(event: Event): string | undefined {
  if (event.type === 'denied') return event.vote.by.id;
  return event.type === 'withdrawn' || event.type === 'abandoned' ? event.by.id : undefined;
}

function lostSentence({ deed, at, body }: DeliveryLine): string {
  const what =
    deed.kind === 'press'
      ? `${deed.verb} on ${deed.request}`
      : deed.kind === 'submit'
        ? `the reason for denying ${deed.request}`
        : `"${deed.text}" (${deed.kind})`;
  return `${new Date(at).toISOString()} ${deed.key} in ${deed.chat}: ${what} of ${deed.person} was acknowledged${body === '' ? '' : ` with ${body}`}, and nothing came of it`;
}

function idIn({ comment }: Ran): string {
  return /^lr:(lr-[0-9a-z]+):/.exec(comment)?.[1] ?? comment;
}

function ranTwice(all: Case): readonly string[] {
  const sentAgain = (id: string): number =>
    all.of(id).filter(({ event }) => event.type === 'resubmitted').length;
  const times = new Map<string, number>();
  for (const ran of all.evidence.submissions) times.set(idIn(ran), (times.get(idIn(ran)) ?? 0) + 1);
  return [...times].flatMap(([id, count]) =>
    count > 1 + sentAgain(id)
      ? [`${id} was started ${count} times, and sent again by a person ${sentAgain(id)} times`]
      : [],
  );
}

function askedTwice({ requests }: Evidence): readonly string[] {
  const times = new Map<string, number>();
  for (const { asked } of requests.values()) times.set(asked.title, (times.get(asked.title) ?? 0) + 1);
  return [...times].flatMap(([title, count]) =>
    count > 1 ? [`"${title}" was typed once and became several requests`] : [],
  );
}

/** Told that nothing was taken, and yet there is a request, perhaps made by a later process. */
function ranThoughRefused(all: Case, answers: ReadonlyMap<string, string>): readonly string[] {
  return all.evidence.log.flatMap((line) => {
    if (line.type !== 'delivery' || !('text' in line.deed)) return [];
    const { key, text } = line.deed;
    const told = answers.get(key) ?? '';
    const [made] = all.asked(text);
    return made === undefined || !/was not (?:taken|done)/i.test(told)
      ? []
      : [`${made.id} exists, though its asker was told: ${told}`];
  });
}

function unapproved(all: Case, ran: Ran): string | undefined {
  const id = idIn(ran);
  const request = all.evidence.requests.get(id);
  if (request === undefined) return `${ran.comment}: no such request in the journal`;
  const lines = all.of(id);
  const sent = lines.findIndex(
    ({ event }) => event.type === 'claimed' && ran.comment.startsWith(event.attempt.tag),
  );
  const agreed = lines
    .slice(0, Math.max(0, sent))
    .findLast(({ event }) => event.type === 'approved' || event.type === 'resubmitted');
  if (sent === -1 || agreed === undefined || !('vote' in agreed.event))
    return `${id} was started without an approval before it`;
  const { by } = agreed.event.vote;
  return by.id === request.asked.requester.id || !approvers.some((one) => one.id === by.id)
    ? `${id} was approved by ${by.id}, who may not`
    : undefined;
}

/** What ran against what was approved: the commands, the device, and the bytes of the script. */
function altered(all: Case, ran: Ran): string | undefined {
  const id = idIn(ran);
  const request = all.evidence.requests.get(id);
  if (request === undefined) return undefined;
  const process = request.asked.title.replace('dump ', '');
  const wanted = [
    ['RunScript', 'minidump.ps1', process],
    ['GetFile', `C:\\windows\\TEMP\\${process}.dmp.zip`],
  ];
  const commands = ran.commands.map(({ type, params }) => [type, ...params.map(({ value }) => value)]);
  if (!isDeepStrictEqual(commands, wanted))
    return `${id} ran something else than was approved: ${JSON.stringify(commands)}`;
  const { id: device } = request.targets[0].device;
  if (ran.machineId.toLowerCase() !== device.toLowerCase())
    return `${id} ran on ${ran.machineId}, and was approved for ${device}`;
  // Where the library could not be read, no content was on the card, and none was approved.
  const content = request.sessions[0]?.grant.content;
  const approved = wasRead(content) ? content.files[0]?.sha256 : undefined;
  return approved === undefined || approved === ran.sha256
    ? undefined
    : `${id} ran the script with the content ${ran.sha256.slice(0, 12)}, and ${approved.slice(0, 12)} was approved`;
}

/** Buttons that only a request has which has not ended. */
const living = /^lr\.(approve|deny|withdraw|cancel|look|resend|drop)\./;

/** Cards of each request and chat, oldest first. */
function standing(cards: readonly CardSeen[]): ReadonlyMap<string, readonly CardSeen[]> {
  const groups = new Map<string, CardSeen[]>();
  for (const card of cards) {
    const key = `${card.request} ${card.chat} ${card.channel}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [card]);
    else known.push(card);
  }
  return groups;
}

/**
 * Teams lets nobody look for a message whose post was never answered: it is rewritten once somebody presses a
 * button on it, and until then that press does nothing.
 */
function olderInTeams({ cards }: Evidence): readonly CardSeen[] {
  return [...standing(cards).values()].flatMap((group) =>
    group[0]?.chat === 'teams' ? group.slice(0, -1) : [],
  );
}

/** What is untrue on the cards as they stand now. */
export function cardsUntrue({ requests, cards }: Pick<Evidence, 'requests' | 'cards'>): readonly string[] {
  const context = {
    now: Date.now(),
    results: 'card',
    simulated: false,
    outputs: new Map(),
    urls: new Map(),
    command: '/lr',
  } as const;
  const groups = [...standing(cards).values()];
  const byRequest = new Map<string, (readonly CardSeen[])[]>();
  for (const group of groups) {
    const id = group[0]?.request ?? '';
    byRequest.set(id, [...(byRequest.get(id) ?? []), group]);
  }
  return [...requests.values()].flatMap((request) => {
    const { status } = statusText(request, context);
    const own = byRequest.get(request.id) ?? [];
    const missing = (['slack', 'teams'] as const)
      .filter((chat) => !own.some((group) => group[0]?.chat === chat))
      .map((chat) => `${request.id} (${status}) has no card in ${chat}`);
    return [...missing, ...own.flatMap((group) => untrueIn(group, request.id, status))];
  });
}

function untrueIn(group: readonly CardSeen[], id: string, status: string): readonly string[] {
  const newest = group.at(-1);
  if (newest === undefined) return [];
  const others =
    newest.chat === 'teams'
      ? []
      : group
          .slice(0, -1)
          // One whose search failed with Slack may say what the newest says, and nothing else.
          .filter((card) => !card.text.includes(status) || card.buttons.some((button) => living.test(button)))
          .map((card) => `${id} (${status}) has an older card that does not say so: ${firstLines(card)}`);
  return plainly(newest.text).includes(status) && !newest.buttons.some((button) => living.test(button))
    ? others
    : [...others, `${id} is "${status}", its card says: ${firstLines(newest)}`];
}

/** Without the signs that keep Teams from reading Markdown. */
function plainly(text: string): string {
  return text.replaceAll('\\', '').replaceAll('\u200b', '');
}

function firstLines({ text, chat, channel, ts }: CardSeen): string {
  return `${text.split('\n').slice(0, 3).join(' / ').slice(0, 160)} [${chat} ${channel} ${ts}]`;
}
