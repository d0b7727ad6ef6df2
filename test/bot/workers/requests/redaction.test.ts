// Output and links leave the cards of a request: when its time has passed, and when one of its places is no longer
// for everybody's eyes; and cards are drawn again whose reasons became private.
import { describe, expect, test } from '@jest/globals';
import type { SharedPlaces } from '../../../../src/bot/workers/cards/closedPlaces.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import type { ChatPort } from '../../../../src/bot/ports.ts';
import { createRedaction } from '../../../../src/bot/workers/requests/redaction.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { asked } from '../../../support/requests/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import { askedFor, createWorkerPorts, history, portsStart, sent } from '../../../support/apps/workerPorts.ts';
import type { PortsOptions } from '../../../support/apps/workerPorts.ts';
import type { AnyEvent } from '../../../support/requests/requests.ts';

const minute = 60_000;
const excerpt: AnyEvent = {
  type: 'excerptRead',
  excerpt: { index: 0, at: 1, length: 4, sha256: 'x', errors: false, cut: false },
};
const link: AnyEvent = {
  type: 'linkMinted',
  onCard: true,
  link: { index: 1, at: portsStart, expiresAt: portsStart + minute },
};
const finished = (...events: readonly AnyEvent[]): Request =>
  history(askedFor(), ...sent, 'ended', ...events);
const after = (redactAfter: number): Policy => ({
  ...policy,
  tiers: policy.tiers.map((tier) => ({ ...tier, redactAfter })),
});
const placeOf = (change: Partial<Policy['places'][number]>): Policy => ({
  ...policy,
  places: policy.places.map((one) => (one.place === 'console:incidents' ? { ...one, ...change } : one)),
});

function opened(
  requests: readonly Request[],
  options: PortsOptions & { readonly outsiders?: SharedPlaces } = {},
) {
  const ports = createWorkerPorts(requests, options);
  const redrawn: string[] = [];
  const deps = options.outsiders === undefined ? ports.deps : { ...ports.deps, outsiders: options.outsiders };
  return { ...ports, redrawn, redaction: createRedaction(deps, ports.ages, (id) => void redrawn.push(id)) };
}

describe('by time', () => {
  // Its last session ended four seconds after it was asked.
  const left = 10 * minute - (2 * minute - 4000);

  test('results leave so long after the end, whatever the clock is set to', async () => {
    const house = opened([finished(excerpt)], { policy: after(10 * minute) });
    expect(await house.redaction.pass()).toBe(left);
    house.clock.jump(-5 * minute);
    await house.clock.advance(left - 1);
    expect(await house.redaction.pass()).toBe(1);
    expect(house.events()).toEqual([]);
    await house.clock.advance(1);
    expect(await house.redaction.pass()).toBeUndefined();
    expect(house.store.written).toEqual([{ id: asked.id, event: { type: 'redacted', cause: 'time' } }]);
    house.redaction.touch(asked.id);
    expect(await house.redaction.pass()).toBeUndefined();
    expect(house.events()).toEqual(['redacted']);
  });

  test('each by its own', async () => {
    const other = history(askedFor({ id: 'lr-b', origin: 'b' }), ...sent, 'progressed', 'ended', excerpt);
    const house = opened([finished(excerpt), other], { policy: after(10 * minute) });
    await house.redaction.pass();
    house.clock.jump(-5 * minute);
    await house.clock.advance(left);
    expect(await house.redaction.pass()).toBe(1000);
    expect(house.events()).toEqual(['redacted']);
  });

  test('also where there are none yet, but may be; of files that are only put there are none', async () => {
    const house = opened([finished()], { policy: after(minute) });
    await house.redaction.pass();
    expect(house.events()).toEqual(['redacted']);
    const put = history(
      askedFor({ commands: [{ type: 'PutFile', fileName: 'tool.exe' }] }),
      ...sent,
      'ended',
    );
    const none = opened([put, history(askedFor({ id: 'lr-b', origin: 'b' }), 'denied')], {
      policy: after(10 * minute),
    });
    expect(await none.redaction.pass()).toBeUndefined();
    expect(none.events()).toEqual([]);
    const commands = [...asked.subject.commands, { type: 'PutFile', fileName: 'tool.exe' } as const];
    const some = opened([history(askedFor({ commands }), ...sent, 'ended')], { policy: after(minute) });
    await some.redaction.pass();
    expect(some.events()).toEqual(['redacted']);
  });

  test('counted from the end of the last of its sessions, whichever shows something', async () => {
    const [shown] = finished(excerpt).sessions;
    const [empty] = history(askedFor(), ...sent, 'progressed', 'ended').sessions;
    if (shown === undefined || empty === undefined) throw new Error('there are two sessions');
    const both = { ...finished(), sessions: [shown, { ...empty, number: 1 }] };
    expect(await opened([both], { policy: after(10 * minute) }).redaction.pass()).toBe(left + 1000);
    const house = opened([both], { policy: placeOf({ results: 'private' }) });
    await house.redaction.pass();
    expect(house.events()).toEqual(['redacted']);
  });

  test('never where nobody says so, nor while its session goes on', async () => {
    const house = opened([finished(excerpt)]);
    expect(await house.redaction.pass()).toBeUndefined();
    const going = opened([history(askedFor(), ...sent, excerpt)], { policy: after(minute) });
    expect(await going.redaction.pass()).toBeUndefined();
    expect([...house.events(), ...going.events()]).toEqual([]);
  });

  test('counted from when a session was lost from sight', async () => {
    const house = opened([history(askedFor(), ...sent, excerpt, 'overdue')], { policy: after(minute) });
    await house.redaction.pass();
    expect(house.events()).toEqual(['redacted']);
  });
});

describe('by place', () => {
  test('what stands on a card leaves it at once where the place became private', async () => {
    for (const shown of [excerpt, link]) {
      const house = opened([finished(shown)], { policy: placeOf({ results: 'private' }) });
      await house.redaction.pass();
      expect(house.store.written).toEqual([{ id: asked.id, event: { type: 'redacted', cause: 'place' } }]);
    }
  });

  test('where nothing stands there is nothing to take off, nor where it never was to', async () => {
    const empty: AnyEvent = { ...excerpt, excerpt: { ...excerpt.excerpt, length: 0 } };
    const house = opened([finished(), { ...finished(empty), id: 'lr-b' }], {
      policy: placeOf({ results: 'private' }),
    });
    await house.redaction.pass();
    expect(house.events()).toEqual([]);
    for (const made of [askedFor({ placeIsPrivate: true }), askedFor({ privacy: { results: 'private' } })]) {
      const quiet = opened([history(made, ...sent, 'ended', excerpt)], { policy: after(minute) });
      expect(await quiet.redaction.pass()).toBeUndefined();
      expect(quiet.events()).toEqual([]);
    }
  });

  test('is looked at again when a place or the policy is not what it was', async () => {
    const changing = { ...policy };
    const house = opened([finished(excerpt)], { policy: changing });
    await house.redaction.pass();
    (changing as { places: Policy['places'] }).places = placeOf({ results: 'private' }).places;
    await house.redaction.pass();
    expect(house.events()).toEqual([]);
    house.redaction.recheck();
    await house.redaction.pass();
    expect(house.events()).toEqual(['redacted']);
  });

  test('places are asked now and then where a chat can tell who reads along', async () => {
    const soon: string[] = [];
    const outsiders = {
      known: (key: string) => (key === 'console:incidents' ? 'yes' : 'no'),
      askSoon: (key: string) => void soon.push(key),
    } as unknown as SharedPlaces;
    const chats = [
      { surface: 'console' },
      { surface: 'slack', external: () => Promise.resolve(false) },
    ] as unknown as ChatPort[];
    const house = opened([finished(excerpt)], { chats, outsiders });
    expect(await house.redaction.pass()).toBe(5 * minute);
    expect(house.events()).toEqual(['redacted']);
    expect(soon).toEqual(policy.places.map(({ place }) => place));
    await house.clock.advance(5 * minute - 1);
    expect(await house.redaction.pass()).toBe(1);
    expect(soon).toHaveLength(policy.places.length);
    await house.clock.advance(1);
    expect(await house.redaction.pass()).toBe(5 * minute);
    expect(soon).toHaveLength(2 * policy.places.length);
    const silent = opened([finished()], { outsiders, chats: [{ surface: 'console' } as ChatPort] });
    expect(await silent.redaction.pass()).toBeUndefined();
    const blind = opened([finished()], { chats });
    await blind.redaction.pass();
  });
});

describe('a look', () => {
  const place = placeOf({ results: 'private' });

  test('waits while the record cannot be written', async () => {
    const house = opened([finished(excerpt)], { policy: place });
    house.store.broken = 'full';
    expect(await house.redaction.pass()).toBe(15_000);
    expect(house.events()).toEqual([]);
  });

  test('that fails is tried again, and stops no other', async () => {
    const house = opened([finished(excerpt), { ...finished(excerpt), id: 'lr-b' }], { policy: place });
    house.store.before = (id) => {
      if (id === asked.id) throw new Error('broken');
    };
    expect(await house.redaction.pass()).toBe(15_000);
    expect(house.store.written.map(({ id }) => id)).toEqual(['lr-b']);
    expect(house.logged).toEqual([
      { event: 'notRedacted', fields: { request: asked.id, error: new Error('broken') } },
    ]);
    house.store.before = () => undefined;
    await house.clock.advance(14_999);
    await house.redaction.pass();
    expect(house.store.written).toHaveLength(1);
    await house.clock.advance(1);
    await house.redaction.pass();
    expect(house.store.written).toHaveLength(2);
  });

  test('stops between two, and goes on with the next pass', async () => {
    const house = opened([finished(excerpt), { ...finished(excerpt), id: 'lr-b' }], { policy: place });
    let left = 1;
    expect(await house.redaction.pass({ goOn: () => (left -= 1) >= 0 })).toBeUndefined();
    expect(house.store.written).toHaveLength(1);
    await house.redaction.pass();
    expect(house.store.written).toHaveLength(2);
    house.redaction.touch('nobody');
    expect(await house.redaction.pass()).toBeUndefined();
    expect(house.logged).toEqual([]);
    house.store.put({ ...finished(excerpt), id: 'lr-c' });
    await house.redaction.pass();
    expect(house.store.written).toHaveLength(2);
    house.redaction.touch('lr-c');
    await house.redaction.pass();
    expect(house.store.written).toHaveLength(3);
  });

  test('writes nothing that was written meanwhile', async () => {
    const house = opened([finished(excerpt)], { policy: place });
    house.store.before = () => {
      house.store.put(finished(excerpt, { type: 'redacted', cause: 'time' }));
    };
    await house.redaction.pass();
    expect(house.events()).toEqual([]);
  });
});

describe('reasons', () => {
  const limited = placeOf({ visibility: ['lead'] });

  test('that became private have the cards of what has ended drawn again, once', async () => {
    const denied = history(askedFor(), 'denied');
    const house = opened([denied, history(askedFor({ id: 'lr-open', origin: 'o' }))], { policy: limited });
    await house.redaction.pass();
    house.redaction.touch(asked.id);
    await house.redaction.pass();
    expect(house.redrawn).toEqual([asked.id]);
    house.redaction.recheck();
    await house.redaction.pass();
    expect(house.redrawn).toEqual([asked.id, asked.id]);
    const usual = opened([denied]);
    await usual.redaction.pass();
    expect(usual.redrawn).toEqual([]);
  });

  test('of what ended long ago are left', async () => {
    const month = 30 * 86_400_000;
    const denied = history(askedFor(), 'denied');
    for (const [ms, drawn] of [
      [month - 1, [asked.id]],
      [month, []],
    ] as const) {
      const house = opened([denied], { policy: limited });
      await house.clock.advance(denied.changedAt + ms - portsStart);
      await house.redaction.pass();
      expect(house.redrawn).toEqual(drawn);
    }
  });
});
