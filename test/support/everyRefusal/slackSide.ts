// Slack for a story of refusals: Riley asks in one channel, Avery approves in another, and the cards of both
// show the results.
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { slackPolicy, seedWorkspace, incidents, privateRoom } from '../slack/slackTestApp.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import { plain } from '../../../src/demo/slack/methods.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import type { ChatSide, SeenCard, StageClock, Who } from './stage.ts';

const accounts: Readonly<Record<Who, string>> = { requester: 'U0RILEY1', approver: 'U0AVERY1' };

class SlackSide implements ChatSide {
  readonly name = 'slack';
  readonly places = [privateRoom, incidents] as const;
  readonly policy = unhurried(slackPolicy()).replace(
    `slack:${privateRoom}', results: private`,
    `slack:${privateRoom}', results: card`,
  );
  readonly form = { open: () => this.#hasForm(), submit: () => this.#avery.submit('not today') };
  readonly #slack: FakeSlack;
  readonly #riley: Person;
  readonly #avery: Person;

  constructor(slack: FakeSlack) {
    this.#slack = slack;
    this.#riley = slack.person(accounts.requester);
    this.#avery = slack.person(accounts.approver);
  }

  options(timeout: number | undefined): ReturnType<ChatSide['options']> {
    const { tokens, apiUrl } = this.#slack;
    return {
      platforms: [
        slackChat({
          botToken: tokens.bot,
          signingSecret: tokens.signingSecret,
          apiUrl,
          allowedTeams: [],
          ...(timeout === undefined ? {} : { timeout }),
        }),
      ],
    };
  }

  listening(url: string | undefined): void {
    // Slack is acknowledged before anything is done, and a kill takes no acknowledgement back.
    if (url !== undefined) this.#slack.target = `${url}/slack/events`;
  }

  refuse(refuse: Parameters<ChatSide['refuse']>[0]): void {
    this.#slack.api.refuse = refuse;
  }

  say(text: string): Promise<unknown> {
    return this.#riley.command(privateRoom, text);
  }

  press(verb: 'approve' | 'deny'): Promise<unknown> {
    const card = this.#kept(incidents).at(-1);
    if (card === undefined) throw new Error('there is no card');
    return this.#avery.press(card, verb === 'deny' ? 'Deny' : 'Approve');
  }

  async pressOlder(place: string): Promise<unknown> {
    const [older] = this.#kept(place)
      .slice(0, -1)
      .filter((message) => !read(message).includes('superseded'));
    return older === undefined ? undefined : this.#avery.press(older, 'lr.');
  }

  cards(place: string): readonly SeenCard[] {
    return this.#kept(place).map((message) => ({ text: read(message), live: isLive(message) }));
  }

  told(who: Who): readonly string[] {
    const { world } = this.#slack;
    const user = accounts[who];
    const alone = world.ephemerals
      .filter((one) => one.user === user)
      .map((one) => plain(one.text, one.blocks));
    const direct = world
      .in(`D${user}`)
      .filter((message) => message.by === 'U0BOT')
      .map(read);
    const views = [...world.views.values()]
      .filter((view) => view.user === user && view.view['callback_id'] === 'lr.told.v1')
      .map((view) => JSON.stringify(view.view));
    return [...alone, ...direct, ...views];
  }

  close(): Promise<void> {
    return this.#slack.close();
  }

  #hasForm(): boolean {
    return [...this.#slack.world.views.values()].some(
      (view) => view.user === this.#avery.id && view.view['callback_id'] === 'lr.form.v1',
    );
  }

  #kept(place: string): readonly SlackMessageKept[] {
    return this.#slack.world
      .in(place)
      .filter(
        (message) =>
          message.by === 'U0BOT' &&
          message.blocks.some((block) => String(block['block_id']).startsWith('lr.lr-')),
      );
  }
}

export async function openSlackSide(clock: StageClock): Promise<ChatSide> {
  const slack = await startFakeSlack({ now: () => clock.now() });
  seedWorkspace(slack);
  slack.world.scopes = [...slack.world.scopes, 'channels:history', 'groups:history'];
  return new SlackSide(slack);
}

/** Whether something can be decided on it. */
function isLive(message: SlackMessageKept): boolean {
  return /"lr\.(approve|deny|withdraw|cancel)\.v1/.test(JSON.stringify(message.blocks));
}
