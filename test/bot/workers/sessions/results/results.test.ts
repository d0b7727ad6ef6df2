// Results of sessions: which of them are read, in which order, what is kept of them, and what a stop leaves.
import { describe, expect, test } from '@jest/globals';
import { createResults } from '../../../../../src/bot/workers/sessions/results.ts';
import type { Command } from '../../../../../src/liveResponse/commands.ts';
import type { ResultBytes } from '../../../../../src/liveResponse/ports.ts';
import type { ResultTrouble } from '../../../../../src/liveResponse/results/resultFacts.ts';
import { maxTranscriptBytes } from '../../../../../src/liveResponse/results/transcript.ts';
import { sniffBytes } from '../../../../../src/liveResponse/results/collectedFile.ts';
import { hash } from '../../../../../src/adapters/clock.ts';
import { actionId, actionWith, asked, start } from '../../../../support/requests/lifecycle.ts';
import { askedFor, history, portsStart, sent, sessionOf } from '../../../../support/apps/workerPorts.ts';
import { bytesOf, createResultTable, ended, minute, other, transcript, turns, zip } from './resultTable.ts';

const trouble = (index: number, code: string): { type: 'resultTrouble'; trouble: ResultTrouble } => ({
  type: 'resultTrouble',
  trouble: { index, at: start, code, tries: 1 },
});
const excerptRead = {
  type: 'excerptRead',
  excerpt: { index: 0, at: start, length: 0, sha256: '', errors: false, cut: false },
} as const;
const fileSeen = { type: 'fileSeen', file: { index: 1, at: start, format: 'zip' } } as const;

describe('what is read', () => {
  test('is each completed command, once', async () => {
    const table = createResultTable([ended()]);
    expect(await table.results.pass()).toBeUndefined();
    expect(table.reads).toEqual([
      ['https://results/0', maxTranscriptBytes, { unpack: true }],
      ['https://results/1', sniffBytes],
    ]);
    expect(table.called().slice(0, 4)).toEqual([
      `link ${actionId}`,
      'read https://results/0',
      `link ${actionId}`,
      'read https://results/1',
    ]);
    expect(table.events()).toEqual(['excerptRead', 'fileSeen', 'linkMinted']);
    table.results.touch(asked.id);
    await table.results.pass();
    expect(table.reads).toHaveLength(2);
    expect(table.kept()).toMatchObject({ troubles: [] });
  });

  test('is what is complete while the rest still runs', async () => {
    const table = createResultTable([history(askedFor(), ...sent, 'progressed')]);
    await table.results.pass();
    expect(table.events()).toEqual(['excerptRead']);
    expect(table.outputs.get(`${asked.id}:0`)).toBe('done');
    const file: Command = { type: 'GetFile', path: 'C:\\a.txt' };
    const files = createResultTable([history(askedFor({ commands: [file, file] }), ...sent, 'progressed')]);
    await files.results.pass();
    expect(files.events()).toEqual(['fileSeen']);
  });

  test('is nothing of a file that was put, nor of what did not complete', async () => {
    const commands: readonly Command[] = [
      { type: 'PutFile', fileName: 'tool.exe' },
      { type: 'RunScript', scriptName: 'a.ps1' },
      { type: 'GetFile', path: 'C:\\a.txt' },
    ];
    const action = actionWith('Failed', [['Completed'], ['Failed'], ['Completed']]);
    const over = { type: 'ended', action, outcome: 'failed' } as const;
    const table = createResultTable([history(askedFor({ commands }), ...sent, over)]);
    await table.results.pass();
    expect(table.reads.map(([url]) => url)).toEqual(['https://results/2']);
  });

  test.each([
    ['both are there', [excerptRead, fileSeen], []],
    ['the text is there', [excerptRead], [1]],
    ['the file is there', [fileSeen], [0]],
    ['it is gone', [trouble(0, 'gone')], [1]],
    ['its link leads elsewhere', [trouble(0, 'untrusted')], [1]],
    ['it is refused', [trouble(1, 'refused')], [0]],
    ['it is not there yet', [trouble(0, 'notReady'), trouble(1, 'unavailable')], [0, 1]],
  ] as const)('is only what is missing, as where %s', async (_name, events, indexes) => {
    const table = createResultTable([history(askedFor(), ...sent, 'ended', ...events)]);
    await table.results.pass();
    expect(table.reads.map(([url]) => url)).toEqual(indexes.map((index) => `https://results/${index}`));
  });

  test('comes newest first after a start, and by the latest change from then on', async () => {
    const first = { id: 'lr-a', origin: 'a', at: start - minute };
    const queued = history(askedFor({ id: 'lr-c', origin: 'c', at: start - 2 * minute }), 'approved');
    const table = createResultTable([queued, ended(first), ended(other)]);
    await table.results.pass();
    expect(table.told().filter((line) => line.endsWith('excerptRead'))).toEqual([
      'lr-b excerptRead',
      'lr-a excerptRead',
    ]);
    table.store.written.length = 0;
    table.store.put(ended(first));
    table.store.put(ended(other));
    await table.results.pass();
    expect(table.told()).toEqual([]);
    table.results.touch('lr-b');
    table.results.touch('lr-a');
    table.results.touch('nobody');
    await table.results.pass();
    expect(table.told().filter((line) => line.endsWith('excerptRead'))).toEqual([
      'lr-a excerptRead',
      'lr-b excerptRead',
    ]);
    expect(table.logged).toEqual([]);
  });

  test('comes by the latest change also where nothing had run before', async () => {
    const table = createResultTable([history(askedFor(), 'approved'), history(askedFor(other), 'approved')]);
    await table.results.pass();
    for (const change of [other, {}]) {
      const request = ended(change);
      table.store.put(request);
      table.results.touch(request.id);
    }
    await table.results.pass();
    expect(table.told()[0]).toBe(`${asked.id} excerptRead`);
  });
});

describe('a reading', () => {
  const kept = async (found: ResultBytes, change = {}) => {
    const table = createResultTable([ended(change)]);
    table.defender.read = () => Promise.resolve(found);
    const source = { ...sessionOf(table.now(), 'finished'), actionId };
    const read = await table.results.read(source, 0);
    return { read, excerpt: table.kept().excerpts[0], output: table.outputs.get(`${asked.id}:0`) };
  };
  const facts = (text: string) => ({
    index: 0,
    at: portsStart,
    length: text.length,
    sha256: hash.sha256(text),
    errors: false,
    cut: false,
  });

  test('keeps the text, and of a plain one nothing else', async () => {
    const bytes = bytesOf({ script_output: 'done', script_errors: ' ' });
    expect(await kept({ bytes, cut: false })).toStrictEqual({
      read: { text: 'done' },
      excerpt: facts('done'),
      output: 'done',
    });
    expect(await kept({ bytes, cut: true })).toMatchObject({ excerpt: { cut: true } });
  });

  test('keeps errors behind the output, with their cause and the exit code', async () => {
    const script = { script_output: 'half', script_errors: 'Access is denied', exit_code: 5 };
    const text = 'half\n--- script_errors ---\nAccess is denied';
    expect(await kept({ bytes: bytesOf(script), cut: false })).toStrictEqual({
      read: { text },
      excerpt: { ...facts(text), errors: true, exitCode: 5, cause: 'accessDenied' },
      output: text,
    });
    expect(await kept({ bytes: bytesOf({ ...script, script_output: '' }), cut: false })).toMatchObject({
      output: '--- script_errors ---\nAccess is denied',
    });
  });

  test('tells what lay there instead of a text, and how large that is', async () => {
    const { bytes } = zip;
    expect(await kept({ bytes, cut: true, size: 5_000 })).toStrictEqual({
      read: { text: '', notText: { kind: 'zip', bytes: 5_000 } },
      excerpt: { ...facts(''), cut: true, notText: { kind: 'zip', bytes: 5_000 } },
      output: '',
    });
    expect(await kept({ bytes, cut: false, size: 5_000, packed: 'gzip' })).toMatchObject({
      read: { notText: { kind: 'zip', bytes: 4 }, form: { packed: 'gzip' } },
    });
  });

  test('tells how the text came', async () => {
    const wide = Uint8Array.from([0xff, 0xfe, 0x68, 0, 0x69, 0]);
    for (const [found, form] of [
      [{ bytes: wide, cut: false }, { encoding: 'UTF-16' }],
      [{ ...transcript, packed: 'gzip' }, { packed: 'gzip' }],
      [
        { bytes: wide, cut: false, packed: 'br' },
        { packed: 'br', encoding: 'UTF-16' },
      ],
    ] as const) {
      const { read, excerpt } = await kept(found);
      expect([read.form, excerpt?.form]).toStrictEqual([form, form]);
    }
  });

  test('keeps the beginning of a file as what it is', async () => {
    const table = createResultTable([ended()]);
    await table.results.pass();
    expect(table.kept().files).toStrictEqual([
      { index: 1, at: portsStart, format: 'zip', name: 'dump.zip', bytes: 9_000 },
    ]);
  });
});

describe('a stop', () => {
  test('leaves every request as it is', async () => {
    const table = createResultTable([ended()]);
    expect(await table.results.pass({ goOn: () => false })).toBeUndefined();
    expect(table.called()).toEqual([]);
    await table.results.pass();
    expect(table.events()).toHaveLength(3);
  });

  test('comes between two results too; the rest is for the next pass', async () => {
    const table = createResultTable([ended()]);
    await table.results.pass(turns(2));
    expect(table.events()).toEqual(['excerptRead']);
    await table.results.pass();
    expect(table.events()).toEqual(['excerptRead', 'fileSeen', 'linkMinted']);
  });

  test('comes before a link is made', async () => {
    const table = createResultTable([ended()]);
    await table.results.pass(turns(3));
    expect(table.events()).toEqual(['excerptRead', 'fileSeen']);
    await table.results.pass();
    expect(table.events()).toHaveLength(2);
  });
});

describe('old texts', () => {
  test('are swept at the start and each hour, and it is logged where there were some', async () => {
    const ports = createResultTable([]);
    const swept: number[] = [];
    const removed = [0, 3, 1];
    const outputs = {
      ...ports.deps.outputs,
      sweep: (before: number) => (
        swept.push(before - ports.clock.now()),
        Promise.resolve(removed.pop() ?? 0)
      ),
    };
    const results = createResults({ ...ports.deps, outputs }, ports.ages);
    await results.pass();
    await ports.clock.advance(60 * minute - 1);
    await results.pass();
    expect(swept).toEqual([-86_400_000]);
    await ports.clock.advance(1);
    await results.pass();
    await results.pass();
    await ports.clock.advance(60 * minute);
    await results.pass();
    expect(swept).toHaveLength(3);
    expect(ports.logged).toEqual([
      { event: 'outputsSwept', fields: { removed: 1 } },
      { event: 'outputsSwept', fields: { removed: 3 } },
    ]);
  });
});
