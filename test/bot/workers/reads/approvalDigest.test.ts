// What an approval binds, and the content of scripts read once more while a request may be decided: what
// somebody else did meanwhile counts.
import type { Request, Subject, RequestSession } from '../../../../src/liveResponse/request/request.ts';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hash } from '../../../../src/adapters/clock.ts';
import { createLog } from '../../../../src/adapters/log.ts';
import type { Deps } from '../../../../src/bot/deps.ts';
import { judgePreflight, preflightFailure } from '../../../../src/bot/workers/sessions/preflight.ts';
import { approvalDigest, refreshContent } from '../../../../src/bot/workers/reads/approvalDigest.ts';
import { openTestApp } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { policy } from '../../../support/policy.ts';
import { asked, flat, hosta, requests, sessionIn, stateIn } from '../../../support/requests/requests.ts';

test('what is sent must be what was asked and what was approved, each by its own digest, on a device in scope, by people who are listed', () => {
  const sealed = approvalDigest({ hash }, flat(asked));
  const request: Request = {
    ...requests.submitting,
    subject: { ...asked.subject, ...sealed },
  };
  const { grant: unsealed, ...rest } = sessionIn(requests.submitting, 'submitting');
  const session = { ...rest, grant: { ...unsealed, digest: sealed.digest } };
  const objection = (change: Partial<RequestSession<'submitting'>>, device = hosta) =>
    preflightFailure(
      { hash, policy, settings: { tenant: 'simulator', command: '/lr' } } as unknown as Deps,
      { request, session, ...change },
      { device },
    );
  expect(objection({})).toBeUndefined();
  expect(objection({}, { ...hosta, group: 'Domain Controllers' })).toMatchObject({
    type: 'refused',
    code: 'deviceOutOfScope',
  });
  // Its role is given by a group too, which might hold anybody: whoever the policy no longer lists is nobody
  // all the same.
  const gone = { id: 'gone', name: 'Gone Person' };
  const judged = (change: Partial<RequestSession<'submitting'>>) =>
    judgePreflight(
      {
        policy,
        clock: { now: () => session.grant.at, elapsed: () => 0, sleep: () => Promise.resolve() },
      },
      { request, session, ...change },
      hosta,
      {},
    );
  const [vote] = session.grant.votes;
  expect(
    judged({ session: { ...session, grant: { ...session.grant, votes: [{ ...vote, by: gone }] } } }),
  ).toMatchObject({ no: { code: 'approverNotListed' } });
  expect(judged({ request: { ...request, asked: { ...request.asked, requester: gone } } })).toMatchObject({
    no: { code: 'requesterNotListed' },
  });
  const asking = (change: Partial<Subject>): Partial<RequestSession<'submitting'>> => ({
    request: { ...request, subject: { ...request.subject, ...change } },
  });
  for (const change of [
    asking({ digest: 'other' }),
    { session: { ...session, grant: { ...session.grant, digest: 'other' } } },
    asking({ commands: [{ type: 'RunScript', scriptName: 'minidump.ps1', args: 'lsass' }] }),
  ]) {
    expect(objection(change)).toMatchObject({ type: 'refused', code: 'digestMismatch' });
  }
});

describe('the library read once more', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
  });
  afterEach(() => app.close());

  /** A library in which the script has changed; `meanwhile` happens before it answers. */
  function changed(meanwhile: () => Promise<unknown>): Deps {
    const library = async () => {
      await meanwhile();
      return {
        files: [{ name: 'minidump.ps1', sha256: createHash('sha256').update('changed').digest('hex') }],
        whole: true,
      };
    };
    return {
      store: app.store,
      clock: app.clock,
      hash,
      log: createLog({ level: 'error', write: () => undefined }),
      defender: { library },
    } as unknown as Deps;
  }

  test('a request that was decided meanwhile is left as it was decided', async () => {
    const before = app.newest();
    const { request, departed } = await refreshContent(
      changed(() => app.press('responder1', 'withdraw')),
      before,
    );
    expect(departed).toBeDefined();
    expect(stateIn(request)).toBe('closed');
    expect(request.subject).toMatchObject({
      digest: before.subject.digest,
      fingerprint: before.subject.fingerprint,
    });
  });

  test('two who look at the same moment have its cards drawn again once', async () => {
    const before = app.newest();
    const deps = changed(() => Promise.resolve());
    const seen = await Promise.all([refreshContent(deps, before), refreshContent(deps, before)]);
    expect(seen.map(({ request }) => request.revision)).toEqual([before.revision + 1, before.revision + 1]);
    expect(app.newest().revision).toBe(before.revision + 1);
  });
});
