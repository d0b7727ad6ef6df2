// What sessions show of the limits of the tenant: found once, written down once, and by no clock that was set.
import { describe, expect, test } from '@jest/globals';
import { createTenantLearning } from '../../../../src/bot/workers/sessions/tenantLearning.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionWith, asked, start } from '../../../support/requests/lifecycle.ts';
import { after } from '../../../support/requests/requests.ts';
import { askedFor, createWorkerPorts, history, sent, sessionOf } from '../../../support/apps/workerPorts.ts';

const minute = 60_000;
const running = history(askedFor(), ...sent);

describe('the limits of the tenant', () => {
  test('are learned from what Defender shows, written once, and again after a full disk', async () => {
    const house = createWorkerPorts([running]);
    let news = 0;
    let learned = 0;
    const learning = createTenantLearning(
      house.deps,
      house.ages,
      () => void (news += 1),
      () => void (learned += 1),
    );
    const session = sessionOf(running, 'running');
    learning.shown(session, actionWith('Pending'));
    expect(news).toBe(0);
    await house.clock.advance(165 * minute);
    learning.shown(session, actionWith('Pending'));
    learning.shown(session, actionWith('Pending'));
    expect(news).toBe(1);
    house.store.broken = 'full';
    expect(await learning.pass()).toBe(30_000);
    house.store.broken = undefined;
    expect(await learning.pass()).toBeUndefined();
    await learning.pass();
    expect(house.store.notes).toMatchObject([
      { type: 'tenantLearned', learned: { what: 'offlineQueue', tenant: 'simulator', how: 'stillWaiting' } },
    ]);
    expect([news, learned]).toEqual([1, 1]);
    learning.oneMore(30, 'accepted');
    learning.touch(asked.id);
    await learning.pass();
    expect(house.store.notes[1]).toMatchObject({
      learned: { what: 'sessions', running: 30, how: 'accepted' },
    });
  });

  const hour = 60 * minute;
  /** Ended unbegun so late after the start, having waited so long at Defender. */
  const timedOut = (id: string, endedAt: number, waited: number, tenant = 'simulator'): Request => {
    const action = { ...actionWith('TimeOut'), createdAt: start, updatedAt: start + waited };
    const request = history(askedFor({ id, origin: id, tenant }), ...sent);
    return after(request, { type: 'ended', action, outcome: 'timedOut' }, start + endedAt);
  };
  function learned(requests: readonly Request[]) {
    const house = createWorkerPorts(requests);
    const counts = { news: 0, learned: 0 };
    const learning = createTenantLearning(
      house.deps,
      house.ages,
      () => void (counts.news += 1),
      () => void (counts.learned += 1),
    );
    return { ...house, learning, counts };
  }
  const queue = (ms: number, at: number) => ({
    what: 'offlineQueue' as const,
    tenant: 'simulator',
    ms,
    how: 'timedOut' as const,
    at: start + at,
  });

  test('are learned from what has ended, oldest first, and of this tenant only', async () => {
    const house = learned([
      timedOut('lr-a', 73 * hour, 72 * hour),
      timedOut('lr-b', 3 * hour, 2 * hour),
      timedOut('lr-c', 99 * hour, 2 * hour, 'elsewhere'),
      running,
    ]);
    expect(await house.learning.pass()).toBeUndefined();
    const found = [queue(2 * hour, 3 * hour), queue(72 * hour, 73 * hour)];
    expect(house.store.notes).toEqual(found.map((one) => ({ type: 'tenantLearned', learned: one })));
    expect(house.logged).toEqual(found.map((one) => ({ event: 'tenantLearned', fields: one })));
    expect(house.counts).toEqual({ news: 2, learned: 2 });
    house.store.shown = [];
    await house.learning.pass();
    expect(house.store.notes).toHaveLength(2);
    house.learning.touch('nobody');
    house.learning.touch(asked.id);
    house.learning.touch('lr-b');
    await house.learning.pass();
    expect(house.store.notes).toHaveLength(3);
  });

  test('are nothing that an ended session does not show', async () => {
    const house = learned([timedOut('lr-a', 5 * hour, 4 * hour), history(askedFor(), ...sent, 'ended')]);
    await house.learning.pass();
    house.learning.oneMore(25, 'accepted');
    house.learning.oneMore(24, 'refused');
    await house.learning.pass();
    expect([house.store.notes, house.counts.news]).toEqual([[], 0]);
  });

  test('are not learned by a clock that was set forward', async () => {
    const house = learned([running]);
    const session = sessionOf(running, 'running');
    house.learning.shown(session, actionWith('Pending'));
    house.clock.jump(24 * hour);
    house.learning.shown(session, actionWith('Pending'));
    house.learning.shown(session, { ...actionWith('Pending'), createdAt: house.clock.now() });
    expect(house.counts.news).toBe(0);
    await house.clock.advance(3 * hour);
    house.learning.shown(session, { ...actionWith('Pending'), createdAt: house.clock.now() });
    expect(house.counts.news).toBe(0);
    house.learning.shown(session, actionWith('Pending'));
    expect(house.counts.news).toBe(1);
  });

  test('are not learned by a clock that was set forward while several sessions wait, each by its own measure', () => {
    const house = learned([running]);
    const first = sessionOf(running, 'running');
    const later = sessionOf(history(askedFor({ id: 'lr-later', origin: 'lr-later' }), ...sent), 'running');
    const { stage } = later.session;
    const second = {
      ...later,
      session: {
        ...later.session,
        stage: { ...stage, run: { ...stage.run, startedAt: stage.run.startedAt + 1 } },
      },
    };
    const both = (): void => {
      for (const session of [first, second]) house.learning.shown(session, actionWith('Pending'));
    };
    both();
    house.clock.jump(24 * hour);
    both();
    expect(house.counts.news).toBe(0);
  });

  test('are not written where somebody was faster, and a full disk is logged', async () => {
    const house = learned([timedOut('lr-a', 3 * hour, 2 * hour)]);
    house.store.broken = 'full';
    await house.learning.pass();
    expect(house.logged).toEqual([{ event: 'tenantNotLearned', fields: { detail: 'full' } }]);
    house.store.broken = undefined;
    house.store.shown = [queue(2 * hour, 3 * hour)];
    expect(await house.learning.pass()).toBeUndefined();
    expect([house.store.notes, house.counts.learned]).toEqual([[], 0]);
    const broken = learned([timedOut('lr-a', 3 * hour, 2 * hour)]);
    broken.store.note = () => Promise.reject(new TypeError('a bug'));
    await expect(broken.learning.pass()).rejects.toThrow('a bug');
  });
});
