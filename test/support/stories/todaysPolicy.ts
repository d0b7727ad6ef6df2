// A request that is asked for under a policy, as the stories on today’s policy begin.
import type { Groups } from '../../../src/bot/ports.ts';
import { openTestApp } from '../apps/testApp.ts';
import type { TestApp } from '../apps/testApp.ts';

export async function asked(
  line = 'dump hosta notepad',
  groups?: Groups,
  policy?: (text: string) => string,
): Promise<TestApp> {
  const app = await openTestApp({
    ...(groups === undefined ? {} : { groups }),
    ...(policy === undefined ? {} : { policy }),
  });
  await app.say('responder1', line);
  await app.loop.tick();
  return app;
}
