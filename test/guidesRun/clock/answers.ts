// What the new user of the clock answers to the questions of `setup`, in their order. `answers.test.ts` holds
// the questions against those that it asks.
import { people } from '../cloud.ts';
import { chosen, offered, pasted, typed } from './interview.ts';
import type { Answer } from './interview.ts';

export interface Named {
  readonly name: string;
  /** Member id in Slack. */
  readonly slack: string;
  readonly objectId: string;
}

export function answersFor(
  tokens: { readonly bot: string; readonly app: string },
  named: readonly Named[],
): readonly Answer[] {
  return [
    chosen('Which chat?', 2),
    offered('How does Slack reach the bot?'),
    typed('Public name of the bot', 'bot.example.com'),
    offered('How is the bot registered in Azure?'),
    pasted('Application id of the bot', people.teamsApp),
    pasted('Tenant id of the bot', people.tenant),
    pasted('SLACK_BOT_TOKEN', tokens.bot),
    pasted('SLACK_APP_TOKEN', tokens.app),
    pasted('MicrosoftAppPassword', people.secret),
    offered('Which Defender?'),
    ...named.flatMap(({ name, slack, objectId }, index) => [
      typed(`Name of person ${index + 1}`, name),
      offered('Short id'),
      offered(`What may ${name} do?`),
      pasted(`Slack member id of ${name}`, slack),
      pasted(`Entra object id of ${name}`, objectId),
    ]),
    offered('One more person?'),
    offered('Device group that may be reached'),
  ];
}
