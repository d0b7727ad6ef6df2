// Files that `npm run audit -- compare` cannot judge by: empty, cut, gone or of something else.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  actionId,
  app,
  auditBench,
  cmdletCsv,
  graphJson,
  portalCsv,
  said,
} from '../../support/store/auditLog.ts';
import type { AuditBench } from '../../support/store/auditLog.ts';
import { agreed, api, window } from '../../support/store/auditExports.ts';

let bench: AuditBench;
beforeEach(() => {
  bench = auditBench();
});
afterEach(() => {
  bench.close();
});

describe('a file that says nothing', () => {
  test.each<readonly [string, string | Uint8Array, RegExp]>([
    ['empty', '', /is empty/],
    ['blank', ' \n\n ', /holds nothing but blanks/],
    ['a workbook', Buffer.from('PK\u0003\u0004rest'), /Excel workbook/],
    ['packed', Buffer.from([0x1f, 0x8b, 8, 0, 0]), /gunzip/],
    ['no text', Buffer.from([1, 2, 3, 4, 0, 0, 7, 7, 0, 3]), /is no text/],
    ['another table', 'Name,Age\nAna,7\n', /no column "AuditData" or "Operation".*Its first line: name, age/],
    ['other JSON', '{"hello":"world"}', /no record of the audit log/],
    ['broken JSON', '[{"Operation":"RunLiveResponseApi",}]', /is broken/],
    ['JSON of numbers', '[1, 2]', /stands where a record belongs/],
    ['a web page', '<html><body>Sign in</body></html>\n', /no export of the audit log/],
    ['cut in a quoted field', portalCsv([said(api, 0)]).slice(0, -40), /ends inside a quoted field/],
    ['cut in JSON', JSON.stringify([said(api, 0)]).slice(0, -40), /ends inside a record/],
    [
      'one page of several',
      graphJson([said(api, 0)]).replace(
        '"value"',
        '"@odata.nextLink":"https://graph.microsoft.com/beta/next","value"',
      ),
      /names a next page .* put them into one file/,
    ],
    ['with a head alone', portalCsv([]), /Give that with --from and --to/],
  ])('%s is told with the cause and the next step, exit code 3', (_name, content, why) => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    const run = bench.compare([bench.file('export', content)]);
    expect([run.code, run.out]).toEqual([3, expect.stringMatching(why)]);
  });

  test('with a head alone and the time of the search is an answer: everything is missing', () => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    expect(bench.compare([bench.file('export.csv', portalCsv([])), ...window])).toMatchObject({
      code: 1,
      out: expect.stringContaining('In the journal, and not in the export: 1'),
    });
  });

  test('of the cmdlet that holds fewer records than its search found is not taken for all of them', () => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    const all = cmdletCsv([said(api, 0, { ActionId: actionId(1) })]);
    expect(bench.compare([bench.file('all.csv', all), ...window])).toMatchObject({
      code: 0,
      out: expect.stringContaining('They agree'),
    });
    const run = bench.compare([bench.file('first.csv', all.replace('"1","1"', '"1","9000"')), ...window]);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /search found 9000 records \(ResultCount\), of which the file has 1\. Export a shorter time[\s\S]*NOT agree/,
      ),
    ]);
  });

  test('in which Excel cut AuditData off says so, and does not count as agreeing', () => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    const text = JSON.stringify(said(api, 0, { Padding: 'x'.repeat(40_000) }))
      .slice(0, 32_767)
      .replaceAll('"', '""');
    const run = bench.compare([
      bench.file(
        'export.csv',
        `RecordId,CreationDate,Operation,UserId,AuditData\r\n1,2026-01-05T12:00:00Z,${api},${app},"${text}"\r\n`,
      ),
      ...window,
    ]);
    expect([run.code, run.out]).toEqual([1, expect.stringMatching(/Excel cuts a cell at 32767 characters/)]);
    // Also where nothing else is apart.
    const file = bench.file(
      'portal.csv',
      `RecordId,CreationDate,Operation,UserId,AuditData\r\n1,2026-01-05T12:00:00Z,RunLiveResponseSession,ana@corp.example,"${text}"\r\n`,
    );
    expect(bench.compare([file, '--from', '2026-01-20', '--to', '2026-02-01', '--only-ours'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('1 records could not be read in full'),
    });
  });

  test('that is gone, a folder, or a journal that was changed is told, exit code 3', () => {
    const records = agreed(bench);
    expect(bench.compare(['gone.csv'])).toMatchObject({
      code: 3,
      out: expect.stringContaining('gone.csv cannot be read'),
    });
    expect(bench.compare(['data'])).toMatchObject({ code: 3, out: expect.stringContaining('is no file') });
    const file = bench.file('export.csv', portalCsv(records));
    expect(bench.compare([file, '--data', join(bench.dir, 'nowhere')])).toMatchObject({ code: 3 });
    const journal = join(bench.data, 'journal-000000001.ndjson');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace(actionId(2), actionId(9)));
    expect(bench.compare([file, ...window])).toMatchObject({
      code: 3,
      out: expect.stringContaining('BROKEN'),
    });
  });
});

test('a last line that is being written is left alone', () => {
  const records = agreed(bench);
  appendFileSync(join(bench.data, 'journal-000000001.ndjson'), '{"v":2,"seq":99,"re');
  expect(bench.compare([bench.file('export.csv', portalCsv(records)), ...window])).toMatchObject({ code: 0 });
});
