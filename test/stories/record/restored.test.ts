// After a restore: requests of the copy of which nobody knows whether they ran in the lines that are lost. No
// sentence says that they did not, and nothing is repeated with one press.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';

const minute = 60_000;
const notKnown =
  /Whether it ran is not known: the record was restored at \d\d:\d\d UTC, and what was written after that copy is lost/;
const nothingRan = /Nothing (?:has|was) run|Nothing was sent|not run|not sent yet/;

let app: TestApp;
const copies: string[] = [];
afterEach(async () => {
  await app.close();
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true });
});

const ofRecord = (name: string): boolean => !name.startsWith('lock');

function backup(): string {
  const copy = mkdtempSync(join(tmpdir(), 'lr-copy-'));
  copies.push(copy);
  for (const name of readdirSync(app.dir).filter(ofRecord))
    cpSync(join(app.dir, name), join(copy, name), { recursive: true });
  return copy;
}

/** The copy in place of what was written since, and accepted, as `audit -- accept` does it. */
async function restore(copy: string): Promise<void> {
  await app.store.close();
  for (const name of readdirSync(app.dir).filter(ofRecord)) rmSync(join(app.dir, name), { recursive: true });
  cpSync(copy, app.dir, { recursive: true });
  await app.restart();
  await app.store.note({
    type: 'accepted',
    ...app.store.head(),
    by: 'operator at the machine',
    why: 'the record was restored',
  });
  app.clock.move(minute);
  await app.loop.tick();
}

const throttled = (): void =>
  app.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always', retryAfter: 1 });
const requestNow = (id: string): Request => app.store.get(id) ?? fail(id);
const fail = (id: string): never => {
  throw new Error(`there is no ${id}`);
};
const cardOf = (id: string) =>
  [...app.chat.cards.values()].findLast((one) => one.view.requestId === id)?.view ?? fail(id);
const offers = (id: string) => cardOf(id).buttons.map(({ verb }) => verb);
const say = async (line: string, as = 'responder1') => textOf(await app.say(as, line));
const sent = () => app.simulator.tenant.submissions.length;

/** Asked and waiting for approval. */
async function asked(line = 'dump hosta notepad'): Promise<string> {
  await app.say('responder1', line);
  await app.loop.tick();
  return app.newest().id;
}

/** Approved, and kept back by Defender. */
async function approvedAndWaiting(line?: string): Promise<string> {
  throttled();
  const id = await asked(line);
  await app.press('approver1', 'approve');
  await app.run(10_000);
  expect(stageOf(app.newest()).state).toBe('queued');
  return id;
}

/** What waited is sent and finishes, in lines that are lost then. */
async function runs(): Promise<void> {
  app.simulator.tenant.faults.clear();
  await app.until('finished');
}

async function pastEnd(): Promise<void> {
  app.clock.move(31 * minute);
  await app.loop.tick();
}

describe('a request that the copy has as approved, and that ran in the lost lines,', () => {
  test('is not asked for again when it lapses: neither its card nor an answer offers it, and a press of an old button is refused', async () => {
    app = await openTestApp();
    const id = await approvedAndWaiting();
    const copy = backup();
    await runs();
    expect(sent()).toBe(1);
    await restore(copy);
    await pastEnd();
    const over = requestNow(id);
    expect(stageOf(over)).toMatchObject({ state: 'closed', ending: { kind: 'lapsed' } });
    expect(plainText(cardOf(id))).toMatch(notKnown);
    expect(plainText(cardOf(id))).toMatch(
      /Approved, but as far as the record goes it could not be sent in time/,
    );
    expect(plainText(cardOf(id))).not.toMatch(nothingRan);
    expect(offers(id)).not.toContain('again');
    const count = app.store.all().length;
    expect(textOf(await app.press('responder1', 'again', { request: over, index: 0 }))).toBe(
      `Nobody knows whether ${id} ran, so it is not repeated from its card. Look on the device and in the portal first; then type what is still missing.`,
    );
    expect(await say(`retry ${id}`)).toMatch(/^Nobody knows whether \S+ ran/);
    expect(app.store.all()).toHaveLength(count);
    for (const line of [`cancel ${id}`, `approve ${id}`, `deny ${id}`]) {
      const answer = await say(line, 'approver1');
      expect(answer).toMatch(/ is over: lapsed/);
      expect(answer).toMatch(notKnown);
      expect(answer).not.toContain('retry');
    }
    await app.run(10_000);
    expect(app.chat.notes.at(-1)?.text).toMatch(notKnown);
    expect(sent()).toBe(1);
  });

  test('is taken back with a word that does not say that it was not sent', async () => {
    app = await openTestApp();
    const id = await approvedAndWaiting();
    const copy = backup();
    await runs();
    await restore(copy);
    const answer = await say(`cancel ${id}`);
    expect(answer).toMatch(new RegExp(`^Withdrew ${id}\\. `));
    expect(answer).toMatch(notKnown);
    expect(answer).not.toMatch(nothingRan);
    expect(await say(`retry ${id}`)).toMatch(/^Nobody knows whether \S+ ran/);
  });

  test('stands in the way of going on from the request before it', async () => {
    app = await openTestApp();
    const first = await asked();
    await pastEnd();
    const id = await approvedAndWaiting(`retry ${first}`);
    expect(id).not.toBe(first);
    const copy = backup();
    await runs();
    await restore(copy);
    await pastEnd();
    expect(stageOf(requestNow(id))).toMatchObject({ state: 'closed', ending: { kind: 'lapsed' } });
    await say('unfreeze', 'approver1');
    expect(await say(`retry ${first}`)).toMatch(
      new RegExp(`tried again already as ${id}, which reached Defender, or may have\\.`),
    );
    expect(app.newest().id).toBe(id);
    expect(sent()).toBe(1);
  });

  test('is not known either after another restore, whenever it ended in between', async () => {
    app = await openTestApp();
    const id = await approvedAndWaiting();
    const copy = backup();
    await runs();
    await restore(copy);
    await say(`cancel ${id}`);
    await app.run(minute);
    await restore(backup());
    expect(stageOf(requestNow(id))).toMatchObject({ state: 'closed', ending: { kind: 'withdrawn' } });
    const answer = await say(`status ${id}`);
    expect(answer).toMatch(notKnown);
    expect(answer).not.toMatch(nothingRan);
    await app.restart();
    expect(await say(`status ${id}`)).toMatch(notKnown);
    expect(await say(`retry ${id}`)).toMatch(/^Nobody knows whether \S+ ran/);
  });
});

test('a request that waited in the copy and expires says that the record may not know of a decision', async () => {
  app = await openTestApp();
  const id = await asked();
  await restore(backup());
  await pastEnd();
  const card = plainText(cardOf(id));
  expect(card).toMatch(/As far as the record goes, nobody decided by/);
  expect(card).toMatch(notKnown);
  expect(offers(id)).not.toContain('again');
});

test('an approval that comes after the time is answered without a word of trying again', async () => {
  app = await openTestApp();
  const id = await asked();
  await restore(backup());
  await say('unfreeze', 'approver1');
  app.clock.move(31 * minute);
  const answer = textOf(await app.press('approver1', 'approve', { request: requestNow(id) }));
  expect(answer).toMatch(/expired at/);
  expect(answer).toMatch(notKnown);
  expect(answer).not.toContain('retry');
});

describe('what is known keeps its way to be tried again:', () => {
  test('a request that ended before the copy, one that was asked after the restore, and both say that nothing was run', async () => {
    app = await openTestApp();
    const before = await asked();
    await pastEnd();
    await restore(backup());
    await say('unfreeze', 'approver1');
    const after = await asked('dump hosta teams');
    await pastEnd();
    for (const id of [before, after]) {
      expect(stageOf(requestNow(id))).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
      expect(await say(`status ${id}`)).toContain('Nothing was run.');
      expect(offers(id)).toContain('again');
      expect(await say(`cancel ${id}`)).toContain(`retry ${id}`);
      expect(await say(`retry ${id}`)).toMatch(/is waiting for approval/);
    }
  });

  test('a session that runs in the copy and is followed to its end after the restore', async () => {
    app = await openTestApp();
    const id = await asked('on hosta run collect.ps1 ; get C:\\Users\\Public\\late.txt --reason "beacon"');
    await app.press('approver1', 'approve');
    await app.until('running');
    await restore(backup());
    expect(outcomeOf(await app.until('finished'))).toBe('failed');
    await app.loop.tick();
    expect(offers(id)).toContain('again');
    expect(sent()).toBe(1);
  });
});
