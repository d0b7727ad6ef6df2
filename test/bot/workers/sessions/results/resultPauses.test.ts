// Results that cannot be read or kept yet: when they are tried again, when they are given up, and what is told.
import { describe, expect, test } from '@jest/globals';
import { DefenderError, StoreError } from '../../../../../src/liveResponse/ports.ts';
import { actionWith, asked, exampleMoves } from '../../../../support/requests/lifecycle.ts';
import { after } from '../../../../support/requests/requests.ts';
import { askedFor, history, portsStart, sent } from '../../../../support/apps/workerPorts.ts';
import { createResultTable, ended, minute, other, turns, zip } from './resultTable.ts';
import type { ResultTable } from './resultTable.ts';

/** Only the script has completed: one result to be read. */
const running = history(askedFor(), ...sent, 'progressed');
const over = {
  type: 'ended',
  action: actionWith('Failed', [['Completed'], ['Failed']]),
  outcome: 'failed',
} as const;
const pauses = [3_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 120_000, 300_000, 600_000];

const refusing = (table: ResultTable, error: Error): void => {
  table.defender.link = () => Promise.reject(error);
};
/** What each of so many passes wants to wait; and waits it. */
async function waits(table: ResultTable, times: number): Promise<readonly (number | undefined)[]> {
  const asked: (number | undefined)[] = [];
  for (let pass = 0; pass < times; pass += 1) {
    const wait = await table.results.pass();
    asked.push(wait);
    await table.clock.advance(wait ?? 0);
  }
  return asked;
}

describe('a result that is not there yet', () => {
  test('is tried again after longer and longer pauses while the session runs', async () => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError('notReady', 'later'));
    expect(await waits(table, 13)).toEqual([...pauses, 600_000, 600_000, 600_000]);
    expect(table.kept().troubles).toMatchObject([{ index: 0, code: 'notReady', tries: 1 }]);
    expect(table.events()).toEqual(['resultTrouble']);
  });

  test('is given up after the eleventh no to a session that has ended', async () => {
    const table = createResultTable([history(askedFor(), ...sent, over)]);
    refusing(table, new DefenderError('notReady', 'later', { status: 404, target: 'corr' }));
    expect(await waits(table, 12)).toEqual([...pauses, undefined, undefined]);
    expect(table.called()).toHaveLength(11);
    expect(table.kept().troubles).toStrictEqual([
      {
        index: 0,
        at: table.clock.now(),
        code: 'gone',
        tries: 11,
        error: { code: 'notReady', status: 404, target: 'corr' },
      },
    ]);
    expect(table.logged[10]).toEqual({
      event: 'resultNotRead',
      fields: { request: asked.id, index: 0, code: 'notReady', tries: 11, target: 'corr' },
    });
    table.results.touch(asked.id);
    await table.results.pass();
    expect(table.called()).toEqual([]);
  });

  test('is not tried before its time, whoever asks', async () => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError('notReady', 'later'));
    await table.results.pass();
    await table.clock.advance(2_999);
    table.results.touch(asked.id);
    expect(await table.results.pass()).toBe(1);
    expect(table.called()).toHaveLength(1);
    await table.clock.advance(1);
    expect(await table.results.pass()).toBe(5_000);
  });

  test('begins again with the end of the session', async () => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError('notReady', 'later'));
    await waits(table, 4);
    await table.results.pass();
    table.store.put(after(table.now(), over, table.clock.now()));
    expect(await waits(table, 10)).toEqual(pauses);
    expect(table.kept().troubles).toMatchObject([{ code: 'notReady' }]);
  });

  test('is read at last, and its pauses are forgotten', async () => {
    const table = createResultTable([running]);
    const { link } = table.defender;
    refusing(table, new DefenderError('notReady', 'later'));
    await waits(table, 3);
    Object.assign(table.defender, { link });
    expect(await table.results.pass()).toBeUndefined();
    expect(table.events()).toEqual(['resultTrouble', 'excerptRead']);
    await table.results.pass();
    expect(table.reads).toHaveLength(1);
    table.store.put(running);
    table.results.touch(asked.id);
    refusing(table, new DefenderError('notReady', 'later'));
    expect(await table.results.pass()).toBe(3_000);
  });

  test.each(['unavailable', 'unauthorized', 'throttled', 'paced'] as const)(
    'is not given up while Defender is %s',
    async (code) => {
      const table = createResultTable([history(askedFor(), ...sent, over)]);
      refusing(table, new DefenderError(code, 'no'));
      expect(await waits(table, 13)).toEqual([...pauses, 600_000, 600_000, 600_000]);
      expect(table.kept().troubles).toMatchObject([{ code: code === 'paced' ? 'throttled' : code }]);
      refusing(table, new DefenderError('notReady', 'later'));
      expect(await waits(table, 10)).not.toContain(undefined);
      expect(await table.results.pass()).toBeUndefined();
    },
  );

  test.each(['refused', 'untrusted', 'gone'] as const)('is given up at once where it is %s', async (code) => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError(code, 'no'));
    expect(await table.results.pass()).toBeUndefined();
    await table.results.pass();
    expect(table.called()).toHaveLength(1);
    expect(table.kept().troubles).toMatchObject([{ code }]);
  });

  test('and was given up says nothing of the next run, which begins anew', async () => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError('refused', 'no'));
    await table.results.pass();
    const again = ['actionMissing', 'resubmitted', 'claimed', 'submitted', 'progressed'] as const;
    for (const type of again) table.store.put(after(table.now(), exampleMoves[type], table.clock.now()));
    await table.clock.advance(minute);
    refusing(table, new DefenderError('notReady', 'later'));
    table.results.touch(asked.id);
    expect(await table.results.pass()).toBe(3_000);
    expect(table.kept().troubles).toMatchObject([{ code: 'notReady', tries: 1 }]);
  });

  test('waits as long as Defender says, if that is longer', async () => {
    const table = createResultTable([running]);
    refusing(table, new DefenderError('throttled', 'slow', { retryAfterMs: 4_000 }));
    expect(await waits(table, 2)).toEqual([4_000, 5_000]);
    expect(table.called()).toHaveLength(2);
    await table.results.pass();
    expect(table.called()).toHaveLength(1);
  });

  test('keeps no other waiting', async () => {
    const table = createResultTable([ended()]);
    table.defender.read = (url) =>
      url.endsWith('/0') ? Promise.reject(new DefenderError('notReady', 'later')) : Promise.resolve(zip);
    expect(await table.results.pass()).toBe(3_000);
    expect(table.events()).toEqual(['resultTrouble', 'fileSeen', 'linkMinted']);
    await table.clock.advance(3_000);
    expect(await table.results.pass()).toBe(5_000);
  });

  test('is looked at again though a stop comes before its links', async () => {
    const table = createResultTable([history(askedFor(), ...sent, over)]);
    refusing(table, new DefenderError('notReady', 'later'));
    expect(await table.results.pass(turns(2))).toBe(3_000);
    await table.clock.advance(3_000);
    expect(await table.results.pass()).toBe(5_000);
  });
});

describe('what is told of it', () => {
  const codes = async (...given: ('notReady' | 'paced' | 'throttled' | 'unavailable')[]) => {
    const table = createResultTable([running]);
    for (const code of given) {
      refusing(table, new DefenderError(code, 'no'));
      await waits(table, 1);
    }
    return table.store.written.map(({ event }) => event.type === 'resultTrouble' && event.trouble.code);
  };

  test('is every other code, but nothing of scarce calls where something is known', async () => {
    expect(await codes('notReady', 'notReady', 'unavailable')).toEqual(['notReady', 'unavailable']);
    expect(await codes('paced', 'throttled', 'paced')).toEqual(['throttled']);
    expect(await codes('throttled', 'notReady', 'throttled', 'paced')).toEqual(['throttled', 'notReady']);
  });

  test('is by its own index', async () => {
    const table = createResultTable([ended()]);
    refusing(table, new DefenderError('notReady', 'later'));
    await waits(table, 2);
    expect(table.kept().troubles).toMatchObject([
      { index: 0, at: portsStart },
      { index: 1, at: portsStart },
    ]);
    expect(table.events()).toHaveLength(2);
  });
});

describe('what breaks here', () => {
  test('is a bug: logged, told as an outage, and tried again after a quarter of a minute', async () => {
    const table = createResultTable([running]);
    const error = new TypeError('a bug');
    refusing(table, error);
    expect(await waits(table, 5)).toEqual([15_000, 15_000, 15_000, 20_000, 40_000]);
    expect(table.logged[1]).toEqual({
      event: 'resultNotKept',
      fields: { request: asked.id, index: 0, tries: 2, error },
    });
    expect(table.kept().troubles).toStrictEqual([
      { index: 0, at: portsStart, code: 'unavailable', tries: 1 },
    ]);
  });

  test('is the journal: nothing is read while it cannot be written', async () => {
    const table = createResultTable([ended()]);
    table.store.broken = 'full';
    expect(await table.results.pass()).toBe(15_000);
    expect(table.called()).toEqual([]);
  });

  test('is the disk: no text is read for a while, files are, and all goes on when it is well', async () => {
    const table = createResultTable([ended(), ended(other)]);
    let full: Error | undefined = new StoreError('full');
    const put = table.deps.outputs.put.bind(table.deps.outputs);
    table.deps.outputs.put = (...given) => (full === undefined ? put(...given) : Promise.reject(full));
    expect(await table.results.pass()).toBe(15_000);
    expect(table.logged).toMatchObject([{ event: 'resultNotKept', fields: { index: 0, error: full } }]);
    expect(table.reads.map(([url]) => url)).toEqual([0, 1, 1].map((index) => `https://results/${index}`));
    await table.clock.advance(5_000);
    expect(await table.results.pass()).toBe(10_000);
    expect(table.reads).toHaveLength(3);
    await table.clock.advance(10_000);
    expect(await table.results.pass()).toBe(15_000);
    expect(table.reads).toHaveLength(4);
    full = undefined;
    table.results.recovered();
    await table.results.pass();
    expect(table.reads).toHaveLength(6);
    expect(table.events().filter((event) => event === 'resultTrouble')).toEqual([]);
  });

  test('is one request, which stops no other and is looked at again', async () => {
    const table = createResultTable([ended(), ended(other)]);
    const error = new Error('broken');
    table.store.before = (id) => {
      if (id === 'lr-b') throw error;
    };
    expect(await table.results.pass()).toBe(15_000);
    expect(table.logged.at(-1)).toEqual({ event: 'resultsBroke', fields: { request: 'lr-b', error } });
    expect(table.told()).toEqual(['excerptRead', 'fileSeen', 'linkMinted'].map((e) => `${asked.id} ${e}`));
    table.store.before = () => undefined;
    await table.clock.advance(minute);
    await table.results.pass();
    expect(table.told().slice(3)).toEqual(['excerptRead', 'fileSeen', 'linkMinted'].map((e) => `lr-b ${e}`));
  });
});
