// Rollback: real earlier programs on a folder that today's has written on. They refuse it and change
// nothing; and the backup of before the upgrade is put back with the commands of docs/operate.md.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OperatedBot } from './bot.ts';
import { layOut } from './earlier.ts';
import type { Earlier, EarlierVersion } from './earlier.ts';
import { runBlock } from './guide.ts';
import type { Ran } from './guide.ts';

/** Several starts of two programs, on a machine that does much else. Milliseconds. */
const patience = 150_000;

let bot: OperatedBot;
let earlier: Earlier;

async function opened(version: EarlierVersion): Promise<void> {
  earlier = layOut(version);
  bot = new OperatedBot();
  bot.more = { LR_POLL_MS: '500' };
  mkdirSync(bot.backups);
  await bot.open({ policy: earlier.policy });
}
afterEach(async () => {
  await bot.close();
  earlier.remove();
});

async function approved(text: string): Promise<string> {
  const id = await bot.ask(text);
  // A button of version 0.1 carried the fingerprint that people read; the others are told apart by what the
  // bot takes.
  const first = await bot.press('approver1', id, 'approve');
  if (first['text'] !== `Approved ${id}.`)
    expect(await bot.press('approver1', id, 'approve', bot.request(id).subject.fingerprint)).toMatchObject({
      text: `Approved ${id}.`,
    });
  return id;
}

/** Every journal file by its name and content. */
const journal = (): readonly string[] =>
  readdirSync(bot.data)
    .filter((name) => name.startsWith('journal-'))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(bot.data, name)))
          .digest('hex')}`,
    );

/** A block of docs/operate.md in the checkout of the older version, as somebody who rolls back is in it. */
function runThere(title: string, more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return runBlock(title, { ...bot.settings(), BACKUP_DIR: bot.backups, ...more }, earlier.folder);
}

async function backedUp(): Promise<string> {
  const { code, out } = await runThere('backup');
  expect({ code, out }).toMatchObject({ code: 0 });
  return out.trim();
}

/** Approved by the older program while Defender takes no session; what today's sends after the upgrade. */
async function approvedAndWaiting(): Promise<string> {
  bot.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always', retryAfter: 1 });
  const id = await approved('dump hosta notepad');
  await bot.until('Defender said not now', () => {
    const request = bot.request(id);
    const stage = stageOf(request);
    return stage.state === 'queued' && stage.waitsFor !== undefined;
  });
  return id;
}

describe.each([
  [
    'keyed',
    /^The bot cannot start: journal-\d+\.ndjson line \d+ has the format 3, which this version does not know: it was written by a newer one$/m,
  ],
  // Its words for whatever it does not know. Nobody can change them any more, so the page says what they mean.
  [
    'unkeyed',
    /^The bot cannot start: journal-\d+\.ndjson line \d+ was changed after it was written \(its own hash does not fit\)$/m,
  ],
] as const)('the version "%s", whose lines have another format,', (version, words) => {
  beforeEach(() => opened(version));

  test.each(['of today alone', 'that it began itself'])(
    'refuses a journal %s, changes nothing of it, and today’s goes on',
    async (whose) => {
      if (whose !== 'of today alone') {
        bot.take(earlier.programs);
        await bot.start();
        await bot.ask('dump hosta teams');
        expect(await bot.stop()).toBe(0);
        bot.take();
      }
      await bot.start();
      const id = await approved('dump hosta OfficeClickToRun');
      await bot.reaches(id, 'finished');
      expect(await bot.stop()).toBe(0);
      const before = journal();

      bot.take(earlier.programs);
      expect(bot.run('main')).toMatchObject({
        code: 1,
        out: expect.stringMatching(words) as unknown,
      });
      expect(journal()).toEqual(before);

      bot.take();
      await bot.start();
      expect(stageOf(bot.request(id)).state).toBe('finished');
      const next = await approved('dump hosta notepad');
      await bot.reaches(next, 'finished');
      expect(bot.submissions).toBe(2);
      expect(await bot.stop()).toBe(0);
      expect(bot.run('audit', ['verify'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^ok$/m) as unknown,
      });
    },
    patience,
  );
});

describe('the last version before today’s', () => {
  beforeEach(() => opened('keyed'));

  test(
    'is given the backup of before the upgrade: refused until it is accepted, then frozen, and what today’s sent is not sent again',
    async () => {
      bot.take(earlier.programs);
      await bot.start();
      const queued = await approvedAndWaiting();
      expect(await bot.stop()).toBe(0);
      const copy = await backedUp();
      bot.simulator.tenant.faults.clear();

      bot.take();
      await bot.start();
      await bot.reaches(queued, 'finished');
      const later = await approved('dump hosta teams');
      await bot.reaches(later, 'finished');
      expect(await bot.stop()).toBe(0);
      expect(bot.submissions).toBe(2);

      bot.take(earlier.programs);
      expect(await runThere('restore', { BACKUP: copy })).toMatchObject({
        code: 0,
        out: expect.stringContaining('the bot starts frozen') as unknown,
      });
      await bot.start();
      expect(await bot.ready()).toMatch(
        /frozen by .+: the record was restored and accepted as of line \d+; lines \d+ to \d+ are lost/,
      );
      expect(stageOf(bot.request(queued)).state).toBe('queued');
      await bot.say('responder1', `cancel ${queued}`);
      await bot.reaches(queued, 'closed');
      await bot.say('approver1', 'unfreeze');
      const next = await approved('dump hosta explorer');
      await bot.reaches(next, 'finished');
      expect(bot.submissions).toBe(3);
      expect(await bot.stop()).toBe(0);
      expect(bot.run('audit', ['verify'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^ok$/m) as unknown,
      });
    },
    patience,
  );
});

describe('a restore that the last version before today’s accepted', () => {
  beforeEach(() => opened('keyed'));

  test(
    'is known to today’s after the next upgrade: its cards do not say that nothing ran',
    async () => {
      bot.take(earlier.programs);
      await bot.start();
      const queued = await approvedAndWaiting();
      expect(await bot.stop()).toBe(0);
      const copy = await backedUp();
      bot.simulator.tenant.faults.clear();
      await bot.start();
      await bot.reaches(queued, 'finished');
      expect(await bot.stop()).toBe(0);

      expect(await runThere('restore', { BACKUP: copy })).toMatchObject({
        code: 0,
        out: expect.stringContaining('the bot starts frozen') as unknown,
      });
      await bot.start();
      expect(stageOf(bot.request(queued)).state).toBe('queued');
      // With a snapshot of its own, which keeps nothing of that.
      expect(await bot.stop()).toBe(0);
      expect(readdirSync(bot.data)).toContain('snapshot.json');

      bot.take();
      await bot.start();
      expect(JSON.stringify(await bot.say('responder1', `status ${queued}`))).toMatch(
        /Whether it ran is not known: the record was restored at/,
      );
      expect(await bot.say('responder1', `cancel ${queued}`)).toMatchObject({
        text: expect.stringMatching(/^Withdrew \S+ Whether it ran is not known/) as unknown,
      });
      expect(bot.submissions).toBe(1);
      expect(await bot.stop()).toBe(0);
      expect(bot.run('audit', ['verify'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^ok$/m) as unknown,
      });
    },
    patience,
  );
});

describe('version 0.1, whose lines had no key,', () => {
  beforeEach(() => opened('unkeyed'));

  test(
    'is given the backup of before the upgrade and frozen before its start, because it knows no "accept": what today’s sent is not sent again',
    async () => {
      bot.take(earlier.programs);
      await bot.start();
      const queued = await approvedAndWaiting();
      expect(await bot.stop()).toBe(0);
      const copy = await backedUp();
      bot.simulator.tenant.faults.clear();

      bot.take();
      await bot.start();
      await bot.say('approver1', 'unfreeze');
      await bot.reaches(queued, 'finished');
      expect(await bot.stop()).toBe(0);

      bot.take(earlier.programs);
      expect(await runThere('restore into version 0.1', { BACKUP: copy })).toMatchObject({ code: 0 });
      await bot.start();
      // It has no admin port yet; what people are told says it.
      expect(JSON.stringify(await bot.say('responder1', 'status'))).toMatch(
        /[Ff]rozen by .+restored from a backup/,
      );
      expect(stageOf(bot.request(queued)).state).toBe('queued');
      await bot.say('responder1', `cancel ${queued}`);
      await bot.reaches(queued, 'closed');
      await bot.say('approver1', 'unfreeze');
      const next = await approved('dump hosta teams');
      await bot.reaches(next, 'finished');
      expect(bot.submissions).toBe(2);
      expect(await bot.stop()).toBe(0);

      // Forward once more: the anchors know lines that are gone, so a person has to accept that.
      bot.take();
      expect(bot.run('main')).toMatchObject({
        code: 2,
        out: expect.stringMatching(/audit -- accept \d+:[0-9a-f]{64}/) as unknown,
      });
    },
    patience,
  );
});
