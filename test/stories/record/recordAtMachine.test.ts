// The record as somebody at the machine meets it, with the built programs alone: the key, the anchors, a
// restore, a legal hold, a forgotten person.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readKeyFile } from '../../../src/adapters/store/journal/keys.ts';
import {
  openTestStore,
  approved,
  approver,
  askedOf,
  responder,
  unkeyedAsked,
  denied,
} from '../../adapters/store/sample.ts';
import { encodeUnkeyed, noHead } from '../../../src/adapters/store/journal/line.ts';
import { readAnchors } from '../../../src/adapters/store/journal/anchors.ts';
import { startProgram, stopped } from '../../support/programs/program.ts';
import type { Program } from '../../support/programs/program.ts';
import { root } from '../../support/root.ts';
import { testKeys, testKeyText } from '../../support/store/testKeys.ts';
import { olderAsked, olderEvent } from '../../support/store/olderEvents.ts';

let folder = '';
let data = '';
let program: Program | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-record-'));
  data = join(folder, 'data');
  writeFileSync(join(folder, 'key'), `${testKeyText}\n`, { mode: 0o600 });
  program = undefined;
});
afterEach(async () => {
  await program?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settings = (): Readonly<Record<string, string>> => ({
  PORT: '0',
  LR_DATA_DIR: data,
  LR_LOG_LEVEL: 'error',
  LR_JOURNAL_KEY_FILE: join(folder, 'key'),
  LR_ANCHOR_FILE: join(folder, 'anchors.ndjson'),
  LR_ANCHOR_EVERY_LINES: '1',
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

function run(file: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'src', file), ...words],
    {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...settings(), ...more },
    },
  );
  return { code: status, out: `${stdout}${stderr}` };
}
const audit = (...words: readonly string[]): Ran => run('cli/audit.js', words);
const headNow = (): string => audit('head').out.trim();
/** Starts the bot for as long as it takes to end by itself. */
const refusedStart = (more: Readonly<Record<string, string>> = {}): Ran => run('main.js', [], more);

async function start(): Promise<Program> {
  return (program = await startProgram('src/main.js', [], settings()));
}

async function stop(): Promise<void> {
  if (program !== undefined) expect(await stopped(program)).toBe(0);
  program = undefined;
}

async function ready(running: Program): Promise<string> {
  return (await fetch(`${await running.adminUrl()}/readyz`)).text();
}

test('no record is called well where the settings, which name it and its anchors, cannot be read', async () => {
  await start();
  await stop();
  const ran = run('cli/audit.js', ['verify'], { LR_ENV_FILE: folder });
  expect(ran).toMatchObject({
    code: 2,
    out: expect.stringContaining(`${folder} cannot be read: it is not a file`) as unknown,
  });
  expect(ran.out).not.toMatch(/^ok$/m);
  // An empty name is none, as for the bot.
  expect(run('cli/audit.js', ['verify'], { LR_DATA_DIR: '' }).out).not.toMatch(
    /The data folder +cannot be read/,
  );
});

test('a bot notes its head elsewhere, refuses an older copy of its folder and says what is missing, and after "accept" starts frozen', async () => {
  await start();
  await stop();
  cpSync(data, join(folder, 'backup'), { recursive: true });
  const older = headNow();
  await start();
  await stop();
  const newer = headNow();
  const [lines, most] = [Number(older.split(':')[0]), Number(newer.split(':')[0])];
  expect((await readAnchors(join(folder, 'anchors.ndjson'), testKeys)).newest?.seq).toBe(most);
  expect(audit('verify')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/(\d+) of \1 anchors are in it\n(?:.*\n)*ok/) as unknown,
  });

  rmSync(data, { recursive: true });
  cpSync(join(folder, 'backup'), data, { recursive: true });
  const no = refusedStart();
  expect(no.code).toBe(2);
  expect(no.out).toContain(
    `The journal ends at line ${lines}, but line ${most} was anchored: lines ${lines + 1} to ${most} are missing.`,
  );
  expect(no.out).toContain(`npm run audit -- accept ${older}`);
  expect(audit('verify')).toMatchObject({
    code: 1,
    out: expect.stringContaining(`Lines ${lines + 1} to ${most} are missing`) as unknown,
  });
  expect(run('cli/doctor.js', ['--offline']).out).toMatch(/FAIL +record\.anchors +line \d+ was anchored/);

  expect(audit('accept', newer)).toMatchObject({
    code: 1,
    out: expect.stringContaining(`ends at ${older}`) as unknown,
  });
  expect(audit('accept', older)).toMatchObject({
    code: 0,
    out: expect.stringContaining('the bot starts frozen') as unknown,
  });
  const again = await start();
  expect(await ready(again)).toMatch(
    new RegExp(
      `frozen by .+ at the machine: the record was restored and accepted as of line ${lines}; lines ${lines + 1} to ${most} are lost\\. Check what waits here`,
    ),
  );
  expect(run('cli/freeze.js', ['odd approvals']).out).toContain('Frozen already');
  await stop();
  expect(audit('verify').code).toBe(0);
  await start();
});

test('a folder that is written with another key, or has its anchors inside, is refused with exit code 2 and the true cause', async () => {
  await start();
  await stop();
  writeFileSync(join(folder, 'other'), `${Buffer.alloc(32, 'another key ').toString('base64')}\n`, {
    mode: 0o600,
  });
  const other = { LR_JOURNAL_KEY_FILE: join(folder, 'other') };
  expect(refusedStart({ ...other, LR_ANCHOR_FILE: '' })).toMatchObject({
    code: 2,
    out: expect.stringMatching(/was written with another key \(id [0-9a-f]{16}/) as unknown,
  });
  expect(run('cli/audit.js', ['verify'], { ...other, LR_ANCHOR_FILE: '' })).toMatchObject({ code: 2 });
  expect(refusedStart({ LR_ANCHOR_FILE: join(data, 'anchors') })).toMatchObject({
    code: 2,
    out: expect.stringContaining('inside the data folder') as unknown,
  });
  symlinkSync(data, join(folder, 'aside'));
  expect(refusedStart({ LR_ANCHOR_FILE: join(folder, 'aside', 'anchors') })).toMatchObject({
    code: 2,
    out: expect.stringContaining('inside the data folder') as unknown,
  });
  expect(refusedStart({ LR_ANCHOR_FILE: join(folder, 'nowhere', 'anchors') })).toMatchObject({
    code: 2,
    out: expect.stringContaining('cannot be used') as unknown,
  });
  // Without a key anybody can check the order of the lines, and is told that no more was checked.
  expect(run('cli/audit.js', ['verify'], { LR_JOURNAL_KEY_FILE: '', LR_ANCHOR_FILE: '' })).toMatchObject({
    code: 2,
    out: expect.stringMatching(
      /INCOMPLETE: no key was given.*NOT checked: that the bot wrote them/,
    ) as unknown,
  });
});

test('before a real Defender a missing key stops the start with the line that makes one', () => {
  const real = {
    AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555',
    AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa',
    AZURE_CLIENT_SECRET: 'x',
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_APP_TOKEN: 'xapp-1',
    LR_JOURNAL_KEY_FILE: '',
  };
  const no = refusedStart(real);
  expect(no.code).toBe(2);
  // That very line, pasted: it makes the key, prints the setting, and makes no second one over the first.
  const [line = ''] = /^ *\(umask 077;.*\)$/m.exec(no.out) ?? [];
  const paste = (): string =>
    execFileSync('sh', ['-c', line], {
      env: { ...process.env, HOME: folder },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const setting = /^LR_JOURNAL_KEY_FILE=(\S+)$/m.exec(paste());
  expect(readKeyFile(setting?.[1] ?? '', data)).toMatchObject({ warnings: [] });
  expect(paste).toThrow();
  expect(existsSync(data)).toBe(false);
});

test('a folder of version 0.1 is taken over once, told by the log and the doctor', async () => {
  const asked = encodeUnkeyed(noHead, Date.now(), 'r1', unkeyedAsked('r1'));
  const no = encodeUnkeyed(asked.head, Date.now(), 'r1', olderEvent(denied));
  const store = await openTestStore({ dir: data });
  await store.close();
  for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
  writeFileSync(join(data, 'journal-000000001.ndjson'), `${asked.text}\n${no.text}\n`);
  expect(audit('verify')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/lines 1 to 2 are of version 0\.1[^]*NOT PROVEN/) as unknown,
  });
  expect(run('cli/doctor.js', ['--offline']).out).toMatch(
    /warn +record\.journal +version 0\.1 wrote it, without a key/,
  );
  program = await startProgram('src/main.js', [], { ...settings(), LR_LOG_LEVEL: 'warn' });
  await stop();
  expect(run('cli/doctor.js', ['--offline']).out).toMatch(
    /ok +record\.journal +written with this key; its first lines are of version 0\.1 and were taken over/,
  );
  expect(readFileSync(join(data, 'journal-000000001.ndjson'), 'utf8').split('"takenOver"')).toHaveLength(2);
  expect(audit('verify')).toMatchObject({ code: 0 });
  await start();
  await stop();
  expect(audit('verify')).toMatchObject({ code: 0 });
});

describe('a person', () => {
  beforeEach(async () => {
    const store = await openTestStore({ dir: data });
    await store.add(askedOf('r1', { reason: 'my own words' }));
    await store.change('r1', () => ({
      event: { ...denied, vote: { ...denied.vote, reason: 'not today' } },
    }));
    await store.add(askedOf('r2', { requester: approver, account: 'slack:U2' }));
    await store.close();
  });

  test('is forgotten on request: the chain verifies, and nothing of the person can be read again', () => {
    expect(audit('show', 'r1').out).toMatch(/requester\.name="First Responder".*reason="my own words"/);
    const done = audit('forget', responder.id);
    expect(done).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /Forgotten: responder1[^]*NOT forgotten by this: backups of people\.keys/,
      ) as unknown,
    });
    expect(audit('verify')).toMatchObject({ code: 0 });
    expect(audit('show', 'r1').out).toMatch(
      /requester\.id="p_[0-9a-f]{16}" requester\.name="forgotten person"/,
    );
    expect(audit('show', 'r1').out).not.toMatch(/Responder|my own words|slack:U1/);
    expect(audit('show', 'r1').out).toContain('reason="not today"');
    expect(audit('forget', responder.id)).toMatchObject({
      code: 1,
      out: expect.stringContaining('knows nobody by') as unknown,
    });
  });

  test.each([
    ['the person', () => responder.id],
    ['a request in which the person stands', () => 'r1'],
  ])('is not forgotten while a legal hold on %s stands', (_what, on) => {
    expect(audit('hold', on(), 'case', '4711')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Held:') as unknown,
    });
    expect(audit('forget', 'First Responder')).toMatchObject({
      code: 1,
      out: expect.stringContaining('Nothing was forgotten: a legal hold') as unknown,
    });
    expect(audit('release', on())).toMatchObject({ code: 0 });
    expect(audit('release', on())).toMatchObject({
      code: 1,
      out: expect.stringContaining('No legal hold stands') as unknown,
    });
    expect(audit('forget', 'First Responder')).toMatchObject({ code: 0 });
    expect(audit('verify').code).toBe(0);
  });

  test('is not forgotten while a request of theirs is open, nor next to a running bot', async () => {
    expect(audit('forget', approver.id)).toMatchObject({
      code: 1,
      out: expect.stringContaining('stands in request r2, which is still open') as unknown,
    });
    await start();
    expect(audit('forget', responder.id)).toMatchObject({
      code: 1,
      out: expect.stringContaining('is in use by another running bot') as unknown,
    });
    expect(audit('verify').code).toBe(0);
  });
});

test.each([['accept'], ['accept', 'x'], ['hold'], ['forget'], ['release', 'a', 'b'], ['show']])(
  'called wrongly, "audit %s" says how',
  (...words) => {
    expect(audit(...words)).toMatchObject({
      code: 2,
      out: expect.stringContaining('usage: npm run audit') as unknown,
    });
  },
);

test('what is approved in it, is not sent before somebody looked, where lines are of version 0.1', async () => {
  const asked = encodeUnkeyed(
    noHead,
    Date.now(),
    'r1',
    olderAsked(
      askedOf('r1', {
        at: Date.now(),
        terms: { ...askedOf('r1').asked.terms, expiresAt: Date.now() + 1_800_000 },
      }),
    ),
  );
  const yes = encodeUnkeyed(
    asked.head,
    Date.now(),
    'r1',
    olderEvent({ ...approved, vote: { ...approved.vote, at: Date.now() } }),
  );
  const store = await openTestStore({ dir: data });
  await store.close();
  for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
  writeFileSync(join(data, 'journal-000000001.ndjson'), `${asked.text}\n${yes.text}\n`);
  expect(await ready(await start())).toMatch(/frozen by the bot: the journal of version 0\.1 was taken over/);
});
