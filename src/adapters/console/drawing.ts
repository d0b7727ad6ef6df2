// A message as the page gets it: a card in each of its renderings, with what the page must know about its
// request, and a hint for newcomers about what to do next.
import { adaptiveCard } from '../../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../../cards/renderers/blockKit.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import { maxSearchAttempts } from '../../liveResponse/pacing/callRates.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { stageOf } from '../../liveResponse/request/request.ts';
import type { ConsoleMessage } from './chat.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { findersOf } from './people.ts';

export function renderings(view: CardView) {
  return { adaptiveCard: adaptiveCard(view), blockKit: blockKit(view), plainText: plainText(view) };
}

/**
 * `requester` is the id of a person, not of an account. `approveRole` is the role that may decide. `hint`
 * says what to do next, where the page cannot say it better. `finders` are the accounts that can find it,
 * where not everybody can.
 */
export function drawn(
  message: ConsoleMessage,
  requestOf: (id: string) => Request | undefined,
  policy: Policy,
): unknown {
  if (!('view' in message)) return message;
  const request = requestOf(message.view.requestId);
  const of =
    request === undefined
      ? {}
      : {
          state: stageOf(request).state,
          requester: request.asked.requester.id,
          approveRole: request.asked.terms.approveRole,
          hint: hintOf(request, message.view),
          finders: findersOf(policy, request),
        };
  return { ...message, ...renderings(message.view), ...of };
}

/**
 * A hint made from the very card it is shown next to, so it never knows more than the card does. Undefined
 * while somebody has to decide: the page says who that may be.
 */
export function hintOf(request: Request, view: CardView): string | undefined {
  const stage = stageOf(request);
  switch (stage.state) {
    case 'awaitingApproval':
      return view.buttons.some(({ verb }) => verb === 'approve')
        ? undefined
        : 'It cannot be approved now; it can be denied or withdrawn. The card says why.';
    case 'queued':
    case 'submitting':
    case 'running':
      return view.tone === 'warning' || view.tone === 'danger'
        ? `${view.status}. The card says why, and what can be done.`
        : 'A session takes minutes at Defender. The card follows it by itself, command by command.';
    case 'unknown':
      return stage.searches < maxSearchAttempts
        ? `${view.status}. The bot is still looking for it; the card says what a person can decide meanwhile.`
        : `${view.status}. The bot looked for it without finding out; only a person can decide now. The card says what.`;
    case 'closed':
      return view.steps.every(({ status }) => status === 'not run')
        ? 'Nothing ran, and nothing will: this request is over. A new one can be asked for at any time.'
        : `${view.status}. This request is over, and it may have run: the card says what is known. Look before asking again.`;
    case 'finished':
      return view.tone === 'good'
        ? 'That was the whole story. Now let something go wrong: switch on a trouble and ask again.'
        : `${view.status}. The card says why and what helps. Switches stay on until you turn them off.`;
  }
}
