// Exports of a tenant's audit log, made by us in every form that is known from public material, and a journal
// to hold them against.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { noHead } from '../../../src/adapters/store/journal/line.ts';
import type { Event } from '../../../src/liveResponse/request/events.ts';
import { actionOf, approved, askedOf, lineAfter, noon, peopleIn } from '../../adapters/store/sample.ts';
import { root } from '../root.ts';
import { testKeyText } from './testKeys.ts';

export const tenant = '11111111-2222-4333-8444-555555555555';
export const app = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const otherApp = '99999999-7777-4888-8999-aaaaaaaaaaaa';
export const minute = 60_000;
export const day = 24 * 60 * minute;
export { noon };

/** A request of the journal that reached Defender, `at` milliseconds after noon. */
export interface Sent {
  readonly id: string;
  readonly at: number;
  /** Absent: the answer was lost, and the action never found. */
  readonly action?: string;
  readonly device?: string;
  readonly tenant?: string;
  readonly link?: number;
}

export const actionId = (n: number): string => `0000000${n}-aaaa-4bbb-8ccc-dddddddddddd`.slice(-36);
export const deviceId = (name: string): string =>
  Buffer.from(name.padEnd(20, '.')).toString('hex').slice(0, 40);
export const tagOf = (id: string): string => `lr:${id}:0123456789abcdef`;

/** Fields of a record of live response; what is undefined is left out. */
export type Said = Readonly<Record<string, unknown>>;

export interface AuditBench {
  readonly dir: string;
  readonly data: string;
  readonly journal: (...sent: readonly Sent[]) => void;
  /** Writes an export, `age` milliseconds old (60 days after noon when not given). */
  readonly file: (name: string, content: string | Uint8Array) => string;
  readonly compare: (
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => { readonly code: number | null; readonly out: string };
  readonly close: () => void;
}

export function auditBench(): AuditBench {
  const dir = mkdtempSync(join(tmpdir(), 'lr-audit-'));
  const data = join(dir, 'data');
  mkdirSync(data);
  return {
    dir,
    data,
    journal(...sent) {
      const people = peopleIn(realDisk, data);
      let head = noHead;
      let text = '';
      const add = (request: string, at: number, event: Event): void => {
        const line = lineAfter(head, { at, request, event }, people);
        head = line.head;
        text += `${line.text}\n`;
      };
      for (const {
        id,
        at: after,
        action,
        device = 'hosta.corp.example',
        tenant: of = tenant,
        link,
      } of sent) {
        const at = noon + after;
        add(id, at - minute, {
          type: 'asked',
          request: askedOf(id, {
            tenant: of,
            device: { ...askedOf(id).targets[0].device, id: deviceId(device), name: device },
          }),
        });
        add(id, at - minute, approved);
        add(id, at, { type: 'claimed', attempt: { nonce: '0123456789abcdef', tag: tagOf(id), at } });
        if (action === undefined) {
          add(id, at, { type: 'lost' });
          continue;
        }
        add(id, at, {
          type: 'submitted',
          action: { ...actionOf(action), createdAt: at, comment: tagOf(id) },
          deadline: at + day,
        });
        if (link !== undefined)
          add(id, noon + link, {
            type: 'linkMinted',
            link: { index: 1, at: noon + link, expiresAt: noon + link + minute },
            onCard: true,
          });
      }
      writeFileSync(join(data, 'journal-000000001.ndjson'), text);
    },
    file(name, content) {
      const path = join(dir, name);
      writeFileSync(path, content);
      const at = (noon + 60 * day) / 1000;
      utimesSync(path, at, at);
      return path;
    },
    compare(words, env = {}) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(root, 'dist', 'src', 'cli', 'audit.js'), 'compare', ...words],
        {
          cwd: dir,
          encoding: 'utf8',
          maxBuffer: 64 * 1024 * 1024,
          env: {
            PATH: process.env['PATH'] ?? '',
            LR_ENV_FILE: 'off',
            LR_DATA_DIR: data,
            LR_JOURNAL_KEY: testKeyText,
            AZURE_TENANT_ID: tenant,
            AZURE_CLIENT_ID: app,
            ...env,
          },
        },
      );
      return { code: status, out: `${stdout}${stderr}` };
    },
    close() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

let made = 0;

/**
 * What AuditData of a live response record holds, as far as public material shows it. `after`: milliseconds
 * after noon.
 */
export function said(operation: string, after: number, more: Said = {}): Said {
  made += 1;
  return {
    Id: `${String(made).padStart(8, '0')}-1111-4222-8333-444444444444`,
    RecordType: 182,
    CreationTime: new Date(noon + after).toISOString().slice(0, 19),
    Operation: operation,
    OrganizationId: tenant,
    UserType: 0,
    UserKey: app,
    Workload: 'MicrosoftDefenderForEndpoint',
    UserId: app,
    DeviceName: 'hosta.corp.example',
    ...more,
  };
}

/** Of another workload, and not of live response. */
export function chatter(after: number): Said {
  return said('FileAccessed', after, {
    Workload: 'OneDrive',
    UserId: 'ana@corp.example',
    ObjectId: 'https://corp.example/a, "b";\nc',
  });
}

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** As "Download all results" of the Purview portal gives it. */
export function portalCsv(records: readonly Said[], separator = ','): string {
  const lines = records.map((one) =>
    [
      one['Id'],
      `${String(one['CreationTime'])}.0000000Z`,
      one['RecordType'],
      one['Operation'],
      one['UserId'],
      quoted(JSON.stringify(one)),
      '',
      '',
    ].join(separator),
  );
  return [
    [
      'RecordId',
      'CreationDate',
      'RecordType',
      'Operation',
      'UserId',
      'AuditData',
      'AssociatedAdminUnits',
      'AssociatedAdminUnitsNames',
    ].join(separator),
    ...lines,
    '',
  ].join('\r\n');
}

/** As Search-UnifiedAuditLog | Export-Csv of Windows PowerShell writes it. */
export function cmdletCsv(records: readonly Said[]): string {
  const us = (text: unknown): string => {
    const date = new Date(`${String(text)}Z`);
    return `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()} ${date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12}:${String(date.getUTCMinutes()).padStart(2, '0')}:00 ${date.getUTCHours() < 12 ? 'AM' : 'PM'}`;
  };
  const lines = records.map((one) =>
    [
      'MSDEResponseActions',
      us(one['CreationTime']),
      String(one['UserId']),
      String(one['Operation']),
      JSON.stringify({ ...one, CreationTime: undefined }),
      '1',
      '1',
      String(one['Id']),
      'True',
      'Unchanged',
    ]
      .map(quoted)
      .join(','),
  );
  return [
    '#TYPE Deserialized.Microsoft.Exchange.Data.ApplicationLogic.UnifiedAuditLogEvent',
    '"RecordType","CreationDate","UserIds","Operations","AuditData","ResultIndex","ResultCount","Identity","IsValid","ObjectState"',
    ...lines,
    '',
  ].join('\r\n');
}

/** As advanced hunting exports CloudAppEvents. */
export function huntingCsv(records: readonly Said[]): string {
  return [
    'Timestamp,ActionType,Application,AccountDisplayName,RawEventData,ReportId',
    ...records.map(
      (one) =>
        `${String(one['CreationTime'])}.000Z,${String(one['Operation'])},Microsoft 365,,${quoted(JSON.stringify(one))},x_${String(one['Id'])}`,
    ),
    '',
  ].join('\n');
}

/** As Graph's audit log query answers. */
export function graphJson(records: readonly Said[]): string {
  return JSON.stringify({
    '@odata.context': 'https://graph.microsoft.com/beta/$metadata',
    value: records.map((one) => ({
      id: one['Id'],
      createdDateTime: `${String(one['CreationTime'])}Z`,
      auditLogRecordType: 'MSDEResponseActions',
      operation: one['Operation'],
      organizationId: one['OrganizationId'],
      userPrincipalName: one['UserId'],
      service: 'MicrosoftDefenderForEndpoint',
      auditData: { '@odata.type': '#microsoft.graph.security.msdeResponseActionsAuditRecord', ...one },
    })),
  });
}
