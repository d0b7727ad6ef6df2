// Backup and restore, with the very commands of docs/operate.md: copied while the bot works, restored as an
// older copy, and nothing runs twice.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OperatedBot } from './bot.ts';
import { runBlock } from './guide.ts';
import type { Ran } from './guide.ts';

let bot: OperatedBot;
beforeEach(async () => {
  bot = new OperatedBot();
  mkdirSync(bot.backups);
  await bot.open();
});
afterEach(() => bot.close());

function run(title: string, more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return runBlock(title, { ...bot.settings(), BACKUP_DIR: bot.backups, ...more });
}

/** The folder of a new copy. */
async function backedUp(): Promise<string> {
  const { code, out } = await run('backup');
  expect({ code, out }).toMatchObject({ code: 0 });
  return out.trim();
}

/** Approved while Defender takes no session: it waits, and is sent once Defender does. */
async function approvedAndWaiting(): Promise<string> {
  bot.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always', retryAfter: 1 });
  const id = await bot.ask('dump hosta notepad');
  await bot.press('approver1', id, 'approve');
  await bot.until('Defender said not now', () => {
    const request = bot.request(id);
    const stage = stageOf(request);
    return stage.state === 'queued' && stage.waitsFor !== undefined;
  });
  return id;
}

test('an older copy starts only after it was accepted, is frozen then, and what was sent since is not sent again', async () => {
  await bot.start();
  const first = await bot.ask();
  await bot.press('approver1', first, 'approve');
  await bot.reaches(first, 'finished');
  const second = await approvedAndWaiting();
  const copy = await backedUp();
  bot.simulator.tenant.faults.clear();
  await bot.reaches(second, 'finished');
  expect(bot.submissions).toBe(2);
  await bot.kill();

  // The disk is lost, and somebody puts the copy back as it is.
  expect((await run('restore', { BACKUP: copy, LR_JOURNAL_KEY_FILE: '' })).code).not.toBe(0);
  rmSync(`${bot.data}.before-restore`, { recursive: true });
  const no = bot.run('main');
  expect(no).toMatchObject({
    code: 2,
    out: expect.stringMatching(
      /was anchored: lines \d+ to \d+ are missing\.[^]*audit -- accept \d+:[0-9a-f]{64}/,
    ) as unknown,
  });

  const restored = await run('restore', { BACKUP: copy });
  expect(restored).toMatchObject({
    code: 0,
    out: expect.stringContaining('the bot starts frozen') as unknown,
  });
  expect(existsSync(`${bot.data}.before-restore`)).toBe(true);
  await bot.start();
  expect(await bot.ready()).toMatch(
    /frozen by .+ at the machine: the record was restored and accepted as of line \d+; lines \d+ to \d+ are lost/,
  );
  expect(stageOf(bot.request(first)).state).toBe('finished');
  // The copy knows it as approved and not sent. It waits for a person, who sees in Defender that it ran.
  expect(stageOf(bot.request(second)).state).toBe('queued');
  await bot.say('responder1', `cancel ${second}`);
  await bot.reaches(second, 'closed');
  await bot.say('approver1', 'unfreeze');
  const third = await bot.ask('dump hosta teams');
  await bot.press('approver1', third, 'approve');
  await bot.reaches(third, 'finished');
  expect(bot.submissions).toBe(3);
  expect(await bot.stop()).toBe(0);
  expect(bot.run('audit', ['verify'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/\nok/) as unknown,
  });
});

test('without an anchor "accept" freezes all the same, so that what the copy shows as approved is not sent by itself', async () => {
  bot.more = { LR_ANCHOR_FILE: '' };
  await bot.start();
  const id = await approvedAndWaiting();
  const copy = await backedUp();
  bot.simulator.tenant.faults.clear();
  await bot.reaches(id, 'finished');
  await bot.kill();
  expect(await run('restore', { BACKUP: copy })).toMatchObject({ code: 0 });
  await bot.start();
  expect(await bot.ready()).toMatch(/the record was restored and accepted/);
  expect(stageOf(bot.request(id)).state).toBe('queued');
  expect(await bot.stop()).toBe(0);
  expect(bot.submissions).toBe(1);
});

test('a copy that is made while people ask and decide fits together, every time', async () => {
  await bot.start();
  let on = true;
  const asked: string[] = [];
  const people = Array.from({ length: 3 }, async (_, n) => {
    for (let at = 0; on; at += 1) {
      const id = await bot.ask(`dump hosta process${n}x${at} --reason "copy ${n} ${at}"`);
      asked.push(id);
      await bot.say('responder1', `cancel ${id}`);
    }
  });
  const copies: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    const before = asked.length;
    await bot.until('more was asked', () => asked.length > before + 3);
    const { code, out } = await run('backup', { BACKUP_DIR: join(bot.backups, String(n)) });
    expect({ code, out }).toMatchObject({ code: 0 });
    copies.push(out.trim());
  }
  on = false;
  await Promise.all(people);
  for (const copy of copies)
    expect(await run('check the backup', { BACKUP: copy, LR_ANCHOR_FILE: '' })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok$/m) as unknown,
    });
  const known = asked.length;
  expect(await bot.stop()).toBe(0);
  expect(await run('restore', { BACKUP: copies[3] ?? '' })).toMatchObject({ code: 0 });
  expect(known).toBeGreaterThan(12);
  // With its names: the file of keys fits to the journal.
  expect(bot.run('audit', ['show', asked[0] ?? '']).out).toContain('requester.name="Riley Responder"');
  await bot.start();
});
