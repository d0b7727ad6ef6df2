// Exports of the tenant's audit log: whatever file is named is records, or a sentence about what is wrong with it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExport } from '../../../src/adapters/store/audit/readExport.ts';
import { ExportUnreadable } from '../../../src/adapters/store/audit/records.ts';
import { cmdletCsv, graphJson, huntingCsv, portalCsv, said } from '../../support/store/auditLog.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const folder = mkdtempSync(join(tmpdir(), 'lr-fuzz-'));
const path = join(folder, 'export');
const records = [said('RunLiveResponseApi', 1), said('CancelledLiveResponse', 2, { Comment: 'a "b", c' })];

export const auditExport: Target = {
  name: 'auditExport',
  form: 'text',
  seeds: [
    ...bytesOf(
      portalCsv(records),
      portalCsv(records, ';'),
      cmdletCsv(records),
      huntingCsv(records),
      graphJson(records),
      JSON.stringify(records),
      records.map((one) => JSON.stringify(one)).join('\n'),
      'sep=;\n#TYPE x\nCreationDate;Operations;AuditData\n',
    ),
    Buffer.from(`\ufeff${portalCsv(records)}`, 'utf16le'),
  ],
  words: [
    '"',
    '""',
    ',',
    ';',
    '\t',
    '\r\n',
    'sep=;\n',
    '#TYPE x\n',
    'AuditData',
    'Operation',
    '{',
    '}',
    '[',
    ']',
    '\\"',
    'ResultCount',
    '@odata.nextLink',
  ],
  // By a program of its own, not by the bot: one part of a stream keeps nobody waiting.
  most: 64 * 1024,
  large: (dice) =>
    filled(
      64 * 1024,
      dice.pick(['"', '{"a":1}', '[', 'a,b\n', 'a', '""', '{', '#TYPE x\n', ',', '\n']),
      dice.pick(['', '[', 'CreationDate,AuditData\n', portalCsv(records)]),
    ),
  run: async (input) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, input);
    try {
      const read = await readExport(path);
      check(read.records.length <= read.rows, 'there are more records than rows');
      return read;
    } catch (error) {
      if (!(error instanceof ExportUnreadable)) throw error;
      check(error.message.length < 1_000, 'what is wrong is told without bounds');
      return error.message;
    }
  },
  close: () => {
    rmSync(folder, { recursive: true, force: true });
    return Promise.resolve();
  },
};
