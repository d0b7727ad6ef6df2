// What a card is drawn from besides its request: outages, other requests, reasons, texts and links, each as far as
// its readers may know of them.
import { describe, expect, test } from '@jest/globals';
import type { CardView } from '../../../../cards/view.ts';
import type { Deps } from '../../../../src/bot/deps.ts';
import { createCardViews, wordsOf } from '../../../../src/bot/workers/cards/cardViews.ts';
import type { CallKind } from '../../../../src/liveResponse/pacing/callRates.ts';
import type { WaitCause } from '../../../../src/liveResponse/request/session.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import type { SessionStage } from '../../../../src/liveResponse/request/session.ts';
import { askedAt, requests } from '../../../support/requests/requests.ts';
import { request, setTable } from './cardTable.ts';

const minute = 60_000;
const here = { surface: 'console', place: 'incidents' } as const;

function begin(stored: readonly Request[] = []) {
  const table = setTable({ stored });
  const state = {
    sights: [] as string[],
    outSince: undefined as number | undefined,
    queue: undefined as { readonly position: number; readonly expectedAt: number } | undefined,
    twins: [] as readonly Request[],
    texts: new Map<string, string>(),
    urls: new Map<number, string>(),
    linked: 0,
    reads: 0,
  };
  const deps = {
    ...table.deps,
    outputs: {
      get: (id: string, index: number) => {
        state.reads += 1;
        return Promise.resolve(state.texts.get(`${id}:${index}`));
      },
    },
    hash: { sha256: (text: string) => `hash of ${text.slice(0, 9)}` },
    links: {
      of: () => {
        state.linked += 1;
        return state.urls;
      },
    },
    watch: {
      outage: (what: string) => {
        state.sights.push(what);
        return state.outSince === undefined
          ? undefined
          : { since: state.outSince, error: { code: 'unavailable' }, detail: 'down' };
      },
    },
  } as unknown as Parameters<typeof createCardViews>[0];
  const views = createCardViews(deps, { place: () => state.queue }, { of: () => state.twins });
  const shown = (one: Request, more: object = {}): Promise<CardView> =>
    views.of(one, { ...here, results: 'card', ...more });
  return { ...table, deps: deps as Deps, views, state, shown };
}

/** With its one session in another stage. */
const staged = (one: Request, change: Partial<SessionStage> & object): Request => ({
  ...one,
  sessions: one.sessions.map((session) => ({
    ...session,
    stage: { ...session.stage, ...change } as SessionStage,
  })),
});
const waits = (waitsFor: WaitCause, call?: CallKind): Request =>
  staged(requests.queued, {
    waitsFor,
    ...(call === undefined ? {} : { error: { code: 'unavailable', call } }),
  });

describe('an outage', () => {
  test.each([
    ['running', requests.running, ['follow']],
    ['looked for', requests.looking, ['search']],
    [
      'looked for after it had been seen',
      staged(requests.looking, {
        run: { actionId: 'a', results: { excerpts: [], files: [], links: [], troubles: [] } },
      }),
      ['follow'],
    ],
    ['looked for to the end', requests.unknown, []],
    ['waiting for the library', waits('library'), ['library']],
    ['waiting for a call', waits('unavailable', 'submit'), ['submit']],
    ['waiting for a list', waits('unavailable', 'list'), ['search']],
    ['waiting for a reading', waits('unauthorized', 'get'), ['follow']],
    ['waiting for a link', waits('throttled', 'link'), ['results']],
    ['waiting for a cancel', waits('unavailable', 'cancel'), ['cancel']],
    ['waiting for devices', waits('unavailable', 'machines'), ['machines']],
    ['waiting for files', waits('unavailable', 'library'), ['library']],
    ['waiting without a known call', waits('unavailable'), []],
    ['waiting for a slot', waits('slot', 'submit'), []],
    ['finished', requests.finished, []],
    ['waiting for approval', requests.awaitingApproval, []],
  ] as const)('is looked for where it concerns a request that is %s', async (_what, one, sights) => {
    const { shown, state } = begin();
    await shown(one);
    expect(state.sights).toEqual(sights);
  });

  test('stands on the card, never as older than what it concerns', async () => {
    for (const [one, from] of [
      [requests.running, askedAt + 2 * minute],
      [waits('library'), askedAt + minute],
      [requests.looking, askedAt + 2 * minute],
    ] as const) {
      const { shown, state, clock } = begin();
      clock.passed = 10 * minute;
      const well = JSON.stringify(await shown(one));
      state.outSince = 0;
      const old = JSON.stringify(await shown(one));
      expect(old).not.toBe(well);
      state.outSince = from;
      expect(JSON.stringify(await shown(one))).toBe(old);
      state.outSince = from + 5 * minute;
      expect(JSON.stringify(await shown(one))).not.toBe(old);
    }
  });
});

describe('another request', () => {
  const blocker = { by: 'request', id: 'lr-other', undecided: false } as const;
  const blocked = staged(requests.queued, { waitsFor: 'deviceBusy', blocker } as never);
  const lapsed = staged(requests.lapsed, {
    ending: { kind: 'lapsed', waitedFor: 'deviceBusy', blocker },
  } as never);
  const retried: Request = {
    ...requests.denied,
    retriedAs: { id: 'lr-other', by: { id: 'x', name: 'X' } },
  };

  test.each([
    ['blocks', blocked],
    ['blocked', lapsed],
    ['tried again', retried],
  ])('that %s it is named to those who may find it', async (_how, one) => {
    const { views, store } = begin([request('running', 'lr-other')]);
    const of = async (mayName: boolean) =>
      JSON.stringify(await views.of(one, { results: 'private', mayName: () => mayName }));
    expect(await of(true)).toContain('lr-other');
    expect(await of(false)).not.toContain('lr-other');
    // Of what is not known nobody can say that it may not be named.
    store.kept.clear();
    expect(await of(false)).toContain('lr-other');
  });

  test('that may not be named holds the device as a session that nobody can see does', async () => {
    const { views } = begin([request('running', 'lr-other')]);
    const lead = async (one: Request) =>
      (await views.of(one, { results: 'private', mayName: () => false })).lead;
    const unseen = staged(blocked, { blocker: { by: 'unseen' } } as never);
    expect(await lead(blocked)).toContain('the API shows nothing that holds it');
    expect(await lead(blocked)).toBe(await lead(unseen));
  });

  test('that is no request is named as it is', async () => {
    const { views } = begin();
    const action = { by: 'action', id: 'act-9', type: 'RunAntiVirusScan', app: 'portal' };
    const one = staged(requests.queued, { waitsFor: 'deviceBusy', blocker: action } as never);
    expect(JSON.stringify(await views.of(one, { results: 'private', mayName: () => false }))).not.toBe(
      JSON.stringify(await views.of(requests.queued, { results: 'private', mayName: () => false })),
    );
  });

  test('that asks for the same is listed while this one is open, with what is known of its end', async () => {
    const { shown, views, state } = begin();
    const bare = JSON.stringify(await shown(requests.awaitingApproval));
    state.twins = [request('running', 'lr-open'), request('denied', 'lr-ended')];
    const view = JSON.stringify(await shown(requests.awaitingApproval));
    expect(view).not.toBe(bare);
    expect(view).toContain('lr-open');
    expect(view).toContain('lr-ended');
    expect(JSON.stringify(await shown(requests.denied))).not.toContain('lr-open');
    const some = await views.of(requests.awaitingApproval, {
      results: 'private',
      mayName: ({ id }) => id === 'lr-open',
    });
    expect(JSON.stringify(some)).toContain('lr-open');
    expect(JSON.stringify(some)).not.toContain('lr-ended');
  });

  test('that ended is listed with the time of its end', async () => {
    const { shown, state } = begin();
    state.twins = [request('denied', 'lr-ended')];
    const value = 'lr-ended: Denied at 22:15 UTC, asked by Riley Responder at 22:13 UTC';
    const { facts } = await shown(requests.awaitingApproval);
    expect(facts).toContainEqual({ label: 'Same, ended', value });
  });

  test('that this one was asked apart from is still named once this one ended', async () => {
    const { shown, state } = begin();
    state.twins = [request('running', 'lr-open')];
    const apart = { label: 'Separate from', value: 'lr-open, for the reason given' };
    const ended = request('denied', 'lr-1', { apartFrom: 'lr-open' });
    expect((await shown(ended)).facts).toContainEqual(apart);
    const open = request('awaitingApproval', 'lr-1', { apartFrom: 'lr-open' });
    expect((await shown(open)).facts).not.toContainEqual(apart);
  });
});

describe('the reasons of people', () => {
  const by = { id: 'x', name: 'X' };
  const cancel = { by, at: askedAt, answer: 'sent', reason: 'odd words' };
  const denied = requests.denied;
  const withReason: readonly (readonly [string, Request])[] = [
    [
      'a denial',
      {
        ...denied,
        stage: { state: 'closed', endedAt: askedAt, ending: { kind: 'denied', by, reason: 'odd words' } },
        votes: denied.votes.map((vote) => ({ ...vote, reason: 'odd words' })),
      },
    ],
    [
      'a withdrawal of a session',
      staged(requests.lapsed, { ending: { kind: 'withdrawn', by, reason: 'odd words' } } as never),
    ],
    [
      'an abandonment',
      staged(requests.abandoned, { ending: { kind: 'abandoned', by, reason: 'odd words' } } as never),
    ],
    ['a cancel', cancelled(requests.running)],
    ['a cancel of what finished', cancelled(requests.finished)],
    ['a cancel that ended it', staged(cancelled(requests.finished), { outcome: 'cancelled' } as never)],
    [
      'a cancel of what nobody knows of',
      staged(requests.unknown, {
        run: { actionId: 'a', results: { excerpts: [], files: [], links: [], troubles: [] }, cancel },
      } as never),
    ],
  ];

  function cancelled(one: Request): Request {
    const stage = one.sessions[0]?.stage;
    return staged(one, {
      run: { ...(stage !== undefined && 'run' in stage ? stage.run : {}), cancel },
    } as never);
  }

  test.each(withReason)('of %s leave a card on which they are private', async (_what, one) => {
    const { shown } = begin();
    const open = await shown(one);
    const kept = await shown(one, { reason: 'private' });
    expect(JSON.stringify(kept)).not.toContain('odd words');
    expect(kept.status.split(':')[0]).toBe(open.status.split(':')[0]);
  });

  test('stand on the others', async () => {
    const { shown } = begin();
    for (const what of [
      'a denial',
      'a withdrawal of a session',
      'an abandonment',
      'a cancel that ended it',
    ]) {
      const one = withReason.find(([name]) => name === what)?.[1] ?? denied;
      expect((await shown(one)).lead).toContain('odd words');
    }
  });

  test('of the request itself are told to be private there', async () => {
    const { shown } = begin();
    const one = request('awaitingApproval', 'lr-1', { reason: 'odd words' });
    expect(JSON.stringify(await shown(one))).toContain('odd words');
    expect(JSON.stringify(await shown(one, { reason: 'private' }))).not.toContain('odd words');
  });

  test('do not matter where none were given', async () => {
    const { shown } = begin();
    for (const one of [requests.unknown, requests.running, requests.denied, requests.queued]) {
      const kept = await shown(one, { reason: 'private' });
      expect(kept.status).toBe((await shown(one)).status);
    }
  });
});

describe('the texts of results', () => {
  const finished = (sha256: string, id = 'lr-1'): Request => {
    const one = request('finished', id);
    const stage = one.sessions[0]?.stage;
    if (stage?.state !== 'finished') throw new Error('it is not finished');
    const excerpts = [{ index: 0, at: askedAt, length: 5, sha256, errors: false, cut: false }];
    return staged(one, { run: { ...stage.run, results: { ...stage.run.results, excerpts } } });
  };
  const excerpts = (view: CardView): string => JSON.stringify(view.excerpts);

  test('are read once, and stand on the card where results do', async () => {
    const { shown, state } = begin();
    state.texts.set('lr-1:0', 'some words');
    const one = finished('hash of some word');
    expect(excerpts(await shown(one))).toContain('some words');
    expect(excerpts(await shown(one))).toContain('some words');
    expect(state.reads).toBe(1);
    state.texts.set('lr-2:0', 'other words');
    expect(excerpts(await shown(finished('hash of other wor', 'lr-2')))).toContain('other words');
    expect(state.reads).toBe(2);
    expect(excerpts(await shown(one, { results: 'private' }))).not.toContain('some words');
    expect(state.reads).toBe(2);
  });

  test('that are gone are said to be no longer kept', async () => {
    const { shown, state } = begin();
    const gone = 'Its output (5 characters) is no longer kept here; Defender may still have it.';
    const one = finished('hash of some word');
    expect((await shown(one)).steps[0]?.detail).toBe(gone);
    state.texts.set('lr-1:0', 'some words');
    expect((await shown(one)).steps[0]?.detail).not.toBe(gone);
  });

  test('come with their live links where results do', async () => {
    const { shown, state } = begin();
    const one = finished('hash of some word');
    const stage = one.sessions[0]?.stage;
    if (stage?.state !== 'finished') throw new Error('it is not finished');
    const links = [{ index: 0, at: askedAt, expiresAt: askedAt + 30 * minute }];
    const linked = staged(one, { run: { ...stage.run, results: { ...stage.run.results, links } } });
    state.urls.set(0, 'https://storage.example/zip');
    expect((await shown(linked)).links).toMatchObject([{ index: 0, url: 'https://storage.example/zip' }]);
    expect(state.linked).toBe(1);
    // Whoever has a link can use it: nobody even looks for one where none may stand.
    expect((await shown(linked, { results: 'private' })).links).toEqual([]);
    expect(state.linked).toBe(1);
  });

  test('are not read where results are private', async () => {
    const { shown, state } = begin();
    state.texts.set('lr-1:0', 'some words');
    const one = finished('hash of some word');
    expect(excerpts(await shown(one, { results: 'private' }))).not.toContain('some words');
    expect(state.reads).toBe(0);
  });

  test('that are long or not there are read again each time', async () => {
    const { shown, state } = begin();
    const one = finished('hash of xxxxxxxxx');
    await shown(one);
    state.texts.set('lr-1:0', 'x'.repeat(200_001));
    for (let n = 0; n < 2; n += 1) await shown(one);
    expect(state.reads).toBe(3);
    state.texts.set('lr-1:0', 'x'.repeat(200_000));
    for (let n = 0; n < 3; n += 1) await shown(one);
    expect(state.reads).toBe(4);
  });
});

describe('a card', () => {
  test('says who is asked, that submissions are frozen, and its place in the queue', async () => {
    const { shown, state, store } = begin();
    expect(JSON.stringify(await shown(requests.awaitingApproval, { notify: 'console:avery' }))).not.toBe(
      JSON.stringify(await shown(requests.awaitingApproval)),
    );
    const plain = JSON.stringify(await shown(requests.queued));
    state.queue = { position: 7, expectedAt: askedAt + 20 * minute };
    const queued = JSON.stringify(await shown(waits('slot')));
    expect(queued).not.toBe(plain);
    store.frozen = { by: 'Avery', why: 'odd approvals', at: askedAt };
    expect(JSON.stringify(await shown(requests.queued))).toContain('frozen');
    const { views } = begin();
    expect(views.words(requests.queued)).not.toEqual((await shown(requests.queued)).status);
  });

  test('says after a restore what nobody knows', async () => {
    const { shown, store } = begin();
    const plain = JSON.stringify(await shown(requests.lapsed));
    store.restored = [askedAt + minute];
    expect(JSON.stringify(await shown(requests.lapsed))).not.toBe(plain);
  });

  test('has the same words in lists and answers, without anybody’s results', () => {
    const { views, deps } = begin();
    expect(views.words(requests.expired)).toMatchObject({ status: 'Expired' });
    const { status, lead } = views.words(requests.expired);
    expect(wordsOf(deps, requests.expired)).toEqual({
      title: 'Dump OfficeClickToRun on hosta.corp.example',
      status,
      lead,
    });
  });
});
