// What happens to a session as time passes: the field's timings, failures, offline devices, cancel.
import { describe, expect, test } from '@jest/globals';
import {
  defender,
  dump,
  dumpPath,
  getFile,
  hello,
  json,
  minute,
  putFile,
  refusalOf,
  runScript,
  wholeSession,
} from './defender.ts';
import type { ActionJson, Defender } from './defender.ts';

/** Moves on second by second until the action has the status; returns the seconds it took. */
async function secondsUntil(
  tenant: Defender,
  id: string,
  reached: (action: ActionJson) => boolean,
): Promise<number> {
  tenant.tenant.change({ limits: { get: [] } });
  for (let seconds = 0; seconds < 1_000; seconds += 1) {
    if (reached(await tenant.action(id))) return seconds;
    tenant.pass(1_000);
  }
  throw new Error('It never happens.');
}
const commandStates = (action: ActionJson): readonly string[] =>
  action.commands.map((command) => command.commandStatus);

describe('a session on an online device', () => {
  test('is pending for about two minutes, works for seconds, and succeeds some 40 s after its last command', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example', dump);
    const pending = await secondsUntil(tenant, id, (action) => action.status === 'InProgress');
    expect(pending).toBeGreaterThanOrEqual(120);
    expect(pending).toBeLessThanOrEqual(156);
    expect(
      await secondsUntil(tenant, id, (action) =>
        commandStates(action).every((status) => status === 'Completed'),
      ),
    ).toBeLessThanOrEqual(10);
    expect((await tenant.action(id)).status).toBe('InProgress');
    const settling = await secondsUntil(tenant, id, (action) => action.status === 'Succeeded');
    expect(settling).toBeGreaterThanOrEqual(36);
    expect(settling).toBeLessThanOrEqual(46);
  });

  test('comes out the same whether one asks often or once', async () => {
    const often = await defender();
    const once = await defender();
    // The same action in both: the second one starts from the first one's state.
    const { id } = await often.start('hosta.corp.example', dump);
    const saved = often.tenant.action(id);
    if (saved === undefined) throw new Error('The action is gone.');
    once.tenant.keepAction(saved);
    await secondsUntil(often, id, (action) => action.status === 'Succeeded');
    once.pass(often.now() - once.now());
    expect(once.tenant.action(id)).toEqual(often.tenant.action(id));
  });

  test('shows the second command as created while the first one runs', async () => {
    const tenant = await defender({ profile: { commandMs: [minute, minute], pendingMs: [1_000, 1_000] } });
    const { id } = await tenant.start('hosta.corp.example', [runScript('collect.ps1'), ...dump]);
    tenant.pass(62_000);
    const action = await tenant.action(id);
    expect(commandStates(action)).toEqual(['Completed', 'Created', 'Created']);
    expect(action.commands.map((command) => command.startTime !== null)).toEqual([true, true, false]);
    tenant.tenant.change({ commandStates: 'connector' });
    expect(commandStates(await tenant.action(id))).toEqual(['Completed', 'Executing', 'Submitted']);
  });

  test('takes a part of the time when devices are faster', async () => {
    const tenant = await defender({ deviceSpeed: 20 });
    const { id } = await tenant.start('hosta.corp.example', dump);
    expect(await secondsUntil(tenant, id, (action) => action.status === 'Succeeded')).toBeLessThan(12);
  });

  test('moves lastUpdateDateTimeUtc, in timestamps of 2 to 7 fraction digits', async () => {
    const tenant = await defender({ extraDevices: 40, profile: { limits: { run: [] }, maxSessions: 99 } });
    const digits = new Set<number>();
    for (const device of tenant.tenant.devices().filter(({ name }) => name.startsWith('load'))) {
      const { id } = await tenant.start(device.name);
      const before = await tenant.action(id);
      digits.add(before.creationDateTimeUtc.split('.')[1]?.length ?? 0);
    }
    expect([...digits].sort()).toEqual([3, 4, 5, 6, 7, 8]);
    const last = tenant.tenant.actions()[0]?.id ?? '';
    const before = await tenant.action(last);
    tenant.pass(wholeSession);
    expect(Date.parse((await tenant.action(last)).lastUpdateDateTimeUtc)).toBeGreaterThan(
      Date.parse(before.lastUpdateDateTimeUtc),
    );
  });
});

describe('a session that fails', () => {
  const failed = async (device: string, commands: readonly object[], profile = {}): Promise<ActionJson> => {
    const tenant = await defender({ profile });
    const { id } = await tenant.start(device, commands);
    tenant.pass(20 * minute);
    return tenant.action(id);
  };

  test('leaves the commands after the failed one created', async () => {
    const action = await failed('broken1.corp.example', dump);
    expect([action.status, ...commandStates(action)]).toEqual(['Failed', 'Failed', 'Created']);
    expect(action.commands[0]?.errors[0]).toMatch(/Failed to execute/);
  });

  test.each([
    ['an unknown script', [runScript('nosuch.ps1')], /nosuch\.ps1.*not found in the library/],
    ['an unknown library file', [putFile('nosuch.zip')], /nosuch\.zip.*not found in the library/],
    ['a file nobody made', [getFile(dumpPath)], /File not found/],
  ])('names %s in its errors', async (_, commands, message) => {
    const action = await failed('hosta.corp.example', commands);
    expect(action.status).toBe('Failed');
    expect(action.commands[0]?.errors[0]).toMatch(message);
  });

  test('fails after the ten minutes a script has', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('slow1.corp.example', dump);
    tenant.pass(12 * minute);
    expect(commandStates(await tenant.action(id))).toEqual(['Created', 'Created']);
    tenant.pass(2 * minute);
    const action = await tenant.action(id);
    expect([action.status, ...commandStates(action)]).toEqual(['Failed', 'Failed', 'Created']);
    expect(action.commands[0]?.errors[0]).toMatch(/timed out after 10 minutes/);
  });

  test.each([
    ['exit3.ps1', undefined],
    ['collect.ps1', '--fail now'],
  ])('completes a script with an exit code: %s %s', async (script, args) => {
    const action = await failed('hosta.corp.example', [runScript(script, args)]);
    expect([action.status, ...commandStates(action)]).toEqual(['Succeeded', 'Completed']);
  });

  test('fails a script with an exit code when set so', async () => {
    const action = await failed('hosta.corp.example', [runScript('exit3.ps1')], { nonZeroExit: 'failed' });
    expect([action.status, ...commandStates(action)]).toEqual(['Failed', 'Failed']);
  });
});

describe('files on a device', () => {
  test('exist once a script made them, in an earlier session too', async () => {
    const tenant = await defender();
    await tenant.start('hosta.corp.example', dump.slice(0, 1));
    tenant.pass(wholeSession);
    const { id } = await tenant.start('hosta.corp.example', [getFile(dumpPath.toUpperCase())]);
    tenant.pass(wholeSession);
    expect((await tenant.action(id)).status).toBe('Succeeded');
    const other = await tenant.start('hostb.corp.example', [getFile(dumpPath)]);
    tenant.pass(wholeSession);
    expect((await tenant.action(other.id)).status).toBe('Failed');
  });

  test.each([
    ['hosta.corp.example', 'C:\\Windows\\System32\\drivers\\etc\\hosts'],
    ['web1.corp.example', '/var/log/syslog'],
  ])('of the system exist on %s', async (device, path) => {
    const tenant = await defender();
    const { id } = await tenant.start(device, [getFile(path)]);
    tenant.pass(wholeSession);
    expect((await tenant.action(id)).status).toBe('Succeeded');
  });
});

describe('a session on an offline device', () => {
  test('waits until the device is told to be online', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('laptop7.corp.example');
    tenant.pass(5 * 60 * minute);
    expect((await tenant.action(id)).status).toBe('Pending');
    await tenant.post('/simulator/devices/laptop7.corp.example', { online: true });
    tenant.pass(wholeSession);
    expect((await tenant.action(id)).status).toBe('Succeeded');
  });

  test('starts by itself on the laptop that wakes after 20 minutes', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('laptop8.corp.example');
    tenant.pass(20 * minute);
    expect((await tenant.action(id)).status).toBe('Pending');
    tenant.pass(wholeSession);
    const action = await tenant.action(id);
    expect(action.status).toBe('Succeeded');
    expect(Date.parse(action.commands[0]?.startTime ?? '')).toBeGreaterThan(
      Date.parse(action.creationDateTimeUtc) + 21 * minute,
    );
  });

  test.each([
    ['three days', {}, 72 * 60 * minute],
    ['two hours in newer tenants', { offlineQueueMs: 120 * minute }, 120 * minute],
  ])('ends as TimeOut after %s', async (_, profile, queue) => {
    const tenant = await defender({ profile });
    const { id } = await tenant.start('laptop7.corp.example');
    tenant.pass(queue - 1);
    expect((await tenant.action(id)).status).toBe('Pending');
    tenant.pass(1);
    const action = await tenant.action(id);
    expect([action.status, ...commandStates(action)]).toEqual(['TimeOut', 'Created']);
  });

  test('stays in progress when the device goes away in the middle, and goes on when it is back', async () => {
    const tenant = await defender({ profile: { commandMs: [minute, minute] } });
    const { id } = await tenant.start('hosta.corp.example');
    await secondsUntil(tenant, id, (action) => action.status === 'InProgress');
    tenant.tenant.changeDevice('hosta.corp.example', { online: false });
    tenant.pass(60 * minute);
    expect((await tenant.action(id)).status).toBe('InProgress');
    tenant.tenant.changeDevice('hosta.corp.example', { online: true });
    tenant.pass(wholeSession);
    expect((await tenant.action(id)).status).toBe('Succeeded');
  });

  test('never ends on a device that is stuck', async () => {
    const tenant = await defender();
    tenant.tenant.changeDevice('hosta.corp.example', { stuck: true });
    const { id } = await tenant.start('hosta.corp.example');
    tenant.pass(24 * 60 * minute);
    expect((await tenant.action(id)).status).toBe('InProgress');
  });
});

describe('cancel', () => {
  const cancel = (tenant: Defender, id: string): Promise<Response> =>
    tenant.post(`/api/machineactions/${id}/cancel`, { Comment: 'enough' });

  test('ends a pending session at once under the same id', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('laptop7.corp.example');
    const action = await json<ActionJson>(await cancel(tenant, id));
    expect(action).toMatchObject({ id, status: 'Cancelled', cancellationComment: 'enough' });
    expect(action.cancellationDateTimeUtc).not.toBeNull();
  });

  test('ends a working session within ten seconds, unless it ended by itself before', async () => {
    const tenant = await defender({ profile: { commandMs: [minute, minute], cancelMs: [5_000, 5_000] } });
    const { id } = await tenant.start('hosta.corp.example');
    await secondsUntil(tenant, id, (action) => action.status === 'InProgress');
    expect((await json<ActionJson>(await cancel(tenant, id))).status).toBe('InProgress');
    expect((await json<ActionJson>(await cancel(tenant, id))).status).toBe('InProgress');
    tenant.pass(5_000);
    const action = await tenant.action(id);
    expect([action.status, ...commandStates(action)]).toEqual(['Cancelled', 'Failed']);
  });

  test('loses the race against a session that is about to end', async () => {
    const tenant = await defender({ profile: { settleMs: [1_000, 1_000], cancelMs: [5_000, 5_000] } });
    const { id } = await tenant.start('hosta.corp.example');
    await secondsUntil(tenant, id, (action) => commandStates(action)[0] === 'Completed');
    await cancel(tenant, id);
    tenant.pass(5_000);
    expect((await tenant.action(id)).status).toBe('Succeeded');
  });

  test('frees the device some seconds later', async () => {
    const tenant = await defender({ profile: { releaseMs: [8_000, 8_000] } });
    const { id } = await tenant.start('hosta.corp.example');
    await cancel(tenant, id);
    expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('400 ActiveRequestAlreadyExists');
    tenant.pass(8_000);
    await tenant.start('hosta.corp.example');
  });

  test('is refused for what is over, unknown, or without a comment', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example', hello);
    expect(await refusalOf(await tenant.post(`/api/machineactions/${id}/cancel`, {}))).toBe(
      '400 MissingRequiredParameter',
    );
    tenant.pass(wholeSession);
    expect(await refusalOf(await cancel(tenant, id))).toBe('400 BadRequest');
    expect(await refusalOf(await cancel(tenant, 'none'))).toBe('404 ResourceNotFound');
  });
});
