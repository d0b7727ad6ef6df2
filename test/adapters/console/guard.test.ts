// The guard of the console: it lets one human play several people, so only its own page may use it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { whyNoConsole } from '../../../src/adapters/console/guard.ts';
import { startService } from '../../../src/app/compose.ts';
import { ConfigError } from '../../../src/adapters/config/environment.ts';
import { optionsFrom } from '../../../src/app/options.ts';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { openConsole } from './console.ts';
import type { TestConsole } from './console.ts';

let open: TestConsole;
beforeEach(async () => {
  open = await openConsole();
});
afterEach(() => open.close());

const body = JSON.stringify({ as: 'responder1', place: 'incidents', text: 'dump hosta OfficeClickToRun' });
const json = { 'content-type': 'application/json' };

/** Everything that a request from elsewhere could have changed. */
async function everything(): Promise<unknown> {
  return {
    requests: open.service.store.all(),
    messages: await open.messages(),
    speed: open.service.scaledClock?.speed(),
    journal: open.service.store.health().seq,
  };
}

describe('a request that the page did not make', () => {
  test.each([
    ['from another origin', { ...json, origin: 'http://evil.example' }, 403],
    ['from another port of this machine', { ...json, origin: 'http://127.0.0.1:1' }, 403],
    ['from a page without an origin', { ...json, origin: 'null' }, 403],
    ['from another site, as the browser tells', { ...json, 'sec-fetch-site': 'cross-site' }, 403],
    ['under a name that was rebound to this machine', { ...json, host: 'evil.example' }, 403],
    ['under the right name without the port', { ...json, host: '127.0.0.1' }, 403],
    ['by a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['as plain text, which needs no leave of ours', { 'content-type': 'text/plain' }, 415],
    ['without a content type', {}, 415],
  ])('%s changes nothing', async (_what, headers: Readonly<Record<string, string>>, status) => {
    const before = await everything();
    for (const path of ['commands', 'presses', 'world/speed', 'world/devices', 'world/troubles']) {
      expect((await open.raw('POST', `/console/api/${path}`, headers, body)).status).toBe(status);
    }
    expect(await everything()).toEqual(before);
  });

  test.each(['/', '/console/api/cards', '/console/api/events', '/console/main.js'])(
    'reads nothing of %s under another name or from another site',
    async (path) => {
      expect((await open.raw('GET', path, { host: 'evil.example' })).status).toBe(403);
      expect((await open.raw('GET', path, { origin: 'http://evil.example' })).status).toBe(403);
      expect((await open.raw('GET', path, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    },
  );

  test('may be a link that leads to the page', async () => {
    const visit = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await open.raw('GET', '/', visit)).status).toBe(200);
    expect((await open.raw('GET', '/console/api/cards', visit)).status).toBe(403);
  });

  test('has no other method than GET and POST', async () => {
    expect((await open.raw('PUT', '/console/api/commands', json, body)).status).toBe(405);
    expect(
      (await open.raw('OPTIONS', '/console/api/commands', { origin: 'http://evil.example' })).status,
    ).toBe(403);
  });
});

describe('the page', () => {
  test('runs nothing inline and nothing from elsewhere', async () => {
    const { status, headers, text } = await open.get('/');
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style/);
    expect(
      [...text.matchAll(/(?:src|href)="([^"#]*)"/g)]
        .map((match) => match[1] ?? '')
        .filter((address) => address !== '' && !address.startsWith('/console/')),
    ).toEqual([]);
  });

  test('serves every file that the page and its modules name', async () => {
    const seen = new Set(['/']);
    for (const path of seen) {
      const { status, text } = await open.get(path);
      expect([path, status]).toEqual([path, 200]);
      const named =
        path.endsWith('.js') && !path.endsWith('.min.js') ? /from '(\.[^']+)'/g : /="(\/console\/[^"]+)"/g;
      if (path === '/' || path.endsWith('.js'))
        for (const [, to = ''] of text.matchAll(named)) seen.add(new URL(to, `http://page${path}`).pathname);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['/console/timeline/card.js', '/console/dom.js', '/console/styles/card.css']),
    );
  });

  test('serves its own files and the renderer, and nothing beside them', async () => {
    expect((await open.get('/console/adaptivecards.min.js')).text.length).toBeGreaterThan(100_000);
    for (const path of [
      '/console/../package.json',
      '/console/%2e%2e/api.ts',
      '/console/api.ts',
      '/console/missing.js',
    ])
      expect((await open.get(path)).status).toBe(404);
  });
});

describe('the console does not start', () => {
  const surroundings = { host: '127.0.0.1', localDefender: true, chats: [] };

  test('with a real Defender, beside a chat, or where others could reach it, and says why', () => {
    expect(whyNoConsole(surroundings)).toBeUndefined();
    expect(whyNoConsole({ ...surroundings, localDefender: false })).toMatch(
      /never runs with a real Defender.*Set up Slack or Teams/,
    );
    expect(whyNoConsole({ ...surroundings, chats: ['Slack'] })).toMatch(
      /Slack is set up.*never runs next to a real chat/,
    );
    expect(whyNoConsole({ ...surroundings, host: '0.0.0.0' })).toMatch(/HOST is 0\.0\.0\.0/);
  });

  test('even when whoever composes the service asks for it', async () => {
    const read = readSettings({});
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    await expect(startService({ ...optionsFrom(read.settings), port: 0, host: '0.0.0.0' })).rejects.toThrow(
      ConfigError,
    );
  });

  test.each([
    [
      {
        AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555',
        AZURE_CLIENT_ID: '11111111-2222-4333-8444-555555555556',
        AZURE_CLIENT_SECRET: 'x',
      },
      /never runs with a real Defender/,
    ],
    [{ HOST: '0.0.0.0' }, /lets one human play everybody/],
  ])('with the settings of %j, which the program says', (variables, why) => {
    const read = readSettings(variables);
    expect('problems' in read ? read.problems.join('\n') : 'it starts').toMatch(why);
  });
});
