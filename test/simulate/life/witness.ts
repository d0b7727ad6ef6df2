// The witness of the chats in a simulated day: every message that arrives is a card, which is checked, or a word to
// somebody, which is noted.
import { plain } from '../../../src/demo/slack/methods.ts';
import type { Json } from '../../../src/demo/slack/world.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { SlackDone } from '../world/slackSide.ts';
import type { TeamsDone } from '../world/teamsSide.ts';
import { people, personNames } from './policies.ts';
import type { Stage } from './stage.ts';

const directly = 'a:direct-';

export class Witness {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  slack({ method, args, answer, late }: SlackDone): void {
    const channel = String(args['channel']);
    if (method === 'response_url' || method === 'chat.postEphemeral')
      this.#told(args['user'], String(args['text']));
    else if (method === 'chat.postMessage' && channel.startsWith('U'))
      this.#told(channel, String(args['text']));
    else if (method === 'views.open' || method === 'views.update') this.#form((answer['view'] as Json)['id']);
    else if (method === 'chat.postMessage' || method === 'chat.update')
      this.#slackCard(channel, answer['message'] as Json, { update: method === 'chat.update', late });
  }

  teams({ conversation, messageId, body, json, targeted }: TeamsDone): void {
    const { cards, teams } = this.#stage;
    if (body === undefined) return;
    if (targeted || conversation.startsWith(directly)) {
      const recipient = (body['recipient'] as Json | undefined)?.['id'];
      this.#told(targeted ? recipient : conversation.slice(directly.length), json);
      return;
    }
    if (!json.includes('application/vnd.microsoft.card.adaptive')) {
      this.#hinted(body, json);
      return;
    }
    const message = teams.connector.messages.findLast(({ id }) => id === messageId);
    if (message === undefined) return;
    const key = `teams ${message.id}`;
    const text = wordsOf(message);
    if (/newer card of this request/i.test(text)) cards.gone(key);
    else cards.drawn({ key, place: conversation, text, json, late: false });
  }

  /** Where nothing private can be said, a public message says to somebody that there is an answer. */
  #hinted(body: Json, json: string): void {
    if (!json.includes('an answer that is for you alone')) return;
    for (const entity of (body['entities'] ?? []) as readonly Json[])
      if (entity['type'] === 'mention') this.#told((entity['mentioned'] as Json)['id'], json);
  }

  #slackCard(
    channel: string,
    message: Json,
    { update, late }: { readonly update: boolean; readonly late: boolean },
  ): void {
    const { cards } = this.#stage;
    const blocks = (message['blocks'] ?? []) as readonly Json[];
    const key = `slack ${String(message['ts'])}`;
    const json = JSON.stringify(blocks);
    // Block ids tell a card from notes and from what an older card was rewritten to.
    if (/"lr\.lr-[0-9a-z]+\.\d+\./.test(json))
      cards.drawn({ key, place: channel, text: plain(String(message['text']), blocks), json, late });
    else if (update) cards.gone(key);
  }

  #form(id: unknown): void {
    const view = [...this.#stage.slack.world.views.values()].find((one) => one.id === id);
    this.#told(view?.user, 'a form');
  }

  #told(account: unknown, words: string): void {
    const person = personNames.find(
      (name) => people[name].slack === account || people[name].teams.id === account,
    );
    if (person !== undefined) this.#stage.deeds.told(person, this.#stage.schedule.elapsed(), words);
  }
}
