// Sessions that only the export or only the journal holds: `npm run audit -- compare` passes over none.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utimesSync } from 'node:fs';
import {
  actionId,
  app,
  auditBench,
  chatter,
  day,
  minute,
  noon,
  otherApp,
  portalCsv,
  said,
  tagOf,
  tenant,
} from '../../support/store/auditLog.ts';
import type { AuditBench, Said } from '../../support/store/auditLog.ts';
import { agreed, api, window } from '../../support/store/auditExports.ts';

let bench: AuditBench;
beforeEach(() => {
  bench = auditBench();
});
afterEach(() => {
  bench.close();
});

describe('what is in the export alone', () => {
  const extra = (more: Said, operation = api): { readonly code: number | null; readonly out: string } =>
    bench.compare([
      bench.file('export.csv', portalCsv([...agreed(bench), said(operation, 3 * day, more)])),
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
        ...agreed(bench),
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
