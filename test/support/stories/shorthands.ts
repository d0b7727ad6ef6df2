// Shorthands of many stories: a line that is typed, what stands on the newest card, what Defender was sent.
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import { textOf } from '../apps/testApp.ts';
import type { TestApp } from '../apps/testApp.ts';

/** Types a line, and gives what is answered. */
export const ask = (app: TestApp, line: string, as = 'responder1'): Promise<string> =>
  app.say(as, line).then(textOf);

/** The newest text of the card. */
export const lastText = (app: TestApp): string => app.card().history.at(-1) ?? '';

/** How many sessions were submitted. */
export const sent = (app: TestApp): number => app.simulator.tenant.submissions.length;

/** The card as it reads before a real tenant: its status without the words about a simulated one. */
export const view = (app: TestApp): CardView => ({
  ...app.card().view,
  status: app.card().view.status.replace('SIMULATED TENANT: ', ''),
});
export const shown = (app: TestApp): string => plainText(view(app));
