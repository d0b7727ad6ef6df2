// No record, no action: when the journal cannot be written nothing is approved or sent, people are told, and
// it goes on by itself afterwards.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createFailingDisk } from '../../support/store/failingDisk.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

describe.each(['ENOSPC', 'EIO'] as const)('on %s', (code) => {
  test('an approval is refused with the reason, and nothing is sent until the journal can be written again', async () => {
    const disk = createFailingDisk();
    app = await openTestApp({ disk: disk.disk });
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    disk.code = code;
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(/journal cannot be written/);
    expect(textOf(await app.say('responder1', 'dump hostb notepad'))).toMatch(/journal cannot be written/);
    await app.run(20_000);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    expect(app.store.trouble()).toBeDefined();

    disk.code = undefined;
    await app.run(20_000);
    expect(app.store.trouble()).toBeUndefined();
    await app.press('approver1', 'approve');
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('what was approved before is not sent while the claim cannot be written down', async () => {
    const disk = createFailingDisk();
    app = await openTestApp({ disk: disk.disk });
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'approve');
    disk.code = code;
    await app.run(30_000);
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    disk.code = undefined;
    await app.run(30_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });
});
