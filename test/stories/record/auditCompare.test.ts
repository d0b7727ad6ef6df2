// `npm run audit -- compare FILE` as an auditor runs it: the built program, a journal, and exports in every
// form that is known. A session that is in one alone is never passed over, and what cannot be judged is never
// called missing.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  app,
  auditBench,
  chatter,
  cmdletCsv,
  day,
  graphJson,
  huntingCsv,
  portalCsv,
  tenant,
} from '../../support/store/auditLog.ts';
import type { AuditBench, Said } from '../../support/store/auditLog.ts';
import { addressIn, startProgram } from '../../support/programs/program.ts';
import { root } from '../../support/root.ts';
import { agreed, window } from '../../support/store/auditExports.ts';

let bench: AuditBench;
beforeEach(() => {
  bench = auditBench();
});
afterEach(() => {
  bench.close();
});

const utf16 = (text: string, big = false): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return big ? bytes.swap16() : bytes;
};

describe('an export that agrees', () => {
  test.each<readonly [string, (records: readonly Said[]) => string | Uint8Array]>([
    ['as the portal gives it', (records) => portalCsv(records)],
    ['with a byte order mark', (records) => `\ufeff${portalCsv(records)}`],
    ['saved by Excel as Unicode text', (records) => utf16(portalCsv(records, '\t'))],
    ['in UTF-16, the other way round', (records) => utf16(portalCsv(records), true)],
    ['in UTF-16 without a mark', (records) => utf16(portalCsv(records)).subarray(2)],
    ['with semicolons', (records) => portalCsv(records, ';')],
    ['with semicolons and what Excel writes above', (records) => `sep=;\r\n${portalCsv(records, ';')}`],
    [
      'with the empty rows that Excel leaves below',
      (records) => `${portalCsv(records, ';')};;;;;;;\r\n;;;;;;;\r\n`,
    ],
    ['of the cmdlet', cmdletCsv],
    ['of advanced hunting', huntingCsv],
    ['of Graph', graphJson],
    [
      'of Graph in two pages',
      (records) =>
        `${graphJson(records.slice(0, 2)).replace('"value"', '"@odata.nextLink":"https://graph.microsoft.com/beta/next","value"')}\n${graphJson(records.slice(2))}`,
    ],
    ['as a JSON list', (records) => JSON.stringify(records, null, 2)],
    [
      'as a JSON list with AuditData as text',
      (records) =>
        JSON.stringify(
          records.map((one) => ({
            RecordId: one['Id'],
            CreationDate: one['CreationTime'],
            Operation: one['Operation'],
            AuditData: JSON.stringify(one),
          })),
        ),
    ],
    ['as JSON lines', (records) => records.map((one) => JSON.stringify(one)).join('\n')],
    ['with every record twice', (records) => portalCsv([...records, ...records])],
    [
      'with names of fields in another case',
      (records) =>
        JSON.stringify(
          records.map((one) =>
            Object.fromEntries(Object.entries(one).map(([name, value]) => [name.toLowerCase(), value])),
          ),
        ),
    ],
  ])('%s is read, and exit code 0 says so', (_name, form) => {
    const records = agreed(bench);
    const run = bench.compare([bench.file('export', form(records)), ...window]);
    expect([run.code, run.out]).toEqual([
      0,
      expect.stringContaining('in both: 3 sessions (1 by device and time alone'),
    ]);
    expect(run.out).toContain('They agree.');
  });

  test('takes the times of its records where none are given, and says what that means at the edges', () => {
    const run = bench.compare([bench.file('export.csv', portalCsv(agreed(bench)))]);
    expect([run.code, run.out]).toEqual([
      0,
      expect.stringMatching(
        /compared: 2026-01-04T12:00:00Z to 2026-01-08T12:00:00Z \(the times of the records: at the edges nothing can be said/,
      ),
    ]);
  });

  describe('of a machine that writes the day before the month', () => {
    const dayFirst = (text: unknown): string => {
      const date = new Date(`${String(text)}Z`);
      return `${String(date.getUTCDate()).padStart(2, '0')}/${String(date.getUTCMonth() + 1).padStart(2, '0')}/${date.getUTCFullYear()} ${date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12}:${String(date.getUTCMinutes()).padStart(2, '0')}:00 ${date.getUTCHours() < 12 ? 'AM' : 'PM'}`;
    };
    const csv = (records: readonly Said[], inside: boolean): string =>
      [
        '"CreationDate","UserIds","Operations","AuditData"',
        ...records.map((one) =>
          [
            dayFirst(one['CreationTime']),
            '',
            String(one['Operation']),
            JSON.stringify(inside ? one : { ...one, CreationTime: undefined }),
          ]
            .map((cell) => `"${cell.replaceAll('"', '""')}"`)
            .join(','),
        ),
        '',
      ].join('\r\n');

    test('the time within AuditData counts, also of records of other kinds', () => {
      const run = bench.compare([bench.file('export.csv', csv(agreed(bench), true))]);
      expect([run.code, run.out]).toEqual([
        0,
        expect.stringContaining('compared: 2026-01-04T12:00:00Z to 2026-01-08T12:00:00Z'),
      ]);
    });

    test('without one, no day is taken for a month: it is said, and no record gets a time that it has not', () => {
      const run = bench.compare([
        bench.file('export.csv', csv([...agreed(bench), chatter(20 * day)], false)),
        ...window,
      ]);
      expect(run.out).toContain('has times with the day before the month (1 that cannot be meant otherwise)');
      // The one that only device and time could tell is nobody's now, and not another day's.
      expect([run.code, run.out]).toEqual([1, expect.stringContaining('in both: 2 sessions, ')]);
      expect(run.out).toMatch(/In the journal, and not in the export: 1\n.*request r3/);
      expect(run.out).toContain('at an unknown time  RunLiveResponseApi');
    });

    test('without one and without --from and --to, nobody knows what it covers', () => {
      const run = bench.compare([
        bench.file('export.csv', csv([...agreed(bench), chatter(20 * day)], false)),
      ]);
      expect([run.code, run.out]).toEqual([3, expect.stringContaining('nobody knows which time it covers')]);
    });

    test.each(['05/11/2026 9:00 AM', '2026-02-30', '2026-02-30T10:00Z', '11/05/2026'])(
      'and --from %s is no time at all',
      (from) => {
        const run = bench.compare([bench.file('export.csv', portalCsv(agreed(bench))), '--from', from]);
        expect([run.code, run.out]).toEqual([
          2,
          expect.stringContaining(`--from ${from} is no time: write it in UTC`),
        ]);
      },
    );
  });

  test('with a column twice, of which one is empty, is read', () => {
    const [head = '', ...lines] = portalCsv(agreed(bench)).split('\r\n');
    const run = bench.compare([
      bench.file(
        'export.csv',
        [`${head},AuditData,Operation`, ...lines.map((line) => (line === '' ? '' : `${line},,`))].join(
          '\r\n',
        ),
      ),
      ...window,
    ]);
    expect([run.code, run.out]).toEqual([0, expect.stringContaining('in both: 3 sessions')]);
  });

  test('is the same next to a running bot, which is not disturbed', async () => {
    const bot = await startProgram('src/main.js', [], {
      PORT: '0',
      LR_DATA_DIR: bench.data,
      LR_LOG_LEVEL: 'error',
    });
    try {
      const url = addressIn(bot.firstLine);
      const post = async (path: string, body: object): Promise<unknown> =>
        (
          await fetch(`${url}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
        ).json();
      await post('/console/api/commands', { as: 'responder1', place: 'incidents', text: 'collect hosta' });
      const before = readFileSync(join(bench.data, 'journal-000000001.ndjson'), 'utf8').length;
      const run = bench.compare(
        [bench.file('export.csv', portalCsv([chatter(0)])), ...window, '--tenant', 'simulator'],
        { LR_JOURNAL_KEY: '' },
      );
      expect([run.code, run.out]).toEqual([0, expect.stringContaining('They agree.')]);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect(
        readFileSync(join(bench.data, 'journal-000000001.ndjson'), 'utf8').length,
      ).toBeGreaterThanOrEqual(before);
    } finally {
      await bot.kill('SIGTERM');
    }
  });
});

test('200 MB are read in little memory, with a record of live response at the very end', () => {
  const records = agreed(bench);
  const path = bench.file('export.csv', portalCsv(records.slice(0, -2)));
  const out = openSync(path, 'a');
  const block = portalCsv(
    Array.from({ length: 2_000 }, (_, n) => ({ ...chatter(n), Text: `"${'é;,\n'.repeat(100)}"` })),
  ).replace(/^.*\r\n/, '');
  for (let written = 0; written < 200 * 1024 * 1024; written += block.length) writeSync(out, block);
  writeSync(out, portalCsv(records.slice(-2)).replace(/^.*\r\n/, ''));
  closeSync(out);
  expect(statSync(path).size).toBeGreaterThan(200 * 1024 * 1024);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--max-old-space-size=96', join(root, 'dist', 'src', 'cli', 'audit.js'), 'compare', path, ...window],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'] ?? '',
        LR_ENV_FILE: 'off',
        LR_DATA_DIR: bench.data,
        AZURE_TENANT_ID: tenant,
        AZURE_CLIENT_ID: app,
      },
    },
  );
  truncateSync(path, 0);
  expect([status, stdout]).toEqual([0, expect.stringContaining('in both: 3 sessions')]);
  // Node's own warning of listeners that pile up with the size of the file.
  expect(stderr).not.toMatch(/Warning|leak/);
}, 180_000);

test('--help is help, and no mistake', () => {
  expect(bench.compare(['--help'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^usage: [\s\S]*Exit code of compare/),
  });
});

test.each<readonly [string, readonly string[], RegExp]>([
  ['without a file', [], /Name one file/],
  ['with two', ['a', 'b'], /Name one file/],
  ['with a time that is none', ['a', '--from', 'yesterday'], /--from yesterday is no time/],
  [
    'with times the wrong way round',
    ['a', '--from', '2026-02-01', '--to', '2026-01-01'],
    /--from is not before --to/,
  ],
  ['with an option that is none', ['a', '--force'], /--force/],
])('called %s it says so, with exit code 2', (_name, words, why) => {
  expect(bench.compare(words)).toMatchObject({ code: 2, out: expect.stringMatching(why) });
});
