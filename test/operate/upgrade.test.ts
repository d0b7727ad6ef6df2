// Upgrade from real earlier versions: their program works on a folder, is stopped or killed in the middle,
// and today's goes on there. Nothing is lost, nothing runs twice.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { journalLines } from '../support/store/journal.ts';
import { root } from '../support/root.ts';
import { OperatedBot } from './bot.ts';
import { earlierVersions, layOut, versionsFolder } from './earlier.ts';
import type { Earlier } from './earlier.ts';

/** Two programs and several such sessions, on a machine that does much else. Milliseconds. */
const patience = 150_000;

interface Line {
  readonly request: string | null;
  readonly event: { readonly type: string };
}

describe.each(earlierVersions)('a folder of the version "%s"', (version) => {
  let bot: OperatedBot;
  let earlier: Earlier;
  beforeEach(async () => {
    earlier = layOut(version);
    bot = new OperatedBot();
    // Sessions that go on are read for a while, and Defender allows a hundred calls a minute.
    bot.more = { LR_POLL_MS: '500' };
    await bot.open({ policy: earlier.policy });
    bot.take(earlier.programs);
    await bot.start();
  });
  afterEach(async () => {
    await bot.close();
    earlier.remove();
  });

  /**
   * What a button of the program that runs carries: in version 0.1 it was the fingerprint that people read.
   */
  const carriedThen = (id: string): string | undefined =>
    bot.programs === earlier.programs && version === 'unkeyed'
      ? bot.request(id).subject.fingerprint
      : undefined;

  async function approved(text: string): Promise<string> {
    const id = await bot.ask(text);
    expect(await bot.press('approver1', id, 'approve', carriedThen(id))).toMatchObject({
      text: `Approved ${id}.`,
    });
    return id;
  }

  /**
   * Version 0.1 had no key: what it wrote is believed by nobody, so what was approved in it waits for a
   * person.
   */
  async function unfreezeWhereTakenOver(): Promise<void> {
    const taken = /frozen by the bot: the journal of version 0\.1 was taken over/.test(await bot.ready());
    expect({ version, taken }).toEqual({ version, taken: version === 'unkeyed' });
    if (taken)
      expect(await bot.say('approver1', 'unfreeze')).toMatchObject({
        text: expect.stringContaining('Unfrozen') as unknown,
      });
  }

  const typesOf = (id: string): readonly string[] =>
    (journalLines(bot.data) as readonly Line[])
      .filter(({ request }) => request === id)
      .map(({ event }) => event.type);

  test(
    'stopped with a finished, a running and a waiting request, is gone on with: each stands as before, and runs once',
    async () => {
      const finished = await approved('dump hosta OfficeClickToRun');
      await bot.reaches(finished, 'finished');
      const denied = await bot.ask('dump hosta teams');
      await bot.say('approver1', `deny ${denied} not today`);
      await bot.reaches(denied, 'closed');
      const waiting = await bot.ask('dump hosta explorer');
      bot.holdSessions();
      const running = await approved('dump hosta notepad');
      await bot.reaches(running, 'running');
      expect(await bot.stop()).toBe(0);
      expect(stageOf(bot.request(running)).state).toBe('running');
      const before = typesOf(finished);

      bot.take();
      await bot.start();
      await unfreezeWhereTakenOver();
      expect(typesOf(finished)).toEqual(before);
      expect(stageOf(bot.request(denied))).toMatchObject({ state: 'closed', ending: { kind: 'denied' } });
      expect(stageOf(bot.request(waiting)).state).toBe('awaitingApproval');
      expect(stageOf(bot.request(running)).state).toBe('running');
      bot.simulator.tenant.faults.clear();
      await bot.reaches(running, 'finished');
      if (version === 'unkeyed') {
        // The card of then: its button says less than is asked of one today.
        expect(
          await bot.press('approver1', waiting, 'approve', bot.request(waiting).subject.fingerprint),
        ).toMatchObject({
          text: expect.stringMatching(
            /drawn by an older version of the bot, so the press was not taken/,
          ) as unknown,
        });
        expect(stageOf(bot.request(waiting)).state).toBe('awaitingApproval');
      }
      expect(await bot.press('approver1', waiting, 'approve')).toMatchObject({
        text: `Approved ${waiting}.`,
      });
      await bot.reaches(waiting, 'finished');
      expect(bot.submissions).toBe(3);
      expect(await bot.stop()).toBe(0);
      expect(bot.run('audit', ['verify'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^ok$/m) as unknown,
      });
      // Names of then are read like those of now.
      for (const id of [finished, waiting])
        expect(bot.run('audit', ['show', id]).out).toContain('requester.name="Riley Responder"');
      expect(existsSync(join(bot.data, 'snapshot.json'))).toBe(true);
      // From the snapshot of today, too.
      await bot.start();
      expect(await bot.ready()).not.toContain('frozen by');
      expect(await bot.stop()).toBe(0);
    },
    patience,
  );

  test(
    'killed while one session runs and another one is being asked for, is gone on with: the answer that nobody read is found by its tag',
    async () => {
      bot.holdSessions();
      const running = await approved('dump hosta OfficeClickToRun');
      await bot.reaches(running, 'running');
      // Defender has the session, and the answer stops halfway.
      bot.simulator.tenant.faults.plant({ what: 'slowBody', on: 'run', ms: 120_000 });
      const asked = await approved('dump hostb notepad');
      await bot.until('Defender has the second session', () => bot.submissions === 2);
      expect(stageOf(bot.request(asked)).state).toBe('submitting');
      await bot.kill();
      bot.simulator.tenant.faults.clear();
      bot.holdSessions();

      bot.take();
      await bot.start();
      await unfreezeWhereTakenOver();
      await bot.reaches(asked, 'running');
      expect(stageOf(bot.request(running)).state).toBe('running');
      bot.simulator.tenant.faults.clear();
      await bot.reaches(running, 'finished');
      await bot.reaches(asked, 'finished');
      expect(bot.submissions).toBe(2);
      const next = await approved('dump hosta teams');
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

  test(
    'with an approved request that was never sent: version 0.1 proves no approval, so a person has to let it go on; with a key it is sent, once',
    async () => {
      bot.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always', retryAfter: 1 });
      const queued = await approved('dump hosta OfficeClickToRun');
      await bot.until('Defender said not now', () => {
        const request = bot.request(queued);
        const stage = stageOf(request);
        return stage.state === 'queued' && stage.waitsFor !== undefined;
      });
      expect(await bot.stop()).toBe(0);
      bot.simulator.tenant.faults.clear();

      bot.take();
      await bot.start();
      if (version === 'unkeyed') {
        expect(await bot.ready()).toMatch(/frozen by/);
        expect(stageOf(bot.request(queued)).state).toBe('queued');
        expect(bot.submissions).toBe(0);
        await bot.say('approver1', 'unfreeze');
      }
      await bot.reaches(queued, 'finished');
      expect(bot.submissions).toBe(1);
      expect(await bot.stop()).toBe(0);
    },
    patience,
  );
});

// Rebuilt where the whole history is at hand and the bundler is the one that packed them; CI's copy may have
// neither.
const { bundler, versions } = JSON.parse(readFileSync(join(versionsFolder, 'versions.json'), 'utf8')) as {
  readonly bundler: string;
  readonly versions: Readonly<Record<string, { readonly commit: string }>>;
};
const here = (
  JSON.parse(readFileSync(join(root, 'node_modules', 'esbuild', 'package.json'), 'utf8')) as {
    readonly version: string;
  }
).version;
const hasHistory =
  here === bundler &&
  existsSync(join(root, '.git')) &&
  Object.values(versions).every(
    ({ commit }) =>
      spawnSync('git', ['-c', 'safe.directory=*', 'cat-file', '-e', `${commit}^{tree}`], { cwd: root })
        .status === 0,
  );
(hasHistory ? test : test.skip)('the earlier programs are what the history gives', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'earlierVersions.js'), '--check'],
    { cwd: root, encoding: 'utf8' },
  );
  expect({ status, stderr, out: stdout.match(/^\w+: the same$/gm) }).toEqual({
    status: 0,
    stderr: '',
    out: earlierVersions.map((name) => `${name}: the same`),
  });
});
