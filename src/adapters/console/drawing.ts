// A message as the page gets it: a card in each of its renderings, with what the page must know of its
// request.
import { adaptiveCard } from '../../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../../cards/renderers/blockKit.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { stageOf } from '../../liveResponse/request/request.ts';
import type { ConsoleMessage } from './chat.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { hintOf } from './hint.ts';
import { findersOf } from './people.ts';

export function renderings(view: CardView) {
  return { adaptiveCard: adaptiveCard(view), blockKit: blockKit(view), plainText: plainText(view) };
}

/**
 * `requester` is a person's id, not an account; `approveRole` the role that may decide; `hint` what to do
 * next, where the page cannot say it better; `finders` the accounts that find it, where not everybody does.
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
