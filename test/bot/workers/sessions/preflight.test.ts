// What must hold right before the POST: what was read for it, in which order, and the first reason why not.
import { describe, expect, test } from '@jest/globals';
import {
  contentFailure,
  judgePreflight,
  preflightFailure,
  readContent,
  readForPreflight,
  readPeople,
  refused,
} from '../../../../src/bot/workers/sessions/preflight.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Content, ContentRead } from '../../../../src/liveResponse/request/content.ts';
import { asked } from '../../../support/requests/lifecycle.ts';
import { avery, policy, riley } from '../../../support/policy.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sessionOf,
} from '../../../support/apps/workerPorts.ts';

const { device } = asked.targets[0];
const approvedWith = (content?: Content) =>
  history(askedFor(content === undefined ? {} : { content }), 'approved');
const seen = (sha256: string): ContentRead => ({ at: 1, files: [{ name: 'minidump.ps1', sha256 }] });
const verified = approvedWith(seen('aa'));
const library =
  (sha256: string, whole = true) =>
  () =>
    Promise.resolve({ files: [{ name: 'minidump.ps1', sha256 }], whole });

describe('the reading', () => {
  const queued = sessionOf(approvedWith(), 'queued');

  test('is of the device, then of the people; of the library where the approval has something to compare', async () => {
    const { deps, defender, calls } = createWorkerPorts([]);
    defender.machine = () => Promise.resolve(device);
    defender.library = library('bb');
    const reading = await readForPreflight(deps, queued);
    expect(reading).toStrictEqual({
      device,
      people: {
        requester: {
          accounts: riley.accounts,
          answers: new Map([['entra:group-1', 'yes']]),
        },
        approver: { accounts: avery.accounts, answers: new Map([['slack:S0RESP', 'yes']]) },
      },
    });
    expect(calls).toEqual([`machine ${device.id}`]);
    expect(await readForPreflight(deps, sessionOf(verified, 'queued'))).toMatchObject({
      device,
      content: { at: portsStart, files: [{ name: 'minidump.ps1', sha256: 'bb' }] },
    });
    expect(calls.slice(1)).toEqual([`machine ${device.id}`, 'library']);
  });

  test.each([
    ['notFound', {}, 'ended'],
    ['refused', { status: 400 }, 'ended'],
    ['paced', {}, 'slot'],
    ['unavailable', {}, 'unavailable'],
    ['unauthorized', {}, 'unauthorized'],
  ] as const)('of a device that answers %s', async (code, detail, what) => {
    const { deps, defender, logged } = createWorkerPorts([]);
    const error = new DefenderError(code, 'why', detail);
    defender.machine = () => Promise.reject(error);
    expect(await readForPreflight(deps, queued)).toEqual(
      what === 'ended' ? { ended: error } : { again: error, cause: what },
    );
    expect(logged).toEqual([{ event: 'deviceNotRead', fields: { request: asked.id, code, detail: 'why' } }]);
  });

  test('does not take a bug for an answer', async () => {
    const { deps, defender } = createWorkerPorts([]);
    defender.machine = () => Promise.reject(new TypeError('a bug'));
    await expect(readForPreflight(deps, queued)).rejects.toThrow('a bug');
  });

  test('that lacks a library which was verified is tried again', async () => {
    const { deps, defender } = createWorkerPorts([]);
    const session = sessionOf(verified, 'queued');
    const error = new DefenderError('unavailable', 'down');
    defender.machine = () => Promise.resolve(device);
    defender.library = () => Promise.reject(error);
    expect(await readForPreflight(deps, session)).toEqual({ again: error, cause: 'library' });
    defender.library = () => Promise.resolve({ files: [], whole: false });
    const partly = await readContent(deps, session);
    expect(partly).toMatchObject({
      cause: 'library',
      again: {
        code: 'unreadable',
        message: 'the list of the script library could be read only in part',
        detail: { call: 'library' },
      },
    });
    // What it names is in the part that could be read.
    defender.library = library('bb', false);
    expect(await readContent(deps, session)).toMatchObject({ files: [{ sha256: 'bb' }] });
    expect(await readContent(deps, queued)).toBeUndefined();
    expect(
      await readContent(deps, sessionOf(approvedWith({ at: 1, notRead: 'forbidden' }), 'queued')),
    ).toBeUndefined();
  });

  test('of people knows nothing of those whom nobody lists, and asks the groups as of a moment ago', async () => {
    const how: unknown[] = [];
    const groups = {
      includes: (_g: string, _p: unknown, fresh: unknown) => (how.push(fresh), Promise.resolve(false)),
    };
    expect(await readPeople({ policy: { ...policy, people: [riley] }, groups }, queued)).toEqual({
      requester: {
        accounts: riley.accounts,
        answers: new Map([['entra:group-1', 'no']]),
      },
      approver: undefined,
    });
    expect(new Set(how)).toEqual(new Set([30_000]));
  });
});

describe('the judgement', () => {
  const queued = sessionOf(approvedWith(), 'queued');
  const judged = (change: Partial<typeof device>, by: Policy = policy) =>
    judgePreflight(createWorkerPorts([], { policy: by }).deps, queued, { ...device, ...change }, {});

  test('has nothing against what is allowed on a fit device', () => {
    expect(judged({})).toBeUndefined();
  });

  test('is of the device as it was just read', () => {
    expect(judged({ onboarding: 'CanBeOnboarded' })).toEqual({
      no: { code: 'deviceNotOnboarded', detail: expect.not.stringContaining('merged') },
    });
    expect(judged({ mergedInto: 'f'.repeat(40) })).toEqual({
      no: { code: 'deviceMerged', detail: `merged into ${'f'.repeat(40)}` },
    });
    expect(judged({ os: 'iOS' })).toMatchObject({ no: { code: 'deviceUnsupported' } });
    expect(judged({ group: 'Nowhere' })).toMatchObject({ no: { code: 'deviceOutOfScope' } });
  });

  test('has the policy speak before the device, and the device before a group that could not be read', () => {
    const nobody = { ...policy, people: [] };
    expect(judged({ os: 'iOS' }, nobody)).toMatchObject({ no: { code: 'requesterNotListed' } });
    const byGroup = { ...policy, roles: new Map([...policy.roles, ['approver', ['entra:group-1']]]) };
    expect(judged({}, byGroup)).toEqual({ unread: ['entra:group-1'] });
    expect(judged({ os: 'iOS' }, byGroup)).toMatchObject({ no: { code: 'deviceUnsupported' } });
  });

  test('is by the time of this moment', () => {
    const quick = { ...policy, tiers: policy.tiers.map((tier) => ({ ...tier, runWithin: 60_000 })) };
    expect(judged({}, quick)).toMatchObject({ no: { code: 'runWithinShorter' } });
  });
});

describe('the first reason why not', () => {
  const submitting = (change: Parameters<typeof askedFor>[0] = {}) =>
    sessionOf(history(askedFor(change), 'approved', 'claimed'), 'submitting');
  const { deps } = createWorkerPorts([]);

  test('is another tenant, another digest, the scope, or a changed script', () => {
    expect(preflightFailure(deps, submitting(), { device })).toBeUndefined();
    expect(preflightFailure(deps, submitting({ tenant: 'another' }), { device })).toStrictEqual({
      type: 'refused',
      code: 'otherTenant',
    });
    const { request, session } = submitting();
    const other = { ...request, subject: { ...request.subject, digest: 'x' } };
    expect(preflightFailure(deps, { request: other, session }, { device })).toStrictEqual(
      refused('digestMismatch'),
    );
    const grant = { ...session.grant, digest: 'x' };
    expect(preflightFailure(deps, { request, session: { ...session, grant } }, { device })).toMatchObject({
      code: 'digestMismatch',
    });
    expect(preflightFailure(deps, submitting(), { device: { ...device, group: 'Nowhere' } })).toEqual({
      type: 'refused',
      code: 'deviceOutOfScope',
      detail: expect.stringContaining('Nowhere'),
    });
    const content = seen('aa'.repeat(32));
    const bound = submitting({ content });
    expect(preflightFailure(deps, bound, { device, content })).toBeUndefined();
    expect(preflightFailure(deps, bound, { device })).toBeUndefined();
    expect(preflightFailure(deps, bound, { device, content: seen('bb'.repeat(32)) })).toEqual({
      type: 'refused',
      code: 'scriptChanged',
      detail: 'minidump.ps1 changed from aaaaaaaa to bbbbbbbb',
    });
  });

  test('is by the content that was approved, whatever has been seen of the library since', () => {
    const { request, session } = submitting({ content: seen('aa') });
    const since = { ...request, subject: { ...request.subject, content: seen('cc') } };
    expect(preflightFailure(deps, { request: since, session }, { device })).toBeUndefined();
    const { content: _, ...grant } = session.grant;
    expect(preflightFailure(deps, { request, session: { ...session, grant } }, { device })).toBeUndefined();
  });

  test('names every script that changed', () => {
    const files = (sha256: string): ContentRead => ({
      at: 1,
      files: ['a.ps1', 'b.ps1'].map((name) => ({ name, sha256: sha256.repeat(32) })),
    });
    const { session } = sessionOf(verified, 'queued');
    const grant = { ...session.grant, content: files('aa') };
    expect(contentFailure({ grant }, files('bb'))?.detail).toBe(
      'a.ps1 changed from aaaaaaaa to bbbbbbbb; b.ps1 changed from aaaaaaaa to bbbbbbbb',
    );
    expect(contentFailure({ grant }, files('aa'))).toBeUndefined();
    expect(contentFailure({ grant }, undefined)).toBeUndefined();
    const unread = { ...grant, content: { at: 1, notRead: 'forbidden' } as const };
    expect(contentFailure({ grant: unread }, files('bb'))).toBeUndefined();
  });
});
