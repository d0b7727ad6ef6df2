// Calls to the connector under faults: what is sent again, what never is, and what the bot is told.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChatError } from '../../../../src/bot/ports.ts';
import { sendLimits, ConnectorRates } from '../../../../src/adapters/teams/outbound/connectorRates.ts';
import { updateGap } from '../../../../src/adapters/teams/outbound/cardUpdates.ts';
import { openDoor } from '../../../../src/adapters/teams/doors.ts';
import { Connector } from '../../../../src/adapters/teams/outbound/connector.ts';
import { aView } from '../../../support/requests/views.ts';
import { cardOf, wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import type { Fault } from '../../../../src/demo/teams/fakeConnector.ts';
import type { TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { ana, ben, channel, group, silent, startLeaping } from '../../../support/chats/teamsHarness.ts';
import { teamsDoor } from '../../../support/chats/teamsDoor.ts';
import type { Clock } from '../../../../src/liveResponse/ports.ts';
import type { CardRef } from '../../../../src/liveResponse/request/request.ts';

let bench: TeamsHarness;
let clock: Clock;
beforeEach(async () => {
  ({ bench, clock } = await startLeaping());
});
afterEach(() => bench.stop());

const view = aView({ requestId: 'r1' });
const post = () => bench.teams.chat.post(group, view, 'intent');
const visible = (): number => bench.connector.in(group).length;
const calls = (method: string): number =>
  bench.connector.calls.filter((call) => call.method === method && call.path.includes('/activities')).length;

async function failure(work: Promise<unknown>): Promise<ChatError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ChatError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

const answers = {
  '429 with Retry-After': { status: 429, headers: { 'retry-after': '2' } },
  '429 without': { status: 429 },
  '412': { status: 412 },
  '500': { status: 500 },
  '502': { status: 502 },
  '503': { status: 503 },
  '504': { status: 504 },
} as const;

describe('a post', () => {
  it('goes out once, holds the card alone with a summary, and is signed', async () => {
    const ref = await post();
    expect(ref).toEqual({ surface: 'teams', place: group, id: bench.connector.messages[0]?.id });
    const message = bench.connector.messages[0];
    expect(message?.body).toMatchObject({ type: 'message', summary: view.fallback });
    expect(message?.body['text']).toBeUndefined();
    expect(message === undefined ? undefined : cardOf(message)).toMatchObject({
      type: 'AdaptiveCard',
      version: '1.5',
      fallbackText: view.fallback,
    });
    expect(bench.connector.calls.at(-1)?.authorization).toBe('Bearer outgoing');
  });
  it.each(['429 with Retry-After', '429 without', '412'] as const)(
    'is sent again after %s, because it was not taken',
    async (name) => {
      bench.connector.faults.push({ method: 'POST', answer: answers[name], times: 2 });
      const before = clock.now();
      await post();
      expect([calls('POST'), visible()]).toEqual([3, 1]);
      if (name === '429 with Retry-After') expect(clock.now() - before).toBeGreaterThanOrEqual(4_000);
    },
  );
  it('is given up after a long 429, and the bot is told when to come again', async () => {
    bench.connector.faults.push({
      method: 'POST',
      answer: { status: 429, headers: { 'retry-after': '60' } },
    });
    expect(await failure(post())).toMatchObject({ code: 'throttled', retryAfterMs: 60_000 });
    expect(calls('POST')).toBe(1);
    // Nothing goes to that conversation before; others are free.
    expect(await failure(post())).toMatchObject({ code: 'throttled' });
    expect(calls('POST')).toBe(1);
    await bench.teams.chat.post(channel, view, 'other');
    expect(calls('POST')).toBe(2);
  });
  it.each(['500', '502', '503', '504'] as const)(
    'that was accepted before a %s is not sent again: at most one visible card',
    async (name) => {
      bench.connector.faults.push({ method: 'POST', answer: answers[name], afterDoing: true, times: 9 });
      expect(await failure(post())).toMatchObject({ code: 'ambiguous' });
      expect([calls('POST'), visible()]).toEqual([1, 1]);
    },
  );
  it('whose connection drops is not sent again', async () => {
    bench.connector.faults.push({ method: 'POST', answer: 'drop', afterDoing: true, times: 9 });
    expect(await failure(post())).toMatchObject({ code: 'ambiguous' });
    expect([calls('POST'), visible()]).toEqual([1, 1]);
  });
  it('that redirects is not followed', async () => {
    bench.connector.faults.push({
      method: 'POST',
      answer: { status: 307, headers: { location: `${bench.connector.serviceUrl}elsewhere` } },
      times: 9,
    });
    expect(await failure(post())).toMatchObject({ code: 'rejected' });
    expect(bench.connector.calls.filter((call) => call.path.includes('elsewhere'))).toEqual([]);
    // The whole card, then the bare one.
    expect(calls('POST')).toBe(2);
  });
  it.each([
    [403, 'closed'],
    [404, 'closed'],
    [400, 'rejected'],
    [413, 'rejected'],
    [401, 'unavailable'],
  ] as const)('refused with %i is %s', async (status, code) => {
    bench.connector.faults.push({ method: 'POST', answer: { status }, times: 9 });
    expect(await failure(post())).toMatchObject({ code });
    expect(visible()).toBe(0);
  });
  it('that cannot reach Teams at all did surely not happen', async () => {
    await bench.halt();
    await bench.boot({ clock, serviceUrl: 'http://127.0.0.1:9/' });
    const error = await failure(bench.teams.chat.post('19:new@thread.v2', view, 'intent'));
    expect(error.code).toBe('unavailable');
    expect(bench.teams.checks().find((check) => check.name === 'teams connector')).toMatchObject({
      ok: false,
      why: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('an update', () => {
  it('is a PUT of the whole card', async () => {
    const ref = await post();
    await bench.teams.chat.update(ref, { ...view, status: 'Running' });
    expect([visible(), bench.connector.messages[0]?.history.length]).toEqual([1, 2]);
    expect(wordsOf(bench.connector.messages[0] ?? never())).toContain('Running');
  });
  it.each(Object.keys(answers) as (keyof typeof answers)[])('is sent again after %s', async (name) => {
    const ref = await post();
    bench.connector.faults.push({ method: 'PUT', answer: answers[name], times: 2 });
    await bench.teams.chat.update(ref, { ...view, status: 'Running' });
    expect([calls('PUT'), visible()]).toEqual([3, 1]);
  });
  it('is sent again after a dropped connection', async () => {
    const ref = await post();
    bench.connector.faults.push({ method: 'PUT', answer: 'drop', afterDoing: true });
    await bench.teams.chat.update(ref, { ...view, status: 'Running' });
    expect(calls('PUT')).toBe(2);
  });
  it('that keeps failing leaves the rest to the next pass', async () => {
    const ref = await post();
    bench.connector.faults.push({ method: 'PUT', answer: { status: 503 }, times: 99 });
    expect(await failure(bench.teams.chat.update(ref, view))).toMatchObject({ code: 'unavailable' });
    expect(calls('PUT')).toBe(3);
  });
  it('of a deleted card says that it is gone, so that a new one is posted', async () => {
    const ref = await post();
    bench.connector.delete(ref.id);
    expect(await failure(bench.teams.chat.update(ref, view))).toMatchObject({ code: 'gone' });
  });
  it('where the bot was removed or blocked says that the place is dead', async () => {
    const ref = await post();
    bench.connector.block(group);
    expect(await failure(bench.teams.chat.update(ref, view))).toMatchObject({ code: 'closed' });
    bench.connector.remove(group);
    expect(await failure(bench.teams.chat.update(ref, view))).toMatchObject({ code: 'closed' });
  });
  it('waits for two seconds after the one before, and draws the newest state only', async () => {
    const ref = await post();
    const results = Array.from({ length: 20 }, (_, at) =>
      bench.teams.chat.update(ref, { ...view, status: `State ${at}` }),
    );
    await Promise.all(results);
    expect(calls('PUT')).toBe(1);
    expect(wordsOf(bench.connector.messages[0] ?? never())).toContain('State 19');
    await bench.teams.chat.update(ref, view);
    const times = bench.connector.calls
      .filter((call) => call.path.includes(group) && call.method !== 'GET')
      .map((call) => call.at);
    for (let at = 1; at < times.length; at += 1)
      expect((times[at] ?? 0) - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(updateGap - 5);
  });
});

describe('our budgets', () => {
  it('keep a burst of cards within every documented window, so that Teams never answers 429', async () => {
    for (let at = 0; at < 70;) {
      try {
        await bench.teams.chat.post(group, aView({ requestId: `r${at}` }), `i${at}`);
        at += 1;
      } catch (error) {
        // `CardSync` comes again when it is asked to.
        if (!(error instanceof ChatError) || error.retryAfterMs === undefined) throw error;
        await clock.sleep(error.retryAfterMs);
      }
    }
    expect(visible()).toBe(70);
    expect(bench.connector.calls.some((call) => call.status === 429)).toBe(false);
    const times = bench.connector.calls.map((call) => call.at);
    for (const { limit, ms } of sendLimits)
      for (const [at, time] of times.entries())
        expect(times.slice(at).filter((other) => other < time + ms).length).toBeLessThanOrEqual(limit);
  });
  it('have cards that waited for their turn refused no more, however many there are', async () => {
    const refs: CardRef[] = [];
    for (let at = 0; at < 70; at += 1) {
      await bench.teams.chat.acquireSlot?.({ kind: 'post', place: group, requestId: `r${at}` }, true);
      refs.push(await bench.teams.chat.post(group, aView({ requestId: `r${at}` }), `i${at}`));
    }
    for (const ref of refs) {
      await bench.teams.chat.acquireSlot?.({ kind: 'update', ref }, false);
      await bench.teams.chat.update(ref, view);
    }
    const ref = refs[0] ?? never();
    await bench.teams.chat.supersede?.(ref, 'r1', ref);
    await bench.teams.chat.note(ref, 'A note', []);
    await bench.teams.chat.announce(group, 'A sentence');
    expect(visible()).toBe(72);
    expect(bench.connector.calls.some((call) => call.status === 429)).toBe(false);
  });
  it('count a call until a window after its end, because Teams saw it in between', () => {
    let now = 0;
    const budgets = new ConnectorRates({
      now: () => now,
      elapsed: () => now,
      sleep: () => Promise.resolve(),
    });
    const ends: (() => void)[] = [];
    for (;;) {
      const taken = budgets.take('send', 'c');
      if ('wait' in taken) break;
      ends.push(taken.end);
    }
    expect(ends.length).toBe(7);
    now = 5_000;
    expect(budgets.take('send', 'c')).toEqual({ wait: 1_000 });
    for (const end of ends) end();
    expect(budgets.take('send', 'c')).toEqual({ wait: 1_000 });
    expect(budgets.take('send', 'd')).toHaveProperty('end');
    budgets.close('send', 'd', 60_000);
    expect(budgets.take('send', 'd')).toEqual({ wait: 60_000 });
  });
});

describe('a call that never ends', () => {
  it.each([
    ['POST', 'ambiguous', 1],
    ['PUT', 'unavailable', 3],
  ] as const)('%s is cut off', async (method, code, tries) => {
    const door = await openDoor(
      { type: 'MultiTenant', cloud: 'public', allowedTenants: [], devNoAuth: true, door: teamsDoor() },
      { http: bench.http, clock, log: silent },
    );
    const connector = new Connector({
      door,
      budgets: new ConnectorRates(clock),
      clock,
      log: silent,
      jitter: () => 0,
      timeout: 150,
    });
    bench.connector.authorization = undefined;
    const fault: Fault = { method, answer: 'hang', times: 9 };
    bench.connector.faults.push(fault);
    const target = { serviceUrl: bench.connector.serviceUrl, conversation: group };
    const work =
      method === 'POST' ? connector.post(target, { text: 'x' }) : connector.put(target, '1', { text: 'x' });
    expect(await failure(work)).toMatchObject({ code });
    expect(calls(method)).toBe(tries);
  });
});

describe('a look at a place', () => {
  const look = (place = group) =>
    bench.teams.chat.probe?.(place) ?? Promise.reject(new Error('Teams cannot be looked at'));

  it('is one small reading, and says nothing there', async () => {
    await look();
    expect(bench.connector.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /v3/conversations/${group}/pagedmembers`,
    ]);
    expect(bench.connector.messages).toEqual([]);
  });
  it('where the bot is not says so, and that nothing was ever heard from there', async () => {
    const unheard = await failure(look('19:nowhere@thread.v2'));
    expect([unheard.code, unheard.message]).toEqual([
      'closed',
      'the bot is not in that conversation: add the app there, and mention it once. No message of that place has reached the bot yet.',
    ]);
    await bench.deliver(bench.message(ben, group, 'lr help'));
    bench.connector.remove(group);
    const removed = await failure(look());
    expect([removed.code, removed.message]).toEqual([
      'closed',
      'the bot is not in that conversation: add the app there, and mention it once.',
    ]);
  });
  it.each([
    [503, 'unavailable', 3],
    [401, 'unavailable', 3],
    [429, 'throttled', 3],
    [400, 'rejected', 1],
  ] as const)('that Teams answers with %i says nothing against the place', async (status, code, tries) => {
    bench.connector.faults.push({ method: 'GET', answer: { status }, times: 9 });
    expect(await failure(look())).toMatchObject({ code });
    expect(bench.connector.calls).toHaveLength(tries);
  });
});

describe('a note', () => {
  it('mentions the requester, whose name cannot become markup', async () => {
    const spy = { ...ana, name: 'Ana <at>all</at> & co' };
    await bench.deliver(bench.message(spy, group, 'lr help'));
    await bench.connector.until(() => bench.alone(spy)[0]);
    const ref = await post();
    await bench.teams.chat.note(ref, 'Finished <b>now</b>: succeeded', [ana.objectId]);
    const note = bench.connector.in(group).at(-1)?.body;
    expect(note?.['text']).toBe(
      '<at>Ana &lt;at&gt;all&lt;/at&gt; &amp; co</at> Finished &lt;b&gt;now&lt;/b&gt;: succeeded',
    );
    expect(note?.['entities']).toEqual([
      {
        type: 'mention',
        text: '<at>Ana &lt;at&gt;all&lt;/at&gt; &amp; co</at>',
        mentioned: { id: ana.id, name: spy.name },
      },
    ]);
  });
  it('of a channel is posted below the card, not as another post', async () => {
    const ref = await bench.teams.chat.post(channel, view, 'intent');
    await bench.teams.chat.note(ref, 'Finished', []);
    expect(bench.connector.messages.at(-1)?.conversation).toBe(`${channel};messageid=${ref.id}`);
  });
});

function never(): never {
  throw new Error('no message');
}
