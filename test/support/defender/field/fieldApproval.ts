// A request that is approved while Defender answers in a form of the field.
import { openTestApp } from '../../apps/testApp.ts';
import type { TestApp } from '../../apps/testApp.ts';

/** Asked for and approved; `arrange` sets what Defender answers from the approval on. */
export async function approved(command: string, arrange: (app: TestApp) => void): Promise<TestApp> {
  const app = await openTestApp({ field: true });
  await app.say('responder1', command);
  await app.loop.tick();
  arrange(app);
  await app.press('approver1', 'approve');
  return app;
}
