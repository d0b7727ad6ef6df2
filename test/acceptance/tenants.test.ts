// What the acceptance says of a tenant that is not as the simulator is: by another profile of it, or by a
// proxy that changes its answers.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { device, measured, openAcceptanceBench } from '../support/programs/acceptanceBench.ts';
import type { AcceptanceBench } from '../support/programs/acceptanceBench.ts';
import { fixtureIn } from '../support/programs/acceptanceRun.ts';

let bench: AcceptanceBench;
beforeEach(() => {
  bench = openAcceptanceBench();
});
afterEach(() => bench.close());

describe('a tenant that is not as the simulator', () => {
  const actionsIn = (body: unknown): readonly Record<string, unknown>[] => {
    const value = (body as { readonly value?: unknown }).value;
    return Array.isArray(value)
      ? (value as readonly Record<string, unknown>[])
      : [body as Record<string, unknown>];
  };

  test('with results at the end alone, plain files, no transcript line and other start times is told line by line, and fails nothing', async () => {
    const { code, text, fixture } = await bench.played(() => undefined, {
      results: 'whenEnded',
      collected: 'plain',
      transcript: 'clean',
      startTimes: 'all',
      requestorIs: 'appName',
      runStatus: 200,
      commandStates: 'connector',
    });
    expect(text).toContain('DIFFERS');
    expect(measured(fixture, 'link.next')).toMatch(/^differs: no: .*400/);
    expect(measured(fixture, 'link.settling')).toMatch(/^differs: no: .*400/);
    expect(measured(fixture, 'file.kind')).toBe('differs: zip');
    expect(measured(fixture, 'script.firstLine')).toBe('differs: no');
    expect(measured(fixture, 'script.nuls')).toBe('differs: none');
    expect(measured(fixture, 'time.startOfGetFile')).toBe('differs: one');
    expect(measured(fixture, 'requestor')).toBe('differs: name');
    expect(measured(fixture, 'run.status')).toBe('differs: 200');
    expect(measured(fixture, 'words.command')).toMatch(/^differs: .*Executing/);
    expect(code).toBe(0);
  });

  test('with regional hosts, new fields and words, cut comments and rates in its headers is told so', async () => {
    const { fixture } = await bench.played((passing) => {
      if (typeof passing.body !== 'object' || passing.body === null) return;
      passing.headers['x-ratelimit-remaining'] = '99';
      const body = passing.body as Record<string, unknown>;
      if (typeof body['@odata.context'] === 'string')
        passing.body = {
          ...body,
          '@odata.context': body['@odata.context'].replace(
            /^http:\/\/[^/]+/,
            'https://api-us3.securitycenter.microsoft.com',
          ),
        };
      if (!passing.path.startsWith('/api/machineactions') || passing.path.includes('DownloadLink')) return;
      for (const action of actionsIn(passing.body)) {
        action['sessionRegion'] = 'weu';
        delete action['lastUpdateDateTimeUtc'];
        if (passing.method === 'GET' && typeof action['requestorComment'] === 'string')
          action['requestorComment'] = action['requestorComment'].slice(0, 60);
        for (const command of (action['commands'] ?? []) as Record<string, unknown>[])
          command['exitCode'] = 0;
      }
    });
    expect(measured(fixture, 'paging.context')).toBe('differs: api-us3.securitycenter.microsoft.com');
    expect(measured(fixture, 'fields.action')).toBe(
      'differs: new: sessionRegion; missing: lastUpdateDateTimeUtc',
    );
    expect(measured(fixture, 'fields.command')).toBe('differs: new: exitCode');
    expect(measured(fixture, 'headers.rate')).toBe('differs: x-ratelimit-remaining');
    expect(measured(fixture, 'comment.kept')).toMatch(
      /^differs: \d+ characters sent; list: cut to 60; alone: cut to 60$/,
    );
  });

  test('with a list that lags behind its actions, and no "in" in filters, is told by how much', async () => {
    const before: { at: number; rows: unknown }[] = [];
    const { fixture } = await bench.played((passing) => {
      if (!passing.path.startsWith('/api/machineactions?') || !/machineId eq/.test(passing.path)) {
        if (passing.path.startsWith('/api/machineactions?') && passing.path.includes(' in ('))
          Object.assign(passing, {
            status: 400,
            body: { error: { code: 'ODataError', message: 'no such operator', target: '0' } },
          });
        return;
      }
      if (!passing.path.endsWith('$top=50')) return;
      // What the list showed five readings ago.
      before.push({ at: before.length, rows: passing.body });
      passing.body = before[Math.max(0, before.length - 6)]?.rows;
    });
    expect(measured(fixture, 'list.fresh')).toMatch(
      /^differs: older in \d+ of \d+ pairs, by up to \d+\.\d s/,
    );
    expect(measured(fixture, 'list.idIn')).toBe('differs: no, 400 ODataError');
  });

  test('whose words of the end are spelt otherwise is told with its spelling', async () => {
    const { url } = await bench.tenant();
    const proxy = await bench.proxied(url, (passing) => {
      if (
        passing.method === 'GET' &&
        passing.path.startsWith('/api/machineactions') &&
        typeof passing.body === 'object' &&
        passing.body !== null
      )
        for (const action of actionsIn(passing.body))
          if (action['status'] === 'Cancelled') action['status'] = 'Canceled';
    });
    const run = bench.start(['--device', device, '--play', '--cancel'], bench.settings(proxy.url));
    await run.ended;
    const fixture = fixtureIn(bench.out).json;
    expect(measured(fixture, 'words.status')).toMatch(/^differs: .*Canceled/);
    expect(measured(fixture, 'cancel.word')).toBe('differs: Canceled');
  });
});
