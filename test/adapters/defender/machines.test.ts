// Devices as the client finds them: by name and id, with names like theirs, and what else is known of one.
import { describe, expect, test } from '@jest/globals';
import { actionJson, json, machineId, refuse, serve } from '../../support/defender/defenderFakes.ts';
import { failureOf } from '../../support/defender/simulatedDefender.ts';
import { bench, closeAfterEach, closeLater, device, page } from './clientBench.ts';

closeAfterEach();

describe('finding machines', () => {
  test('asks by exact name and by name and domain, in lower case, with quotes escaped', async () => {
    const { client, api } = await bench((_ask, response) => json(response, 200, page()));
    expect(await client.findMachines(" O'Brien ")).toEqual({ devices: [], whole: true });
    expect(api.asked.map((ask) => ask.path).sort()).toEqual([
      "/api/machines?$filter=computerDnsName eq 'o''brien'&$top=100",
      "/api/machines?$filter=startswith(computerDnsName,'o''brien.')&$top=100",
    ]);
  });

  test('answers every device the name could mean, each once', async () => {
    const { client } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes(' eq ')
          ? page(device('hosta'))
          : page(device('hosta'), device('hosta.corp', 'b'.repeat(40))),
      ),
    );
    expect((await client.findMachines('hostA')).devices.map((one) => one.name)).toEqual([
      'hosta',
      'hosta.corp',
    ]);
  });

  test('reads what a card shows of a device and leaves out what is odd', async () => {
    const { client } = await bench((ask, response) =>
      json(response, 200, ask.path.includes(' eq ') ? page(device('hosta'), { no: 'id' }, null) : page()),
    );
    expect((await client.findMachines('hosta')).devices).toEqual([
      {
        id: machineId,
        name: 'hosta',
        os: 'Windows10 22H2',
        health: 'Active',
        group: 'Servers',
        tags: ['a'],
        lastReportAt: Date.UTC(2026, 0, 1, 0, 0, 0, 123),
      },
    ]);
  });

  test('takes 40 hex digits for an id', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.endsWith(machineId)
        ? json(response, 200, device('hosta'))
        : refuse(response, 404, 'ResourceNotFound'),
    );
    expect((await client.findMachines(machineId.toUpperCase())).devices.map((one) => one.id)).toEqual([
      machineId,
    ]);
    expect(await client.findMachines('c'.repeat(40))).toEqual({ devices: [], whole: true });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      `/api/machines/${machineId}`,
      `/api/machines/${'c'.repeat(40)}`,
    ]);
  });

  test('takes a 404 for no match', async () => {
    const { client } = await bench((_ask, response) => refuse(response, 404, 'NotFound'));
    expect(await client.findMachines('hosta')).toEqual({ devices: [], whole: true });
  });

  test('follows next links on its own host', async () => {
    const { client, api } = await bench((ask, response) => {
      if (!ask.path.includes(' eq ')) json(response, 200, page());
      else if (ask.path.includes('$skip')) json(response, 200, page(device('two', 'b'.repeat(40))));
      else
        json(response, 200, {
          ...page(device('one')),
          '@odata.nextLink': `http://${ask.headers.host ?? ''}/api/machines?$filter=x eq 'y'&$skip=1`,
        });
    });
    expect((await client.findMachines('x')).devices.map((one) => one.name)).toEqual(['one', 'two']);
    expect(api.asked).toHaveLength(3);
  });

  test('stops after a few pages of a list that never ends', async () => {
    const { client, api, log } = await bench((ask, response) =>
      json(response, 200, {
        ...page(device('one')),
        ...(ask.path.includes(' eq ') ? { '@odata.nextLink': `/api/machines?$filter=x eq 'y'` } : {}),
      }),
    );
    await client.findMachines('x');
    expect(api.asked.length).toBeLessThanOrEqual(6);
    expect(log.lines.some((line) => line.event === 'defender.partlyRead')).toBe(true);
  });

  test('never takes its token to another host: path and query of a next link count, on our own', async () => {
    const other = await serve((_ask, response) => json(response, 200, page()));
    closeLater(() => other.close());
    const { client } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes('$skip')
          ? page(device('two', 'b'.repeat(40)))
          : { ...page(device('one')), '@odata.nextLink': `${other.origin}/api/machines?$skip=1` },
      ),
    );
    expect(await client.findMachines('x')).toMatchObject({
      devices: [{ name: 'one' }, { name: 'two' }],
      whole: true,
    });
    expect(other.asked).toHaveLength(0);
  });
});

describe('looking a device up together with names like its own', () => {
  test('is one call', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, page(device('hosta.corp'), device('h0sta', 'b'.repeat(40)))),
    );
    const found = await client.lookUp(' HostA ', ['hosta', 'h0sta', "o'b"]);
    expect(found.devices.map((one) => one.name)).toEqual(['hosta.corp', 'h0sta']);
    expect(found.alike).toMatchObject({ whole: true });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      "/api/machines?$filter=computerDnsName eq 'hosta' or startswith(computerDnsName,'hosta.') or startswith(computerDnsName,'hosta') or startswith(computerDnsName,'h0sta') or startswith(computerDnsName,'o''b')&$top=100",
    ]);
  });

  test('is one call for an id too where the name is known, and leaves the others open where the device has another name by now', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, page(device('hosta', machineId), device('h0sta', 'b'.repeat(40)))),
    );
    const found = await client.lookUp(machineId.toUpperCase(), ['hosta', 'h0sta'], 'hosta');
    expect(found).toEqual({
      devices: [expect.objectContaining({ id: machineId, name: 'hosta' })],
      whole: true,
      alike: { devices: [expect.anything(), expect.anything()], whole: true },
    });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      `/api/machines?$filter=id eq '${machineId}' or startswith(computerDnsName,'hosta') or startswith(computerDnsName,'h0sta')&$top=100`,
    ]);
    expect(await client.lookUp(machineId, ['older'], 'older')).not.toHaveProperty('alike');
    expect(await client.lookUp('c'.repeat(40), ['hosta'], 'hosta')).toEqual({ devices: [], whole: true });
  });

  test('asks for the device alone where the page was full', async () => {
    const many = Array.from({ length: 100 }, (_, n) => device(`hosta${n}`, String(n).padStart(40, '0')));
    const { client, api } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes(' or ')
          ? page(...many)
          : ask.path.includes(' eq ')
            ? page(device('hosta', 'b'.repeat(40)))
            : page(),
      ),
    );
    const found = await client.lookUp('hosta', ['hosta']);
    expect(found.devices.map((one) => one.name)).toEqual(['hosta']);
    expect([found.alike?.devices.length, found.alike?.whole, api.asked.length]).toEqual([100, false, 3]);
  });

  test('asks one by one for ten minutes where Defender does not take it together', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.includes(' or ')
        ? refuse(response, 400, 'BadRequest')
        : json(response, 200, ask.path.includes(' eq ') ? page(device('hosta')) : page()),
    );
    for (let n = 0; n < 2; n += 1)
      expect(await client.lookUp('hosta', ['hosta'])).toEqual({
        devices: [expect.objectContaining({ name: 'hosta' })],
        whole: true,
      });
    expect(api.asked.filter((ask) => ask.path.includes(' or '))).toHaveLength(1);
  });

  test('takes 40 hex digits for an id, a 404 for no match, and tells any other failure', async () => {
    const { client } = await bench((ask, response) =>
      ask.path.endsWith(machineId)
        ? json(response, 200, device('hosta'))
        : refuse(response, ask.path.includes('gone') ? 404 : 403, 'x'),
    );
    expect((await client.lookUp(machineId, [])).devices).toHaveLength(1);
    expect(await client.lookUp('gone', [])).toEqual({
      devices: [],
      whole: true,
      alike: { devices: [], whole: true },
    });
    expect((await failureOf(client.lookUp('other', []))).code).toBe('refused');
  });
});

describe('what else is known of a device', () => {
  test('is one list of its newest actions of all types; whether there are older ones is told', async () => {
    const isolate = actionJson({
      id: 'iso',
      type: 'Isolate',
      creationDateTimeUtc: '2021-02-04T12:00:00Z',
      commands: [],
    });
    const { client, api } = await bench((_ask, response, count) =>
      json(response, 200, {
        value: [isolate, actionJson(), actionJson({ id: 'other', machineId: 'f'.repeat(40) })],
        ...(count === 2 ? { '@odata.nextLink': 'https://elsewhere.example/' } : {}),
      }),
    );
    const history = await client.history(machineId);
    expect(history.actions.map((one) => one.type)).toEqual(['LiveResponse', 'Isolate']);
    expect(history.whole).toBe(true);
    expect(await client.history(machineId)).toMatchObject({ whole: false });
    expect(api.asked).toHaveLength(2);
    expect(new URL(api.asked[0]?.path ?? '', 'http://x').searchParams.get('$filter')).toBe(
      `machineId eq '${machineId}'`,
    );
  });

  test('goes on without an order where the service refuses one', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.includes('orderby')
        ? refuse(response, 400, 'ODataError')
        : json(response, 200, { value: [actionJson()] }),
    );
    expect((await client.history(machineId)).actions).toHaveLength(1);
    expect(api.asked).toHaveLength(2);
  });

  test('is one page of devices whose names begin alike, quotes doubled', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, {
        value: Array.from({ length: 100 }, (_, n) => ({
          id: String(n).padStart(40, '0'),
          computerDnsName: `host${n}`,
        })),
      }),
    );
    const found = await client.machinesByPrefix(["o'b", '0x']);
    expect([found.devices.length, found.whole, api.asked.length]).toEqual([100, false, 1]);
    expect(new URL(api.asked[0]?.path ?? '', 'http://x').searchParams.get('$filter')).toBe(
      "startswith(computerDnsName,'o''b') or startswith(computerDnsName,'0x')",
    );
  });

  test('is no device at all where the service answers 404 to an empty list', async () => {
    const { client } = await bench((_ask, response) => refuse(response, 404, 'ResourceNotFound'));
    expect(await client.machinesByPrefix(['x'])).toEqual({ devices: [], whole: true });
  });

  test('is waited for less long than what is needed', async () => {
    const { client } = await bench(() => undefined, { timeout: 60_000, extra: 50 });
    expect(
      await Promise.all(
        [client.history(machineId), client.machinesByPrefix(['x']), client.library()].map(
          async (work) => (await failureOf(work)).code,
        ),
      ),
    ).toEqual(['unavailable', 'unavailable', 'unavailable']);
  });
});
