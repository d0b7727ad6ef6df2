// The real client against the real simulator with faults on: tokens, answers that are lost or damaged,
// throttling, and odd actions.
import { afterEach, describe, expect, test } from '@jest/globals';
import { serve } from '../../support/defender/defenderFakes.ts';
import {
  dump,
  failureOf,
  simulatedDefender,
  wholeSession,
} from '../../support/defender/simulatedDefender.ts';
import type { SimulatedDefender, SimulatedOptions } from '../../support/defender/simulatedDefender.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function bench(
  options: SimulatedOptions = {},
): Promise<SimulatedDefender & { readonly hosta: string }> {
  const one = await simulatedDefender(options);
  closing.push(() => one.close());
  return { ...one, hosta: one.machine('hosta.corp.example') };
}
const comment = 'lr:7f3k2q:n1 asked by First Responder';

describe('an answer', () => {
  test('lost after the action was created is ambiguous, is not sent again, and the action is found by its comment', async () => {
    const { client, simulator, hosta, clock, outcomes, plant } = await bench();
    await plant({ what: 'loseAnswer', on: 'run' });
    const before = clock.now();
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect(outcomes).toEqual(['submit lost']);
    const found = (await client.recent(hosta, before - 1_000)).actions;
    expect(found.map((action) => [action.comment, action.commands])).toEqual([[comment, dump]]);
    expect(simulator.tenant.submissions.map(({ actionId }) => actionId)).toEqual([found[0]?.id]);
  });

  test('that is an HTML 502 is ambiguous for a POST, and repeated once for a GET', async () => {
    const { client, simulator, hosta, outcomes, plant } = await bench();
    await plant({ what: 'status', status: 502, times: 2 });
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect(simulator.tenant.submissions).toEqual([]);
    expect((await client.machine(hosta)).name).toBe('hosta.corp.example');
    expect(outcomes).toEqual(['submit 5xx', 'machines 5xx', 'machines 2xx']);
  });

  test('with a slow body ends at the deadline: ambiguous for a POST that was accepted, repeated once for a GET', async () => {
    const { client, simulator, hosta, outcomes, plant } = await bench({ timeout: 1_000 });
    await plant(
      { what: 'slowBody', on: 'run', ms: 3_600_000 },
      { what: 'slowBody', on: 'machines', ms: 3_600_000 },
    );
    const began = performance.now();
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect(simulator.tenant.submissions).toHaveLength(1);
    expect((await client.machine(hosta)).id).toBe(hosta);
    expect(outcomes).toEqual(['submit lost', 'machines lost', 'machines 2xx']);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('of truncated JSON is ambiguous for a POST that was accepted, and unreadable for a GET', async () => {
    const { client, simulator, hosta, plant } = await bench();
    await plant({ what: 'truncate', times: 2 });
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect(simulator.tenant.submissions).toHaveLength(1);
    expect((await failureOf(client.machine(hosta))).code).toBe('unreadable');
  });

  test('that redirects is followed nowhere: ambiguous for a POST, unreadable for a GET', async () => {
    const elsewhere = await serve((_ask, response) => response.end('{}'));
    closing.push(() => elsewhere.close());
    const { client, simulator, hosta, plant } = await bench();
    await plant({ what: 'redirect', times: 2, value: `${elsewhere.origin}/api/machines/${hosta}` });
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect((await failureOf(client.machine(hosta))).code).toBe('unreadable');
    expect([elsewhere.asked.length, simulator.tenant.submissions.length]).toEqual([0, 0]);
  });
});

describe('a 401', () => {
  test('once renews the token exactly once, for a GET', async () => {
    const { client, hosta, signIns, outcomes } = await expired();
    expect((await client.machine(hosta)).id).toBe(hosta);
    expect([signIns.renewals, outcomes]).toEqual([1, ['machines 4xx', 'machines 2xx']]);
    await client.machine(hosta);
    expect(signIns.renewals).toBe(1);
  });

  test('once renews the token exactly once, for a POST too, which is accepted once', async () => {
    const { client, simulator, hosta, signIns } = await expired();
    const { id } = await client.submit(hosta, dump, comment);
    expect([signIns.renewals, simulator.tenant.submissions.map(({ actionId }) => actionId)]).toEqual([
      1,
      [id],
    ]);
  });

  test('to a POST whose second attempt is answered badly is not followed by a third', async () => {
    const { client, simulator, hosta, plant } = await expired();
    await plant({ what: 'loseAnswer', on: 'run', times: 5 });
    expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('ambiguous');
    expect(simulator.tenant.submissions).toHaveLength(1);
    expect(simulator.tenant.faults.planted()).toMatchObject([{ what: 'loseAnswer', times: 4 }]);
  });

  test('met by many calls at once renews the token once for all of them', async () => {
    const { client, hosta, signIns } = await expired();
    await Promise.all([
      client.machine(hosta),
      client.findMachines('hosta'),
      client.library(),
      client.actions(['none']),
    ]);
    expect(signIns.renewals).toBe(1);
  });

  test.each(['POST', 'GET'] as const)(
    'twice ends as unauthorized after two exchanges of a %s, without a loop',
    async (method) => {
      const { client, simulator, hosta, signIns, plant } = await bench();
      await plant({ what: 'unauthorized', times: 9 });
      expect(
        (await failureOf(method === 'POST' ? client.submit(hosta, dump, comment) : client.machine(hosta)))
          .code,
      ).toBe('unauthorized');
      expect(simulator.tenant.faults.planted()).toMatchObject([{ what: 'unauthorized', times: 7 }]);
      expect([signIns.renewals, simulator.tenant.submissions.length]).toEqual([1, 0]);
    },
  );

  /** A token that has just expired is held. */
  async function expired(): ReturnType<typeof bench> {
    const one = await bench({ profile: { auth: 'token' } });
    one.signIns.claims = { exp: Math.floor(one.clock.now() / 1_000) - 1 };
    await one.signIns.getToken('any');
    one.signIns.claims = {};
    return one;
  }
});

test('the wrong audience is refused with Forbidden, without renewing what is not expired', async () => {
  const { client, hosta, simulator, signIns } = await bench({ profile: { auth: 'token' } });
  signIns.claims = { aud: 'https://api.security.microsoft.com' };
  for (const work of [client.submit(hosta, dump, comment), client.machine(hosta)]) {
    const { code, detail } = await failureOf(work);
    expect([code, detail.status, detail.apiCode]).toEqual(['refused', 403, 'Forbidden']);
  }
  expect([signIns.renewals, simulator.tenant.submissions.length]).toEqual([0, 0]);
});

describe('a 429', () => {
  test.each([
    ['quota', 7, '429', 7_000],
    ['quota', undefined, '429', 60_000],
    ['code', 7, 'TooManyRequests', 7_000],
    ['code', undefined, 'TooManyRequests', 60_000],
  ] as const)(
    'in the body shape %s with Retry-After %s holds submissions back and is not repeated',
    async (throttleBody, retryAfter, apiCode, ms) => {
      const { client, simulator, hosta, budgets, clock, plant } = await bench({ profile: { throttleBody } });
      await plant({ what: 'throttle', times: 3, ...(retryAfter === undefined ? {} : { retryAfter }) });
      const { code, detail } = await failureOf(client.submit(hosta, dump, comment));
      expect([code, detail.apiCode, detail.retryAfterMs, budgets.waitFor('submit', clock.now())]).toEqual([
        'throttled',
        apiCode,
        ms,
        ms,
      ]);
      expect(simulator.tenant.faults.planted()).toMatchObject([{ times: 2 }]);
      expect((await failureOf(client.submit(hosta, dump, comment))).code).toBe('paced');
      await fetch(`${simulator.url}/simulator/faults`, { method: 'DELETE' });
      clock.pass(ms);
      expect((await client.submit(hosta, dump, comment)).status).toBe('Pending');
    },
  );
});

describe('the actions of a list', () => {
  const names = ['load001', 'load002', 'load003'] as const;
  async function three(): Promise<Awaited<ReturnType<typeof bench>> & { readonly ids: readonly string[] }> {
    const one = await bench();
    const ids: string[] = [];
    for (const name of names) {
      ids.push((await one.client.submit(one.machine(`${name}.corp.example`), dump, `lr:${name}`)).id);
      one.clock.pass(1_000);
    }
    return { ...one, ids };
  }

  test('that is stale and leaves some out are all answered', async () => {
    const { client, ids, outcomes, plant } = await three();
    await plant({ what: 'staleList', ms: 2_500 });
    expect((await client.actions(ids)).map((action) => action.id)).toEqual(ids);
    expect(outcomes.slice(3)).toEqual(['list 2xx', 'get 2xx', 'get 2xx']);
  });

  test('in another order are the ones that were asked for', async () => {
    const { client, ids, plant } = await three();
    await plant({ what: 'reverseList' });
    const found = await client.actions(ids);
    expect(found.map((action) => [action.id, action.comment])).toEqual(
      ids.map((id, index) => [id, `lr:${names[index] ?? ''}`]),
    );
  });

  test.each([0, 2, 3, 4, 5, 6, 7])('with %i fraction digits are read to the millisecond', async (digits) => {
    const { client, simulator, hosta, clock } = await bench({
      profile: { fractionDigits: [digits, digits], startTimes: 'all' },
    });
    clock.pass(789);
    const { id, createdAt } = await client.submit(hosta, dump, comment);
    const cut = (at: number): number => at - (at % (digits === 0 ? 1_000 : digits === 2 ? 10 : 1));
    expect(createdAt).toBe(cut(clock.now()));
    clock.pass(wholeSession);
    const [action] = await client.actions([id]);
    const truth = simulator.tenant
      .action(id)
      ?.commands.map((run) => [cut(run.startedAt ?? 0), cut(run.endedAt ?? 0)]);
    expect(action?.progress.map((one) => [one.startedAt, one.endedAt])).toEqual(truth);
  });

  test('with a status nobody knows are still answered, with one warning', async () => {
    const { client, ids, log, plant } = await three();
    await plant(
      { what: 'unknownStatus', value: 'Suspended', times: 2 },
      { what: 'unknownCommandStatus', times: 2 },
      { what: 'extraFields', times: 2 },
    );
    const [action] = await client.actions(ids);
    await client.actions(ids);
    expect([action?.status, action?.progress.map((one) => one.status)]).toEqual([
      'Suspended',
      ['Hibernating', 'Hibernating'],
    ]);
    expect(log.lines.filter((line) => line.event === 'defender.unknownStatus')).toHaveLength(1);
    expect((await client.actions(ids)).map((one) => one.status)).toEqual(['Pending', 'Pending', 'Pending']);
  });

  test('whose completed commands have a null startTime have an end and no beginning', async () => {
    const { client, finished, plant } = await bench();
    const id = await finished();
    await plant({ what: 'nullStartTime' });
    const [action] = await client.actions([id]);
    expect(action?.progress.map((one) => [one.status, 'startedAt' in one, typeof one.endedAt])).toEqual([
      ['Completed', false, 'number'],
      ['Completed', false, 'number'],
    ]);
  });

  test('are read one by one where the service takes documented queries only', async () => {
    const one = await bench({ profile: { odata: 'documented' } });
    const { id } = await one.client.submit(one.hosta, dump, comment);
    expect((await one.client.actions([id])).map((action) => action.id)).toEqual([id]);
    expect(
      (await one.client.recent(one.hosta, one.clock.now() - 1_000)).actions.map((action) => action.id),
    ).toEqual([id]);
  });
});
