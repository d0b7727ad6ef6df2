// Which tier of today counts for what was asked for, and from which moment its times are shorter than those
// that were agreed.
import { describe, expect, test } from '@jest/globals';
import { mayRequest, tierOf } from '../../../../src/bot/policy/decisions.ts';
import type { Policy, Tier } from '../../../../src/bot/policy/policy.ts';
import type { SessionAsk } from '../../../../src/bot/policy/recipes/sessionAsk.ts';
import {
  judgeApprover,
  judgeRequest,
  judgeToday,
  limitsToday,
  shownToday,
  tierToday,
} from '../../../../src/bot/policy/today.ts';
import { create } from '../../../../src/liveResponse/request/fold.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { avery, policy, riley } from '../../../support/policy.ts';
import { groupless as today, withTier } from '../../../support/policyVariants.ts';
import type { FlatRequest } from '../../../support/requests/requests.ts';
import { after, asked, askedAt, flat, newRequest, requests } from '../../../support/requests/requests.ts';

const minute = 60_000;
const script = { type: 'RunScript', scriptName: 'minidump.ps1', args: 'lsass' } as const;
const file = { type: 'GetFile', path: 'C:\\windows\\TEMP\\lsass.dmp.zip' } as const;
const recipeArgs = { process: 'lsass' };
const high = (change: Partial<Tier>): Policy => withTier('high', change, today);
const waiting = (change: Partial<FlatRequest> = {}): Request =>
  create(newRequest({ ...flat(asked), commands: [script, file], recipeArgs, ...change }));
const approver = { by: { id: avery.id, name: avery.name }, account: 'console:avery' };
const expiresAt = askedAt + 30 * minute;

describe('the tier', () => {
  const ask = (...commands: SessionAsk['commands']): SessionAsk => ({
    kind: 'sequence',
    host: 'hosta',
    commands,
    title: 'two',
  });

  test('is refused for the very command that is not allowed outside recipes', () => {
    expect(tierOf({ ...policy, raw: { RunScript: 'high' } }, ask(script, file))).toEqual({
      refused: 'commandNotAllowed',
      command: 'GetFile',
    });
  });

  test('of the rest of a recipe is the strictest of the recipe and its commands', () => {
    const rest = waiting({ commands: [file], recipeFrom: 1 });
    expect(tierToday({ ...today, raw: { GetFile: 'critical' } }, rest)).toMatchObject({ name: 'critical' });
    expect(tierToday({ ...today, raw: {} }, rest)).toMatchObject({ name: 'high' });
  });

  test('is none for a request without a command', () => {
    const { recipe: _recipe, recipeArgs: _args, ...raw } = flat(asked);
    expect(tierToday(today, create(newRequest({ ...raw, commands: [] })))).toStrictEqual({
      no: { code: 'commandNotAllowed' },
    });
  });

  test('that there is not is told before a freeze: asking again later would not help', () => {
    const place = { surface: 'console', id: 'incidents', direct: false, external: false };
    const actor = { person: riley, account: 'console:riley', roles: new Set(['responder']), unread: [] };
    const freeze = { by: 'Avery Approver', why: 'odd approvals', at: askedAt };
    expect(mayRequest({ policy: { ...policy, raw: {} }, freeze }, actor, place, ask(file))).toMatchObject({
      refused: 'commandNotAllowed',
    });
    expect(mayRequest({ policy, freeze }, actor, place, ask(file))).toMatchObject({ refused: 'frozen' });
  });
});

describe('an approval', () => {
  test('may be given by today’s policy while the request still waits', () => {
    expect(judgeToday(today, waiting(), askedAt, { approver })).toBeUndefined();
  });

  test('may not be given to a recipe that is gone, by whoever would approve it', () => {
    expect(judgeApprover({ ...today, recipes: new Map() }, waiting(), approver)).toEqual({
      no: { code: 'recipeChanged', detail: 'dump is gone' },
    });
  });

  test('comes too late for today’s policy only where that gives less time than was agreed', () => {
    const shorter = { no: { code: 'expireAfterShorter', detail: 'tier high: 29 min' } };
    const sooner = high({ expireAfter: 29 * minute });
    expect(judgeRequest(sooner, waiting(), askedAt + 29 * minute)).toEqual(shorter);
    expect(judgeRequest(sooner, waiting(), askedAt + 29 * minute - 1)).toBeUndefined();
    expect(judgeRequest(today, waiting(), expiresAt)).toBeUndefined();
    expect(judgeRequest(high({ expireAfter: 40 * minute }), waiting(), askedAt + 40 * minute)).toBe(
      undefined,
    );
  });
});

describe('the limits of today', () => {
  test('have a time for sending only of what waits for its turn', () => {
    expect(limitsToday(today, waiting())).toStrictEqual({ expiresAt });
    expect(limitsToday(today, requests.running)).toStrictEqual({ expiresAt });
  });

  test('change nothing of a session that does not wait for its device', () => {
    const parked = high({ cancelParkedAfter: minute });
    const running: Request = {
      ...waiting(),
      stage: requests.running.stage,
      sessions: requests.running.sessions,
    };
    expect(limitsToday(parked, running)).toStrictEqual({ expiresAt, cancelParkedAfter: minute });
    expect(shownToday(parked, running)).toBe(running);
  });

  test('change nothing of one that is cancelled at that very time anyway', () => {
    const parked = high({ cancelParkedAfter: 10 * minute });
    const running: Request = {
      ...waiting(),
      stage: requests.running.stage,
      sessions: requests.running.sessions,
    };
    const wait = { since: askedAt, until: askedAt + 60 * minute, cancelAt: askedAt + 10 * minute };
    const same = after(running, { type: 'waitingForDevice', waiting: wait }, askedAt);
    expect(shownToday(parked, same)).toBe(same);
  });
});
