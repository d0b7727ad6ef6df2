// Who may request what, where, and under which terms.
import { describe, expect, test } from '@jest/globals';
import { mayRequest, termsOf, tierOf } from '../../../src/bot/policy/decisions.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import type { Place } from '../../../src/bot/ports.ts';
import type { SessionAsk } from '../../../src/bot/policy/recipes/sessionAsk.ts';
import { dump, policy, recipes } from '../../support/policy.ts';
import { askedAt, hosta } from '../../support/requests/requests.ts';
import {
  elsewhere,
  freeze,
  incidents,
  minute,
  ollyActs,
  rileyActs,
  samActs,
} from '../../support/deciders.ts';

const dm: Place = { surface: 'slack', id: 'D0RILEY', direct: true, external: false };

function ask(text: string): SessionAsk {
  const parsed = parse(text, recipes);
  if ('problem' in parsed || parsed.verb !== 'ask') throw new Error(text);
  return parsed;
}

const script = { type: 'RunScript', scriptName: 'minidump.ps1', args: 'x' } as const;
const file = { type: 'GetFile', path: 'C:\\windows\\TEMP\\x.dmp.zip' } as const;
const again = (
  commands: SessionAsk['commands'],
  recipe?: {
    readonly name: string;
    readonly args: Readonly<Record<string, string>>;
    readonly from: number;
  },
): SessionAsk => ({
  kind: 'again',
  host: hosta.id,
  commands,
  title: 'dump x',
  ...(recipe === undefined ? {} : { recipe }),
});
const dumpOf = (process: string, from: number) => ({ name: 'dump', args: { process }, from });
const bare: Policy = { ...policy, raw: {} };
const madeAgain: readonly (readonly [string, Policy, SessionAsk, object])[] = [
  [
    'the whole recipe takes the recipe’s tier, however strict its commands are by themselves',
    policy,
    again([script, file], dumpOf('x', 0)),
    { name: 'high' },
  ],
  [
    'the rest of a recipe takes the recipe’s tier where its commands have none',
    bare,
    again([file], dumpOf('x', 1)),
    { name: 'high' },
  ],
  [
    'the rest of a recipe takes its commands’ tier where that is stricter',
    { ...policy, raw: { GetFile: 'critical' } },
    again([file], dumpOf('x', 1)),
    { name: 'critical' },
  ],
  [
    'the rest of a recipe keeps the recipe’s tier where its commands’ is looser',
    { ...policy, recipes: new Map([['dump', { ...dump, tier: 'critical' }]]) },
    again([file], dumpOf('x', 1)),
    { name: 'critical' },
  ],
  ['no rest of a recipe is judged command by command', policy, again([script, file]), { name: 'critical' }],
  [
    'and refused where a command is not allowed by itself',
    bare,
    again([file]),
    { refused: 'commandNotAllowed', command: 'GetFile' },
  ],
  [
    'so are other values than the recipe was asked with',
    bare,
    again([file], dumpOf('y', 1)),
    { refused: 'commandNotAllowed' },
  ],
  [
    'values that the recipe of today does not take',
    bare,
    again([{ type: 'GetFile', path: 'C:\\windows\\TEMP\\-x.dmp.zip' }], dumpOf('-x', 1)),
    { refused: 'commandNotAllowed' },
  ],
  [
    'values under other names',
    bare,
    again([file], { name: 'dump', args: { image: 'x' }, from: 1 }),
    { refused: 'commandNotAllowed' },
  ],
  ['another part of the recipe', bare, again([file], dumpOf('x', 0)), { refused: 'commandNotAllowed' }],
  [
    'a recipe that is no more',
    { ...bare, recipes: new Map() },
    again([file], dumpOf('x', 1)),
    { refused: 'commandNotAllowed' },
  ],
];
const noRecipe: Policy = { ...policy, recipes: new Map() };
const alone: Policy = {
  ...policy,
  roles: new Map([
    ['responder', ['responder2']],
    ['approver', ['responder2']],
  ]),
};
const noApprovals: Policy = { ...policy, places: policy.places.filter((one) => !one.approvals) };
const strange: Policy = { ...policy, raw: { GetFile: 'nosuch' } };
const refusedRequests: readonly (readonly [string, object, ReturnType<typeof mayRequest>])[] = [
  [
    'in a place that is not listed',
    { refused: 'placeNotAllowed', place: 'slack:C0RANDOM', direct: false },
    mayRequest({ policy }, rileyActs, elsewhere, ask('dump hosta x')),
  ],
  [
    'alone with the bot when no place gets approval cards',
    { refused: 'placeNotAllowed', direct: true },
    mayRequest({ policy: noApprovals }, rileyActs, dm, ask('dump hosta x')),
  ],
  [
    'alone with the bot across organisations',
    { refused: 'placeNotAllowed' },
    mayRequest({ policy }, rileyActs, { ...dm, external: true }, ask('dump hosta x')),
  ],
  [
    'without the role',
    { refused: 'missingRole', deed: 'request', need: ['responder'], unread: [] },
    mayRequest({ policy }, ollyActs, incidents, ask('dump hosta x')),
  ],
  [
    'of a recipe that is gone',
    { refused: 'unknownRecipe', recipe: 'dump' },
    mayRequest({ policy: noRecipe }, rileyActs, incidents, ask('dump hosta x')),
  ],
  [
    'of a command that is not listed',
    { refused: 'commandNotAllowed', command: 'PutFile' },
    mayRequest({ policy }, rileyActs, incidents, ask('put hosta a.exe')),
  ],
  [
    'of a sequence with one command that is not listed',
    { refused: 'commandNotAllowed', command: 'PutFile' },
    mayRequest({ policy }, rileyActs, incidents, ask('on hosta put a.exe ; run b.ps1')),
  ],
  [
    'of a tier that is not defined',
    { refused: 'commandNotAllowed' },
    mayRequest({ policy: strange }, rileyActs, incidents, ask('get hosta C:\\x')),
  ],
  [
    'without the reason its tier requires',
    { refused: 'reasonRequired', tier: 'critical' },
    mayRequest({ policy }, rileyActs, incidents, ask('run hosta a.ps1')),
  ],
  [
    'while frozen',
    { refused: 'frozen', ...freeze },
    mayRequest({ policy, freeze }, rileyActs, incidents, ask('dump hosta x')),
  ],
  [
    'that nobody else could approve',
    { refused: 'nobodyCanApprove', role: 'approver' },
    mayRequest({ policy: alone }, samActs, incidents, ask('dump hosta x')),
  ],
];

describe('a request', () => {
  test('takes the tier of its recipe', () => {
    expect(mayRequest({ policy }, rileyActs, incidents, ask('dump hosta x'))).toMatchObject({
      tier: { name: 'high' },
    });
  });

  test('of several commands takes the strictest tier among them', () => {
    expect(tierOf(policy, ask('on hosta run a.ps1 ; get C:\\x'))).toMatchObject({ name: 'critical' });
    expect(tierOf(policy, ask('get hosta C:\\x'))).toMatchObject({ name: 'high' });
  });

  describe('made from an earlier one', () => {
    test.each(madeAgain)('%s', (_case, under, wanted, expected) => {
      expect(tierOf(under, wanted)).toMatchObject(expected);
    });
  });

  test('is refused where a tier that it names is not defined, whatever else it names', () => {
    const loose: Policy = { ...policy, raw: { RunScript: 'gone', GetFile: 'high' } };
    expect(tierOf(loose, ask('on hosta run a.ps1 ; get C:\\x'))).toMatchObject({
      refused: 'commandNotAllowed',
    });
  });

  test('is frozen under its terms', () => {
    const tier = policy.tiers[1];
    expect(tier && termsOf(tier, askedAt)).toEqual({
      tier: 'high',
      approveRole: 'approver',
      expiresAt: askedAt + 30 * minute,
      runWithin: 30 * minute,
    });
    expect(tier && termsOf({ ...tier, cancelParkedAfter: 60 * minute }, askedAt)).toMatchObject({
      cancelParkedAfter: 60 * minute,
    });
  });

  test('may be made in a conversation with the bot alone', () => {
    expect(mayRequest({ policy }, rileyActs, dm, ask('dump hosta x'))).toHaveProperty('tier');
  });
  test.each(refusedRequests)('%s is refused', (_name, expected, decision) => {
    expect(decision).toMatchObject(expected);
  });

  test('with the reason its tier requires is taken', () => {
    expect(
      mayRequest({ policy }, rileyActs, incidents, ask('run hosta a.ps1 --reason "beacon"')),
    ).toMatchObject({
      tier: { name: 'critical' },
    });
  });
});
