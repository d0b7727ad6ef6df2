// Download links on finished cards: made once, written down before they can be shown, and taken back in time.
import { describe, expect, test } from '@jest/globals';
import { CardLinks, keepRefusal, mintOnCard } from '../../../../src/bot/workers/sessions/cardLinks.ts';
import { createNextWake } from '../../../../src/bot/workers/worker.ts';
import { DefenderError, StoreError } from '../../../../src/liveResponse/ports.ts';
import type { DefenderErrorCode, DefenderErrorDetail } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, asked, start } from '../../../support/requests/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import { after } from '../../../support/requests/requests.ts';
import { askedFor, history, portsStart, sent, sessionOf } from '../../../support/apps/workerPorts.ts';
import { createResultTable, ended, lifeOfLink, minute, other, zip } from './results/resultTable.ts';

const excerpt = { index: 0, at: start, length: 0, sha256: '', errors: false, cut: false };
const file = (index: number) => ({ type: 'fileSeen', file: { index, at: start, format: 'zip' } }) as const;
const linked = (index: number, expiresAt: number, at = portsStart) =>
  ({ type: 'linkMinted', onCard: true, link: { index, at, expiresAt } }) as const;

/** Finished, everything read: but for links there is nothing to do. */
const read = (change = {}, ...more: Parameters<typeof history>[1][]): Request =>
  history(askedFor(change), ...sent, 'ended', { type: 'excerptRead', excerpt }, file(1), ...more);
const finishedAt = start + 4_000;

function opened(requests: readonly Request[], options = {}) {
  const table = createResultTable(requests, options);
  const links = new CardLinks(table.deps, table.ages);
  const wakes = createNextWake(table.clock);
  const keep = (id?: string) => links.keep(sessionOf(table.now(id), 'finished'), wakes);
  const shown = (id = asked.id) => [...table.deps.links.of(id, table.clock.now())];
  return { ...table, links, wakes, keep, shown };
}

describe('a card that has just finished', () => {
  test('is given a link of each file, which lives as long as Defender says', async () => {
    const table = opened([read({}, file(0))]);
    expect(await table.keep()).toBe(false);
    expect(table.kept().links).toStrictEqual(
      [1, 0].map((index) => ({ index, at: portsStart, expiresAt: portsStart + lifeOfLink })),
    );
    expect(table.store.written.map(({ event }) => event)).toMatchObject([
      { type: 'linkMinted', onCard: true },
      { type: 'linkMinted', onCard: true },
    ]);
    expect(table.shown()).toEqual([
      [1, 'https://results/1'],
      [0, 'https://results/0'],
    ]);
    expect(table.called()).toEqual([`link ${actionId}`, `link ${actionId}`]);
    expect(await table.keep()).toBe(true);
    expect(table.called()).toEqual([]);
    expect(table.wakes.wait()).toBe(lifeOfLink - minute);
  });

  test('is given none where there is one, and one for the other file', async () => {
    const table = opened([read({}, file(0), linked(1, portsStart + lifeOfLink))]);
    expect(await table.keep()).toBe(true);
    expect(table.kept().links.map(({ index }) => index)).toEqual([1, 0]);
    expect(table.called()).toHaveLength(1);
  });

  test('is given one once: what was taken back is made again by a person', async () => {
    const table = opened([read()]);
    await table.keep();
    await table.clock.advance(lifeOfLink - minute);
    await table.links.retire(asked.id);
    expect(table.kept().links).toEqual([]);
    table.clock.jump(-lifeOfLink);
    expect(await table.keep()).toBe(false);
    expect(table.called()).toHaveLength(1);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])('is history a quarter of an hour and %d ms after its end', async (late, made) => {
    const table = opened([read()]);
    await table.clock.advance(finishedAt + 15 * minute + late - portsStart);
    await table.keep();
    expect(table.called()).toHaveLength(made);
  });

  test('is given none once the time is over, though the clock was set back meanwhile', async () => {
    const later = history(askedFor(other), ...sent, 'progressed', 'ended', file(1));
    const table = opened([read({}, file(0)), later]);
    table.defender.link = () => Promise.reject(new TypeError('a bug'));
    for (const id of [asked.id, 'lr-b']) await expect(table.keep(id)).rejects.toThrow('a bug');
    await table.clock.advance(20 * minute);
    table.clock.jump(-20 * minute);
    for (const id of [asked.id, 'lr-b']) await table.keep(id);
    expect(table.called()).toHaveLength(2);
  });

  test('is given none where no card may show results', async () => {
    const table = opened([read({ placeIsPrivate: true })], {
      policy: { ...policy, places: [] },
      chats: [],
    });
    await table.keep();
    expect(table.called()).toEqual([]);
  });

  test('keeps its button where Defender makes no link; why is kept, and it is not asked again', async () => {
    const table = opened([read({}, file(0))]);
    table.defender.link = () =>
      Promise.reject(new DefenderError('refused', 'no', { status: 403, target: 'corr' }));
    await table.keep();
    expect(table.logged).toEqual(
      [1, 0].map((index) => ({
        event: 'linkNotMinted',
        fields: { request: asked.id, index, code: 'refused', target: 'corr' },
      })),
    );
    expect(table.events()).toEqual(['linkRefused', 'linkRefused']);
    expect(table.kept().links).toEqual([]);
    await table.keep();
    expect(table.called()).toHaveLength(2);
  });
});

describe('a link', () => {
  test('is on no card where it was not written down', async () => {
    const table = opened([read()]);
    const source = { ...sessionOf(table.now(), 'finished'), actionId };
    let seen: unknown;
    table.store.before = () => {
      seen = table.shown();
      throw new StoreError('full');
    };
    await expect(mintOnCard(table.deps, source, 1)).rejects.toThrow('full');
    expect([seen, table.shown()]).toEqual([[[1, 'https://results/1']], []]);
    table.store.before = () => undefined;
    const gone = opened([history(askedFor(), ...sent, 'actionMissing')]);
    await mintOnCard(gone.deps, source, 1);
    expect(gone.shown()).toEqual([]);
    const by = asked.asked.requester;
    const live = opened([history(askedFor(), ...sent)]);
    await mintOnCard(live.deps, source, 1, by);
    expect(live.kept().links).toEqual([{ index: 1, at: portsStart, expiresAt: portsStart + lifeOfLink, by }]);
    expect(live.shown()).toHaveLength(1);
  });

  test('is taken back a minute before it dies, and no other with it', async () => {
    const soon = linked(1, portsStart + 2 * minute);
    const table = opened([read({}, file(0), soon, linked(0, portsStart + 3 * minute))]);
    for (const index of [0, 1])
      table.deps.links.put(asked.id, index, { url: `u${index}`, expiresAt: portsStart + 9 * minute });
    await table.clock.advance(minute - 1);
    await table.links.retire(asked.id);
    expect(table.kept().links).toHaveLength(2);
    await table.clock.advance(1);
    await table.links.retire(asked.id);
    expect(table.kept().links).toMatchObject([{ index: 0 }]);
    expect(table.store.written.map(({ event }) => event)).toEqual([{ type: 'linkRetired', index: 1 }]);
    expect(table.shown()).toEqual([[0, 'u0']]);
    expect(await table.keep()).toBe(true);
    expect(table.wakes.wait()).toBe(minute);
  });

  test('is taken back in time though the clock was set either way', async () => {
    for (const [jump, waits] of [
      [-60 * minute, 4 * minute],
      [3 * minute, minute],
    ] as const) {
      const longer = linked(0, portsStart + 40 * minute, portsStart - minute);
      const table = opened([read({}, longer, linked(1, portsStart + 5 * minute))]);
      await table.links.retire(asked.id);
      table.clock.jump(jump);
      await table.clock.advance(waits - 1);
      await table.links.retire(asked.id);
      expect(table.events()).toEqual([]);
      await table.clock.advance(1);
      await table.links.retire(asked.id);
      expect(table.events()).toEqual(['linkRetired']);
    }
  });

  test('wakes the worker when it is to be taken back, and at once where that is over', async () => {
    const table = opened([
      read({}, linked(1, portsStart + 5 * minute)),
      read(other, linked(1, portsStart - minute)),
    ]);
    await table.keep();
    expect(table.wakes.wait()).toBe(4 * minute);
    await table.keep('lr-b');
    expect(table.wakes.wait()).toBe(0);
  });
});

describe('all links that are about to die', () => {
  test('are those known at the start, and those of what changed since', async () => {
    const third = { id: 'lr-c', origin: 'c' };
    const table = opened([read({}, linked(1, portsStart)), read(other), read(third), ended({ id: 'lr-d' })]);
    await table.links.retireAll();
    expect(table.told()).toEqual([`${asked.id} linkRetired`]);
    for (const id of ['lr-b', 'lr-c'])
      table.store.put(after(table.now(id), linked(1, portsStart), portsStart));
    await table.links.retireAll();
    expect(table.told()).toHaveLength(1);
    table.links.touch('lr-b');
    table.links.touch('nobody');
    await table.links.retireAll();
    expect(table.told().slice(1)).toEqual(['lr-b linkRetired']);
    table.store.written.length = 0;
    await table.links.retireAll();
    table.store.put(after(table.now(), linked(1, portsStart), portsStart));
    await table.links.retireAll();
    expect(table.told()).toEqual([]);
  });

  test('are those of any session of a request', async () => {
    const [none, some] = [read(), read({}, linked(1, portsStart))].flatMap(({ sessions }) => sessions);
    if (none === undefined || some === undefined) throw new Error('both have a session');
    const table = opened([{ ...read(), sessions: [none, { ...some, number: 1 }] }]);
    await table.links.retireAll();
    expect(table.events()).toEqual(['linkRetired']);
  });

  test('are looked at until they are taken back', async () => {
    const table = opened([read({}, linked(1, portsStart + 5 * minute))]);
    await table.links.retireAll();
    await table.clock.advance(4 * minute);
    await table.links.retireAll();
    expect(table.told()).toEqual([`${asked.id} linkRetired`]);
  });
});

describe('a refused link', () => {
  test.each([
    ['refused', { status: 403, target: 'corr' }, true],
    ['untrusted', {}, true],
    ['unauthorized', { status: 401 }, true],
    ['unauthorized', {}, false],
    ['notFound', {}, false],
    ['throttled', { status: 429 }, false],
    ['unavailable', { status: 503 }, false],
    ['paced', {}, false],
  ] as const satisfies readonly (readonly [DefenderErrorCode, DefenderErrorDetail, boolean])[])(
    'as %s with %j is kept where it says something of the link: %s',
    async (code, detail, kept) => {
      for (const request of [read(), history(askedFor(), ...sent)]) {
        const table = opened([request]);
        const source = { request, session: { number: 0 } };
        await keepRefusal(table.deps, source, 1, new DefenderError(code, 'no', detail));
        const trouble = { index: 1, at: portsStart, code, tries: 1, error: { code, ...detail } };
        expect(table.store.written.map(({ event }) => event)).toEqual(
          kept ? [{ type: 'linkRefused', trouble }] : [],
        );
      }
    },
  );
});

describe('with results being read', () => {
  test('links are taken back when their time has come, with nothing else to do', async () => {
    const table = createResultTable([read({}, linked(1, portsStart + 20 * minute))]);
    expect(await table.results.pass()).toBe(19 * minute);
    await table.clock.advance(19 * minute);
    await table.results.pass();
    expect(table.events()).toEqual(['linkRetired']);
  });

  test('links of others are taken back before a reading, which may take long', async () => {
    const table = createResultTable([ended(other), read()]);
    await table.results.pass();
    table.store.written.length = 0;
    table.store.put(after(table.now(), linked(1, portsStart), portsStart));
    table.results.touch(asked.id);
    table.store.put(ended(other));
    table.results.touch('lr-b');
    table.defender.read = () => Promise.resolve(zip);
    await table.results.pass();
    expect(table.told().slice(0, 2)).toEqual([`${asked.id} linkRetired`, 'lr-b excerptRead']);
  });
});
