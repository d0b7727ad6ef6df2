// The main job from end to end: asked by one person, approved by another, run once, followed index by index,
// finished with excerpt and link.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf, runOf } from '../../support/requests/requests.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.close());

async function askAndApprove(): Promise<void> {
  await app.say('responder1', 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
  await app.loop.tick();
  await app.press('approver1', 'approve');
}

describe('the dump recipe', () => {
  test('shows an approval card with every byte that will run, and sends nothing', async () => {
    const reply = await app.say('responder1', 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
    expect(reply).toMatchObject({ kind: 'asked', shown: true });
    await app.run(60_000);
    const card = app.card();
    expect(card.view.status).toContain('Waiting for approval');
    expect(card.view.steps.map((line) => line.command)).toEqual([
      'RunScript minidump.ps1 OfficeClickToRun',
      'GetFile C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip',
    ]);
    expect(card.view.buttons.map((button) => button.verb)).toEqual(
      expect.arrayContaining(['approve', 'deny', 'withdraw']),
    );
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  test('is one POST of both commands, whose comment bears tag, requester, approver and reason', async () => {
    await askAndApprove();
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
    const [sent] = app.simulator.tenant.submissions;
    expect(JSON.stringify(sent?.commands)).toContain('OfficeClickToRun.dmp.zip');
    expect(sent?.comment).toMatch(
      /^lr:lr-[0-9a-z]{6}:[0-9a-f]{16} \| requested by Riley Responder \| approved by Avery Approver \| [0-9a-f]{8} \| reason: beacon at 02:40$/,
    );
  });

  test('keeps one card up to date as each index completes, with the excerpt of index 0 while index 1 runs', async () => {
    // Sessions start after two minutes and a file takes a while, so that a poll falls between the two
    // commands.
    app.simulator.tenant.change({ getFileMs: [20_000, 20_000] });
    await askAndApprove();
    await app.until('finished');
    expect(app.chat.calls.filter((call) => call.startsWith('post'))).toEqual(['post incidents']);
    const { history } = app.card();
    const during = history.find((text) => text.includes('51 MB') && !text.includes('Finished'));
    expect(during).toBeDefined();
    const order = ['Waiting for approval', 'Running', 'Finished'].map((word) =>
      history.findIndex((text) => text.includes(word)),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('finishes with the excerpt, a link that works, and its true expiry', async () => {
    await askAndApprove();
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(finished)).toBe('succeeded');
    const { view } = app.card();
    expect(view.excerpts[0]?.text).toContain('C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip');
    expect(view.excerpts[0]?.text).not.toContain('Transcript started');
    const [link] = view.links;
    expect(link?.index).toBe(1);
    const answer = await fetch(link?.url ?? '');
    expect(answer.status).toBe(200);
    expect(new Uint8Array(await answer.arrayBuffer()).slice(0, 2)).toEqual(new Uint8Array([0x1f, 0x8b]));
    const file = runOf(finished).results.files.find((one) => one.index === 1) ?? app.store.all()[0];
    expect(JSON.stringify(file)).toContain('gzip');
  });

  test('takes the link back before it dies, and mints a fresh one at the press of a button', async () => {
    await askAndApprove();
    await app.until('finished');
    await app.loop.tick();
    const first = app.card().view.links[0]?.url ?? '';
    await app.run(31 * 60_000);
    expect(app.card().view.links).toEqual([]);
    expect((await fetch(first)).status).toBe(403);
    expect(app.card().view.buttons.some((button) => button.verb === 'link' && button.index === 1)).toBe(true);
    await app.press('responder1', 'link', { index: 1 });
    await app.loop.tick();
    const second = app.card().view.links[0]?.url ?? '';
    expect(second).not.toBe(first);
    expect((await fetch(second)).status).toBe(200);
  });

  test('says "output follows" where Defender gives results only at the end, and shows them then', async () => {
    app.simulator.tenant.change({ results: 'whenEnded', getFileMs: [20_000, 20_000] });
    await askAndApprove();
    await app.until('finished');
    await app.run(30_000);
    expect(app.card().history.some((text) => /output follows/i.test(text))).toBe(true);
    expect(app.card().view.excerpts[0]?.text).toContain('51 MB');
  });

  test('notes the end once, mentioning the requester', async () => {
    await askAndApprove();
    await app.until('finished');
    await app.run(20_000);
    expect(app.chat.notes).toHaveLength(1);
    expect(app.chat.notes[0]).toMatchObject({ mention: ['responder1'] });
    expect(app.chat.notes[0]?.text).toMatch(/Finished/);
  });

  test('tells the same through typed commands: status, list, output, link, host, quota, recipes, whoami, help', async () => {
    await askAndApprove();
    await app.until('finished');
    await app.loop.tick();
    const { id } = app.newest();
    expect(textOf(await app.say('responder1', `status ${id}`))).toContain('Finished');
    expect(textOf(await app.say('responder1', 'list mine'))).toContain(id);
    expect(textOf(await app.say('responder1', `output ${id} 0`))).toContain('51 MB');
    const link = await app.say('responder1', `link ${id} 1`);
    expect(link).toMatchObject({ kind: 'sentence', link: { label: 'Download the file' } });
    expect(textOf(await app.say('responder1', 'host hosta'))).toContain('hosta.corp.example');
    expect(textOf(await app.say('responder1', 'quota'))).toMatch(/submit\s+\S+/);
    expect(textOf(await app.say('responder1', 'recipes'))).toContain('dump <host> <process>');
    expect(textOf(await app.say('responder1', 'whoami'))).toContain('Riley Responder');
    expect(textOf(await app.say('responder1', 'help'))).toContain('/lr');
  });

  test('recognises a repeated delivery of the command', async () => {
    const first = await app.say('responder1', 'dump hosta OfficeClickToRun', { deliveryId: 'same' });
    const second = await app.say('responder1', 'dump hosta OfficeClickToRun', { deliveryId: 'same' });
    expect(second).toEqual(first);
    expect(app.store.all()).toHaveLength(1);
  });
});
