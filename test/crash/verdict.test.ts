// The checker of the crash test is checked: it finds whatever is planted in a history that is well otherwise.
import { describe, expect, test } from '@jest/globals';
import type { Event } from '../../src/liveResponse/request/events.ts';
import { appId, channel } from '../../src/demo/teams/stage.ts';
import { incidents, privateRoom } from '../../src/demo/slack/workspace.ts';
import { after, flat, newRequest } from '../support/requests/requests.ts';
import type { AnyEvent } from '../support/requests/requests.ts';
import { asked, exampleMoves } from '../support/requests/lifecycle.ts';
import { create } from '../../src/liveResponse/request/fold.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { statusText } from '../../cards/messages/status.ts';
import { canariesFound } from './canaries.ts';
import type { Searched } from './canaries.ts';
import { approvers, reasonCanary, responders } from './people.ts';
import type { CardSeen, Deed, DeliveryLine, LogLine } from './servers/chatControl.ts';
import { outputCanary } from './tenant.ts';
import type { Ran } from './tenant.ts';
import { verdictOf } from './verdict.ts';
import type { Evidence, JournalLine } from './verdict.ts';

const [asker] = responders;
const [approver] = approvers;
if (asker === undefined || approver === undefined) throw new Error('nobody is there');
const sha256 = 'ab'.repeat(32);
const at = asked.asked.at + 60_000;
const by = { id: approver.id, name: approver.name };

const ask = newRequest({
  ...flat(asked),
  title: 'dump proc1',
  requester: { id: asker.id, name: asker.name },
  content: { at, files: [{ name: 'minidump.ps1', sha256 }] },
});
const approved = (content = ask.subject.content): AnyEvent => ({
  ...exampleMoves.approved,
  vote: {
    ...exampleMoves.approved.vote,
    by,
    ...(content === undefined ? {} : { content }),
  },
});
const { claimed, lost, submitted } = exampleMoves;

/** A request to which that happened, and the lines of the journal that say so. */
function story(events: readonly AnyEvent[]): { request: Request; journal: readonly JournalLine[] } {
  const journal: JournalLine[] = [{ at, request: ask.id, event: { type: 'asked', request: ask } }];
  let request = create(ask);
  for (const event of events) {
    request = after(request, event, at);
    journal.push({ at, request: ask.id, event });
  }
  return { request, journal };
}

const ran: Ran = {
  actionId: 'a1b2c3d4-0000',
  comment: `${claimed.attempt.tag} beacon`,
  machineId: ask.targets[0].device.id,
  commands: [
    {
      type: 'RunScript',
      params: [
        { key: 'ScriptName', value: 'minidump.ps1' },
        { key: 'Args', value: 'proc1' },
      ],
    },
    { type: 'GetFile', params: [{ key: 'Path', value: 'C:\\windows\\TEMP\\proc1.dmp.zip' }] },
  ],
  sha256,
};

const typed: Deed = {
  key: 'deed1',
  chat: 'slack',
  person: asker.account,
  channel: incidents,
  kind: 'command',
  text: `dump ${ask.targets[0].device.name} proc1`,
};
const told = (deed: Deed, body = ''): DeliveryLine => ({
  type: 'delivery',
  at,
  attempt: 0,
  deed,
  acknowledged: true,
  body,
  ms: 5,
});

function cardsOf(request: Request): readonly CardSeen[] {
  const { status } = statusText(request, {
    now: at,
    results: 'card',
    simulated: false,
    outputs: new Map(),
    urls: new Map(),
    command: '/lr',
  });
  return (['slack', 'teams'] as const).map((chat) => ({
    chat,
    channel: chat === 'slack' ? incidents : channel,
    ts: '1',
    request: request.id,
    buttons: [],
    text: `${status}\n${request.asked.title}`,
  }));
}

const { request, journal } = story([approved(), claimed, submitted, exampleMoves.ended]);
const well: Evidence = {
  log: [told(typed)],
  journal,
  requests: new Map([[request.id, request]]),
  submissions: [ran],
  cards: cardsOf(request),
};
const broken = (planted: Partial<Evidence>): Readonly<Record<string, readonly string[]>> => {
  const all: Readonly<Record<string, readonly string[]>> = { ...verdictOf({ ...well, ...planted }).broken };
  return Object.fromEntries(Object.entries(all).filter(([, sentences]) => sentences.length > 0));
};
const found = (kind: string, words: RegExp) => ({ [kind]: [expect.stringMatching(words)] });

describe('the verdict of the crash test', () => {
  test('finds nothing in a history that is well', () => {
    expect(broken({})).toEqual({});
    expect(verdictOf(well).handed).toEqual([]);
  });

  const unknownAsk: Deed = { ...typed, key: 'deed2', text: 'dump hostb proc2' };
  const inTeams: Deed = { ...unknownAsk, chat: 'teams', channel };
  test.each<[string, readonly LogLine[]]>([
    ['an ask in Slack', [told(unknownAsk)]],
    ['an ask in Teams', [told(inTeams)]],
    ['an ask that was only announced an answer', [told(inTeams, 'This takes a moment. The card follows.')]],
    [
      'an ask whose words came to somebody else',
      [
        told(inTeams),
        { type: 'private', at, chat: 'teams', user: approver.account, text: 'There is no device hostb.' },
      ],
    ],
    [
      'an ask whose words came in the other chat',
      [
        told(inTeams),
        { type: 'private', at, chat: 'slack', user: asker.account, text: 'There is no device hostb.' },
      ],
    ],
  ])('finds that %s was lost', (_what, log) => {
    expect(broken({ log })).toEqual(found('lost', /dump hostb proc2.*nothing came of it/));
  });

  test('takes words to the person for an answer', () => {
    const words = 'There is no device hostb.';
    expect(
      broken({
        log: [told(inTeams), { type: 'private', at, chat: 'teams', user: asker.account, text: words }],
      }),
    ).toEqual({});
    expect(broken({ log: [told(unknownAsk, `{"text":"${words}"}`)] })).toEqual({});
  });

  test.each(['slack', 'teams'] as const)('finds that a press in %s was lost', (chat) => {
    const press: Deed = {
      key: 'deed3',
      chat,
      person: approver.account,
      channel: incidents,
      kind: 'press',
      ts: '1',
      verb: 'withdraw',
      request: request.id,
    };
    expect(broken({ log: [told(press)] })).toEqual(found('lost', /withdraw on lr-/));
    expect(broken({ log: [told({ ...press, verb: 'approve' })] })).toEqual({});
  });

  test('takes what stands below the field of a form for an answer', () => {
    const form: Deed = {
      key: 'deed4',
      chat: 'slack',
      person: asker.account,
      kind: 'submit',
      input: 'not today',
      request: request.id,
    };
    const body = (words: object): string => JSON.stringify({ response_action: 'errors', ...words });
    expect(broken({ log: [told(form, body({ errors: { input: 'It was NOT taken.' } }))] })).toEqual({});
    expect(broken({ log: [told(form, body({}))] })).toEqual(found('lost', /the reason for denying/));
  });

  test('finds that something ran twice', () => {
    expect(broken({ submissions: [ran, { ...ran, actionId: 'other' }] })).toEqual(
      found('twice', /was started 2 times, and sent again by a person 0 times/),
    );
  });

  test('finds that one line became two requests', () => {
    const other = { ...request, id: 'lr-other1' };
    expect(
      broken({
        requests: new Map([...well.requests, [other.id, other]]),
        cards: [...well.cards, ...cardsOf(other)],
      }),
    ).toEqual(found('twice', /typed once and became several/));
  });

  test('finds a request whose person was told that nothing was taken', () => {
    expect(broken({ log: [told(typed, 'Your command was NOT taken.')] })).toEqual(
      found('twice', /exists, though its asker was told/),
    );
  });

  test('finds a request that a later process made of what its person was told was not done', () => {
    const words = 'Slack did not answer the bot (http_500), so this was not done.';
    const at = request.asked.at - 1;
    const said = {
      type: 'private',
      at,
      chat: 'slack',
      user: asker.account,
      key: typed.key,
      text: words,
    } as const;
    expect(broken({ log: [told(typed), said] })).toEqual(found('twice', /exists, though its asker was told/));
  });

  test('finds what ran without an approval before it, or with one of somebody who may not give it', () => {
    const without = (type: Event['type']) => journal.filter(({ event }) => event.type !== type);
    expect(broken({ journal: without('approved') })).toEqual(found('unapproved', /without an approval/));
    expect(broken({ journal: without('claimed') })).toEqual(found('unapproved', /without an approval/));
    expect(broken({ requests: new Map(), cards: [], log: [] })).toEqual(
      found('unapproved', /no such request in the journal/),
    );
    const byAsker = journal.map((line) =>
      line.event.type === 'approved'
        ? { ...line, event: { ...line.event, vote: { ...line.event.vote, by: { id: asker.id, name: 'x' } } } }
        : line,
    );
    expect(broken({ journal: byAsker })).toEqual(found('unapproved', /who may not/));
  });

  test('finds other commands, another device and another script than were approved', () => {
    const [script, file] = ran.commands;
    if (script === undefined || file === undefined) throw new Error('two commands are wanted');
    const other = { ...script, params: [{ key: 'ScriptName', value: 'collect.ps1' }] };
    expect(broken({ submissions: [{ ...ran, commands: [other, file] }] })).toEqual(
      found('altered', /something else than was approved/),
    );
    expect(broken({ submissions: [{ ...ran, commands: [file, script] }] })).toEqual(
      found('altered', /something else than was approved/),
    );
    expect(broken({ submissions: [{ ...ran, machineId: 'f'.repeat(40) }] })).toEqual(
      found('altered', /was approved for/),
    );
    expect(broken({ submissions: [{ ...ran, sha256: 'cd'.repeat(32) }] })).toEqual(
      found('altered', /the content cdcdcdcd.*abababab.* was approved/),
    );
  });

  test.each(['slack', 'teams'] as const)('finds an untrue card in %s, and one that is missing', (chat) => {
    const others = well.cards.filter((card) => card.chat !== chat);
    const own = well.cards.filter((card) => card.chat === chat);
    const changed = (change: Partial<CardSeen>) => [
      ...others,
      ...own.map((card) => ({ ...card, ...change })),
    ];
    expect(broken({ cards: others })).toEqual(found('untrue', new RegExp(`no card in ${chat}`)));
    expect(broken({ cards: changed({ text: 'Waiting for approval' }) })).toEqual(
      found('untrue', /its card says: Waiting for approval/),
    );
    expect(broken({ cards: changed({ buttons: ['lr.approve.v1'] }) })).toEqual(
      found('untrue', /its card says/),
    );
  });

  test('finds an older card in Slack, and counts it in Teams, where nobody can look for it', () => {
    const older = (chat: string) =>
      well.cards
        .filter((card) => card.chat === chat)
        .map((card) => ({ ...card, ts: '0', text: 'Waiting for approval' }));
    expect(broken({ cards: [...older('slack'), ...well.cards] })).toEqual(
      found('untrue', /an older card that does not say so/),
    );
    expect(broken({ cards: [...older('teams'), ...well.cards] })).toEqual({});
    expect(verdictOf({ ...well, cards: [...older('teams'), ...well.cards] }).figures).toMatchObject({
      'older copies in Teams': 1,
    });
  });

  test('counts what was left to a person', () => {
    const unknown = story([approved(), claimed, lost]);
    const dropped = story([approved(), claimed, lost, exampleMoves.abandoned]);
    for (const one of [unknown, dropped]) {
      const verdict = verdictOf({
        ...well,
        journal: one.journal,
        requests: new Map([[one.request.id, one.request]]),
        submissions: [],
      });
      expect([verdict.handed, verdict.tried]).toEqual([[request.id], 1]);
    }
    expect(verdictOf(well).tried).toBe(1);
  });
});

describe('the search for secrets', () => {
  const reason = reasonCanary(asker.account, 7);
  const output = outputCanary('a1b2c3d4-0000');
  const clean: Searched = {
    secrets: { 'the bot token': 'xoxb-secret', 'the app id': appId },
    privateOutputs: new Set([output]),
    files: [{ where: 'journal-1.ndjson', text: '{"seq":1}' }],
    log: [
      { type: 'shown', at, chat: 'slack', channel: privateRoom, body: `Reason: ${reason} seen` },
      { type: 'private', at, chat: 'teams', user: asker.account, text: `Reason: ${reason} seen` },
      { type: 'private', at, chat: 'teams', user: approver.account, text: `Reason: ${reason} seen` },
      { type: 'shown', at, chat: 'teams', channel, body: outputCanary('99999999-1') },
    ],
  };
  const leaks = (planted: Partial<Searched>) => canariesFound({ ...clean, ...planted }).leaks;
  const shown = (place: string, body: string): readonly LogLine[] => [
    { type: 'shown', at, chat: 'slack', channel: place, body },
  ];
  const file = (text: string, where = 'journal-1.ndjson') => ({ files: [{ where, text }] });

  test('finds nothing where all is where it belongs, and says what it saw', () => {
    expect(canariesFound(clean)).toEqual({
      leaks: [],
      seen: { 'private reasons shown where they may be': 1, 'outputs on public cards': 1 },
    });
    expect(leaks(file(`${reason} ${output}`, 'outputs/lr-1-0.txt'))).toEqual([
      expect.stringMatching(/^the reason/),
    ]);
    expect(leaks(file(output, 'outputs/lr-1-0.txt'))).toEqual([]);
    expect(leaks(file(reason, 'slack-deliveries.ndjson'))).toEqual([]);
  });

  test.each<[string, Partial<Searched>, RegExp]>([
    ['a secret in a file', file('token xoxb-secret'), /the bot token is in journal-1/],
    ['a secret in a message', { log: shown(incidents, 'xoxb-secret') }, /the bot token is in a message/],
    ['a secret in an answer', { log: [told(typed, 'xoxb-secret')] }, /the bot token is in the answer/],
    ['a reason in a file', file(reason), /the reason .* is in journal-1/],
    ['an output in a file', file(output), /the output .* is in journal-1/],
    [
      'the signature of a link in a file',
      file('https://x.blob.core.windows.net/y?se=1&sig=abcdefghijklmnop1234%3D'),
      /the signature of a link is in/,
    ],
    ['a private reason in another place', { log: shown(incidents, reason) }, /is shown in/],
    ['a private output on any card', { log: shown(privateRoom, output) }, /the private output/],
    [
      'a private reason told to somebody else',
      {
        log: [
          { type: 'private', at, chat: 'slack', user: responders[1]?.account ?? '', text: `it is ${reason}` },
        ],
      },
      /is shown to U0/,
    ],
  ])('finds %s', (_what, planted, words) => {
    expect(leaks(planted)).toEqual([expect.stringMatching(words)]);
  });
});
