// `scripts`: the live response library as people see it, over HTTP, with and without the right to read it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { upload } from '../../support/defender/library/library.ts';

let app: TestApp;
afterEach(() => app.close());

const say = async (text: string, as = 'responder1'): Promise<string> => textOf(await app.say(as, text));
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the list', () => {
  test('tells name, short hash, age, description, parameters and recipes of each file', async () => {
    app = await openTestApp();
    await upload(app, 'tool.exe', 'bytes', { Description: 'A tool\nwith two lines' });
    app.clock.move(3 * 60_000);
    const text = await say('scripts');
    expect(text).toMatch(/^The live response library held 7 files at 2026-11-23 03:03 UTC/);
    expect(text).toContain(`tool.exe  ${sha('bytes').slice(0, 8)}  3 min old`);
    expect(text).toContain('    A tool with two lines');
    expect(text).toMatch(
      /minidump\.ps1 {2}[0-9a-f]{8} {2}30 days old {2}recipe dump\n {4}Dumps a process and zips the dump; parameters: <process>/,
    );
    expect(text).not.toContain('NOT in the library');
  });

  test('is private, is remembered for a minute, and leaves nothing in the journal', async () => {
    app = await openTestApp();
    const journal = (): string =>
      readdirSync(app.dir)
        .filter((name) => name.startsWith('journal-'))
        .map((name) => readFileSync(join(app.dir, name), 'utf8'))
        .join('');
    const before = journal();
    expect(await app.say('responder1', 'scripts')).toMatchObject({ kind: 'sentence' });
    await upload(app, 'new.ps1', 'exit 0');
    expect(await say('scripts')).not.toContain('new.ps1');
    app.clock.move(60_000);
    expect(await say('scripts')).toContain('new.ps1');
    expect(journal()).toBe(before);
    expect(app.chat.cards.size).toBe(0);
  });

  test('names recipe scripts that are missing from the library', async () => {
    app = await openTestApp({
      policy: (text) => text.replace('- { RunScript: collect.ps1 }', '- { RunScript: gather.ps1 }'),
    });
    expect(await say('scripts')).toContain('NOT in the library: gather.ps1 (recipe collect).');
  });

  test('has pages, and a page that is not there is said to be so', async () => {
    app = await openTestApp();
    for (let n = 10; n < 30; n += 1) await upload(app, `extra${n}.ps1`, `echo ${n}`);
    const first = await say('scripts');
    expect(first).toContain('Page 1 of 2; the next: /lr scripts 2.');
    expect(first.split('\n').filter((line) => line.startsWith('extra'))).toHaveLength(12);
    expect((await say('scripts 2')).split('\n').filter((line) => line.startsWith('extra'))).toHaveLength(8);
    expect(await say('scripts 3')).toBe('The library fits on 2 pages; the first is 1.');
  });

  test('of the largest library still fits an answer of Slack', async () => {
    app = await openTestApp();
    for (let n = 10; n < 30; n += 1)
      await upload(app, `${'a'.repeat(120)}${n}.ps1`, `echo ${n}`, {
        Description: 'd'.repeat(900),
        ParametersDescription: 'p'.repeat(900),
      });
    expect((await say('scripts')).length).toBeLessThan(6_000);
  });

  test('is for people with a role in a listed place', async () => {
    app = await openTestApp();
    expect(await say('scripts', 'onlooker1')).toMatch(/need the role/);
  });
});

describe('one script', () => {
  test('is shown in full', async () => {
    app = await openTestApp();
    await upload(app, 'tool.exe', 'bytes');
    const text = await say('scripts TOOL.exe');
    expect(text).toContain(`SHA-256      ${sha('bytes')}`);
    expect(text).toContain('Changed      2026-11-23 03:00 UTC, under 1 s old');
  });

  test('that is not there is answered with what may be meant', async () => {
    app = await openTestApp();
    expect(await say('scripts minidmp.ps1')).toBe(
      'The live response library holds no minidmp.ps1. Did you mean minidump.ps1?',
    );
  });
});

describe('without being able to read the library', () => {
  test('for want of the right, the permission is named, and what goes on without it', async () => {
    app = await openTestApp();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 403, times: 'always' });
    const text = await say('scripts');
    expect(text).toContain('does not have the permission Library.Manage');
    expect(text).toContain('Everything else works without it');
    expect(text).toContain('dump: minidump.ps1');
  });

  test('for any other cause, it is said, and tried again the next time', async () => {
    app = await openTestApp();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 503, times: 'always' });
    expect(await say('scripts')).toMatch(/Defender could not be asked.*503/);
    app.simulator.tenant.faults.clear();
    expect(await say('scripts')).toContain('minidump.ps1');
  });
});
