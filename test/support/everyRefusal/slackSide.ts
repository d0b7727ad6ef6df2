// Slack for a story of refusals: Riley asks in one channel, Avery approves in another, and results stand on
// the cards of both.
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { slackPolicy, seedWorkspace, incidents, privateRoom } from '../slack/slackTestApp.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { plain } from '../../../src/demo/slack/methods.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import type { ChatSide, SeenCard, StageClock, Who } from './stage.ts';

const accounts: Readonly<Record<Who, string>> = { requester: 'U0RILEY1', approver: 'U0AVERY1' };

export async function openSlackSide(clock: StageClock): Promise<ChatSide> {
  const slack = await startFakeSlack({ now: () => clock.now() });
  seedWorkspace(slack);
  slack.world.scopes = [...slack.world.scopes, 'channels:history', 'groups:history'];
  const riley = slack.person(accounts.requester);
  const avery = slack.person(accounts.approver);

  function kept(place: string): readonly SlackMessageKept[] {
    return slack.world
      .in(place)
      .filter(
        (message) =>
          message.by === 'U0BOT' &&
          message.blocks.some((block) => String(block['block_id']).startsWith('lr.lr-')),
      );
  }

  function newest(): SlackMessageKept {
    const card = kept(incidents).at(-1);
    if (card === undefined) throw new Error('there is no card');
    return card;
  }

  function told(who: Who): readonly string[] {
    const user = accounts[who];
    const alone = slack.world.ephemerals
      .filter((one) => one.user === user)
      .map((one) => plain(one.text, one.blocks));
    const direct = slack.world
      .in(`D${user}`)
      .filter((message) => message.by === 'U0BOT')
      .map(read);
    const views = [...slack.world.views.values()]
      .filter((view) => view.user === user && view.view['callback_id'] === 'lr.told.v1')
      .map((view) => JSON.stringify(view.view));
    return [...alone, ...direct, ...views];
  }

  return {
    name: 'slack',
    places: [privateRoom, incidents],
    policy: unhurried(slackPolicy()).replace(
      `slack:${privateRoom}', results: private`,
      `slack:${privateRoom}', results: card`,
    ),
    options: (timeout) => ({
      platforms: [
        slackChat({
          botToken: slack.tokens.bot,
          signingSecret: slack.tokens.signingSecret,
          apiUrl: slack.apiUrl,
          allowedTeams: [],
          ...(timeout === undefined ? {} : { timeout }),
        }),
      ],
    }),
    listening: (url) => {
      // Slack is acknowledged before anything is done, and a kill takes no acknowledgement back.
      if (url !== undefined) slack.target = `${url}/slack/events`;
    },
    refuse: (refuse) => {
      slack.api.refuse = refuse;
    },
    say: (text) => riley.command(privateRoom, text),
    press: (verb) => avery.press(newest(), verb === 'deny' ? 'Deny' : 'Approve'),
    form: {
      open: () =>
        [...slack.world.views.values()].some(
          (view) => view.user === avery.id && view.view['callback_id'] === 'lr.form.v1',
        ),
      submit: () => avery.submit('not today'),
    },
    async pressOlder(place) {
      const [older] = kept(place)
        .slice(0, -1)
        .filter((message) => !read(message).includes('superseded'));
      return older === undefined ? undefined : avery.press(older, 'lr.');
    },
    cards: (place) =>
      kept(place).map((message): SeenCard => ({ text: read(message), live: isLive(message) })),
    told,
    close: () => slack.close(),
  };
}

/** Whether something can be decided on it. */
function isLive(message: SlackMessageKept): boolean {
  return /"lr\.(approve|deny|withdraw|cancel)\.v1/.test(JSON.stringify(message.blocks));
}
