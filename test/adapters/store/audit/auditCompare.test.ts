// The comparison itself, with journals and exports of a size that no program is started for.
import { expect, test } from '@jest/globals';
import { compare } from '../../../../src/adapters/store/audit/compare.ts';
import type { ExportRecord } from '../../../../src/adapters/store/audit/records.ts';
import type { JournalRequest } from '../../../../src/adapters/store/audit/sessions.ts';

test('a record is held against the requests on its own device alone: names are read so often as there are, not once for each pair', () => {
  const size = 400;
  let read = 0;
  const requests = Array.from({ length: size }, (_, n): JournalRequest => ({
    id: `r${n}`,
    tenant: 't',
    deviceId: `id${n}`,
    attempts: [],
    sessions: [{ actionId: `a${n}`, at: n }],
    links: [n],
    get deviceName() {
      read += 1;
      return `host${n}.corp.example`;
    },
  }));
  const record = (kind: ExportRecord['kind'], n: number): ExportRecord => ({
    kind,
    recordId: undefined,
    at: n,
    guids: new Set(),
    actionId: undefined,
    comment: undefined,
    deviceId: undefined,
    deviceName: `host${n}`,
    fileName: undefined,
    actors: [],
    appIds: [],
    tenant: undefined,
  });
  const found = compare({
    records: requests.flatMap((_, n) => [record('api', n), record('download', n)]),
    requests,
    from: 0,
    to: size,
    exportedAt: size,
    apps: [],
  });
  expect([found.both, found.byTime, found.downloads.both]).toEqual([size, size, size]);
  expect(read).toBeLessThan(20 * size);
});
