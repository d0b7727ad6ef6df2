// People of the fake Slack: they type commands, press buttons and send off forms.
import { envelopeOf } from './delivering.ts';
import type { Delivered, Deliverer } from './delivering.ts';
import { plain, shown, text } from './methods.ts';
import type { ApiServer } from './server.ts';
import { botUser, home } from './world.ts';
import type { Ephemeral, Json, SlackMessageKept, SlackWorld } from './world.ts';

/** What a delivery carries other than usual. */
interface CommandExtras {
  readonly name?: string;
  readonly payload?: Json;
}

interface MentionExtras {
  readonly thread?: string;
  readonly event?: Json;
}

interface PressExtras {
  readonly payload?: Json;
  /** The `ts` of another message than the one that is pressed. */
  readonly at?: string;
}

export interface Person {
  readonly id: string;
  /** Types `/lr <text>` (or another command) in a channel. */
  command(channel: string, said: string, options?: CommandExtras): Promise<Delivered>;
  /** Mentions the bot in a message. */
  mention(channel: string, said: string, options?: MentionExtras): Promise<Delivered>;
  /**
   * Presses the button whose label or action id begins like this, on a message or on something shown to this
   * person alone.
   */
  press(on: SlackMessageKept | Ephemeral, button: string, options?: PressExtras): Promise<Delivered>;
  /** Sends off the form this person has open. */
  submit(input: string): Promise<Delivered>;
  /** The newest thing shown to this person alone, as text. */
  told(): string;
}

export interface PersonParts {
  readonly world: SlackWorld;
  readonly api: Pick<ApiServer, 'names'>;
  readonly deliverer: Pick<Deliverer, 'deliver'>;
}

export class FakePerson implements Person {
  readonly id: string;
  readonly #parts: PersonParts;

  constructor(id: string, parts: PersonParts) {
    this.id = id;
    this.#parts = parts;
  }

  command(
    channel: string,
    said: string,
    { name = '/lr', payload = {} }: CommandExtras = {},
  ): Promise<Delivered> {
    return this.#parts.deliverer.deliver('slash_commands', {
      token: 'x',
      team_id: home,
      team_domain: 'home',
      channel_id: channel,
      channel_name: 'x',
      user_id: this.id,
      user_name: 'x',
      command: name,
      text: said,
      api_app_id: 'A0APP',
      is_enterprise_install: 'false',
      response_url: this.#newResponseUrl(channel),
      trigger_id: this.#newTrigger(),
      ...payload,
    });
  }

  mention(channel: string, said: string, { thread, event = {} }: MentionExtras = {}): Promise<Delivered> {
    const ts = this.#parts.world.nextTs();
    this.#parts.world.messages.push({
      channel,
      ts,
      at: this.#parts.world.now(),
      by: this.id,
      broadcast: false,
      text: said,
      blocks: [],
      history: [],
      args: {},
      deleted: false,
      ...(thread === undefined ? {} : { thread }),
    });
    return this.#parts.deliverer.deliver(
      'events_api',
      envelopeOf(this.#parts.world, {
        type: 'app_mention',
        user: this.id,
        text: `<@${botUser}> ${said}`,
        ts,
        channel,
        event_ts: ts,
        ...(thread === undefined ? {} : { thread_ts: thread }),
        ...event,
      }),
    );
  }

  press(
    on: SlackMessageKept | Ephemeral,
    wanted: string,
    { payload = {}, at }: PressExtras = {},
  ): Promise<Delivered> {
    const found = buttonOf(on, wanted);
    const ephemeral = 'via' in on;
    return this.#parts.deliverer.deliver('interactive', {
      type: 'block_actions',
      user: this.#user(),
      api_app_id: 'A0APP',
      token: 'x',
      container: {
        type: 'message',
        message_ts: at ?? on.ts,
        channel_id: on.channel,
        is_ephemeral: ephemeral,
        ...(on.thread === undefined ? {} : { thread_ts: on.thread }),
      },
      trigger_id: this.#newTrigger(),
      team: { id: home, domain: 'home' },
      enterprise: null,
      is_enterprise_install: false,
      channel: { id: on.channel, name: 'x' },
      ...(ephemeral ? {} : { message: shown(on) }),
      state: { values: {} },
      response_url: this.#newResponseUrl(on.channel),
      actions: [{ type: 'button', block_id: 'x', action_ts: this.#parts.world.nextTs(), ...found }],
      ...payload,
    });
  }

  submit(input: string): Promise<Delivered> {
    const opened = [...this.#parts.world.views.values()].filter((view) => view.user === this.id).at(-1);
    if (opened === undefined) throw new Error(`${this.id} has no form open`);
    const block = ((opened.view['blocks'] ?? []) as readonly Json[]).find((one) => one['type'] === 'input');
    if (block === undefined) throw new Error('this form asks for nothing');
    const action = text((block['element'] as Json)['action_id']);
    this.#parts.world.views.delete(opened.id);
    return this.#parts.deliverer.deliver('interactive', {
      type: 'view_submission',
      team: { id: home, domain: 'home' },
      user: this.#user(),
      api_app_id: 'A0APP',
      token: 'x',
      trigger_id: this.#newTrigger(),
      view: {
        id: opened.id,
        type: 'modal',
        team_id: home,
        app_installed_team_id: home,
        callback_id: opened.view['callback_id'],
        private_metadata: opened.view['private_metadata'],
        hash: opened.hash,
        state: {
          values: {
            [text(block['block_id'])]: {
              [action]: { type: 'plain_text_input', value: input === '' ? null : input },
            },
          },
        },
      },
      response_urls: [],
      is_enterprise_install: false,
      enterprise: null,
    });
  }

  told(): string {
    const newest = this.#parts.world.ephemerals.filter((one) => one.user === this.id).at(-1);
    return newest === undefined ? '' : plain(newest.text, newest.blocks);
  }

  #user(): Json {
    const { id } = this;
    const user = this.#parts.world.users.get(id);
    return { id, username: user?.name ?? id, name: user?.name ?? id, team_id: user?.team_id ?? home };
  }

  #newTrigger(): string {
    const { world } = this.#parts;
    const id = `${world.nextId()}.trigger`;
    world.triggers.set(id, { user: this.id, at: world.now(), used: false });
    return id;
  }

  #newResponseUrl(channel: string): string {
    const { world, api } = this.#parts;
    const id = `r${world.nextId()}`;
    world.responseUrls.set(id, { user: this.id, channel, at: world.now(), uses: 0 });
    return `${api.names.answers}/respond/${id}`;
  }
}

/** The button as Slack would send it; nobody can press what is not drawn. */
export function buttonOf(on: { readonly blocks: readonly Json[] }, wanted: string): Json {
  const all = on.blocks.flatMap((block) =>
    block['type'] === 'actions' ? (block['elements'] as readonly Json[]) : [],
  );
  const found = all.find(
    (button) =>
      text((button['text'] as Json)['text']).startsWith(wanted) ||
      text(button['action_id']).startsWith(wanted),
  );
  if (found === undefined)
    throw new Error(
      `there is no button "${wanted}", only ${all.map((button) => text((button['text'] as Json)['text'])).join(', ') || 'none'}`,
    );
  return {
    action_id: found['action_id'],
    text: found['text'],
    ...(found['value'] === undefined ? {} : { value: found['value'] }),
    ...(found['url'] === undefined ? {} : { url: found['url'] }),
  };
}
