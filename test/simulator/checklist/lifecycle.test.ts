// The checklist of docs/simulator.md, items 12 to 19: what becomes of a session.
import { expect, test } from '@jest/globals';
import {
  defender,
  dump,
  getFile,
  hello,
  minute,
  putFile,
  refusalOf,
  runScript,
  wholeSession,
} from '../defender.ts';
import type { ActionJson, Defender, ListJson } from '../defender.ts';

const states = (action: ActionJson): readonly string[] => [
  action.status,
  ...action.commands.map((command) => command.commandStatus),
];
const hour = 60 * minute;

/**
 * Every step of an action as somebody sees it who asks each `stepMs`: status and command states, with the
 * milliseconds since it was created.
 */
async function watched(
  tenant: Defender,
  id: string,
  stepMs: number,
): Promise<readonly (readonly [string, number])[]> {
  await tenant.set({ limits: { get: [] } });
  const began = tenant.now();
  const seen: [string, number][] = [];
  for (;;) {
    const action = await tenant.action(id);
    const face = states(action).join(' ');
    if (seen.at(-1)?.[0] !== face) seen.push([face, tenant.now() - began]);
    if (action.status === 'Succeeded' || action.status === 'Failed') return seen;
    tenant.pass(stepMs);
  }
}

test('10.12 an online device is Pending 120 to 155 s, works 1 to 3 s for a small command, and the action follows 37 to 46 s later; twenty times faster by flag; more states by setting', async () => {
  const tenant = await defender();
  const steps = await watched(tenant, (await tenant.start('hosta.corp.example', hello)).id, 500);
  expect(steps.map(([face]) => face)).toEqual([
    'Pending Created',
    'InProgress Created',
    'InProgress Completed',
    'Succeeded Completed',
  ]);
  const [, begun = 0, done = 0, over = 0] = steps.map(([, at]) => at);
  for (const [time, low, high] of [
    [begun, 120_000, 155_500],
    [done - begun, 500, 3_500],
    [over - done, 36_500, 46_500],
  ] as const) {
    expect(time).toBeGreaterThanOrEqual(low);
    expect(time).toBeLessThanOrEqual(high);
  }
  const fast = await defender({ deviceSpeed: 20 });
  const fastSteps = await watched(fast, (await fast.start('hosta.corp.example', hello)).id, 100);
  expect(fastSteps.at(-1)?.[1]).toBeLessThan(11_000);
  const connector = await defender({ profile: { commandStates: 'connector' } });
  const faces = (
    await watched(connector, (await connector.start('hosta.corp.example', [...hello, ...dump])).id, 250)
  )
    .map(([face]) => face)
    .join('\n');
  for (const state of ['Submitted', 'PendingResource', 'Executing']) expect(faces).toContain(state);
});

test.each([
  ['3 days', {}, 72 * hour, 'TimeOut'],
  ['2 hours', { offlineQueueMs: 2 * hour, offlineEnd: 'Failed' }, 2 * hour, 'Failed'],
] as const)(
  '10.13 an offline device keeps its session Pending until it is online, or for %s, after which its commands stay Created',
  async (_, setting, queueMs, end) => {
    const tenant = await defender();
    await tenant.set(setting);
    const { id } = await tenant.start('laptop7.corp.example');
    tenant.pass(queueMs - 1);
    expect(states(await tenant.action(id))).toEqual(['Pending', 'Created']);
    tenant.pass(1);
    expect(states(await tenant.action(id))).toEqual([end, 'Created']);
    const second = await tenant.start('laptop7.corp.example');
    await tenant.setDevice('laptop7.corp.example', { online: true });
    tenant.pass(wholeSession);
    expect((await tenant.action(second.id)).status).toBe('Succeeded');
  },
);

test('10.14 a script of more than 600 s fails its command with an error, and the action', async () => {
  const tenant = await defender({ profile: { pendingMs: [0, 0] } });
  await tenant.setDevice('hosta.corp.example', { scriptMs: 601_000 });
  await tenant.setDevice('hostb.corp.example', { scriptMs: 599_000 });
  const [long, short] = [await tenant.start('hosta.corp.example'), await tenant.start('hostb.corp.example')];
  tenant.pass(599_999);
  expect(states(await tenant.action(long.id))).toEqual(['InProgress', 'Created']);
  tenant.pass(minute);
  const action = await tenant.action(long.id);
  expect([states(action), action.commands[0]?.errors]).toEqual([
    ['Failed', 'Failed'],
    ['Script execution timed out after 10 minutes.'],
  ]);
  expect(states(await tenant.action(short.id))).toEqual(['Succeeded', 'Completed']);
  await tenant.set({ scriptTimeoutMs: 700_000 });
  const again = await tenant.start('hosta.corp.example');
  tenant.pass(12 * minute);
  expect((await tenant.action(again.id)).status).toBe('Succeeded');
});

test('10.15 after a failed command the later ones never run and stay Created, and the action is Failed; with the error text the device is given', async () => {
  const tenant = await defender();
  const commands = [
    putFile('triage.zip'),
    runScript('nosuch.ps1'),
    runScript('minidump.ps1', 'x'),
    getFile('C:\\Windows\\win.ini'),
  ];
  await tenant.setDevice('hosta.corp.example', { errorText: 'Line 1\r\n<!channel> 0x80070005' });
  const { id } = await tenant.start('hosta.corp.example', commands);
  tenant.pass(wholeSession);
  const action = await tenant.action(id);
  expect(states(action)).toEqual(['Failed', 'Completed', 'Failed', 'Created', 'Created']);
  expect(action.commands[1]?.errors).toEqual(['Line 1\r\n<!channel> 0x80070005']);
  expect(action.commands[2]).toMatchObject({ startTime: null, endTime: null, errors: [] });
  expect(tenant.tenant.device('hosta.corp.example')?.files).toHaveLength(1);
  await tenant.set({ afterFailure: 'failed' });
  const other = await tenant.start('hosta.corp.example', commands);
  tenant.pass(wholeSession);
  expect(states(await tenant.action(other.id))).toEqual([
    'Failed',
    'Completed',
    'Failed',
    'Failed',
    'Failed',
  ]);
});

test('10.16 a script with an exit code leaves its command Completed; Failed by setting; unsigned scripts and files in use fail where set so', async () => {
  const tenant = await defender();
  const outcome = async (...commands: readonly object[]): Promise<ActionJson> => {
    const { id } = await tenant.start('hosta.corp.example', commands);
    tenant.pass(wholeSession);
    return tenant.action(id);
  };
  expect(states(await outcome(runScript('exit3.ps1')))).toEqual(['Succeeded', 'Completed']);
  await tenant.set({ nonZeroExit: 'failed' });
  expect(states(await outcome(runScript('exit3.ps1')))).toEqual(['Failed', 'Failed']);
  await tenant.set({ unsignedScripts: 'fail' });
  expect((await outcome(runScript('collect.ps1'))).commands[0]?.errors[0]).toMatch(/not signed/);
  // The shipped scripts are unsigned, all of them; other scripts than PowerShell's need no signature.
  expect(states(await outcome(runScript('minidump.ps1', 'x')))).toEqual(['Failed', 'Failed']);
  expect(states(await outcome(runScript('hello.sh')))).toEqual(['Succeeded', 'Completed']);
  await tenant.setDevice('hosta.corp.example', { lockedFiles: ['C:\\Windows\\System32\\config\\SAM'] });
  expect((await outcome(getFile('C:\\windows\\system32\\config\\sam'))).commands[0]?.errors[0]).toMatch(
    /being used by another process/,
  );
});

test('10.17 startTime is null on some Completed commands, timestamps have 2 to 7 fraction digits, lastUpdateDateTimeUtc moves on each change', async () => {
  const tenant = await defender({
    extraDevices: 30,
    profile: { limits: { run: [], get: [] }, maxSessions: 99 },
  });
  const { id } = await tenant.start('hosta.corp.example', dump);
  const updates = new Set<string>();
  const faces = new Set<string>();
  for (let seconds = 0; seconds < 300; seconds += 1) {
    const action = await tenant.action(id);
    updates.add(action.lastUpdateDateTimeUtc);
    faces.add(states(action).join());
    tenant.pass(1_000);
  }
  expect(faces.size).toBe(5);
  expect(updates.size).toBe(5);
  const started = async (): Promise<readonly boolean[]> =>
    (await tenant.action(id)).commands.map((command) => command.startTime !== null);
  expect(await started()).toEqual([true, false]);
  await tenant.set({ startTimes: 'all' });
  expect(await started()).toEqual([true, true]);
  await tenant.set({ startTimes: 'none' });
  expect(await started()).toEqual([false, false]);
  for (let number = 1; number <= 30; number += 1)
    await tenant.start(`load${String(number).padStart(3, '0')}.corp.example`);
  const digits = async (): Promise<readonly number[]> => {
    const { value } = await tenant.get<ListJson<ActionJson>>(
      "/api/machineactions?$filter=type eq 'LiveResponse'",
    );
    return [
      ...new Set(value.map((action) => (/\.(\d+)Z$/.exec(action.creationDateTimeUtc)?.[1] ?? '').length)),
    ].sort();
  };
  expect(await digits()).toEqual([2, 3, 4, 5, 6, 7]);
  await tenant.set({ fractionDigits: [0, 0] });
  expect(await digits()).toEqual([0]);
});

test('10.18 a status nobody has seen, of the action or of a command, and unknown fields appear on demand', async () => {
  const tenant = await defender();
  const { id } = await tenant.start('hosta.corp.example', dump);
  await tenant.plant(
    { what: 'unknownStatus', value: 'Suspended' },
    { what: 'unknownCommandStatus', value: 'Hibernating' },
    { what: 'extraFields' },
  );
  const {
    value: [strange],
  } = await tenant.get<ListJson<ActionJson>>('/api/machineactions');
  expect(strange).toMatchObject({
    id,
    status: 'Suspended',
    sessionRegion: 'weu',
    commands: [{ commandStatus: 'Hibernating' }, { commandStatus: 'Hibernating' }],
  });
  expect(states(await tenant.action(id))).toEqual(['Pending', 'Created', 'Created']);
});

test('10.19 a session opened in the portal blocks the device and is not in the list; one of another application blocks it and is', async () => {
  const tenant = await defender();
  const listed = async (): Promise<readonly ActionJson[]> =>
    (await tenant.get<ListJson<ActionJson>>("/api/machineactions?$filter=type eq 'LiveResponse'")).value;
  await tenant.setDevice('hosta.corp.example', { portalSession: true });
  expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('400 ActiveRequestAlreadyExists');
  expect(await listed()).toEqual([]);
  await tenant.setDevice('hosta.corp.example', { portalSession: false });
  const planted = await tenant.post('/simulator/actions', {
    device: 'hosta.corp.example',
    requestor: 'SOAR playbook',
    comment: 'triage',
    createdAgoMs: 60_000,
  });
  expect(planted.status).toBe(201);
  expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('400 ActiveRequestAlreadyExists');
  expect(await listed()).toMatchObject([
    { requestor: 'SOAR playbook', requestorComment: 'triage', status: 'Pending' },
  ]);
  expect(tenant.tenant.submissions).toEqual([]);
  tenant.pass(wholeSession);
  expect((await listed()).map((action) => action.status)).toEqual(['Succeeded']);
  await tenant.start('hosta.corp.example');
});
