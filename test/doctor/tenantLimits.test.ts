// What the doctor says of the limits that differ between tenants: a range, what is stated, and what sessions
// of the list show, over real HTTP.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { examined, healthy } from '../support/programs/doctorBench.ts';
import type { Examined, Variables } from '../support/programs/doctorBench.ts';
import { json, refuse, serve } from '../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../support/defender/defenderFakes.ts';

const hour = 3_600_000;
let dir: string;
const servers: Loopback[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-limits-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});

const start = Date.UTC(2026, 9, 1, 8);
let ids = 0;

/** A session that ended so many hours after it was asked for. */
function session(
  hours: number,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  ids += 1;
  const created = start + ids * hour;
  return {
    id: `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`,
    type: 'LiveResponse',
    status: 'TimeOut',
    requestor: 'another tool',
    machineId: 'a'.repeat(40),
    creationDateTimeUtc: new Date(created).toISOString(),
    lastUpdateDateTimeUtc: new Date(created + hours * hour).toISOString(),
    commands: [
      {
        index: 0,
        commandStatus: 'Created',
        errors: [],
        command: { type: 'GetFile', params: [{ key: 'Path', value: 'C:\\x' }] },
      },
    ],
    ...more,
  };
}
const begun = {
  commands: [
    {
      index: 0,
      startTime: new Date(start).toISOString(),
      commandStatus: 'Executing',
      errors: [],
      command: { type: 'GetFile', params: [{ key: 'Path', value: 'C:\\x' }] },
    },
  ],
};

async function against(
  actions: readonly unknown[] | Answer,
  more: Variables = {},
): Promise<{
  readonly found: Examined;
  readonly server: Loopback;
  readonly line: (check: string) => Examined['lines'][number] | undefined;
}> {
  const server = await serve((ask, response, count) => {
    if (!ask.path.includes('TimeOut')) healthy(ask, response, count);
    else if (typeof actions === 'function') actions(ask, response, count);
    else json(response, 200, { value: actions });
  });
  servers.push(server);
  const found = await examined(
    {
      PORT: '0',
      LR_DATA_DIR: dir,
      DEFENDER_API_URL: server.origin,
      DEFENDER_AUTH: 'none',
      LR_DEFENDER: 'tenant',
      ...more,
    },
    { probe: false },
  );
  return { found, server, line: (check) => found.lines.find((one) => one.check === check) };
}

const shown: readonly (readonly [name: string, actions: readonly unknown[], words: RegExp])[] = [
  [
    'nothing',
    [],
    /kept 2 hours to 3 days: .*not known yet; .*LR_OFFLINE_QUEUE=2h or 3d states it\. None has timed out of late\./,
  ],
  [
    'one of a newer tenant',
    [session(2.02)],
    /kept about 2 h, as one showed that timed out .*1 of the 1 newest that timed out shows it\./,
  ],
  [
    'several of an older tenant',
    [session(72), session(73.5), session(0.2, begun)],
    /kept about 3 days, as one showed.*2 of the 3 newest that timed out show it\./,
  ],
  [
    'a script that took too long',
    [session(2, begun), session(0.3)],
    /kept 2 hours to 3 days.*None of the 2 that timed out of late shows it\./,
  ],
  ['a tenant that changed: the newest counts', [session(72), session(2)], /kept about 2 h/],
  [
    'an answer that minds no filter',
    [session(2, { status: 'Succeeded' }), session(72, { type: 'Isolate' }), session(2.1)],
    /kept about 2 h.*1 of the 1 newest/,
  ],
  [
    'times that are none',
    [
      session(2, { creationDateTimeUtc: 'yesterday' }),
      session(2, { lastUpdateDateTimeUtc: null }),
      { id: 7 },
      null,
    ],
    /kept 2 hours to 3 days/,
  ],
];

describe('how long a session for an offline device is kept', () => {
  test.each(shown)('by %s', async (_name, actions, words) => {
    const { found, line, server } = await against(actions);
    expect(line('defender.limits')).toMatchObject({ verdict: 'ok', found: expect.stringMatching(words) });
    expect([found.red, found.yellow.filter((one) => one.includes('limits'))]).toEqual([[], []]);
    // One small call.
    expect(
      server.asked.filter(({ path }) => path.includes('TimeOut')).map(({ path }) => decodeURIComponent(path)),
    ).toEqual([
      "/api/machineactions?$filter=type eq 'LiveResponse' and status eq 'TimeOut'&$orderby=creationDateTimeUtc desc&$top=20",
    ]);
  });

  test.each([
    [
      '2h',
      [session(72.1)],
      'warn',
      /LR_OFFLINE_QUEUE states 2 h, but .* after about 3 days/,
      'LR_OFFLINE_QUEUE=3d',
    ],
    [
      '3d',
      [session(2.1)],
      'warn',
      /LR_OFFLINE_QUEUE states 3 days, but .* after about 2 h/,
      'LR_OFFLINE_QUEUE=2h',
    ],
    ['3d', [session(71.9)], 'ok', /kept about 3 days, as LR_OFFLINE_QUEUE states/, ''],
    ['2h', [], 'ok', /kept about 2 h, as LR_OFFLINE_QUEUE states/, ''],
  ] as const)('stated as %s', async (...row) => {
    const [stated, actions, verdict, words, next] = row;
    const { line } = await against(actions, { LR_OFFLINE_QUEUE: stated });
    expect(line('defender.limits')).toMatchObject({
      verdict,
      found: expect.stringMatching(words),
      ...(next === '' ? {} : { next: expect.stringContaining(next) }),
    });
  });

  test.each([
    ['a refusal', (_ask, response) => refuse(response, 400, 'InvalidInput')],
    ['a throttled call', (_ask, response) => refuse(response, 429, 'TooManyRequests')],
    [
      'a page of a proxy',
      (_ask, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
    ],
  ] satisfies [string, Answer][])(
    'with %s stays a range, and no other line suffers',
    async (_name, answer) => {
      const { found, line } = await against(answer);
      expect(line('defender.limits')).toMatchObject({
        verdict: 'ok',
        found: expect.stringMatching(/2 hours to 3 days.*could not be listed just now/),
      });
      expect(line('defender.library')?.verdict).toBe('ok');
      expect(found.red).toEqual([]);
    },
  );
});

test('sessions at once: a range, and what LR_SESSIONS says', async () => {
  expect((await against([])).line('defender.sessions')).toMatchObject({
    verdict: 'ok',
    found: expect.stringMatching(/may run 25 or 50 sessions at once.*LR_SESSIONS=50 states that it is 50/),
  });
  expect((await against([], { LR_SESSIONS: '50' })).line('defender.sessions')).toMatchObject({
    verdict: 'ok',
    found: expect.stringMatching(/LR_SESSIONS states more than 25/),
  });
});

test('the simulated tenant shows its own queue, once a session has timed out there', async () => {
  let offset = 0;
  const clock = {
    now: () => Date.now() + offset,
    elapsed: () => Date.now() + offset,
    sleep: () => Promise.resolve(),
  };
  const simulator = await startSimulator({ clock, profile: { offlineQueueMs: 2 * hour } });
  try {
    const settings = {
      PORT: '0',
      LR_DATA_DIR: dir,
      DEFENDER_API_URL: simulator.url,
      DEFENDER_AUTH: 'none',
      LR_DEFENDER: 'tenant',
    };
    const line = async (): Promise<string | undefined> =>
      (await examined(settings, { probe: false })).lines.find(({ check }) => check === 'defender.limits')
        ?.found;
    expect(await line()).toMatch(/2 hours to 3 days/);
    const { id } = simulator.tenant.devices().find(({ name }) => name === 'laptop7.corp.example') ?? {
      id: '',
    };
    const sent = await fetch(`${simulator.url}/api/machines/${id}/runliveresponse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        Commands: [{ type: 'GetFile', params: [{ key: 'Path', value: 'C:\\Windows\\x' }] }],
        Comment: 'x',
      }),
    });
    expect(sent.status).toBe(201);
    offset = 2 * hour + 60_000;
    expect(await line()).toMatch(/kept about 2 h, as one showed that timed out/);
  } finally {
    await simulator.stop();
  }
});
