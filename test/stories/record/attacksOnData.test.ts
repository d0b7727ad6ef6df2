// Attacks by somebody who may write the data folder, but has not the journal's key (row 5.4 of the field
// faults): through the whole product, in Slack.
import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestTransition } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { crashed, edited, hashed, rewritten, unkeyed } from '../../support/attacks/forging.ts';
import { openSlackStage, slackIds } from '../../support/attacks/slackDoor.ts';
import { approving, asked, newest, reached, sent } from '../../support/attacks/stage.ts';
import type { Stage } from '../../support/attacks/stage.ts';
import { testKeyText } from '../../support/store/testKeys.ts';
import { olderEvent } from '../../support/store/olderEvents.ts';

describe('by somebody who may write the data folder and has not the key (row 5.4)', () => {
  let stage: Stage;
  const folders: string[] = [];
  afterEach(async () => {
    await stage.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  /** A bot whose key is not in its folder, and whose head is noted elsewhere. */
  async function keyed(): Promise<void> {
    const elsewhere = mkdtempSync(join(tmpdir(), 'lr-anchors-'));
    folders.push(elsewhere);
    stage = await openSlackStage((text) => text, {
      LR_JOURNAL_KEY: testKeyText,
      LR_ANCHOR_FILE: join(elsewhere, 'anchors.ndjson'),
      LR_ANCHOR_EVERY_LINES: '1',
    });
  }
  /** The approval that nobody gave. */
  const forged = (request: Request): RequestTransition => ({
    type: 'approved',
    vote: {
      kind: 'approve',
      by: { id: 'approver1', name: 'Avery Approver' },
      account: `slack:${slackIds.avery}`,
      at: Date.now(),
      digest: request.subject.digest,
    },
  });

  test.each<readonly [string, (all: readonly string[], request: Request) => readonly string[], RegExp]>([
    [
      'an approval appended in the form of version 0.1',
      (all, request) => [...all, unkeyed(all, olderEvent(forged(request)), request)],
      /carries no key, although the lines before it do/,
    ],
    [
      'an approval appended with a hash',
      (all, request) => [...all, hashed(all, forged(request), request)],
      /was changed after it was written, or not written with the key/,
    ],
    [
      'all hashes written again, an approval among them',
      (all, request) => rewritten([...all, hashed(all, forged(request), request)]),
      /line 1 was changed after it was written, or not written with the key/,
    ],
    ['the newest lines cut off', (all) => all.slice(0, -2), /lines? \d+(?: to \d+)? (?:is|are) missing/],
  ])('%s: the bot does not start, and nothing runs', async (_what, tamper, words) => {
    await keyed();
    const request = await asked(stage);
    const { url } = stage.service();
    const back = crashed(stage.dataDir, folders);
    const edit = (): void => {
      back();
      edited(stage.dataDir, (all) => tamper(all, request));
    };
    await expect(stage.restart(undefined, edit)).rejects.toThrow(words);
    expect(sent(stage)).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test('an older copy of the folder, from before the denial, does not start where the head was noted elsewhere', async () => {
    await keyed();
    const request = await asked(stage);
    const back = crashed(stage.dataDir, folders);
    await stage.say('avery', `deny ${request.id} not today`);
    await reached(stage, 'closed');
    await expect(stage.restart(undefined, back)).rejects.toThrow(
      /The journal ends at line \d+, but line \d+ was anchored/,
    );
    expect(sent(stage)).toBe(0);
  });

  test('a delivery that Slack never sent, put among those to be taken up at the start, is not done', async () => {
    await keyed();
    const request = await asked(stage);
    const file = join(
      stage.dataDir,
      readdirSync(stage.dataDir).find((name) => name.startsWith('slack-deliveries')) ?? '',
    );
    const before = readFileSync(file, 'utf8');
    expect(before).toContain('dump hosta');
    // The line of the ask, made a line of the approver's.
    const [ours = ''] = before.split('\n').filter((line) => line.includes('dump hosta'));
    const { k } = JSON.parse(ours) as { readonly k: string };
    const line = ours
      .replaceAll(/dump hosta [^"\\]*(?:\\.[^"\\]*)*/g, approving(request))
      .replaceAll(slackIds.riley, slackIds.avery)
      .replaceAll(k, 'f'.repeat(k.length));
    await stage.restart(undefined, () => writeFileSync(file, `${before}${line}\n`));
    // Taken after it, and answered.
    await stage.say('avery', `status ${request.id}`);
    await stage.told('avery', /as it is now/);
    await stage.say('avery', 'whoami');
    await stage.told('avery', /You are/);
    expect([stageOf(newest(stage)).state, sent(stage)]).toEqual(['awaitingApproval', 0]);
  });
});
