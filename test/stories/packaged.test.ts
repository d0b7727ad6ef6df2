// Row 1.22: what runs is in dist. Row 2.16: a .env in the folder is read, and the start says so. With real
// processes in folders of their own.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressIn } from '../support/programs/program.ts';
import { root } from '../support/root.ts';
import { build } from '../support/programs/built.ts';

let dir: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-packaged-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a program in the folder; resolves with what it wrote once `until` is in it, or with its end. */
function run(
  file: string,
  until: RegExp,
  variables: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<{ readonly out: string; readonly code: number | null | undefined }> {
  return new Promise((resolve) => {
    const started = spawn(process.execPath, [file, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...variables },
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let out = '';
    const took = (chunk: Buffer): void => {
      out += chunk.toString('utf8');
      if (until.test(out)) resolve({ out, code: undefined });
    };
    started.stdout.on('data', took);
    started.stderr.on('data', took);
    started.once('close', (code) => {
      resolve({ out, code });
    });
  });
}

describe('row 1.22: dist and node_modules alone', () => {
  test('serve the console with its page, its renderer and the example policy', async () => {
    build(join(dir, 'dist'));
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    const { out } = await run(join(dir, 'dist', 'src', 'main.js'), /console at http/, {
      PORT: '0',
      LR_DATA_DIR: join(dir, 'data'),
      LR_LOG_LEVEL: 'error',
    });
    const url = addressIn(out);
    for (const path of [
      '/',
      '/console/main.js',
      '/console/styles/base.css',
      '/console/icon.svg',
      '/console/adaptivecards.min.js',
    ]) {
      const answer = await fetch(`${url}${path}`);
      expect([path, answer.status, (await answer.text()).length > 0]).toEqual([path, 200, true]);
    }
    expect(await (await fetch(`${url}/console/api/cards`)).text()).toContain('Riley Responder');
    // The simulated library is read from the scripts that the build puts there.
    expect(await (await fetch(`${url}/console/api/completion`)).json()).toMatchObject({
      library: expect.arrayContaining(['minidump.ps1', 'collect.ps1']) as unknown,
    });
    child?.kill('SIGKILL');
    const doctor = await run(join(dir, 'dist', 'src', 'cli', 'doctor.js'), /^never$/, {
      PORT: '0',
      LR_DATA_DIR: join(dir, 'other'),
    });
    expect(doctor).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok {4}defender\.unsigned +collect\.ps1, minidump\.ps1/m) as unknown,
    });
  });
});

describe('row 2.16: .env', () => {
  const main = join(root, 'dist', 'src', 'main.js');

  test('is read, the environment wins, and the start says both', async () => {
    mkdirSync(join(dir, 'kept'));
    writeFileSync(join(dir, '.env'), 'PORT=1\nLR_DATA_DIR=./kept\nLR_LOG_LEVEL=error\nLR_SPEED=\n');
    const { out } = await run(main, /Settings: .*\n/, { PORT: '0' });
    expect(out).toContain(
      `Settings: 3 settings read from ${join(dir, '.env')}; the environment overrules PORT.`,
    );
    expect((await fetch(`${addressIn(out)}/healthz`)).status).toBe(200);
  });

  test('a mistake in it is told with the file it stands in, by start and doctor', async () => {
    writeFileSync(join(dir, '.env'), 'LR_SPEED=fast\n');
    expect(await run(main, /^never$/)).toMatchObject({
      code: 2,
      out: expect.stringMatching(/one setting read from .*\.env[\s\S]*LR_SPEED/) as unknown,
    });
    const doctor = await run(join(root, 'dist', 'src', 'cli', 'doctor.js'), /^never$/, {}, ['--offline']);
    expect(doctor).toMatchObject({
      code: 1,
      out: expect.stringMatching(/settings\.file +one setting read from [\s\S]*LR_SPEED/) as unknown,
    });
  });

  test('one that cannot be read is a reason not to start, and LR_ENV_FILE names another or none', async () => {
    mkdirSync(join(dir, '.env'));
    expect(await run(main, /^never$/)).toMatchObject({
      code: 2,
      out: expect.stringContaining('.env cannot be read: it is not a file') as unknown,
    });
    expect(
      await run(main, /console at http/, { LR_ENV_FILE: 'off', PORT: '0', LR_DATA_DIR: join(dir, 'd') }),
    ).toMatchObject({ code: undefined });
    child?.kill('SIGKILL');
    expect(await run(main, /^never$/, { LR_ENV_FILE: 'other.env' })).toMatchObject({
      code: 2,
      out: expect.stringContaining('other.env cannot be read') as unknown,
    });
  });

  test('the audit and the freeze find the data folder by it', async () => {
    cpSync(join(root, 'package.json'), join(dir, 'package.json'));
    mkdirSync(join(dir, 'kept'));
    writeFileSync(join(dir, '.env'), 'LR_DATA_DIR=./kept\n');
    expect(await run(join(root, 'dist', 'src', 'cli', 'freeze.js'), /^never$/, {}, ['why'])).toMatchObject({
      code: 0,
    });
    expect(await run(join(root, 'dist', 'src', 'cli', 'audit.js'), /^never$/, {}, ['head'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^1:/) as unknown,
    });
  });
});
