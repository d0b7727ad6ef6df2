// What older journals say was sent to Defender: no session of then is missing from the comparison.
import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { journalRequests } from '../../../../src/adapters/store/audit/sessions.ts';
import { realDisk } from '../../../../src/adapters/store/journal/disk.ts';
import { layOutRecord, recordedLines } from '../../../support/store/olderRecord.ts';

test.each(['unkeyed', 'keyed'] as const)('every session of the recorded folder "%s" is known', (name) => {
  const folder = layOutRecord(name);
  const known = journalRequests(realDisk, folder);
  rmSync(folder, { recursive: true });
  for (const type of ['submitted', 'adopted', 'foundAfterDrop']) {
    const lines = recordedLines(name).filter(({ event }) => event.type === type);
    expect(lines.length).toBeGreaterThan(0);
    for (const { request, event } of lines) {
      const found = known.find(({ id }) => id === request);
      const { id } = event['action'] as { readonly id: string };
      expect(found?.sessions.map(({ actionId }) => actionId)).toContain(id.toLowerCase());
    }
  }
  expect(known.filter(({ tenant, deviceId }) => tenant === '' || deviceId === '')).toEqual([]);
});
