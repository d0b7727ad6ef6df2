// What is sent home and what is printed hold nothing of a tenant's own: secrets are planted wherever a tenant
// could have one, over HTTP.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Redactor } from '../../src/acceptance/redaction.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { fixtureIn, startAcceptance } from '../support/programs/acceptanceRun.ts';
import { changedAnswers } from '../support/defender/changedAnswers.ts';
import type { ChangedAnswers } from '../support/defender/changedAnswers.ts';

let folder = '';
let simulator: Simulator;
let proxy: ChangedAnswers | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lr-redaction-'));
  mkdirSync(join(folder, 'out'));
  simulator = await startSimulator({ deviceSpeed: 100 });
});
afterEach(async () => {
  await proxy?.close();
  await simulator.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Each in another place, each with letters enough to be found again. */
const planted = {
  requestor: 'svc-zanzibar@contoso.example',
  portalUser: 'quetzal.admin@contoso.example',
  comment: 'case Wolpertinger 4711',
  error: 'C:\\Users\\yggdrasil\\secret.docx is blocked',
  transcript: 'password=Kassandra99',
  tag: 'crown-jewel-vault',
  group: 'Board Members Zurich',
  internalIp: '10.77.66.55',
  externalIp: '198.51.100.77',
  mac: 'DEADBEEF0042',
  header: 'tenant-zephyr-17',
  field: 'the value of a Rumpelstilz field',
  number: 987_654_321,
  key: 'Hieronymus has a field of this name',
  target: 'aaaabbbb-cccc-4ddd-8eee-ffff00001111',
  library: 'HeinzelmannTool.ps1',
  librarian: 'lorelei@contoso.example',
  word: 'Zaphod77',
} as const;

/** An answer of Defender's with what is planted in it. */
function plant(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plant);
  if (typeof value !== 'object' || value === null) return value;
  const all = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plant(inner)]));
  if ('commandStatus' in all && all['commandStatus'] === 'Completed') all['errors'] = [planted.error];
  if ('requestor' in all)
    Object.assign(all, {
      requestor: planted.requestor,
      externalId: planted.word,
      [planted.key]: planted.field,
      zone: { inner: [planted.field, planted.number] },
      troubleshootInfo: planted.error,
      title: planted.portalUser,
    });
  if ('requestor' in all && all['type'] !== 'LiveResponse') all['requestorComment'] = planted.comment;
  if ('computerDnsName' in all && 'osPlatform' in all)
    Object.assign(all, {
      lastExternalIpAddress: planted.externalIp,
      ipAddresses: [{ ipAddress: planted.internalIp, macAddress: planted.mac, type: 'Ethernet' }],
      vmMetadata: { resourceId: planted.group },
      managedBy: planted.group,
      deviceValue: 'Riley',
      Avery: 1,
    });
  if ('createdBy' in all)
    Object.assign(all, {
      createdBy: planted.librarian,
      description: planted.comment,
      ...(all['fileName'] === 'exit3.ps1' ? { fileName: planted.library } : {}),
    });
  if ('target' in all) Object.assign(all, { target: planted.target, message: planted.error });
  return all;
}

/** What is planted is made of these words; and what the simulated tenant itself is called by. */
const plantedWords = [
  'zanzibar',
  'quetzal',
  'Wolpertinger',
  '4711',
  'yggdrasil',
  'Kassandra',
  'Zurich',
  'zephyr',
  'Rumpelstilz',
  'Hieronymus',
  'Heinzelmann',
  'lorelei',
  'contoso',
  'Zaphod',
  'hosta',
  'corp.example',
  'Riley',
  'Avery',
  'responder1',
  'approver1',
  'Workstations',
  'acceptance run',
];

test('secrets in comments, errors, transcripts, devices, headers, odd fields and the library are neither in the fixture nor in the table', async () => {
  simulator.tenant.changeDevice('hosta.corp.example', {
    tags: [planted.tag],
    ip: planted.internalIp,
    scriptOutput: planted.transcript,
  });
  proxy = await changedAnswers(simulator.url, (passing) => {
    passing.headers['x-served-for'] = planted.header;
    passing.body = plant(passing.body);
  });
  const run = startAcceptance(
    ['--device', 'hosta', '--play', '--data', join(folder, 'data'), '--out', join(folder, 'out')],
    {
      DEFENDER_API_URL: proxy.url,
      DEFENDER_AUTH: 'none',
      LR_POLL_MS: '200',
      LR_CALLS_PER_MINUTE: '10000',
      LR_CALLS_PER_HOUR: '100000',
    },
  );
  await run.ended;
  const { text: fixture, json } = fixtureIn(join(folder, 'out'));
  const table = run.text().slice(run.text().indexOf('The main job'));
  expect(table).toMatch(/assumption/);

  const links = simulator.tenant.actions().map((action) => action.id);
  const secrets = [
    ...Object.values(planted).map(String),
    ...links,
    ...plantedWords,
    simulator.tenant.device('hosta.corp.example')?.id ?? 'no such device',
    new URL(simulator.url).port,
    new URL(simulator.blobUrl).port,
  ];
  for (const text of [fixture, table])
    expect(secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()))).toEqual([]);
  // Not a character of a signature, and no moment of today.
  expect(fixture).toMatch(/sig=<\d+ characters>/);
  expect(fixture).not.toMatch(/sig=(?!<)/);
  expect(fixture.replace(/"acceptance [^"]*"/, '')).not.toContain(new Date().toISOString().slice(0, 7));
  // And all the same it tells what there was.
  expect(json.measures.find((one) => one.name === 'fields.action')?.tenant).toMatch(
    /new: \(odd name\), zone/,
  );
  expect(fixture).toContain('"commandStatus": "Completed"');
  expect(fixture).toContain('"ScriptName"');
  expect(fixture).toMatch(/<text \d+: 28 characters, xxx-xxxxxxxx@xxxxxxx\.xxxxxxx>/);
  expect(json.exchanges.length).toBeGreaterThan(8);
});

test('stays the same for the same, keeps forms, and knows the families of hosts and nothing else of them', () => {
  const redactor = new Redactor(Date.parse('2026-11-29T10:00:00.500Z'));
  const of = (value: unknown): unknown => redactor.json(value);
  expect(of({ a: 'x@y.example', b: 'x@y.example', c: 'z@y.example' })).toEqual({
    a: '<text 1: 11 characters, x@x.xxxxxxx>',
    b: '<text 1: 11 characters, x@x.xxxxxxx>',
    c: '<text 2: 11 characters, x@x.xxxxxxx>',
  });
  expect(
    of({ lastUpdateDateTimeUtc: '2026-11-29T10:02:03.1234567Z', endTime: '0001-01-01T00:00:00Z' }),
  ).toEqual({ lastUpdateDateTimeUtc: '2000-01-01T00:02:03.1234567Z', endTime: '0001-01-01T00:00:00Z' });
  expect(of({ status: 'Paused', healthStatus: 'NoSensorData', osPlatform: 'WindowsServer2022' })).toEqual({
    status: 'Paused',
    healthStatus: 'NoSensorData',
    osPlatform: 'WindowsServer2022',
  });
  expect(of({ status: 'Anna Bloom', code: 'no word 12' })).toEqual({
    status: '<text 3: 10 characters, Xxxx Xxxxx>',
    code: '<text 4: 10 characters, xx xxxx 99>',
  });
  const url = (text: string): string => redactor.url(new URL(text));
  expect(
    url(
      'https://acmestore17.z12.blob.storage.azure.net/results/acme.zip?sv=2021-01-01&se=2026-11-29T10:30:00Z&sp=r&sig=aB%2Bc',
    ),
  ).toBe(
    'https://host1.z12.blob.storage.azure.net/<text 5: 7 characters, xxxxxxx>/<text 6: 8 characters, xxxx.xxx>?sv=2021-01-01&se=2000-01-01T00:30:00Z&sp=r&sig=<4 characters>',
  );
  expect(
    url(
      'https://api-us3.securitycenter.microsoft.com/api/machineactions?$filter=machineId%20eq%20%27abc%27&$skip=50',
    ),
  ).toBe(
    "https://api-us3.securitycenter.microsoft.com/api/machineactions?$filter=machineId eq '<text 7: 3 characters, xxx>'&$skip=50",
  );
  expect(url('https://gateway.acme.example:8443/api/v1.0/machines')).toBe(
    'https://host2.example/api/v1.0/machines',
  );
  expect(url('https://acme.securitycenter.microsoft.com/')).toBe(
    'https://host3.securitycenter.microsoft.com/',
  );
});
