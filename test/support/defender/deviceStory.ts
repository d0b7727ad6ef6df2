// What the stories on devices share: a line that names a device, and what is seen of the answer.
import { expect } from '@jest/globals';
import { openTestApp, textOf } from '../apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../apps/testApp.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import type { Device } from '../../../src/simulator/shapes.ts';

const anywhere = (text: string): string => text.replace('groups: [Workstations, Servers]', "groups: ['*']");
export async function open(options: TestAppOptions = {}): Promise<TestApp> {
  return await openTestApp({ policy: anywhere, ...options });
}
export const ask = async (app: TestApp, line: string): Promise<Reply> => {
  const reply = await app.say('responder1', line);
  await app.loop.tick();
  return reply;
};
export const device = (app: TestApp, name: string): Device => {
  const found = app.simulator.tenant.device(name);
  if (found === undefined) throw new Error(`the tenant has no ${name}`);
  return found;
};
export const fact = (app: TestApp, label: string): string | undefined =>
  app.card().view.facts.find((one) => one.label === label)?.value;
export const submitted = (app: TestApp): readonly string[] =>
  app.simulator.tenant.submissions.map(({ machineId }) => machineId);

/** Nothing was stored, no approver was asked, nothing was sent. */
export function refused(app: TestApp, reply: Reply, ...words: readonly RegExp[]): void {
  expect(reply.kind).toBe('sentence');
  for (const one of words) expect(textOf(reply)).toMatch(one);
  expect(app.store.all()).toHaveLength(0);
  expect([...app.chat.cards.values()]).toEqual([]);
  expect(submitted(app)).toEqual([]);
}
