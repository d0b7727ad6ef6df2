// The content of library scripts, from the card the approver reads to the POST: what was not seen is not
// sent, and what cannot be seen is said.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { textOf } from '../../../support/apps/testApp.ts';
import { lastText, sent } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { remove, upload } from '../../../support/defender/library/library.ts';
import { root } from '../../../support/root.ts';
import { approvalCodeOf } from '../../../../src/bot/commands/requestId.ts';
import { grantOf } from '../../../support/requests/requests.ts';
import { asked } from '../../../support/defender/contentStory.ts';

let app: TestApp;
afterEach(() => app.close());

/** What the simulated library holds: the shipped script as it is. */
const original = readFileSync(join(root, 'manifest', 'defender', 'minidump.ps1'), 'utf8');
const evil = 'Add-LocalGroupMember Administrators mallory';
const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
const libraryFault = (app: TestApp, status: number, times: number | 'always' = 'always'): void =>
  app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status, times });

describe('the approval card', () => {
  test('shows the beginning of each SHA-256 below its command, and since when the library has it', async () => {
    app = await asked('on hosta put triage.zip ; run minidump.ps1 notepad ; get C:\\a.txt');
    const rows = app.card().view.steps.map((step) => step.detail);
    expect(rows).toEqual([
      expect.stringMatching(/^SHA-256 [0-9a-f]{8}…, last changed 2026-10-24 03:00 UTC\.$/),
      expect.stringContaining(`SHA-256 ${short(original)}…`),
      undefined,
    ]);
    expect(lastText(app)).toMatch(/Scripts +content as of 03:00 UTC; if it changes, nothing is sent/);
  });

  test('says so where a script is no longer in the library', async () => {
    app = await asked('run hosta collect.ps1');
    await remove(app, 'collect.ps1');
    await app.say('approver1', `approve ${app.newest().id}`);
    await app.loop.tick();
    expect(app.card().view.steps[0]?.detail).toBe('NOT in the live response library: it would fail.');
  });

  test('costs no call to the library where no library file is named', async () => {
    app = await asked('hosts hosta', {}, (app) => libraryFault(app, 503));
    expect(app.simulator.tenant.faults.planted()).toHaveLength(1);
    expect(lastText(app)).not.toMatch(/Scripts/);
    await app.press('approver1', 'approve');
    await app.until('finished');
  });

  test('tells a private look, by typing, the content as it is now', async () => {
    app = await asked();
    await upload(app, 'minidump.ps1', evil);
    const { id } = app.newest();
    expect(textOf(await app.say('approver1', `approve ${id}`))).toContain(`SHA-256 ${short(evil)}…`);
    await app.loop.tick();
    expect(lastText(app)).toContain(`SHA-256 ${short(evil)}…`);
  });
});

describe('an approval', () => {
  test('keeps the whole hashes of what the card showed, and the finished card names them', async () => {
    app = await asked();
    await app.press('approver1', 'approve');
    const finished = await app.until('finished');
    expect(grantOf(finished).content).toMatchObject({
      files: [{ name: 'minidump.ps1', sha256: createHash('sha256').update(original).digest('hex') }],
    });
    await app.run(5_000);
    expect(lastText(app)).toContain(`unchanged from approval to sending: minidump.ps1 ${short(original)}`);
  });

  test('by a press on a card whose script has changed since is refused, and the card shows the new content to be judged', async () => {
    app = await asked();
    await upload(app, 'minidump.ps1', evil);
    const reply = textOf(await app.press('approver1', 'approve'));
    expect(reply).toContain(
      `minidump.ps1 changed from ${short(original)} to ${short(evil)} (last changed at Defender 2026-11-23 03:00 UTC)`,
    );
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    await app.loop.tick();
    expect(lastText(app)).toContain(`SHA-256 ${short(evil)}…, last changed 03:00 UTC.`);
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(sent(app)).toBe(1);
  });

  test('typed with the code of the older content is refused too', async () => {
    app = await asked();
    const {
      id,
      subject: { fingerprint },
    } = app.newest();
    const code = approvalCodeOf(app.newest());
    await upload(app, 'minidump.ps1', evil);
    await app.press('approver1', 'approve');
    expect(app.newest().subject.fingerprint).not.toBe(fingerprint);
    expect(textOf(await app.say('responder2', `approve ${id} ${code}`))).toMatch(
      /made for an older state of/,
    );
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });

  test('is judged by person and role before the library is read', async () => {
    app = await asked();
    await upload(app, 'minidump.ps1', evil);
    expect(textOf(await app.press('responder1', 'approve'))).toMatch(/your own request/);
    await app.loop.tick();
    expect(lastText(app)).not.toContain(short(evil));
  });

  test('while the library cannot be read is of what the card showed', async () => {
    app = await asked();
    libraryFault(app, 503);
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
    expect(app.newest()).toMatchObject({
      sessions: [{ grant: { content: { files: [{ name: 'minidump.ps1' }] } }, stage: { state: 'queued' } }],
    });
  });

  test('waits for a second press where the content became readable after the card was shown', async () => {
    app = await asked('dump hosta notepad', {}, (app) => libraryFault(app, 503));
    expect(lastText(app)).toContain(
      'script content not verified: the library could not be read when it was asked; a change would not be noticed',
    );
    app.simulator.tenant.faults.clear();
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(/could be read now.*press again/);
    await app.loop.tick();
    expect(lastText(app)).toContain(`SHA-256 ${short(original)}…`);
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
  });

  test('waits for a second press where the right was taken away after the card was shown', async () => {
    app = await asked();
    libraryFault(app, 403);
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(
      /no longer read the live response library \(Library\.Manage\)/,
    );
    await app.loop.tick();
    expect(lastText(app)).toContain(
      'script content not verified: the bot may not read the library (Library.Manage)',
    );
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
  });
});

describe('right before the POST', () => {
  async function approvedThen(change: () => void | Promise<void>): Promise<void> {
    app = await asked();
    await app.press('approver1', 'approve');
    await change();
  }

  test('a changed script voids the approval: nothing is sent, and the card says what changed, since when, and what to do', async () => {
    await approvedThen(async () => {
      app.clock.move(60_000);
      await upload(app, 'minidump.ps1', evil);
    });
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'scriptChanged' },
    });
    expect(sent(app)).toBe(0);
    expect(lastText(app)).toContain(
      `minidump.ps1 changed from ${short(original)} to ${short(evil)} (last changed at Defender 2026-11-23 03:01 UTC)`,
    );
    expect(lastText(app)).toMatch(/Nothing was run\. Tell the security team.*Ask again/);
  });

  test('a script that is gone voids it too', async () => {
    await approvedThen(() => remove(app, 'minidump.ps1'));
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: {
        code: 'scriptChanged',
        detail: expect.stringMatching(/^minidump\.ps1 \([0-9a-f]{8}\) is no longer in the library$/),
      },
    });
    expect(sent(app)).toBe(0);
  });

  test('so does a file to be put', async () => {
    app = await asked('put hosta triage.zip');
    await app.press('approver1', 'approve');
    await upload(app, 'triage.zip', 'other bytes');
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'scriptChanged' } });
    expect(sent(app)).toBe(0);
  });

  test('the same bytes uploaded again change nothing', async () => {
    await approvedThen(() => upload(app, 'minidump.ps1', original));
    await app.until('running');
    expect(sent(app)).toBe(1);
  });

  test('the list that people look at is not what is compared', async () => {
    app = await asked();
    await app.press('approver1', 'approve');
    await app.say('responder1', 'scripts');
    await upload(app, 'minidump.ps1', evil);
    await app.run(10_000);
    expect(sent(app)).toBe(0);
  });

  test.each([
    ['down', 503],
    ['closed to the bot', 403],
  ])('a library that is %s defers it, with its own words, until it can be read', async (_name, status) => {
    await approvedThen(() => libraryFault(app, status));
    await app.run(40_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'library' });
    expect(lastText(app)).toMatch(/Approved, scripts not verified yet/);
    expect(sent(app)).toBe(0);
    app.simulator.tenant.faults.clear();
    await app.until('running');
    expect(sent(app)).toBe(1);
    expect(app.newest()).toMatchObject({ sessions: [{ attempts: [{}] }] });
  });

  test('a library that stays down lets the approval lapse, unsent', async () => {
    await approvedThen(() => libraryFault(app, 503));
    await app.run(31 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'lapsed', waitedFor: 'library' },
    });
    expect(sent(app)).toBe(0);
    expect(lastText(app)).toMatch(/could not be verified/);
  });

  test('without the right it goes on, and every card says that the content was not verified', async () => {
    app = await asked('dump hosta notepad', {}, (app) => libraryFault(app, 403));
    expect(lastText(app)).toMatch(
      /Scripts +script content not verified: the bot may not read the library \(Library\.Manage\); a change would not be noticed/,
    );
    await app.press('approver1', 'approve');
    await app.until('running');
    await app.run(2_400);
    expect(lastText(app)).toMatch(/Scripts +script content not verified: the bot may not read the library/);
    await app.until('finished');
    await app.run(5_000);
    expect(lastText(app)).toMatch(/Scripts +script content not verified/);
  });

  test('of a request to be sent again, the library is read once more after the last look for the first attempt', async () => {
    app = await asked('dump hosta notepad', {}, (app) =>
      app.simulator.tenant.faults.plant({ what: 'reset', on: 'run', times: 1 }),
    );
    await app.press('approver1', 'approve');
    await app.run(10 * 60_000);
    expect(stageOf(app.newest()).state).toBe('unknown');
    await upload(app, 'minidump.ps1', evil);
    expect(textOf(await app.press('approver1', 'resend'))).toContain(`to ${short(evil)}`);
    await app.loop.tick();
    expect(stageOf(app.newest()).state).toBe('unknown');
    expect(lastText(app)).toContain(
      `Changed since: minidump.ps1 changed from ${short(original)} to ${short(evil)}`,
    );
    expect(await app.press('approver1', 'resend')).toMatchObject({ kind: 'asked' });
    await app.until('running');
    expect(sent(app)).toBe(1);
    expect(app.newest()).toMatchObject({
      sessions: [
        { grant: { content: { files: [{ sha256: createHash('sha256').update(evil).digest('hex') }] } } },
      ],
    });
  });
});
