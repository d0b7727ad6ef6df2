// Cancel: asked once, but never lost because the bot died or Defender refused to let it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { openHouse, textOf } from '../../support/house.ts';
import type { House } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

async function running(): Promise<void> {
  house = await openHouse();
  await house.say('responder1', 'dump hosta notepad');
  await house.loop.tick();
  await house.press('approver1', 'approve');
  await house.until('running');
}

describe('a cancel', () => {
  test('that was written down but never sent, because the bot died, can be asked for again', async () => {
    await running();
    await house.store.change(house.newest().id, (_request, now) => ({
      event: {
        type: 'cancelAsked',
        cancel: { by: { id: 'responder1', name: 'Riley Responder' }, at: now, answer: 'sent' },
      },
    }));
    await house.restart();
    await house.loop.tick();
    expect(textOf(await house.press('approver1', 'cancel'))).toMatch(/Riley Responder asked/);
    await house.run(125_000);
    expect(house.card().view.buttons.map((button) => button.verb)).toContain('cancel');
    expect(textOf(await house.press('approver1', 'cancel'))).toMatch(/accepted/);
    expect((await house.until('finished')).outcome).toBe('cancelled');
  });

  test('that Defender forbids is told as failed, not as already over', async () => {
    await running();
    house.simulator.tenant.faults.plant({ what: 'status', on: 'cancel', status: 403, times: 1 });
    expect(textOf(await house.press('approver1', 'cancel'))).toMatch(/portal/);
    expect(house.newest()).toMatchObject({ cancel: { answer: 'failed' } });
  });
});

test('trouble with Defender is not told any longer once nothing is followed', async () => {
  await running();
  house.simulator.tenant.faults.plant({ what: 'status', on: 'any', status: 503, times: 'always' });
  house.clock.move(5 * 24 * 3_600_000);
  await house.loop.tick();
  expect(house.newest().state).toBe('unknown');
  house.simulator.tenant.faults.clear();
  await house.loop.tick();
  await house.press('responder1', 'drop');
  await house.loop.tick();
  expect(house.loop.following.trouble()).toBeUndefined();
});
