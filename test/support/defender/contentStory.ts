// A request whose script the approver sees, as the stories on the content of library scripts begin.
import { openTestApp } from '../apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../apps/testApp.ts';

export async function asked(
  command = 'dump hosta notepad',
  options: TestAppOptions = {},
  arrange: (app: TestApp) => void | Promise<void> = () => undefined,
): Promise<TestApp> {
  const app = await openTestApp(options);
  await arrange(app);
  await app.say('responder1', command);
  await app.loop.tick();
  return app;
}
