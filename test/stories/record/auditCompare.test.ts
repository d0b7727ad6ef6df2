// `npm run audit -- compare FILE` as an auditor runs it: the built program, a journal, and exports in every
// form that is known. A session that is in one alone is never passed over, and what cannot be judged is never
// called missing.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  actionId,
  app,
  auditBench,
  chatter,
  cmdletCsv,
  day,
  deviceId,
  graphJson,
  huntingCsv,
  minute,
  noon,
  otherApp,
  portalCsv,
  said,
  tagOf,
  tenant,
} from '../../support/store/auditLog.ts';
import type { AuditBench, Said } from '../../support/store/auditLog.ts';
import { addressIn, startProgram } from '../../support/programs/program.ts';
import { root } from '../../support/root.ts';

let bench: AuditBench;
beforeEach(() => {
  bench = auditBench();
});
afterEach(() => {
  bench.close();
});

const api = 'RunLiveResponseApi';
const window = ['--from', '2026-01-01', '--to', '2026-02-01'];

/** Three sessions that both know, each by another thing, among records of other kinds. */
function agreed(): readonly Said[] {
  bench.journal(
    { id: 'r1', at: 0, action: actionId(1) },
    { id: 'r2', at: day, action: actionId(2), device: 'hostb.corp.example' },
    { id: 'r3', at: 2 * day, action: actionId(3), device: 'hostc.corp.example' },
  );
  return [
    chatter(-day),
    said(api, 0, { ActionId: actionId(1), ActionComment: `${tagOf('r1')} | requested by A` }),
    chatter(minute),
    said(api, day + minute, {
      DeviceName: 'hostb.corp.example',
      ActionComment: `${tagOf('r2')} | requested by A`,
    }),
    said(api, 2 * day + 2 * minute, { DeviceId: deviceId('hostc.corp.example'), DeviceName: undefined }),
    chatter(3 * day),
  ];
}

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
    const records = agreed();
    const run = bench.compare([bench.file('export', form(records)), ...window]);
    expect([run.code, run.out]).toEqual([
      0,
      expect.stringContaining('in both: 3 sessions (1 by device and time alone'),
    ]);
    expect(run.out).toContain('They agree.');
  });

  test('takes the times of its records where none are given, and says what that means at the edges', () => {
    const run = bench.compare([bench.file('export.csv', portalCsv(agreed()))]);
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
      const run = bench.compare([bench.file('export.csv', csv(agreed(), true))]);
      expect([run.code, run.out]).toEqual([
        0,
        expect.stringContaining('compared: 2026-01-04T12:00:00Z to 2026-01-08T12:00:00Z'),
      ]);
    });

    test('without one, no day is taken for a month: it is said, and no record gets a time that it has not', () => {
      const run = bench.compare([
        bench.file('export.csv', csv([...agreed(), chatter(20 * day)], false)),
        ...window,
      ]);
      expect(run.out).toContain('has times with the day before the month (1 that cannot be meant otherwise)');
      // The one that only device and time could tell is nobody's now, and not another day's.
      expect([run.code, run.out]).toEqual([1, expect.stringContaining('in both: 2 sessions, ')]);
      expect(run.out).toMatch(/In the journal, and not in the export: 1\n.*request r3/);
      expect(run.out).toContain('at an unknown time  RunLiveResponseApi');
    });

    test('without one and without --from and --to, nobody knows what it covers', () => {
      const run = bench.compare([bench.file('export.csv', csv([...agreed(), chatter(20 * day)], false))]);
      expect([run.code, run.out]).toEqual([3, expect.stringContaining('nobody knows which time it covers')]);
    });

    test.each(['05/11/2026 9:00 AM', '2026-02-30', '2026-02-30T10:00Z', '11/05/2026'])(
      'and --from %s is no time at all',
      (from) => {
        const run = bench.compare([bench.file('export.csv', portalCsv(agreed())), '--from', from]);
        expect([run.code, run.out]).toEqual([
          2,
          expect.stringContaining(`--from ${from} is no time: write it in UTC`),
        ]);
      },
    );
  });

  test('with a column twice, of which one is empty, is read', () => {
    const [head = '', ...lines] = portalCsv(agreed()).split('\r\n');
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

describe('what is in the export alone', () => {
  const extra = (more: Said, operation = api): { readonly code: number | null; readonly out: string } =>
    bench.compare([
      bench.file('export.csv', portalCsv([...agreed(), said(operation, 3 * day, more)])),
      ...window,
    ]);

  test.each<readonly [string, Said]>([
    ['with our application id', { DeviceName: 'hostz', ActionComment: 'hello' }],
    [
      'with a tag of ours that the journal does not know',
      { UserId: 'x@corp.example', UserKey: '1', ActionComment: 'lr:r9:fedcba9876543210 | requested by A' },
    ],
    [
      'with our application id as the user, and another application named too',
      { DeviceName: 'hostz', AppId: otherApp },
    ],
    ['with a field that names our application', { UserId: 'x', UserKey: '1', AppId: app }],
    ['with nothing but a device on which something ran days before', { UserId: '', UserKey: '' }],
  ])('a session by API %s alarms', (_name, more) => {
    const run = extra(more);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /^ALARM: sessions (?:by the bot’s own application|of which the log does not tell whose they are)/m,
      ),
    ]);
    expect(run.out).toContain('in both: 3 sessions');
  });

  test('a session in the portal, one of another application and one of a person by API are told apart from that, and count unless told otherwise', () => {
    const file = bench.file(
      'export.csv',
      portalCsv([
        ...agreed(),
        said('RunLiveResponseSession', 0, { UserId: 'ana@corp.example', UserKey: '2' }),
        said(api, 1, { UserId: 'soar', UserKey: '3', AppId: otherApp, ActionComment: 'playbook' }),
        said(api, 2, { UserId: 'ben@corp.example', UserKey: '4', ActionComment: 'by hand' }),
      ]),
    );
    const run = bench.compare([file, ...window]);
    expect(run.code).toBe(1);
    expect(run.out).not.toContain('ALARM');
    expect(run.out).toMatch(/^Sessions in the portal \(RunLiveResponseSession\).*: 1\n.*ana@corp\.example/m);
    // No record of the bot's names an application, but AZURE_CLIENT_ID does.
    expect(run.out).toMatch(/^Sessions by API of others than the bot: 2\n.*soar.*\n.*ben@corp\.example/m);
    expect(bench.compare([file, ...window, '--only-ours'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Sessions in the portal'),
    });
  });

  test('a second record with the tag of one attempt asks whether it ran twice', () => {
    const run = extra({ ActionId: actionId(7), ActionComment: `${tagOf('r1')} | requested by A` });
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /^ALARM: a second record for one attempt: look whether it ran twice: 1\n {2}request r1 on hosta\.corp\.example: /m,
      ),
    ]);
  });

  test('a session whose answer was lost and that was never found is told as arrived', () => {
    bench.journal({ id: 'r1', at: 0 });
    const run = bench.compare([
      bench.file(
        'export.csv',
        portalCsv([said(api, minute, { ActionComment: `${tagOf('r1')} | requested by A` })]),
      ),
      ...window,
    ]);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /^Arrived at Defender, though the journal only knows that it was sent: 1\n {2}request r1/m,
      ),
    ]);
    expect(run.out).toContain('the journal holds 4 lines, and 1 request sent to Defender');
  });

  test('one session is not taken for two records: what is left over alarms', () => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    const run = bench.compare([
      bench.file('export.csv', portalCsv([said(api, minute), said(api, 2 * minute)])),
      ...window,
    ]);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /in both: 1 session .*[\s\S]*ALARM: sessions by the bot’s own application, or with its tag, that the journal does not know: 1/,
      ),
    ]);
  });

  test('names and comments of strangers cannot move the cursor or write a line', () => {
    const run = extra({ DeviceName: 'x\u001b[2J\n\nThey agree.', ActionComment: 'y' });
    expect(run.out).toContain('\\u001b[2j\\u000a');
    expect(run.out).not.toMatch(/^They agree/m);
  });
});

describe('what is in the journal alone', () => {
  const sessions = [
    { id: 'r1', at: 0, action: actionId(1) },
    { id: 'r2', at: 10 * day, action: actionId(2), device: 'hostb' },
    { id: 'r3', at: 20 * day, action: actionId(3), device: 'hostc' },
  ] as const;

  test('and in the time of the export is missing, with its action and request; outside of it nothing is said of it', () => {
    bench.journal(...sessions);
    const run = bench.compare([
      bench.file('export.csv', portalCsv([said(api, 0, { ActionId: actionId(1) }), chatter(15 * day)])),
      '--from',
      '2026-01-05',
      '--to',
      '2026-01-20T12:00Z',
    ]);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(
          `^In the journal, and not in the export: 1\\n {2}2026-01-15T12:00:00Z {2}request r2 on hostb, action ${actionId(2)}$`,
          'm',
        ),
      ),
    ]);
    expect(run.out).toContain('not judged: 1 sessions outside that time');
  });

  test('and younger than the log’s delay is not called missing', () => {
    bench.journal(...sessions);
    const file = bench.file(
      'export.csv',
      portalCsv([
        said(api, 0, { ActionId: actionId(1) }),
        said(api, 10 * day, { ActionId: actionId(2), DeviceName: 'hostb' }),
        chatter(20 * day + minute),
      ]),
    );
    const exported = (noon + 20 * day + 20 * 60 * minute) / 1000;
    utimesSync(file, exported, exported);
    expect(bench.compare([file])).toMatchObject({
      code: 0,
      out: expect.stringContaining('not judged: 1 sessions of the last 24 hours before the file was written'),
    });
    const later = (noon + 22 * day) / 1000;
    utimesSync(file, later, later);
    expect(bench.compare([file])).toMatchObject({
      code: 1,
      out: expect.stringContaining('In the journal, and not in the export: 1'),
    });
  });

  test('because it ran on a simulated Defender, or in another tenant, is left out and counted', () => {
    bench.journal({ ...sessions[0], tenant: 'simulator' }, { ...sessions[1], tenant: otherApp }, sessions[2]);
    const file = bench.file(
      'export.csv',
      portalCsv([said(api, 20 * day, { ActionId: actionId(3), DeviceName: 'hostc' })]),
    );
    expect(bench.compare([file, ...window])).toMatchObject({
      code: 0,
      out: expect.stringContaining('left out: 2 requests of another tenant, or of a simulated Defender'),
    });
    expect(bench.compare([file, ...window, '--tenant', otherApp])).toMatchObject({
      code: 3,
      out: expect.stringContaining(`The export is of the tenant ${tenant}`),
    });
  });

  test('a record that names another device, comes an hour later, or has another comment, is not taken for it', () => {
    bench.journal(sessions[0]);
    for (const record of [
      said(api, minute, { DeviceName: 'hostb.corp.example' }),
      said(api, 60 * minute),
      said(api, minute, { ActionComment: 'by hand' }),
    ]) {
      expect(bench.compare([bench.file('export.csv', portalCsv([record])), ...window])).toMatchObject({
        code: 1,
        out: expect.stringMatching(/ALARM[\s\S]*In the journal, and not in the export: 1/),
      });
    }
  });
});

describe('records that only device and time could tell', () => {
  test.each<readonly [string, Said]>([
    ['a person', { UserId: 'ben@corp.example', UserKey: '4' }],
    ['another application', { UserId: 'soar', UserKey: '3', AppId: otherApp }],
  ])('one that names somebody else, %s, is not taken for a session of the bot', (_name, who) => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1) });
    const alone = bench.compare([bench.file('a.csv', portalCsv([said(api, 2 * minute, who)])), ...window]);
    expect([alone.code, alone.out]).toEqual([
      1,
      expect.stringMatching(
        /in both: 0 sessions[\s\S]*In the journal, and not in the export: 1[\s\S]*Sessions by API of others than the bot: 1/,
      ),
    ]);
    const both = bench.compare([
      bench.file('b.csv', portalCsv([said(api, 2 * minute, who), said(api, 3 * minute)])),
      ...window,
      '--only-ours',
    ]);
    expect([both.code, both.out]).toEqual([0, expect.stringContaining('in both: 1 session (1 by device')]);
  });

  test('in any order: the one that is farthest is left over', () => {
    bench.journal(
      { id: 'r1', at: 0, action: actionId(1) },
      { id: 'r2', at: 9 * minute, action: actionId(2) },
    );
    const records = [said(api, 5 * minute), said(api, 0), said(api, 9 * minute)];
    for (const given of [records, records.toReversed()]) {
      const run = bench.compare([bench.file('a.csv', portalCsv(given)), ...window]);
      expect([run.code, run.out]).toEqual([
        1,
        expect.stringMatching(/in both: 2 sessions [\s\S]*ALARM: [^\n]*: 1\n {2}2026-01-05T12:05:00Z/),
      ]);
    }
  });
});

describe('downloads', () => {
  const get = 'LiveResponseGetFile';

  test('of the bot’s sessions agree, those of others are told, and one of our application without a session alarms', () => {
    bench.journal({ id: 'r1', at: 0, action: actionId(1), link: 30 * minute });
    const records = [
      said(api, 0, { ActionId: actionId(1) }),
      said(get, 31 * minute, { FileName: 'dump.zip' }),
    ];
    expect(bench.compare([bench.file('a.csv', portalCsv(records)), ...window])).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 download'),
    });
    const others = bench.compare([
      bench.file(
        'b.csv',
        portalCsv([
          ...records,
          said(get, day, { FileName: 'dump.zip', UserId: 'ana@corp.example', UserKey: '1' }),
        ]),
      ),
      ...window,
    ]);
    expect([others.code, others.out]).toEqual([
      1,
      expect.stringMatching(/^Downloads by others than the bot: 1\n.*ana@corp\.example.*, file dump\.zip/m),
    ]);
    const alarm = bench.compare([
      bench.file('c.csv', portalCsv([...records, said(get, day, { DeviceName: 'hostz' })])),
      ...window,
      '--only-ours',
    ]);
    expect([alarm.code, alarm.out]).toEqual([
      1,
      expect.stringMatching(/^ALARM: downloads by the bot’s application/m),
    ]);
  });

  test('that are missing are told only where the export holds any of the bot’s', () => {
    bench.journal(
      { id: 'r1', at: 0, action: actionId(1), link: 30 * minute },
      { id: 'r2', at: day, action: actionId(2), link: day + 30 * minute, device: 'hostb' },
    );
    const records = [
      said(api, 0, { ActionId: actionId(1) }),
      said(api, day, { ActionId: actionId(2), DeviceName: 'hostb' }),
    ];
    expect(bench.compare([bench.file('a.csv', portalCsv(records)), ...window])).toMatchObject({
      code: 0,
      out: expect.stringContaining('not judged: links in the journal'),
    });
    expect(
      bench.compare([bench.file('b.csv', portalCsv([...records, said(get, 30 * minute)])), ...window]),
    ).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^Links in the journal without a download in the export: 1\n.*request r2/m),
    });
  });
});

describe('downloads of two requests on one device', () => {
  test('are each taken for the one whose link is nearest, so that no link is called missing', () => {
    bench.journal(
      { id: 'r1', at: 0, action: actionId(1), link: 30 * minute },
      { id: 'r2', at: day, action: actionId(2), link: day + 30 * minute },
    );
    const records = [
      said(api, 0, { ActionId: actionId(1) }),
      said(api, day, { ActionId: actionId(2) }),
      said('LiveResponseGetFile', 31 * minute),
      said('LiveResponseGetFile', day + 31 * minute),
    ];
    expect(bench.compare([bench.file('a.csv', portalCsv(records)), ...window])).toMatchObject({
      code: 0,
      out: expect.stringContaining('in both: 2 sessions, 2 downloads'),
    });
    const run = bench.compare([bench.file('b.csv', portalCsv(records.slice(0, 3))), ...window]);
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(/^Links in the journal without a download in the export: 1\n.*request r2/m),
    ]);
  });
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
    const records = agreed();
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
  const records = agreed();
  appendFileSync(join(bench.data, 'journal-000000001.ndjson'), '{"v":2,"seq":99,"re');
  expect(bench.compare([bench.file('export.csv', portalCsv(records)), ...window])).toMatchObject({ code: 0 });
});

test('200 MB are read in little memory, with a record of live response at the very end', () => {
  const records = agreed();
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
