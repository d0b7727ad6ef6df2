// What can go wrong on the way: each has its card, its sentence with the next step, and ends in the truth.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../src/bot/ports.ts';
import { approvedHouse, openTestApp, textOf } from '../../support/apps/testApp.ts';
import { lastText } from '../../support/stories/shorthands.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';
import { plant } from '../../support/defender/plantedFault.ts';

let app: TestApp;
afterEach(() => app.close());
const anyText = () => app.card().history.join('\n=====\n');

describe('on the device', () => {
  test('a script that exits with a code other than 0 is shown with the code and what it wrote to script_errors', async () => {
    app = await approvedHouse('run hosta exit3.ps1');
    await app.until('finished');
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      run: { results: { excerpts: [{ index: 0, exitCode: 3, errors: true }] } },
    });
    expect(lastText(app)).toMatch(/exit code 3/i);
  });

  test('a failed command ends the session, and the commands after it are told as not run', async () => {
    app = await approvedHouse('dump broken1 notepad');
    const finished = await app.until('finished');
    await app.run(5_000);
    expect(outcomeOf(finished)).toBe('failed');
    expect(app.card().view.status).toMatch(/failed/i);
    expect(app.card().view.steps.map((line) => line.status)).toEqual([
      expect.stringMatching(/failed/i),
      expect.stringMatching(/not run/i),
    ]);
  });

  test('a script over ten minutes is told as timed out by Defender', async () => {
    app = await approvedHouse('run slow1 minidump.ps1 lsass');
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(finished)).toBe('failed');
    expect(lastText(app)).toMatch(/10 min/);
  });

  test('an offline device is waited for at the slow poll, and runs when it wakes', async () => {
    app = await approvedHouse('dump laptop7 notepad');
    await app.until('running');
    await app.run(30 * 60_000);
    expect(stageOf(app.newest()).state).toBe('running');
    expect(lastText(app)).toMatch(/offline/i);
    app.simulator.tenant.changeDevice('laptop7.corp.example', { online: true });
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
  });

  test('an offline device that never wakes ends when Defender gives up, and says that nothing ran', async () => {
    app = await approvedHouse('dump laptop7 notepad', {
      simulator: { profile: { offlineQueueMs: 60 * 60_000 } },
    });
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(finished)).toBe('timedOut');
    expect(app.card().view.steps.map((line) => line.status)).toEqual([
      expect.stringMatching(/not run/i),
      expect.stringMatching(/not run/i),
    ]);
  });
});

describe('a lost answer', () => {
  test('is looked for by its tag and adopted; the script has run once', async () => {
    app = await approvedHouse('dump hosta notepad', {}, plant({ what: 'loseAnswer', on: 'run', times: 1 }));
    await app.run(1_000);
    expect(stageOf(app.newest()).state).toBe('unknown');
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
    expect(anyText()).toMatch(/answer/i);
  });

  test('is found though the list lags behind', async () => {
    app = await approvedHouse('dump hosta notepad', {}, (opened) => {
      opened.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
      opened.simulator.tenant.faults.plant({ what: 'staleList', ms: 30_000, times: 'always' });
    });
    await app.until('unknown');
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('of a request that never arrived is handed to a person, who is told that sending again may run it twice', async () => {
    app = await approvedHouse('dump hosta notepad', {}, plant({ what: 'reset', on: 'run', times: 1 }));
    await app.run(10 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: 6 });
    const resend = app.card().view.buttons.find((button) => button.verb === 'resend');
    expect(resend?.confirm?.text).toMatch(/twice/);
    expect(textOf(await app.press('responder1', 'resend'))).toMatch(/your own request/);
    expect(await app.press('approver1', 'resend')).toMatchObject({ kind: 'asked' });
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('can be dropped by the requester, and the card says what is not known', async () => {
    app = await approvedHouse('dump hosta notepad', {}, plant({ what: 'reset', on: 'run', times: 1 }));
    await app.run(10 * 60_000);
    await app.press('responder1', 'drop');
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'abandoned' } });
    expect(lastText(app)).toMatch(/may have run|may still run|not known/i);
  });

  test('during a crash between intent and answer is treated the same after the restart', async () => {
    app = await approvedHouse('dump hosta notepad', {}, plant({ what: 'loseAnswer', on: 'run', times: 1 }));
    await app.run(1_000);
    await app.restart();
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('while following', () => {
  test('Defender failing for a while changes nothing but the time', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    app.simulator.tenant.faults.plant({ what: 'status', on: 'any', status: 502, times: 20 });
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
  });

  test('a status nobody has seen is neither success nor failure', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    app.simulator.tenant.faults.plant({ what: 'unknownStatus', times: 'always', value: 'Hibernating' });
    await app.run(30_000);
    expect(stageOf(app.newest()).state).toBe('running');
    expect(lastText(app)).toContain('Hibernating');
    app.simulator.tenant.faults.clear();
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
  });

  test('a result that is not ready is asked for again, and told as following until it comes', async () => {
    app = await approvedHouse('dump hosta notepad', {}, plant({ what: 'notReady', times: 3 }));
    await app.until('finished');
    await app.run(60_000);
    expect(anyText()).toMatch(/output follows/i);
    expect(stageOf(app.newest())).toMatchObject({
      run: { results: { excerpts: [{ index: 0 }], files: [{ index: 1 }] } },
    });
  });

  test('a session that does not end in its time is handed to a person', async () => {
    app = await approvedHouse(
      'dump hosta notepad',
      {},
      (opened) => void opened.simulator.tenant.changeDevice('hosta.corp.example', { stuck: true }),
    );
    await app.until('running');
    for (let hour = 0; hour < 80 && stageOf(app.newest()).state === 'running'; hour += 1) {
      app.clock.move(3_600_000);
      await app.loop.tick();
    }
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', cause: 'overdue' });
  });
});

describe('in the chat', () => {
  test('a card that was deleted is posted again and kept up to date there', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    app.chat.cards.clear();
    await app.until('finished');
    await app.run(5_000);
    expect(app.chat.cards.size).toBe(1);
    expect(lastText(app)).toContain('Finished');
  });

  test('a post whose answer was lost is repeated once, and the newer card is the one kept true', async () => {
    app = await openTestApp();
    app.chat.failNext(new ChatError('ambiguous', 'cut'), 1);
    await app.say('responder1', 'dump hosta notepad');
    await app.run(10_000);
    expect(app.chat.calls.filter((call) => call.startsWith('post'))).toHaveLength(2);
    expect(app.newest().cards).toHaveLength(1);
  });

  test('a chat that is down delays the cards and nothing else', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    app.chat.failNext(new ChatError('unavailable', 'down'), 6);
    await app.press('approver1', 'approve');
    await app.until('running');
    await app.run(5 * 60_000);
    expect(stageOf(app.newest()).state).toBe('finished');
    expect(lastText(app)).toContain('Finished');
    expect(app.chat.calls.filter((call) => call.startsWith('post'))).toHaveLength(1);
  });

  test('a place that cannot be written to is tried again until it can; the other card goes on, and the approvals place is told of both', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.run(5_000);
    app.chat.refuse = (call) =>
      call.includes(' soc-private') ? new ChatError('closed', 'is_archived') : undefined;
    await app.press('responder1', 'withdraw', { place: 'soc-private' });
    await app.run(10_000);
    const told = () =>
      app.chat.notes.filter((note) => note.card.startsWith('incidents')).map((note) => note.text);
    expect(told()).toEqual([
      expect.stringMatching(
        /^The card of lr-\w+ in console:soc-private cannot be updated since \d\d:\d\d UTC \(is_archived\)\. This one goes on\.$/,
      ),
    ]);
    app.chat.refuse = () => undefined;
    await app.run(60_000);
    expect(app.card('soc-private').view.status).toContain('Withdrawn');
    expect(told().slice(1)).toEqual([expect.stringMatching(/^console:soc-private shows lr-\w+ again\.$/)]);
  });

  test('after a restart every card catches up with what happened meanwhile', async () => {
    app = await approvedHouse('dump hosta notepad');
    await app.until('running');
    app.chat.failNext(new ChatError('unavailable', 'down'), 1000);
    await app.run(4 * 60_000);
    expect(stageOf(app.newest()).state).toBe('finished');
    expect(lastText(app)).not.toContain('Finished');
    await app.restart();
    app.chat.heal();
    await app.run(5_000);
    expect(lastText(app)).toContain('Finished');
    expect(app.chat.calls.filter((call) => call.startsWith('post'))).toHaveLength(1);
  });
});

describe('where results are private', () => {
  test('the card holds neither excerpt nor link, and a press whispers a fresh link to those who may read', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.loop.tick();
    await app.press('approver1', 'approve', { place: 'incidents' });
    await app.until('finished');
    await app.run(5_000);
    expect(app.card('soc-private').view.links).toEqual([]);
    expect(app.card('soc-private').view.excerpts).toEqual([]);
    // The strictest of all places holds on every card.
    expect(app.card('incidents').view.links).toEqual([]);
    const reply = await app.press('responder1', 'link', { index: 1, place: 'soc-private' });
    expect(reply).toMatchObject({ kind: 'sentence', link: { label: 'Download the file' } });
    expect(textOf(await app.press('onlooker1', 'link', { index: 1, place: 'soc-private' }))).toMatch(
      /need the role/,
    );
    expect(textOf(await app.press('onlooker1', 'output', { index: 0, place: 'soc-private' }))).toMatch(
      /need the role/,
    );
  });
});
