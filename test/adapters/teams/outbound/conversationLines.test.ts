// Lines of cards and notes in one conversation: their pace, who goes first, and what is left for answers.
import { beforeEach, expect, it } from '@jest/globals';
import type { Urgency } from '../../../../src/bot/ports.ts';
import { ConnectorRates } from '../../../../src/adapters/teams/outbound/connectorRates.ts';
import { ConversationLines, lineLimits } from '../../../../src/adapters/teams/outbound/conversationLines.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { ManualClock } from '../../../support/manualClock.ts';

const place = '19:soc@thread.tacv2';
const hour = 3_600_000;

let clock: ManualClock;
let budgets: ConnectorRates;
let lines: ConversationLines;
/** Who got a turn, and when. */
let gone: { readonly who: string; readonly at: number }[];
beforeEach(() => {
  clock = createManualClock();
  budgets = new ConnectorRates(clock);
  lines = new ConversationLines(clock, budgets);
  gone = [];
});

/** Waits for a turn and sends one message. */
async function sends(who: string, urgent: Urgency = false, conversation = place): Promise<boolean> {
  const mine = await lines.turn(conversation, urgent);
  if (mine) {
    gone.push({ who, at: clock.elapsed() });
    const taken = budgets.take('send', conversation);
    // Whoever had a turn is not sent away.
    expect(taken).toHaveProperty('end');
    if ('end' in taken) taken.end();
    // An answer to a person, who waits for it, finds room at any time.
    expect(budgets.wait('send', conversation)).toBe(0);
  }
  return mine;
}

const whoWent = (): readonly string[] => gone.map(({ who }) => who);

it('no span of time holds more than its share, and an answer finds room between any two cards', async () => {
  const cards = Array.from({ length: 1_700 }, (_, at) => sends(`card ${at}`));
  await clock.advance(hour - 1);
  expect(gone.length).toBe(1_600);
  await clock.advance(hour);
  expect(await Promise.all(cards)).toHaveLength(1_700);
  for (const { limit, ms } of lineLimits)
    for (let at = limit; at < gone.length; at += 1)
      expect((gone[at]?.at ?? 0) - (gone[at - limit]?.at ?? 0)).toBeGreaterThanOrEqual(ms);
  // In the order in which they came.
  expect(whoWent()).toEqual(Array.from({ length: 1_700 }, (_, at) => `card ${at}`));
});

it('an urgent card overtakes those that wait, and no card of another conversation', async () => {
  const cards = Array.from({ length: 100 }, (_, at) => sends(`card ${at}`));
  await clock.advance(1_000);
  const before = gone.length;
  const urgent = [sends('decided', true), sends('ended', true), sends('elsewhere', false, '19:other')];
  await clock.advance(60_000);
  await Promise.all([...cards, ...urgent]);
  expect(whoWent().slice(before, before + 3)).toEqual(['elsewhere', 'decided', 'ended']);
});

it('a card that becomes urgent while it waits overtakes from then on', async () => {
  let ended = false;
  const cards = Array.from({ length: 20 }, (_, at) => sends(`card ${at}`));
  cards.push(sends('ends later', () => ended));
  await clock.advance(1_000);
  const before = gone.length;
  ended = true;
  await clock.advance(60_000);
  await Promise.all(cards);
  expect(before).toBeGreaterThan(0);
  expect(whoWent().indexOf('ends later')).toBe(before);
});

it('a pause that Teams asked for holds the line, and that of no other conversation', async () => {
  budgets.close('send', place, 120_000);
  const [card] = [sends('card'), sends('elsewhere', false, '19:other')];
  await clock.advance(119_000);
  expect(whoWent()).toEqual(['elsewhere']);
  await clock.advance(1_000);
  expect(await card).toBe(true);
});

it('nobody waits any longer once it stops', async () => {
  const cards = Array.from({ length: 20 }, (_, at) => sends(`card ${at}`));
  await clock.advance(0);
  lines.stop();
  const turns = await Promise.all(cards);
  expect(turns.filter((mine) => !mine).length).toBe(turns.length - gone.length);
  expect(gone.length).toBeLessThan(20);
  expect(await lines.turn(place, true)).toBe(false);
});

it('lines of conversations that are quiet are forgotten, and not their last hour', async () => {
  const others = (name: string): Promise<readonly boolean[]> =>
    Promise.all(Array.from({ length: 1_500 }, (_, at) => lines.turn(`19:${name}${at}`, false)));
  await others('a');
  const cards = Array.from({ length: 1_600 }, () => sends('card'));
  await clock.advance(hour - 1);
  await Promise.all(cards);
  await others('b');
  const late = sends('one more');
  await clock.advance(0);
  expect(gone.length).toBe(1_600);
  await clock.advance(hour);
  expect(await late).toBe(true);
});
