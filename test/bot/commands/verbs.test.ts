// The one table of verbs: complete, read by the bot's own grammar, and with the effects that the promises
// name.
import { afterEach, describe, expect, it } from '@jest/globals';
import { buttons } from '../../../cards/buttons.ts';
import { labelOnCard, readSlackPress, readTeamsPress } from '../../../cards/press.ts';
import { readTaking } from '../../../src/adapters/slack/inbound/payloads.ts';
import { pressOf } from '../../../src/adapters/teams/inbound/presses.ts';
import { forms } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import {
  freshnessFor,
  identityUnread,
  isForAnyone,
  textRefusal,
  verbOfLine,
} from '../../../src/bot/commands/verbs.ts';
import * as decisions from '../../../src/bot/policy/decisions.ts';
import { explain } from '../../../src/bot/policy/refusals/refusal.ts';
import { asksForText, effectOf, verbTable } from '../../../src/liveResponse/verbs.ts';
import type { AnyVerb, VerbRow } from '../../../src/liveResponse/verbs.ts';
import { request } from '../../cards/examples/exampleRequests.ts';
import { formCallback } from '../../../src/adapters/slack/outbound/slackMessages.ts';

const examples = Object.entries(forms).map(([word, form]) => ({ word, example: form.example }));

const table = Object.entries(verbTable) as readonly (readonly [AnyVerb, VerbRow])[];

/** A verb that did not exist when the readers were written. */
const planted = 'pause' as AnyVerb;
function plant(row: Partial<VerbRow>): void {
  Object.assign(verbTable, {
    [planted]: { typed: false, pressed: true, effect: 'tells', may: 'see', undone: 'paused', ...row },
  });
}
afterEach(() => {
  Reflect.deleteProperty(verbTable, planted);
});

const carried = { r: 'lr-7f3k2q', v: 3, f: '1c9e04ab5d6f7a8b' };
/** Whether a press of the verb is read where presses come in: both chats' cards, and Slack's form. */
const readings = (verb: string): Readonly<Record<string, boolean>> => ({
  slackCard: readSlackPress(`lr.${verb}.v1`, JSON.stringify(carried)) !== undefined,
  teamsCard:
    readTeamsPress({
      lr: { verb, requestId: carried.r, revision: carried.v, fingerprint: carried.f },
    }) !== undefined,
  slackForm:
    readTaking(
      {
        type: 'view_submission',
        user: { id: 'U1' },
        team: { id: 'T1' },
        trigger_id: '1.2',
        view: {
          id: 'V1',
          callback_id: formCallback,
          private_metadata: JSON.stringify({ ...carried, w: verb, c: 'C1' }),
        },
      },
      'U9',
    )?.kind === 'form',
});

describe('the table of verbs', () => {
  it.each(examples)('holds what $word parses to', ({ example }) => {
    const parsed = parse(example, new Map());
    if ('problem' in parsed) throw new Error(`${example} does not parse`);
    expect(verbTable[parsed.verb].typed).toBe(true);
  });
  it('calls typed exactly what some line parses to, and nothing else but a button', () => {
    // A word where an id belongs is typed too.
    const lines = [...examples, { example: 'status hosta.corp.example' }].flatMap(({ example }) => {
      const parsed = parse(example, new Map());
      return 'problem' in parsed ? [] : [parsed.verb];
    });
    expect(table.flatMap(([verb, row]) => (row.typed ? [verb] : [])).toSorted()).toEqual(
      [...new Set(lines)].toSorted(),
    );
    expect(table.filter(([, row]) => !row.typed && !row.pressed)).toEqual([]);
  });
  it.each(table)('has a press of %s read where it can be pressed, and nowhere else', (verb, { pressed }) => {
    expect(readings(verb)).toEqual({ slackCard: pressed, teamsCard: pressed, slackForm: pressed });
  });
  it('is what every reader of presses looks in: a verb planted there is read at once', () => {
    expect(readings(planted)).toEqual({ slackCard: false, teamsCard: false, slackForm: false });
    plant({});
    expect(readings(planted)).toEqual({ slackCard: true, teamsCard: true, slackForm: true });
  });
  it('says for a planted verb how freshly a person must be known, and what was not done', () => {
    plant({ effect: 'stops' });
    expect(freshnessFor(planted)).toBe('nowOrLast');
    expect(explain(identityUnread('Slack', planted, true))).toContain('nothing was paused');
  });
  it('says for a planted verb whether a press asks for a text, and how long that may be', () => {
    const data = {
      lr: { verb: planted, requestId: carried.r, revision: carried.v, fingerprint: carried.f },
    };
    plant({});
    expect(asksForText(planted)).toBe(false);
    expect(pressOf(data)).not.toHaveProperty('input');
    plant({ text: { max: 7, needed: true, label: 'whyDenied' } });
    expect(asksForText(planted)).toBe(true);
    // Teams leaves an empty field out.
    expect(pressOf(data)).toHaveProperty('input', '');
    expect(textRefusal(planted, ' 1234567 ')).toBeUndefined();
    expect(textRefusal(planted, '12345678')).toEqual({
      refused: 'textTooLong',
      undone: 'paused',
      length: 8,
      max: 7,
    });
  });
  it('names for every verb a decision that exists', () => {
    const missing = table
      .map(([, { may }]) => may)
      .filter((may) => may !== 'anyone' && may !== 'listed')
      .map((may) => `may${may.charAt(0).toUpperCase()}${may.slice(1)}`)
      .filter((name) => !Object.hasOwn(decisions, name));
    expect(missing).toEqual([]);
  });
  it('has the buttons of cards ask for the texts that it names, as long as it says', () => {
    const found = request([]);
    for (const { verb, asks } of buttons(found, 'Dump', new Set())) {
      const { text } = verbTable[verb] as VerbRow;
      expect(asks).toEqual(
        text?.label === undefined
          ? undefined
          : { label: labelOnCard(text.label, undefined), optional: !text.needed, max: text.max },
      );
    }
  });
  it.each<readonly [ReturnType<typeof effectOf>, readonly AnyVerb[]]>([
    ['runs', ['approve', 'resend', 'again', 'retry', 'unfreeze', 'drop']],
    ['stops', ['deny', 'withdraw', 'cancel', 'freeze']],
    ['asks', ['ask']],
  ])('says of exactly these that they are of effect %s', (effect, expected) => {
    const found = (Object.keys(verbTable) as readonly AnyVerb[]).filter((verb) => effectOf(verb) === effect);
    expect([...found].sort()).toEqual([...expected].sort());
  });
  it('has the platform asked for what lets something run, and asked within bounds for what stops something', () => {
    expect((['approve', 'unfreeze', 'deny', 'ask', 'status'] as const).map(freshnessFor)).toEqual([
      'now',
      'now',
      'nowOrLast',
      'remembered',
      'remembered',
    ]);
  });
});

describe('the verb of a typed line, as a chat sees it before the bot reads the line', () => {
  it.each([
    'approve lr-7f3k2q',
    'approve lr-7f3k2q 1c9e04ab',
    'APPROVE 7f3k2q 1c9e04ab',
    '\u00a0approve\u00a0lr-7f3k2q',
    'deny lr-7f3k2q “wrong host”',
    'cancel lr-7f3k2q',
    'freeze now',
    ' Freeze maintenance',
    'unfreeze',
    'retry lr-7f3k2q 1',
  ])('%j is what the bot will make of it', (line) => {
    const parsed = parse(line, new Map());
    if ('problem' in parsed) throw new Error(`${line} does not parse`);
    expect(verbOfLine(line)).toBe(parsed.verb);
  });
  it.each([
    'dump hosta lsass',
    'approve',
    'deny',
    'unfreeze please',
    'aprove lr-7f3k2q',
    '\u200bapprove lr-7f3k2q',
  ])('%j decides nothing', (line) => {
    expect(effectOf(verbOfLine(line))).toBe('asks');
  });
});

it('names the platform, what was not done, and the next step when nobody could say who it is', () => {
  expect(explain(identityUnread('Slack', 'approve', true))).toBe(
    'Slack could not say who you are just now, so nothing was approved. Press again in a minute.',
  );
  expect(explain(identityUnread('Teams', 'unfreeze', false))).toBe(
    'Teams could not say who you are just now, so nothing was unfrozen. Type it again in a minute.',
  );
});

describe('what anyone may read anywhere', () => {
  it.each(['', ' ', 'help', ' Help ', 'help run', 'help dump', 'help  x', 'whoami', ' WhoAmI '])(
    'is %j',
    (line) => {
      expect(isForAnyone(line)).toBe(true);
    },
  );
  it.each(['whoami x', 'helpme', 'help-run', 'status', 'list', 'dump hosta x', 'constructor', 'noid'])(
    'is not %j',
    (line) => {
      expect(isForAnyone(line)).toBe(false);
    },
  );
});
