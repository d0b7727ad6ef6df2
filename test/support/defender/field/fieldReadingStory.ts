// A request approved before a Defender whose answers the story changes, as a real one was seen to give them.
import { openTestApp } from '../../apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../apps/testApp.ts';

export async function open(options: TestAppOptions = {}): Promise<TestApp> {
  return await openTestApp({ field: true, ...options });
}

/** Asked for and approved; `arrange` sets what Defender answers from the approval on. */
export async function approved(
  command: string,
  arrange: (app: TestApp) => void = () => undefined,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const app = await open(options);
  await app.say('responder1', command);
  await app.loop.tick();
  arrange(app);
  await app.press('approver1', 'approve');
  return app;
}
