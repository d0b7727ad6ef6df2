// `npm run freeze`, with real processes: beside a running bot, without one, and across a death in between.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { dropFreezeRequest, freezeInForce, pendingFreeze } from '../../../src/adapters/store/outputStore.ts';
import { openerIn } from '../../support/store/journal.ts';
import { addressIn, startProgram } from '../../support/programs/program.ts';
import type { Program } from '../../support/programs/program.ts';
import { root } from '../../support/root.ts';

let dir: string;
let program: Program | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-freeze-'));
});
afterEach(async () => {
  await program?.kill('SIGKILL');
  program = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const start = async (): Promise<Program> =>
  (program = await startProgram('src/main.js', [], { PORT: '0', LR_DATA_DIR: dir, LR_LOG_LEVEL: 'error' }));

type Ran = Promise<{ readonly code: number | null; readonly out: string }>;

function freeze(...args: readonly string[]): Ran {
  return freezeIn(root, { LR_DATA_DIR: dir, LR_ENV_FILE: 'off' }, args);
}

function freezeIn(cwd: string, settings: Readonly<Record<string, string>>, args: readonly string[]): Ran {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'dist', 'src', 'cli', 'freeze.js'), ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...settings },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.once('close', (code) => {
      resolve({ code, out });
    });
  });
}

async function asked(url: string): Promise<string> {
  const answer = await fetch(`${url}/console/api/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ as: 'responder1', place: 'incidents', text: 'dump hosta OfficeClickToRun' }),
  });
  return answer.text();
}

const by = `${userInfo().username} at the machine`;

describe('npm run freeze', () => {
  test('beside a running bot it is in force when the program says so, and nothing can be asked for any more', async () => {
    const { firstLine } = await start();
    expect(await freeze('odd approvals', 'since noon')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`by ${by}: odd approvals since noon`) as unknown,
    });
    expect(freezeInForce(realDisk, dir, openerIn(dir))).toMatchObject({
      by,
      why: 'odd approvals since noon',
    });
    expect(await asked(addressIn(firstLine))).toContain(`frozen by ${by}`);
    expect(pendingFreeze(realDisk, dir)).toBeUndefined();
    expect(await freeze('again')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^Frozen already.*odd approvals since noon\nYour own reason was not written down/,
      ) as unknown,
    });
  });

  test('without a running bot it is written to the journal, and the next start is frozen', async () => {
    expect(await freeze('machine room on fire')).toMatchObject({ code: 0 });
    expect(freezeInForce(realDisk, dir, openerIn(dir))).toMatchObject({ by, why: 'machine room on fire' });
    expect(await freeze('again')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Frozen already.*machine room on fire/) as unknown,
    });
    const { firstLine } = await start();
    expect(await asked(addressIn(firstLine))).toContain('machine room on fire');
  });

  test('where the settings cannot be read it freezes no folder that happens to be there, and says so; --data names one', async () => {
    mkdirSync(join(dir, 'data'));
    mkdirSync(join(dir, '.env'));
    const ran = await freezeIn(dir, {}, ['odd approvals']);
    expect(ran).toEqual({
      code: 1,
      out: expect.stringMatching(
        /\.env cannot be read[^]*\nNothing was frozen: the settings that may name the data folder were not read\./,
      ) as unknown,
    });
    expect(readdirSync(join(dir, 'data'))).toEqual([]);
    expect(await freezeIn(dir, {}, ['odd approvals', '--data', join(dir, 'data')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Frozen: nothing more is sent') as unknown,
    });
  });

  test('one that was dropped as the process died is in the journal before the next start answers anything', async () => {
    await start();
    await program?.kill('SIGKILL');
    dropFreezeRequest(realDisk, dir, by, 'dropped between two lives');
    await start();
    expect(freezeInForce(realDisk, dir, openerIn(dir))).toMatchObject({
      by,
      why: 'dropped between two lives',
    });
    expect(pendingFreeze(realDisk, dir)).toBeUndefined();
  });

  test('a file of that name that cannot be read freezes all the same', async () => {
    writeFileSync(join(dir, 'freeze-request.json'), '{"why": ');
    await start();
    expect(freezeInForce(realDisk, dir, openerIn(dir))).toMatchObject({ by: 'somebody at the machine' });
  });

  test('the journal tells a freeze at the machine once, and its chain holds', async () => {
    await start();
    await freeze('one');
    await freeze('two');
    await program?.kill('SIGTERM');
    const lines = readdirSync(dir)
      .filter((name) => name.endsWith('.ndjson'))
      .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n'));
    expect(lines.filter((line) => line.includes('"type":"frozen"'))).toHaveLength(1);
  });

  test.each([[[]], [['--force']], [['\u202Ewhy']], [['x'.repeat(501)]]])(
    'called wrongly it says how, and freezes nothing: %j',
    async (args) => {
      expect(await freeze(...args)).toMatchObject({
        code: 2,
        out: expect.stringContaining('npm run freeze -- "why"') as unknown,
      });
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  test('a data folder that is not there is said, and not made', async () => {
    const other = join(dir, 'none');
    expect(await freeze('why', '--data', other)).toMatchObject({
      code: 1,
      out: expect.stringContaining('Nothing was frozen') as unknown,
    });
    expect(existsSync(other)).toBe(false);
  });
});
