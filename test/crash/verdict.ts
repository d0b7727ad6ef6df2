// The verdict of the crash test: the fake Slack's log, the journal, what Defender really started and the
// cards that stand, held against each other.
import { isDeepStrictEqual } from 'node:util';
import { statusText } from '../../cards/messages/status.ts';
import type { Event } from '../../src/liveResponse/request/events.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { approvers, responders } from './people.ts';
import type { CardSeen, Deed, DeliveryLine, LogLine, PrivateLine } from './slackControl.ts';

export interface JournalLine {
  readonly at: number;
  readonly request: string | null;
  readonly event: Event;
}

export interface Submission {
  readonly comment: string;
  readonly machineId?: string;
  readonly commands: readonly {
    readonly type: string;
    readonly params: readonly { readonly key: string; readonly value: string }[];
  }[];
}

export interface Evidence {
  readonly log: readonly LogLine[];
  readonly journal: readonly JournalLine[];
  readonly requests: ReadonlyMap<string, Request>;
  readonly submissions: readonly Submission[];
  readonly cards: readonly CardSeen[];
}

export interface Verdict {
  readonly figures: Readonly<Record<string, number>>;
  /** Sentences, by what was broken. */
  readonly broken: {
    readonly lost: readonly string[];
    readonly twice: readonly string[];
    readonly unapproved: readonly string[];
    readonly untrue: readonly string[];
  };
}

const accounts = new Map([...responders, ...approvers].map(({ account, id }) => [account, id]));

export function verdictOf(evidence: Evidence): Verdict {
  const deliveries = evidence.log.filter((line): line is DeliveryLine => line.type === 'delivery');
  const acknowledged = [
    ...new Map(deliveries.filter((line) => line.acknowledged).map((line) => [line.deed.key, line])).values(),
  ];
  const withoutEffect = acknowledged.filter((line) => !tookEffect(evidence, line));
  const answers = answersIn(evidence.log, acknowledged, withoutEffect);
  const lost = withoutEffect.flatMap((line) => (answers.has(line.deed.key) ? [] : [lostSentence(line)]));
  const shownLater = evidence.log
    .filter((line): line is PrivateLine => line.type === 'private' && line.key !== undefined)
    .map(({ key }) => key);
  const kinds = (kind: Deed['kind']) =>
    new Set(deliveries.flatMap(({ deed }) => (deed.kind === kind ? [deed.key] : []))).size;
  return {
    figures: {
      commands: kinds('command') + kinds('mention'),
      presses: kinds('press') + kinds('submit'),
      acknowledged: acknowledged.length,
      'delivered again': deliveries.filter(({ attempt }) => attempt > 0).length,
      'answered more than once': shownLater.length - new Set(shownLater).size,
      requests: evidence.requests.size,
      approvals: evidence.journal.filter(({ event }) => event.type === 'approved').length,
      submissions: evidence.submissions.length,
    },
    broken: {
      lost,
      twice: [...ranTwice(evidence), ...askedTwice(evidence), ...ranThoughRefused(evidence, answers)],
      unapproved: evidence.submissions.flatMap((submission) => unapproved(evidence, submission) ?? []),
      untrue: cardsUntrue(evidence),
    },
  };
}

/**
 * Private words to whoever did something, by its key. Words that came to no address count once, for the
 * person's oldest deed that nothing else came of.
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
      ({ deed, at, ms }) => deed.person === line.user && at - ms <= line.at && !answers.has(deed.key),
    );
    if (meant !== undefined) answers.set(meant.deed.key, line.text);
  }
  return answers;
}

/** The words in an acknowledgement itself, which Slack shows to the person. */
function wordsIn(body: string): string {
  if (body === '' || body === '{}') return '';
  if (!body.startsWith('{')) return body;
  const { text } = JSON.parse(body) as { readonly text?: unknown };
  return typeof text === 'string' ? text : '';
}

/** The events that a press leads to where it is not refused. */
const effects: Readonly<Record<string, readonly Event['type'][]>> = {
  approve: ['approved'],
  withdraw: ['withdrawn'],
  cancel: ['cancelAsked', 'withdrawn'],
  drop: ['abandoned'],
  look: ['searched', 'found'],
};

function tookEffect({ journal, requests }: Evidence, { deed }: DeliveryLine): boolean {
  if (deed.kind !== 'press' && deed.kind !== 'submit') return requestsOf(requests, deed.text).length > 0;
  const wanted = deed.kind === 'submit' ? ['denied'] : (effects[deed.verb] ?? []);
  return journal.some(
    ({ request, event }) =>
      request === deed.request &&
      wanted.includes(event.type) &&
      (personIn(event) ?? accounts.get(deed.person)) === accounts.get(deed.person),
  );
}

/** Who denied, withdrew or gave it up; undefined of what another person may have done a moment before. */
function personIn(event: Event): string | undefined {
  if (event.type === 'denied') return event.vote.by.id;
  return event.type === 'withdrawn' || event.type === 'abandoned' ? event.by.id : undefined;
}

/** Every ask names a process of its own. */
function requestsOf(requests: ReadonlyMap<string, Request>, text: string): readonly Request[] {
  const [verb, host, process] = text.split(' ');
  return [...requests.values()].filter(
    (request) =>
      verb === 'dump' &&
      request.asked.title === `dump ${process ?? ''}` &&
      request.targets[0].device.name.startsWith(host ?? ' '),
  );
}

function lostSentence({ deed, at, body }: DeliveryLine): string {
  const what =
    deed.kind === 'press'
      ? `${deed.verb} on ${deed.request}`
      : deed.kind === 'submit'
        ? `the reason for denying ${deed.request}`
        : `"${deed.text}" (${deed.kind})`;
  return `${new Date(at).toISOString()} ${deed.key}: ${what} of ${deed.person} was acknowledged${body === '' ? '' : ` with ${body}`}, and nothing came of it`;
}

function idIn({ comment }: Submission): string {
  return /^lr:(lr-[0-9a-z]+):/.exec(comment)?.[1] ?? comment;
}

function ranTwice({ submissions, journal }: Evidence): readonly string[] {
  const sentAgain = (id: string): number =>
    journal.filter(({ request, event }) => request === id && event.type === 'resubmitted').length;
  const times = new Map<string, number>();
  for (const submission of submissions) times.set(idIn(submission), (times.get(idIn(submission)) ?? 0) + 1);
  return [...times].flatMap(([id, count]) =>
    count > 1 + sentAgain(id)
      ? [`${id} was started ${count} times, and sent again by a person ${sentAgain(id)} times`]
      : [],
  );
}

function askedTwice({ requests }: Evidence): readonly string[] {
  const titles = [...requests.values()].map(({ asked }) => asked.title);
  return [...new Set(titles.filter((title, at) => titles.indexOf(title) !== at))].map(
    (title) => `"${title}" was typed once and became several requests`,
  );
}

/** Told that nothing was taken, and yet there is a request. */
function ranThoughRefused(
  { log, requests }: Evidence,
  answers: ReadonlyMap<string, string>,
): readonly string[] {
  return log.flatMap((line) => {
    if (line.type !== 'delivery' || !('text' in line.deed)) return [];
    const told = answers.get(line.deed.key) ?? '';
    const made = requestsOf(requests, line.deed.text);
    return /was not (?:taken|done)/i.test(told) && made.length > 0
      ? [`${made[0]?.id ?? ''} exists, though its asker was told: ${told}`]
      : [];
  });
}

function unapproved({ journal, requests }: Evidence, submission: Submission): string | undefined {
  const id = idIn(submission);
  const request = requests.get(id);
  if (request === undefined) return `${submission.comment}: no such request in the journal`;
  const lines = journal.filter((line) => line.request === id);
  const sent = lines.findIndex(
    ({ event }) => event.type === 'claimed' && submission.comment.startsWith(event.attempt.tag),
  );
  const agreed = lines
    .slice(0, Math.max(0, sent))
    .findLast(({ event }) => event.type === 'approved' || event.type === 'resubmitted');
  if (sent === -1 || agreed === undefined || !('vote' in agreed.event))
    return `${id} was started without an approval before it`;
  const { by } = agreed.event.vote;
  if (by.id === request.asked.requester.id || !approvers.some((one) => one.id === by.id))
    return `${id} was approved by ${by.id}, who may not`;
  const process = request.asked.title.replace('dump ', '');
  const wanted = [
    ['RunScript', 'minidump.ps1', process],
    ['GetFile', `C:\\windows\\TEMP\\${process}.dmp.zip`],
  ];
  const ran = submission.commands.map(({ type, params }) => [type, ...params.map(({ value }) => value)]);
  return isDeepStrictEqual(ran, wanted)
    ? undefined
    : `${id} ran something else than was approved: ${JSON.stringify(ran)}`;
}

/** Buttons that only a request has which has not ended. */
const living = /^lr\.(approve|deny|withdraw|cancel|look|resend|drop)\./;

/** What is untrue on the cards as they stand now. */
function cardsUntrue({ requests, cards }: Evidence): readonly string[] {
  const context = {
    now: Date.now(),
    results: 'card',
    simulated: false,
    outputs: new Map(),
    urls: new Map(),
    command: '/lr',
  } as const;
  return [...requests.values()].flatMap((request) => {
    const standing = cards.filter((card) => card.request === request.id);
    const { status } = statusText(request, context);
    const newest = standing.at(-1);
    if (newest === undefined) return [`${request.id} (${status}) has no card`];
    const others = standing
      .slice(0, -1)
      .map((card) => `${request.id} (${status}) has an older card that does not say so: ${firstLines(card)}`);
    return newest.text.includes(status) && !newest.buttons.some((id) => living.test(id))
      ? others
      : [...others, `${request.id} is "${status}", its card says: ${firstLines(newest)}`];
  });
}

function firstLines({ text, channel, ts }: CardSeen): string {
  return `${text.split('\n').slice(0, 3).join(' / ').slice(0, 160)} [${channel} ${ts}]`;
}
