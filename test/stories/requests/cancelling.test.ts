// Cancel: asked once, but never lost because the bot died or Defender refused to let it.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';

let app: TestApp;
afterEach(() => app.close());

async function running(): Promise<void> {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('running');
}

describe('a cancel', () => {
  test('that was written down but never sent, because the bot died, can be asked for again', async () => {
    await running();
    await app.store.change(app.newest().id, (_request, now) => ({
      session: 0,
      event: {
        type: 'cancelAsked',
        cancel: { by: { id: 'responder1', name: 'Riley Responder' }, at: now, answer: 'sent' },
      },
    }));
    await app.restart();
    await app.loop.tick();
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/Riley Responder asked/);
    await app.run(125_000);
    expect(app.card().view.buttons.map((button) => button.verb)).toContain('cancel');
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/accepted/);
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
  });

  test('that Defender forbids is told as failed, not as already over', async () => {
    await running();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'cancel', status: 403, times: 1 });
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/portal/);
    expect(stageOf(app.newest())).toMatchObject({ run: { cancel: { answer: 'failed' } } });
  });
});

test('trouble with Defender is not told any longer once nothing is followed', async () => {
  await running();
  app.simulator.tenant.faults.plant({ what: 'status', on: 'any', status: 503, times: 'always' });
  app.clock.move(5 * 24 * 3_600_000);
  await app.loop.tick();
  expect(stageOf(app.newest()).state).toBe('unknown');
  app.simulator.tenant.faults.clear();
  await app.loop.tick();
  await app.press('responder1', 'drop');
  await app.loop.tick();
  expect(app.loop.following.trouble()).toBeUndefined();
});
