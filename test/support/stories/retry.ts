// A request approved and followed to its end, its card, and the press that tries the rest of it again.
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { textOf } from '../apps/testApp.ts';
import type { TestApp } from '../apps/testApp.ts';

/** A session that was approved and has ended. */
export async function ended(app: TestApp, command: string): Promise<Request> {
  await app.say('responder1', command);
  await app.loop.tick();
  await app.press('approver1', 'approve');
  const finished = await app.until('finished');
  await app.loop.tick();
  return finished;
}

export const cardOf = (app: TestApp, request: Request) => {
  const card = [...app.chat.cards.values()].findLast((one) => one.view.requestId === request.id);
  if (card === undefined) throw new Error(`no card of ${request.id}`);
  return card.view;
};
export const factOf = (app: TestApp, request: Request, label: string) =>
  cardOf(app, request).facts.find((fact) => fact.label === label)?.value;
export const againButton = (app: TestApp, request: Request) =>
  cardOf(app, request).buttons.find((button) => button.verb === 'again');
export const sentCommands = (app: TestApp) =>
  app.simulator.tenant.submissions.map((one) => one.commands.map((command) => command.type));
export const count = (app: TestApp) => app.store.all().length;

/** Presses the card's own button, and draws what follows. */
export async function pressAgain(
  app: TestApp,
  as: string,
  old: Request,
  index = againButton(app, old)?.index,
): Promise<string> {
  const text = textOf(
    await app.press(as, 'again', {
      request: app.store.get(old.id) ?? old,
      ...(index === undefined ? {} : { index }),
    }),
  );
  await app.loop.tick();
  return text;
}

export async function approveAndFinish(app: TestApp): Promise<Request> {
  await app.press('approver1', 'approve');
  const finished = await app.until('finished');
  await app.loop.tick();
  return finished;
}
