// The likeliest failure of the first day, rehearsed: a new tenant has unsigned scripts off, and the shipped
// scripts are unsigned. The dump fails on the device, the card says what to do, and once an administrator has
// done it a retry works.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createScaledClock } from '../../../src/adapters/clock.ts';
import { createPlayground } from '../../../src/app/simulatorControls.ts';
import { openHouse } from '../../support/house.ts';
import type { House } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

const shown = (id: string): string => {
  const card = [...house.chat.cards.values()].findLast((one) => one.view.requestId === id);
  return card?.history.at(-1) ?? '';
};

describe('on a tenant in its first days', () => {
  test.each([
    ['dump hosta OfficeClickToRun', 'minidump.ps1'],
    ['collect hosta', 'collect.ps1'],
    ['on hosta run minidump.ps1 notepad --reason "beacon at 02:40"', 'minidump.ps1'],
  ])(
    '“%s” fails with advice that names signing and the switch, and works again once the switch is on',
    async (command, script) => {
      house = await openHouse();
      // The console's own switch: on is a new tenant, off is one in which somebody has allowed unsigned
      // scripts.
      const world = createPlayground(house.simulator.tenant, createScaledClock({ speed: 0 }));
      expect(world.setTrouble('freshTenant', true)).toBe(true);
      await house.say('responder1', command);
      await house.loop.tick();
      await house.press('approver1', 'approve');
      const failed = await house.until('finished');
      await house.loop.tick();
      expect(failed.outcome).toBe('failed');
      const card = shown(failed.id);
      expect(card).toContain(`Script '${script}' is not signed`);
      expect(card).toMatch(
        /[Ss]ign the script and upload it again, or have an administrator allow unsigned scripts under Settings, Endpoints, Advanced features/,
      );
      expect(card).not.toMatch(/Completed|Succeeded/);

      expect(world.setTrouble('freshTenant', false)).toBe(true);
      await house.press('responder1', 'again', { request: failed, index: 0 });
      await house.loop.tick();
      const next = house.newest();
      expect([next.id === failed.id, next.state]).toEqual([false, 'awaitingApproval']);
      await house.press('approver1', 'approve');
      expect((await house.until('finished')).outcome).toBe('succeeded');
      // Once in vain, once for good, never by itself.
      expect(house.simulator.tenant.submissions).toHaveLength(2);
    },
  );
});
