// The likeliest failure of the first day, rehearsed: a new tenant has unsigned scripts off, and the shipped
// scripts are unsigned. The dump fails on the device, the card says what to do, and once an administrator has
// done it a retry works.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ScaledClock } from '../../../src/adapters/clock.ts';
import { createSimulatorControls } from '../../../src/app/simulatorControls.ts';
import { openTestApp } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';

let app: TestApp;
afterEach(() => app.close());

const shown = (id: string): string => {
  const card = [...app.chat.cards.values()].findLast((one) => one.view.requestId === id);
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
      app = await openTestApp();
      // The console's own switch: on is a new tenant, off is one in which somebody has allowed unsigned
      // scripts.
      const world = createSimulatorControls(app.simulator.tenant, new ScaledClock({ speed: 0 }));
      expect(world.setTrouble('freshTenant', true)).toBe(true);
      await app.say('responder1', command);
      await app.loop.tick();
      await app.press('approver1', 'approve');
      const failed = await app.until('finished');
      await app.loop.tick();
      expect(outcomeOf(failed)).toBe('failed');
      const card = shown(failed.id);
      expect(card).toContain(`Script '${script}' is not signed`);
      expect(card).toMatch(
        /[Ss]ign the script and upload it again, or have an administrator allow unsigned scripts under Settings, Endpoints, Advanced features/,
      );
      expect(card).not.toMatch(/Completed|Succeeded/);

      expect(world.setTrouble('freshTenant', false)).toBe(true);
      await app.press('responder1', 'again', { request: failed, index: 0 });
      await app.loop.tick();
      const next = app.newest();
      expect([next.id === failed.id, stageOf(next).state]).toEqual([false, 'awaitingApproval']);
      await app.press('approver1', 'approve');
      expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
      // Once in vain, once for good, never by itself.
      expect(app.simulator.tenant.submissions).toHaveLength(2);
    },
  );
});
