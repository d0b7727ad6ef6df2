// From approved to sent: what is written before the POST, that it is made once, and what its answer leads to.
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionWith, asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import { after } from '../../../support/requests/requests.ts';
import { askedFor, history, portsStart, sent, sessionOf } from '../../../support/apps/workerPorts.ts';
import { device, opened, other, queued, says } from './sending.ts';

const minute = 60_000;

describe('what is approved', () => {
  test('is sent once, after its intent was written', async () => {
    const house = opened([queued]);
    const before: unknown[] = [];
    const { submit } = house.defender;
    house.defender.submit = (...args) => {
      before.push(house.stage()?.state, house.submission.isPosting(sessionOf(house.now(), 'submitting')));
      return submit?.(...args) ?? says('busy');
    };
    await house.run();
    expect(before).toEqual(['submitting', true]);
    expect(house.calls).toEqual([`machine ${device.id}`, `submit ${device.id}`]);
    expect(house.store.written.map(({ event }) => event)).toMatchObject([
      { type: 'claimed', attempt: { nonce: 'nonce1', tag: `lr:${asked.id}:nonce1`, at: portsStart } },
      { type: 'submitted', action: { id: 'action 1' }, deadline: portsStart + (72 * 60 + 70) * minute },
    ]);
    expect(house.comments[0]).toContain(`lr:${asked.id}:nonce1 | requested by Riley Responder`);
    expect(house.learned).toEqual([[0, 'accepted']]);
    expect(house.rounds).toEqual([2]);
    expect(house.submission.isPosting(sessionOf(house.now(), 'running'))).toBe(false);
    expect(await house.run()).toBeUndefined();
    expect(house.calls).toHaveLength(2);
  });

  test('has an attempt that is no older than its approval', async () => {
    const house = opened([queued]);
    house.clock.jump(-minute - 1);
    await house.run();
    expect(house.now().sessions[0]?.attempts).toMatchObject([{ at: start + minute }]);
  });

  test('is taken up once, however often is looked while its device is read', async () => {
    const house = opened([queued]);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    house.defender.machine = (id) => answered.then(() => ({ ...device, id }));
    await house.submission.pass();
    expect(await house.submission.pass()).toBeUndefined();
    expect(house.submission.sessions().live).toBe(1);
    expect(house.submission.place(asked.id)).toBeUndefined();
    answer();
    await house.submission.settled();
    expect(house.events()).toEqual(['claimed', 'submitted']);
  });

  test('lapses by the time on its card, and no later than it was meant', async () => {
    const house = opened([queued]);
    await house.clock.advance(29 * minute);
    expect(await house.run()).toBeUndefined();
    expect(house.events()).toEqual(['lapsed']);
    const frozen = opened([queued]);
    frozen.store.frozen = { by: 'b', why: 'w', at: 0 };
    expect(await frozen.run()).toBe(minute);
    frozen.clock.jump(-10 * minute);
    await frozen.clock.advance(29 * minute - 1);
    expect(await frozen.run()).toBe(1);
    await frozen.clock.advance(1);
    await frozen.run();
    expect(frozen.events()).toEqual(['waiting', 'lapsed']);
    expect(frozen.calls).toEqual([]);
  });

  test('lapses by its own approval, though the clock is set back', async () => {
    const { vote } = exampleMoves.approved;
    const house = opened([
      queued,
      other('b', { ...exampleMoves.approved, vote: { ...vote, at: vote.at - 30_000 } }),
    ]);
    house.store.frozen = { by: 'b', why: 'w', at: 0 };
    await house.run();
    house.clock.jump(-10 * minute);
    await house.clock.advance(28.5 * minute - 1);
    expect(await house.run()).toBe(1);
    await house.clock.advance(1);
    await house.run();
    expect(house.store.written.at(-1)).toEqual({ id: 'b', event: { type: 'lapsed' } });
  });

  test('waits its turn, and says what for', async () => {
    const house = opened([queued, other('b', ...sent)], { settings: { sessions: 1 } });
    expect(await house.run()).toBe(5_000);
    expect(house.stage()).toMatchObject({ state: 'queued', waitsFor: 'sessions' });
    expect(house.submission.sessions()).toEqual({ live: 1, cap: 1 });
    expect(house.submission.place(asked.id)).toEqual({ position: 1, expectedAt: portsStart });
    expect(house.submission.place('b')).toBeUndefined();
  });

  test('is expected when a slot is free again', async () => {
    const house = opened([queued]);
    for (let taken = 0; taken < 10; taken += 1) house.deps.callRates.take('submit', 0);
    await house.clock.advance(21_000);
    expect(house.submission.place(asked.id)).toEqual({
      position: 1,
      expectedAt: portsStart + 61_000,
    });
  });

  test('goes out side by side on several devices, as far as there are slots', async () => {
    const house = opened([queued, other('b', 'approved')]);
    await house.run();
    expect(house.events().filter((type) => type === 'submitted')).toHaveLength(2);
    let left = 1;
    const one = opened([queued, other('b', 'approved')]);
    await one.submission.pass({ goOn: () => (left -= 1) >= 0 });
    await one.submission.settled();
    expect(one.events()).toEqual(['claimed', 'submitted']);
  });

  test('is not taken up any more while the process stops, and what is on its way ends first', async () => {
    const house = opened([queued]);
    await house.submission.drain();
    await house.run();
    expect(house.calls).toEqual([]);
    const stopping = opened([queued]);
    await stopping.submission.pass();
    await stopping.submission.drain();
    expect(stopping.events()).toEqual([]);
    expect(stopping.logged).toEqual([
      { event: 'notClaimed', fields: { request: asked.id, why: 'the bot is stopping' } },
    ]);
  });

  test.each([
    [
      'it is closed',
      (house: ReturnType<typeof opened>) => {
        house.store.put(history(askedFor(), 'approved', 'lapsed'));
      },
    ],
    [
      'it is not approved',
      (house: ReturnType<typeof opened>) => {
        house.store.put(history(askedFor()));
      },
    ],
    [
      'submissions are frozen',
      (house: ReturnType<typeof opened>) => {
        house.store.frozen = { by: 'b', why: 'w', at: 0 };
      },
    ],
    [
      'the approval has lapsed',
      (house: ReturnType<typeof opened>) => {
        house.clock.jump(29 * minute);
      },
    ],
  ])('is not sent where meanwhile %s', async (why, meanwhile) => {
    const house = opened([queued]);
    house.store.before = () => {
      meanwhile(house);
    };
    await house.run();
    expect(house.calls).toEqual([`machine ${device.id}`]);
    expect(house.events()).toEqual([]);
    expect(house.logged).toEqual([{ event: 'notClaimed', fields: { request: asked.id, why } }]);
  });
});

describe('what is read before', () => {
  test('ends it where Defender does not know the device', async () => {
    const house = opened([queued]);
    house.defender.machine = () => says('notFound', { status: 404 });
    await house.run();
    expect(house.events()).toEqual(['claimed', 'refused']);
    expect(house.stage()).toMatchObject({ ending: { code: 'notFound', status: 404 } });
  });

  test('is tried again after a pause where it cannot be had', async () => {
    const house = opened([queued]);
    house.defender.machine = () => says('unavailable', { status: 503 });
    await house.run();
    expect(house.stage()).toMatchObject({ waitsFor: 'unavailable', error: { status: 503 } });
    expect(await house.run()).toBe(15_000);
    expect(house.calls).toHaveLength(1);
    const paced = opened([queued]);
    paced.defender.machine = () => says('paced', { retryAfterMs: 500 });
    await paced.run();
    expect(paced.stage()).toMatchObject({ waitsFor: 'slot' });
    expect(paced.stage()).not.toHaveProperty('error');
    expect(await paced.run()).toBe(500);
  });

  test('ends it where today’s policy refuses, and waits for a group that cannot be read', async () => {
    const house = opened([queued], { policy: { ...policy, people: [] } });
    await house.run();
    expect(house.events()).toEqual(['refused']);
    expect(house.stage()).toMatchObject({ ending: { code: 'requesterNotListed' } });
    const roles = new Map([...policy.roles, ['approver', ['entra:group-1']] as const]);
    const waits = opened([queued], { policy: { ...policy, roles } });
    const groups = { includes: () => Promise.reject(new Error('down')) };
    Object.assign(waits.deps, { groups });
    await waits.run();
    expect(waits.stage()).toMatchObject({ waitsFor: 'directory' });
    expect(waits.logged).toEqual([
      { event: 'groupsNotRead', fields: { request: asked.id, groups: ['entra:group-1'] } },
    ]);
    expect(await waits.run()).toBe(15_000);
  });

  test('counts by the policy as it is after the intent was written, too', async () => {
    for (const change of [
      { people: [] },
      { roles: new Map([...policy.roles, ['approver', ['entra:group-1']]]) },
    ]) {
      const changing: Policy = { ...policy };
      const house = opened([queued], { policy: changing });
      Object.assign(house.deps, { groups: { includes: () => Promise.reject(new Error('down')) } });
      house.store.before = () => {
        Object.assign(changing, change);
      };
      await house.run();
      expect(house.calls).toEqual([`machine ${device.id}`]);
      expect(house.stage()).toMatchObject(
        'people' in change
          ? { ending: { kind: 'refused', code: 'requesterNotListed' } }
          : { state: 'queued', waitsFor: 'directory', notBefore: portsStart + 15_000 },
      );
    }
  });

  test('ends it where what is about to run is not what was approved', async () => {
    const { subject } = queued;
    const house = opened([{ ...queued, subject: { ...subject, digest: 'x' } }]);
    await house.run();
    expect(house.events()).toEqual(['claimed', 'refused']);
    expect(house.stage()).toMatchObject({ ending: { code: 'digestMismatch' } });
  });
});

describe('the answer', () => {
  const answered = async (
    comment: (of: string) => string,
    requests: readonly Request[] = [queued],
    id = 'new',
  ) => {
    const house = opened(requests);
    house.defender.submit = (_id, _commands, said) =>
      Promise.resolve({ ...actionWith('Pending'), id, comment: comment(said) });
    await house.run();
    return house;
  };

  test('with a foreign action is a busy device, and names it', async () => {
    const house = await answered(() => 'somebody else');
    expect(house.stage()).toMatchObject({
      state: 'queued',
      waitsFor: 'deviceBusy',
      notBefore: portsStart + 30_000,
      blocker: { by: 'action', id: 'new', comment: 'somebody else' },
    });
    expect(house.logged).toEqual([{ event: 'foreignAction', fields: { request: asked.id, action: 'new' } }]);
    expect(house.learned).toEqual([]);
    expect(house.store.written.at(-1)?.event).not.toHaveProperty('error');
  });

  test('that proves nothing may have run', async () => {
    for (const house of [
      await answered(() => ''),
      await answered((said) => said, [queued, other('b', ...sent)], exampleMoves.submitted.action.id),
    ]) {
      expect(house.stage()).toMatchObject({ state: 'unknown', cause: 'lost' });
      expect(house.logged).toMatchObject([{ event: 'answerProvesNothing', fields: { request: asked.id } }]);
    }
  });

  test('with other commands than approved is followed, and says so', async () => {
    const house = opened([queued]);
    house.defender.submit = (_id, _commands, comment) =>
      Promise.resolve({ ...actionWith('Pending'), comment, commands: [] });
    await house.run();
    expect(house.stage()).toMatchObject({ state: 'running', run: { differs: [] } });
  });

  test('that fails leads where its code says; of a busy device it is asked who holds it', async () => {
    const house = opened([queued]);
    house.defender.submit = () => says('busy', { status: 400, apiCode: 'A', target: 't' });
    house.defender.activeOn = () => {
      expect(house.stage()).toMatchObject({ state: 'queued' });
      return Promise.resolve({ actions: [], whole: true });
    };
    await house.run();
    expect(house.stage()).toMatchObject({
      waitsFor: 'deviceBusy',
      blocker: { by: 'unseen' },
      error: { code: 'busy', apiCode: 'A' },
    });
    expect(house.logged).toEqual([
      {
        event: 'submitAnswered',
        fields: { request: asked.id, code: 'busy', status: 400, apiCode: 'A', target: 't' },
      },
    ]);
    const lost = opened([queued]);
    lost.defender.submit = () => says('ambiguous');
    await lost.run();
    expect(lost.stage()).toMatchObject({ state: 'unknown', error: { code: 'ambiguous' } });
    expect(lost.calls).toEqual([`machine ${device.id}`, `submit ${device.id}`]);
  });

  test('of a busy device names nobody where the session waits for something else by then', async () => {
    const house = opened([queued]);
    house.defender.submit = () => says('busy');
    house.defender.activeOn = () => {
      const frozen = { type: 'waiting', cause: 'frozen' } as const;
      house.store.put(after(house.now(), frozen, house.clock.now()));
      return Promise.resolve({ actions: [], whole: true });
    };
    await house.run();
    expect(house.stage()).toMatchObject({ waitsFor: 'frozen' });
    expect(house.stage()).not.toHaveProperty('blocker');
  });

  test('of a bug may have run, too', async () => {
    const house = opened([queued]);
    house.defender.submit = () => Promise.reject(new TypeError('a bug'));
    await house.run();
    expect(house.stage()).toMatchObject({ state: 'unknown', cause: 'lost' });
    expect(house.logged).toEqual([
      { event: 'submitBroke', fields: { request: asked.id, error: new TypeError('a bug') } },
    ]);
  });

  test('429 teaches how many sessions there may be', async () => {
    const running = Array.from({ length: 5 }, (_, at) => other(`r${at}`, ...sent, 'progressed'));
    const house = opened([queued, ...running, other('waits', ...sent)]);
    house.defender.submit = () => says('throttled');
    await house.run();
    expect(house.stage()).toMatchObject({ waitsFor: 'sessions', notBefore: portsStart + minute });
    expect(house.learned).toEqual([[5, 'refused']]);
    expect(house.submission.sessions().cap).toBe(6);
  });

  test('a session that breaks before it is sent is logged, and may be sent later', async () => {
    const house = opened([queued]);
    house.defender.machine = () => Promise.reject(new TypeError('a bug'));
    await house.run();
    expect(house.logged).toEqual([
      { event: 'submissionFailed', fields: { request: asked.id, error: new TypeError('a bug') } },
    ]);
    expect(house.rounds).toHaveLength(1);
    house.defender.machine = (id) => Promise.resolve({ ...device, id });
    await house.run();
    expect(house.stage()?.state).toBe('running');
  });
});
