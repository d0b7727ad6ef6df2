import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../../../src/liveResponse/action.ts';
import { create } from '../../../../src/liveResponse/request/fold.ts';
import type { Approval } from '../../../../src/liveResponse/request/vote.ts';
import type { Event } from '../../../../src/liveResponse/request/events.ts';
import type { ErrorAnswer } from '../../../../src/liveResponse/request/errorAnswer.ts';
import type { GlobalEvent } from '../../../../src/liveResponse/ports.ts';
import { openedEntry, sealedEvent } from '../../../../src/adapters/store/journal/line.ts';
import type { Entry } from '../../../../src/adapters/store/journal/line.ts';
import { forgottenName, seal, unseal } from '../../../../src/adapters/store/journal/sealing.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import { askedOf, noon, openTestStore, peopleIn } from '../sample.ts';
import { after, changeOf } from '../../../support/requests/requests.ts';

/** Stands in everything that is personal in the samples below, and in nothing else. */
const mark = 'PERSONAL';
const someone = { id: `${mark}-marie`, name: `${mark} Marie Curie` } as const;
const other = { id: `${mark}-pierre`, name: `${mark} Pierre` } as const;
const account = `slack:${mark}-U1`;
const why = `because ${mark} said so`;
const error: ErrorAnswer = {
  code: 'refused',
  status: 403,
  apiCode: 'ActiveRequest',
  message: `held by ${mark}@example.com`,
  target: 'c0ffee',
};
const action: Action = {
  id: 'action-1',
  type: 'LiveResponse',
  status: 'Pending',
  machineId: 'd'.repeat(40),
  requestor: `${mark}@example.com`,
  comment: `lr:n1 by ${mark}`,
  createdAt: noon,
  updatedAt: noon,
  cancelledBy: mark,
  cancelComment: why,
  progress: [{ index: 0, status: 'Failed', errors: [`C:\\Users\\${mark}`] }],
  commands: [{ type: 'RunScript', scriptName: 'a.ps1', args: 'x' }],
};
const vote: Approval = { kind: 'approve', by: other, account, at: noon, digest: 'a'.repeat(64) };

/**
 * One of each. The compiler asks for a sample of every new event, and this test then tells whether what is
 * personal in it is sealed.
 */
const samples: {
  readonly [T in (Event | GlobalEvent)['type']]: Extract<Event | GlobalEvent, { readonly type: T }>;
} = {
  asked: {
    type: 'asked',
    request: askedOf('r1', {
      requester: someone,
      account,
      reason: why,
      device: { ...askedOf('r1').targets[0].device, ip: `10.0.0.7 ${mark}` },
      context: {
        at: noon,
        sessions: [{ at: noon, status: 'Succeeded', what: 'RunScript', by: `${mark} Pierre` }],
      },
    }),
  },
  approved: { type: 'approved', vote },
  denied: { type: 'denied', vote: { ...vote, kind: 'deny', reason: why } },
  expired: { type: 'expired' },
  withdrawn: { type: 'withdrawn', by: someone, reason: why },
  claimed: { type: 'claimed', attempt: { nonce: 'n1', tag: 'lr:n1', at: noon, by: other } },
  lapsed: { type: 'lapsed' },
  submitted: { type: 'submitted', action, deadline: noon },
  deferred: { type: 'deferred', cause: 'deviceBusy', notBefore: noon, error },
  refused: { type: 'refused', code: 'notFound', detail: why, target: 'c0ffee' },
  lost: { type: 'lost', error },
  found: { type: 'found', action, deadline: noon },
  resubmitted: { type: 'resubmitted', vote, runBefore: noon },
  abandoned: { type: 'abandoned', by: other, reason: why },
  progressed: { type: 'progressed', action, deadline: noon },
  ended: { type: 'ended', action, outcome: 'succeeded' },
  actionMissing: { type: 'actionMissing' },
  overdue: { type: 'overdue' },
  cardPosting: { type: 'cardPosting', surface: 'slack', place: 'C1', intent: 'i1' },
  cardPosted: {
    type: 'cardPosted',
    intent: 'i1',
    ref: { surface: 'slack', place: 'C1', id: '17.1' },
    shown: 1,
  },
  cardShown: { type: 'cardShown', intent: 'i1', shown: 1 },
  cardGone: { type: 'cardGone', intent: 'i1', why, dead: true },
  notified: { type: 'notified', surface: 'slack', place: 'C1' },
  sessionNotified: { type: 'sessionNotified', surface: 'slack', place: 'C1', what: 'woke' },
  waiting: {
    type: 'waiting',
    cause: 'deviceBusy',
    blocker: { by: 'action', id: 'a1', type: 'LiveResponse', app: mark, since: noon, comment: why },
    error,
  },
  contentSeen: {
    type: 'contentSeen',
    content: { at: noon, files: [{ name: 'a.ps1', sha256: 'b'.repeat(64) }] },
    digest: 'a'.repeat(64),
    fingerprint: 'abcd-efgh',
  },
  searched: { type: 'searched' },
  tenantLearned: {
    type: 'tenantLearned',
    learned: { what: 'offlineQueue', tenant: 'contoso', ms: 7_200_000, how: 'timedOut', at: noon },
  },
  excerptRead: {
    type: 'excerptRead',
    excerpt: { index: 0, at: noon, length: 5, sha256: 'e'.repeat(64), errors: false, cut: false },
  },
  fileSeen: { type: 'fileSeen', file: { index: 0, at: noon, name: 'x.zip', bytes: 4, format: 'zip' } },
  resultTrouble: { type: 'resultTrouble', trouble: { index: 0, at: noon, code: 'gone', tries: 1, error } },
  linkMinted: { type: 'linkMinted', link: { index: 0, at: noon, expiresAt: noon, by: other }, onCard: false },
  linkRetired: { type: 'linkRetired', index: 0 },
  linkRefused: { type: 'linkRefused', trouble: { index: 0, at: noon, code: 'gone', tries: 1, error } },
  cancelAsked: { type: 'cancelAsked', cancel: { by: other, at: noon, reason: why, answer: 'failed', error } },
  waitingForDevice: { type: 'waitingForDevice', waiting: { since: noon, until: noon } },
  retried: { type: 'retried', as: { id: 'r2', by: other, from: 1 } },
  foundLate: { type: 'foundLate', action },
  pressRefused: { type: 'pressRefused', by: account, verb: 'approve', reason: why },
  redacted: { type: 'redacted', cause: 'time' },
  resultViewed: { type: 'resultViewed', by: other, index: 0, what: 'link' },
  started: { type: 'started', version: '0.2' },
  stopped: { type: 'stopped' },
  frozen: { type: 'frozen', by: other.name, why },
  unfrozen: { type: 'unfrozen', by: other.name },
  freezeAnnounced: { type: 'freezeAnnounced', freeze: { by: other.name, why, at: noon } },
  commandRefused: {
    type: 'commandRefused',
    by: account,
    place: 'slack:C1',
    reason: 'noRole',
    text: `run ${mark}`,
  },
  refusalsLeftOut: { type: 'refusalsLeftOut', by: account, until: noon },
  policyRead: { type: 'policyRead', sha256: 'a'.repeat(64) },
  policyChanged: {
    type: 'policyChanged',
    sha256: 'a'.repeat(64),
    before: 'b'.repeat(64),
    how: 'file',
    facts: [{ effect: 'widens', what: 'tier', name: 'high', field: 'expireAfter', from: 1, to: 2 }],
  },
  policyNotTaken: { type: 'policyNotTaken', problems: 1 },
  policyTold: { type: 'policyTold', sha256: 'a'.repeat(64) },
  takenOver: { type: 'takenOver', lines: 3, hash: 'a'.repeat(64), approved: 0 },
  accepted: { type: 'accepted', seq: 3, hash: 'a'.repeat(64), by: mark, why },
  legalHold: { type: 'legalHold', kind: 'person', on: 'p_0123456789abcdef', by: mark, why },
  legalHoldReleased: { type: 'legalHoldReleased', kind: 'person', on: 'p_0123456789abcdef', by: mark },
  forgotten: { type: 'forgotten', people: ['p_0123456789abcdef'], by: mark },
};
const all = Object.values(samples) as readonly (Event | GlobalEvent)[];

describe('what is personal', () => {
  test.each(all.map((event) => [event.type, event] as const))(
    'in "%s" stands in no line in plain words, and comes back as it was',
    (_type, event) => {
      const people = peopleIn(createMemoryDisk(), memoryFolder);
      const { event: written, boxes } = sealedEvent(event, someone.id, 7, people);
      expect(JSON.stringify([written, boxes])).not.toContain(mark);
      expect(
        openedEntry({ seq: 7, at: noon, format: 3, request: null, event: written } as Entry, boxes, people)
          .event,
      ).toEqual(event);
    },
  );

  test('stands in no file of the data folder, the snapshot included', async () => {
    const disk = createMemoryDisk();
    const store = await openTestStore({ dir: memoryFolder, disk });
    await store.add(samples.asked.request);
    for (const event of [
      samples.approved,
      samples.claimed,
      samples.submitted,
      samples.progressed,
      samples.cancelAsked,
      samples.ended,
      samples.pressRefused,
    ] as const)
      await store.change('r1', (request) => changeOf(request, event));
    for (const event of [samples.frozen, samples.freezeAnnounced, samples.commandRefused] as const)
      await store.note(event);
    await store.close();
    expect(disk.list(memoryFolder)).toContain('snapshot.json');
    for (const name of disk.list(memoryFolder))
      expect([
        name,
        (disk.bytes(`${memoryFolder}/${name}`) ?? Buffer.alloc(0)).toString('utf8').includes(mark),
      ]).toEqual([name, false]);
    const again = await openTestStore({ dir: memoryFolder, disk });
    expect(again.get('r1')).toMatchObject({
      asked: { requester: someone, reason: why },
      sessions: [{ grant: { votes: [{ by: other, account }] } }],
    });
    expect(again.freeze()).toMatchObject({ by: other.name, why });
  });

  test('is sealed also in a field that nobody has thought of, no matter who speaks', () => {
    const people = peopleIn(createMemoryDisk(), memoryFolder);
    const event = {
      type: 'ofTheFuture',
      told: mark,
      deep: { list: [mark, { who: someone, said: mark }], $: mark },
    };
    const { value, boxes } = seal(event, { owner: '', context: 'line 1', vault: people });
    expect(JSON.stringify([value, boxes])).not.toContain(mark);
    expect(unseal(value, boxes, 'line 1', people)).toEqual(event);
  });

  test('opens in its own line only', () => {
    const people = peopleIn(createMemoryDisk(), memoryFolder);
    const { event, boxes } = sealedEvent(samples.denied, someone.id, 7, people);
    expect(() => openedEntry({ seq: 8, at: noon, request: 'r1', event } as Entry, boxes, people)).toThrow();
  });

  test('of a forgotten person is gone, and the person is still one and the same, and no other', () => {
    const disk = createMemoryDisk();
    const people = peopleIn(disk, memoryFolder);
    const request = after(create(samples.asked.request), samples.approved, noon);
    const { value, boxes } = seal(request, { owner: someone.id, context: 'snapshot r1', vault: people });
    people.flush();
    people.destroy(people.find(someone.id));
    // Also for anyone who reads the file again.
    for (const reader of [people, peopleIn(disk, memoryFolder)]) {
      const opened = unseal(value, boxes, 'snapshot r1', reader) as typeof request;
      expect(opened.asked.requester).toEqual({
        id: expect.stringMatching(/^p_[0-9a-f]{16}$/),
        name: forgottenName,
      });
      expect(opened.asked.reason).not.toContain(mark);
      expect(opened.votes[0]?.by).toEqual(other);
      expect(opened.asked.requester.id).not.toBe(other.id);
      expect(opened.subject.commands).toEqual(request.subject.commands);
    }
    expect(people.find(someone.name)).toEqual([]);
  });

  test('is found by id, name and account, and with it what was written where only a name was known', () => {
    const people = peopleIn(createMemoryDisk(), memoryFolder);
    sealedEvent(samples.frozen, '', 1, people);
    sealedEvent(samples.approved, someone.id, 2, people);
    const found = people.find(other.id);
    expect(found).toHaveLength(2);
    for (const word of [other.name, account])
      expect(people.find(word)).toEqual(expect.arrayContaining([...people.find(word)]));
    expect(people.find(account)).toContain(found[0]);
    expect(people.find('nobody')).toEqual([]);
  });
});
