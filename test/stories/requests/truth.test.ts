// No card and no answer claims what the bot does not know: field-faults rows 1.4, 1.6, 1.11 and 1.20, and the
// bot's own state (row 1.5 is in freeze.test.ts).
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { stateIn } from '../../support/requests/requests.ts';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { plainText } from '../../../cards/renderers/plainText.ts';
import { approvedHouse, openTestApp, textOf } from '../../support/apps/testApp.ts';
import { ask } from '../../support/stories/shorthands.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

const faults = () => app.simulator.tenant.faults;
const shown = () => plainText(app.card().view);

describe('Defender cannot be read (row 1.4)', () => {
  test('a right that is missing behind the 201 is named on the card, with since when, and taken back when it is granted', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    faults().plant({ what: 'status', on: 'list', status: 403, times: 'always' });
    await app.run(12_000);
    expect(app.card().view.status).toMatch(/, not read since \d\d:\d\d UTC$/);
    expect(app.card().view.lead).toMatch(
      /^Nothing about it could be read from Defender since \d\d:\d\d UTC: The bot’s app registration may not follow running sessions \(403\)\. An administrator must grant it Machine\.ReadWrite\.All/,
    );
    expect(shown()).not.toContain('The bot follows it until');
    for (const line of ['list running', 'status', `status ${app.newest().id}`, 'host hosta', 'quota'])
      expect(await ask(app, line)).toContain('Machine.ReadWrite.All');
    faults().clear();
    await app.run(5_000);
    expect(app.card().view.status).not.toContain('not read');
    expect(await ask(app, 'status')).toMatch(/Defender +readable since/);
  });

  test('an outage is drawn once when it begins and once when it ends, however many readings fail', async () => {
    app = await approvedHouse('dump hosta notepad', {
      simulator: { profile: { pendingMs: [600_000, 600_000] } },
    });
    await app.until('running');
    await app.run(5_000);
    const before = app.chat.calls.length;
    faults().plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await app.run(60_000);
    expect(app.card().view.lead).toContain('Defender cannot be reached.');
    expect(app.chat.calls.slice(before)).toHaveLength(1);
    faults().clear();
    await app.run(20_000);
    expect(app.chat.calls.slice(before)).toHaveLength(2);
    expect(app.card().view.lead).toContain('The bot follows it until');
  });

  test('one cause is told once, with all that fails for it', async () => {
    app = await openTestApp();
    for (const on of ['machines', 'library'] as const)
      faults().plant({ what: 'status', on, status: 503, times: 'always' });
    for (let n = 0; n < 3; n += 1) for (const line of ['host hosta', 'scripts']) await ask(app, line);
    const told = await ask(app, 'status');
    expect(told.match(/^Defender +FAILING/gm)).toHaveLength(1);
    expect(told.match(/Defender has been failing/g)).toHaveLength(1);
    expect(told).toMatch(
      /FAILING since [^(]+ \((?:devices, the script library|the script library, devices)\): Defender cannot be reached\./,
    );
  });

  test('one failed reading is no news', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    faults().plant({ what: 'status', on: 'list', status: 500, times: 2 });
    await app.run(2_400);
    expect(app.card().view.status).not.toContain('not read');
  });

  test('an answer nobody can read is told as such, and a lost answer is then not promised to be looked for', async () => {
    app = await approvedHouse('dump hosta notepad');
    faults().plant({ what: 'loseAnswer', on: 'run' });
    faults().plant({ what: 'truncate', on: 'list', times: 'always' });
    await app.until('unknown');
    await app.run(30_000);
    expect(app.card().view.lead).toContain('Defender answers with something that the bot cannot read.');
    expect(app.card().view.lead).not.toContain('It goes on looking until');
  });
});

describe('a transcript that is no text (row 1.6)', () => {
  test.each([
    [
      'gzip that is broken',
      Buffer.concat([gzipSync('what it printed').subarray(0, 10), Buffer.alloc(20, 0xff)]),
      /gzip data \(\d+ bytes\) and no text/,
    ],
    ['zip', Buffer.from('504b0304140000000800', 'hex'), /a zip \(10 bytes\) and no text/],
    [
      'a picture',
      Buffer.from(Array.from({ length: 400 }, (_, at) => (at * 37) % 256)),
      /data that is no text \(400 bytes\)/,
    ],
    ['nothing at all', Buffer.alloc(0), /an empty file/],
    ['zero bytes', Buffer.alloc(64), /64 bytes without any text/],
  ])('%s is told as what it is, with the command that fetches it', async (_name, bytes, words) => {
    const storage = createServer((_request, response) => void response.end(bytes)).listen(0, '127.0.0.1');
    await new Promise((resolve) => storage.once('listening', resolve));
    const origin = `http://127.0.0.1:${(storage.address() as AddressInfo).port}`;
    app = await approvedHouse('run hosta collect.ps1', { resultOrigins: [origin] });
    faults().plant({ what: 'linkHost', times: 'always', value: origin });
    await app.until('finished');
    await app.run(10_000);
    storage.closeAllConnections();
    storage.close();
    const { id } = app.newest();
    expect(shown()).toMatch(words);
    expect(shown()).toContain(`“/lr link ${id} 0” gives a link to it`);
    expect(shown()).not.toContain('printed nothing');
    expect(await ask(app, `output ${id} 0`, 'approver1')).toMatch(words);
  });
});

describe('a request that was given up while nobody knew whether it ran (row 1.20)', () => {
  test('is looked for on, its card is corrected when it turns up, and its results can be fetched', async () => {
    app = await approvedHouse('dump hosta notepad');
    faults().plant({ what: 'loseAnswer', on: 'run' });
    faults().plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    const lost = await app.until('unknown');
    await app.loop.cardSync.pass();
    await app.loop.cardSync.idle();
    expect(app.card().view.buttons.find(({ verb }) => verb === 'drop')?.confirm?.text).toMatch(
      /looked for it 0 of 6 times only: better wait/,
    );
    expect(textOf(await app.press('responder1', 'drop', { request: lost }))).toMatch(
      /looked for 0 of 6 times only.*corrects the card/,
    );
    await app.loop.tick();
    expect(app.card().view.lead).toMatch(/Whether it ran is not known; the bot looks for it until/);
    faults().clear();
    await app.run(20 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'abandoned' },
      found: { action: { status: 'Succeeded' } },
    });
    expect(app.card().view.status).toContain('Dropped, but at Defender: it ran and succeeded');
    expect(app.card().view.steps.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(app.chat.notes.at(-1)?.text).toContain('it ran and succeeded');
    expect(await ask(app, `link ${lost.id} 1`, 'approver1')).toContain('fresh link');
    expect(await ask(app, `retry ${lost.id}`)).toContain('turned up at Defender after all');
  });

  test('is looked for on after a restart', async () => {
    app = await approvedHouse('dump hosta notepad');
    faults().plant({ what: 'loseAnswer', on: 'run' });
    faults().plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await app.press('responder1', 'drop', { request: await app.until('unknown') });
    // Its cards stand as they will: nothing changes after the start that would remind of it.
    await app.run(10_000);
    await app.restart();
    faults().clear();
    await app.run(20 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({ found: { action: { status: 'Succeeded' } } });
    await app.restart();
    expect(stageOf(app.newest())).toMatchObject({
      found: { action: { status: 'Succeeded' }, notified: ['console:incidents'] },
    });
  });
});

describe('twins (row 1.11)', () => {
  test('the same line again is shown the first request, and makes no second card', async () => {
    app = await openTestApp();
    await ask(app, 'dump hosta notepad');
    await app.loop.tick();
    const first = app.newest();
    const said = await ask(app, 'dump HOSTA.corp.example notepad --reason "seen at 02:40"');
    expect(said).toContain(
      `${first.id} asks for the same on hosta.corp.example already (Waiting for approval; asked by you just now), so nothing new was asked for.`,
    );
    expect(said).toContain('Its card is in console:incidents');
    expect(said).toMatch(/\/lr dump HOSTA\.corp\.example notepad --reason "seen at 02:40" --separate$/);
    await app.loop.tick();
    expect(app.store.all()).toHaveLength(1);
    expect(app.chat.cards.size).toBe(1);
  });

  test('two deliveries of one line at the same moment make one request', async () => {
    app = await openTestApp();
    const said = await Promise.all(
      ['a', 'b', 'c'].map((deliveryId) => app.say('responder1', 'dump hosta notepad', { deliveryId })),
    );
    expect(app.store.all()).toHaveLength(1);
    expect(said.map(({ kind }) => kind).sort()).toEqual(['asked', 'sentence', 'sentence']);
  });

  test('asked separately with a reason, the approver’s card names the other and how it stands, until an hour after its end', async () => {
    app = await openTestApp();
    await ask(app, 'dump hosta notepad');
    await app.press('approver1', 'approve');
    const first = await app.until('running');
    expect(await ask(app, 'dump hosta notepad --separate')).toContain('--separate needs a reason');
    // The line under the refusal, copied with its dots.
    expect(await ask(app, 'dump hosta notepad --reason "..." --separate')).toContain('the reason is missing');
    await ask(app, 'dump hosta notepad --separate --reason "second dump after the reboot"');
    await app.loop.tick();
    const second = app.newest();
    expect(second).toMatchObject({
      asked: { apartFrom: first.id, reason: 'second dump after the reboot' },
      subject: { commands: first.subject.commands },
    });
    const fact = (label: string) => app.card().view.facts.find((one) => one.label === label)?.value;
    expect(fact('Same, open')).toContain(`${first.id}: `);
    expect(app.card().view.buttons.find(({ verb }) => verb === 'approve')?.confirm?.text).toContain(
      `The same is open as ${first.id}`,
    );
    for (let n = 0; n < 400 && stateIn(app.store.get(first.id)) !== 'finished'; n += 1) await app.run(2_400);
    await app.loop.tick();
    expect(fact('Same, open')).toBeUndefined();
    expect(fact('Same, ended')).toMatch(
      new RegExp(
        `^${first.id}: Finished: succeeded at .*; this one was asked separately, for the reason given$`,
      ),
    );
    expect(fact('Separate from')).toBeUndefined();
    await app.restart();
    expect(app.store.get(second.id)).toMatchObject({ asked: { apartFrom: first.id } });
  });

  test('other arguments, another device, and a request made from an ended one are no twins', async () => {
    app = await openTestApp();
    await ask(app, 'dump hosta notepad');
    await app.press('responder1', 'withdraw');
    for (const line of ['dump hosta notepad', 'dump hosta calc', 'dump hostb notepad'])
      expect(await ask(app, line)).toMatch(/is waiting for approval/);
    expect(app.store.all()).toHaveLength(4);
  });
});
