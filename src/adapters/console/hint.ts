// The line that teaches a newcomer what to do next, drawn from the very card it stands next to: it never
// knows more than the card does.
import type { CardView } from '../../../cards/view.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { stageOf } from '../../liveResponse/request/request.ts';

/** Undefined while somebody has to decide: who that may be is the page's to say. */
export function hintOf(request: Request, view: CardView): string | undefined {
  switch (stageOf(request).state) {
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
      return 'Nobody can know yet whether it ran. The card says what is looked for, and what a person can decide.';
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
