// Modals of Slack that ask for a text. One opens before the bot has judged the press, because Slack's
// permission to open it lasts three seconds.
import type { Log } from '../../../liveResponse/ports.ts';
import type { Reply } from '../../../bot/ports.ts';
import { failureOf } from '../outbound/slackFailure.ts';
import { answerMessage, formModal, sentenceMessage, tellingModal } from '../outbound/slackMessages.ts';
import type { Pressed } from './payloads.ts';
import type { WebApi } from '../outbound/webApi.ts';
import type { PendingReplies, Asker } from '../outbound/privateReplies.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

export interface ModalsParts {
  readonly api: Pick<WebApi, 'call'>;
  readonly answers: Pick<PendingReplies, 'bring'>;
  readonly log: Log;
  /** `/lr`, for the way around when Slack does not open the form. */
  readonly command: string;
}

export class Modals {
  readonly #parts: ModalsParts;

  constructor(parts: ModalsParts) {
    this.#parts = parts;
  }

  /** Opens a modal, lets the bot judge, and shows its form or its refusal there. */
  async ask(read: Pressed, asker: Asker, judge: () => Promise<Reply>): Promise<void> {
    const { answers, command } = this.#parts;
    const opening = this.#open(read);
    const [opened, reply] = await Promise.all([opening, judge()]);
    if (reply.kind === 'form') {
      if (opened !== undefined && (await this.#show(opened, formModal(reply.form, read.channel)))) return;
      const line = `${command} ${reply.form.verb} ${reply.form.requestId}`;
      return answers.bring(
        asker,
        sentenceMessage({
          text: `Slack did not open the form in time. Press again, or type: ${line} and your reason`,
        }),
      );
    }
    const message = answerMessage(reply);
    const text = 'text' in reply ? reply.text : 'Done.';
    if (opened !== undefined && (await this.#show(opened, tellingModal('Live response', text)))) return;
    if (message !== undefined) await answers.bring(asker, message);
  }

  /** The id of the opened modal; undefined where Slack did not open it. */
  async #open(read: Pressed): Promise<string | undefined> {
    // Taken up after a restart: Slack opens nothing for it any more.
    if (read.triggerId === undefined) return undefined;
    try {
      const answer = await this.#parts.api.call('views.open', {
        trigger_id: read.triggerId,
        view: tellingModal('One moment', 'Checking that you may do this …'),
      });
      const id = recordOf(answer['view'])['id'];
      return typeof id === 'string' ? id : undefined;
    } catch (error) {
      this.#parts.log.warn('slackModalNotOpened', { error: failureOf('views.open', error).slackError });
      return undefined;
    }
  }

  async #show(view: string, content: ReturnType<typeof tellingModal>): Promise<boolean> {
    try {
      await this.#parts.api.call('views.update', { view_id: view, view: content });
      return true;
    } catch (error) {
      this.#parts.log.warn('slackModalNotShown', { error: failureOf('views.update', error).slackError });
      return false;
    }
  }
}
