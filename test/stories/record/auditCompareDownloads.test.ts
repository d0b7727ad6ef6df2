// Downloads that `npm run audit -- compare` holds against the links that were given out.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { actionId, auditBench, day, minute, portalCsv, said } from '../../support/store/auditLog.ts';
import type { AuditBench } from '../../support/store/auditLog.ts';
import { api, window } from '../../support/store/auditExports.ts';

let bench: AuditBench;
beforeEach(() => {
  bench = auditBench();
});
afterEach(() => {
  bench.close();
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
