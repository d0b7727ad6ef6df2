// What is asked in a place that is not for everybody, as the stories on need-to-know begin.
import { openTestApp, textOf } from '../apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../apps/testApp.ts';

/**
 * Hana hunts: she may ask and read results, and approves nothing. Insiders is where what is not for everybody
 * is asked.
 */
export function withInsiders(
  insiders: string,
  more: (text: string) => string = (text) => text,
): (text: string) => string {
  return (text) =>
    more(
      text
        .replace(
          'people:\n',
          'people:\n  - { id: hunter1, name: Hana Hunter, console: hunter1 }\n  - { id: lead1, name: Lee Lead, console: lead1 }\n',
        )
        .replace(
          'responder: [responder1, responder2]',
          'responder: [responder1, responder2, hunter1]\n  lead: [lead1]',
        )
        .replace('places:\n', `places:\n  - { place: 'console:insiders', ${insiders} }\n`),
    );
}
export const limited = 'results: card, visibility: [requester, approvers, lead]';

export async function open(
  insiders: string,
  options: TestAppOptions = {},
  more?: (text: string) => string,
): Promise<TestApp> {
  const app = await openTestApp({ ...options, policy: withInsiders(insiders, more) });
  return app;
}
export async function asked(
  app: TestApp,
  command = 'run hosta collect.ps1 --reason "HR case 77"',
  place = 'insiders',
): Promise<string> {
  await app.say('responder1', command, { place });
  await app.loop.tick();
  return app.newest().id;
}
export async function finished(app: TestApp, command?: string, place?: string): Promise<string> {
  const id = await asked(app, command, place);
  await app.press('approver1', 'approve');
  await app.until('finished');
  await app.run(30_000);
  return id;
}
/** All that ever stood on its card in a place. */
export const shown = (app: TestApp, place: string): string => app.card(place).history.join('\n');
export const say = async (app: TestApp, as: string, text: string, place = 'incidents'): Promise<string> =>
  textOf(await app.say(as, text, { place }));
