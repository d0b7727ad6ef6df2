// A Slack of our own on loopback: real HTTP, real WebSocket, real signatures, and people who type, press and
// fill in forms as in the real one.
import { createHmac, randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { plain, shown, text } from './methods.ts';
import { startApiServer, tokens } from './server.ts';
import type { ApiServer, Fault } from './server.ts';
import { botUser, home, SlackWorld } from './world.ts';
import type { Ephemeral, Json, SlackMessageKept } from './world.ts';

/**
 * What became of one delivery. `acknowledged` is what Slack's three seconds ask for; otherwise the person
 * sees a warning.
 */
export interface Delivered {
  readonly acknowledged: boolean;
  readonly status?: number;
  readonly body: string;
  readonly ms: number;
}

export interface SignOptions {
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Person {
  readonly id: string;
  /** Types `/lr <text>` (or another command) in a channel. */
  command(
    channel: string,
    said: string,
    options?: { readonly name?: string; readonly payload?: Json },
  ): Promise<Delivered>;
  /** Mentions the bot in a message. */
  mention(
    channel: string,
    said: string,
    options?: { readonly thread?: string; readonly event?: Json },
  ): Promise<Delivered>;
  /**
   * Presses the button whose label or action id begins like this, on a message or on something shown to this
   * person alone.
   */
  press(
    on: SlackMessageKept | Ephemeral,
    button: string,
    options?: { readonly payload?: Json; readonly at?: string },
  ): Promise<Delivered>;
  /** Sends off the form this person has open. */
  submit(input: string): Promise<Delivered>;
  /** The newest thing shown to this person alone, as text. */
  told(): string;
}

export interface FakeSlack {
  readonly world: SlackWorld;
  readonly api: ApiServer;
  readonly apiUrl: string;
  readonly tokens: typeof tokens;
  /** Where deliveries go over HTTP; while undefined they go over the socket. */
  target: string | undefined;
  person(id: string): Person;
  fault(method: string, fault: Fault, times?: number): void;
  /** Signs and sends a body as Slack would. */
  send(body: string, options?: SignOptions, contentType?: string): Promise<Delivered>;
  /** The cards in a channel: messages that carry a request's metadata, oldest first. */
  cards(channel: string): readonly SlackMessageKept[];
  readonly until: SlackWorld['until'];
  /**
   * Cuts the socket right after the next delivery went out on it, before its acknowledgement can come back.
   */
  dropOnNextDelivery(): void;
  /** Tells the bot of an event, such as that it was let into a channel. */
  event(event: Json): Promise<Delivered>;
  /** Sends the last delivery once more, as Slack does when it saw no acknowledgement. */
  redeliver(): Promise<Delivered>;
  /** The same of what is the last one now, whatever is delivered meanwhile. */
  lastDelivery(): () => Promise<Delivered>;
  close(): Promise<void>;
}

const ackDeadline = 3_000;

export async function startFakeSlack(options: { readonly now?: () => number } = {}): Promise<FakeSlack> {
  const world = new SlackWorld(options.now ?? (() => Date.now()));
  const api = await startApiServer(world);
  let drop = false;
  let last: (() => Promise<Delivered>) | undefined;

  const slack: FakeSlack = {
    world,
    api,
    apiUrl: `${api.origin}/api/`,
    tokens,
    target: undefined,
    person,
    fault: (method, fault, times) => {
      api.fault(method, fault, times);
    },
    send,
    cards: (channel) =>
      world.in(channel).filter((message) => message.metadata?.['event_type'] === 'live_response_card'),
    until: (what, look, patience) => world.until(what, look, patience),
    dropOnNextDelivery() {
      drop = true;
    },
    event: (event) => deliver('events_api', envelopeOf(event)),
    redeliver: () => slack.lastDelivery()(),
    lastDelivery() {
      if (last === undefined) throw new Error('nothing was delivered yet');
      return last;
    },
    close: () => api.close(),
  };

  async function send(
    body: string,
    sign: SignOptions = {},
    contentType = 'application/x-www-form-urlencoded',
  ): Promise<Delivered> {
    if (slack.target === undefined) throw new Error('no address to deliver to');
    const timestamp = String(sign.timestamp ?? Math.floor(world.now() / 1000));
    const signature = `v0=${createHmac('sha256', sign.secret ?? tokens.signingSecret)
      .update(`v0:${timestamp}:${body}`)
      .digest('hex')}`;
    const began = performance.now();
    try {
      const answer = await fetch(slack.target, {
        method: 'POST',
        headers: {
          'content-type': contentType,
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': signature,
          'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
          ...sign.headers,
        },
        body,
        signal: AbortSignal.timeout(ackDeadline),
      });
      return {
        acknowledged: answer.status === 200,
        status: answer.status,
        body: await answer.text(),
        ms: performance.now() - began,
      };
    } catch (error) {
      return {
        acknowledged: false,
        body: error instanceof Error ? error.message : String(error),
        ms: performance.now() - began,
      };
    }
  }

  function deliver(type: 'slash_commands' | 'interactive' | 'events_api', payload: Json): Promise<Delivered> {
    const again = (attempt: number): Promise<Delivered> =>
      slack.target === undefined ? overSocket(type, payload, attempt) : overHttp(type, payload, attempt);
    let attempt = 0;
    last = () => again((attempt += 1));
    return again(0);
  }

  function overHttp(type: string, payload: Json, attempt: number): Promise<Delivered> {
    // A repetition is signed again, a moment later.
    const retry =
      attempt === 0
        ? {}
        : {
            timestamp: Math.floor(world.now() / 1000) + attempt,
            headers: { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': 'http_timeout' },
          };
    if (type === 'events_api') return send(JSON.stringify(payload), retry, 'application/json');
    const fields =
      type === 'slash_commands'
        ? Object.entries(payload).map(([key, value]): [string, string] => [key, String(value)])
        : [['payload', JSON.stringify(payload)] as [string, string]];
    return send(new URLSearchParams(fields).toString(), retry);
  }

  async function overSocket(type: string, payload: Json, attempt: number): Promise<Delivered> {
    const socket = await world.until<WebSocket>('a connected socket', () => [...api.sockets].at(-1));
    const began = performance.now();
    const id = randomUUID();
    return new Promise((resolve) => {
      const done = (acknowledged: boolean, body: string): void => {
        clearTimeout(late);
        socket.off('message', onMessage);
        socket.off('close', onClose);
        resolve({ acknowledged, body, ms: performance.now() - began });
      };
      const late = setTimeout(() => {
        done(false, 'operation_timeout');
      }, ackDeadline);
      const onMessage = (data: Buffer): void => {
        const said = JSON.parse(data.toString('utf8')) as Json;
        if (said['envelope_id'] === id) done(true, JSON.stringify(said['payload'] ?? {}));
      };
      const onClose = (): void => {
        done(false, 'socket closed');
      };
      socket.on('message', onMessage);
      socket.on('close', onClose);
      socket.send(
        JSON.stringify({
          envelope_id: id,
          type,
          payload,
          accepts_response_payload: type !== 'events_api',
          ...(attempt === 0 ? {} : { retry_attempt: attempt, retry_reason: 'timeout' }),
        }),
        () => {
          if (!drop) return;
          drop = false;
          socket.terminate();
        },
      );
    });
  }

  function envelopeOf(event: Json): Json {
    return {
      token: 'x',
      team_id: home,
      api_app_id: 'A0APP',
      type: 'event_callback',
      event_id: `Ev${world.nextId()}`,
      event_time: Math.floor(world.now() / 1000),
      authorizations: [
        { enterprise_id: null, team_id: home, user_id: botUser, is_bot: true, is_enterprise_install: false },
      ],
      event,
    };
  }

  function newTrigger(user: string): string {
    const id = `${world.nextId()}.trigger`;
    world.triggers.set(id, { user, at: world.now(), used: false });
    return id;
  }

  function newResponseUrl(user: string, channel: string): string {
    const id = `r${world.nextId()}`;
    world.responseUrls.set(id, { user, channel, at: world.now(), uses: 0 });
    return `${api.names.answers}/respond/${id}`;
  }

  function person(id: string): Person {
    const self = (): Json => {
      const user = world.users.get(id);
      return { id, username: user?.name ?? id, name: user?.name ?? id, team_id: user?.team_id ?? home };
    };
    return {
      id,
      command: (channel, said, { name = '/lr', payload = {} } = {}) =>
        deliver('slash_commands', {
          token: 'x',
          team_id: home,
          team_domain: 'home',
          channel_id: channel,
          channel_name: 'x',
          user_id: id,
          user_name: 'x',
          command: name,
          text: said,
          api_app_id: 'A0APP',
          is_enterprise_install: 'false',
          response_url: newResponseUrl(id, channel),
          trigger_id: newTrigger(id),
          ...payload,
        }),
      mention(channel, said, { thread, event = {} } = {}) {
        const ts = world.nextTs();
        world.messages.push({
          channel,
          ts,
          at: world.now(),
          by: id,
          broadcast: false,
          text: said,
          blocks: [],
          history: [],
          args: {},
          deleted: false,
          ...(thread === undefined ? {} : { thread }),
        });
        return deliver(
          'events_api',
          envelopeOf({
            type: 'app_mention',
            user: id,
            text: `<@${botUser}> ${said}`,
            ts,
            channel,
            event_ts: ts,
            ...(thread === undefined ? {} : { thread_ts: thread }),
            ...event,
          }),
        );
      },
      press(on, wanted, { payload = {}, at } = {}) {
        const found = buttonOf(on, wanted);
        const ephemeral = 'via' in on;
        return deliver('interactive', {
          type: 'block_actions',
          user: self(),
          api_app_id: 'A0APP',
          token: 'x',
          container: {
            type: 'message',
            message_ts: at ?? on.ts,
            channel_id: on.channel,
            is_ephemeral: ephemeral,
            ...(on.thread === undefined ? {} : { thread_ts: on.thread }),
          },
          trigger_id: newTrigger(id),
          team: { id: home, domain: 'home' },
          enterprise: null,
          is_enterprise_install: false,
          channel: { id: on.channel, name: 'x' },
          ...(ephemeral ? {} : { message: shown(on) }),
          state: { values: {} },
          response_url: newResponseUrl(id, on.channel),
          actions: [{ type: 'button', block_id: 'x', action_ts: world.nextTs(), ...found }],
          ...payload,
        });
      },
      submit(input) {
        const opened = [...world.views.values()].filter((view) => view.user === id).at(-1);
        if (opened === undefined) throw new Error(`${id} has no form open`);
        const block = ((opened.view['blocks'] ?? []) as readonly Json[]).find(
          (one) => one['type'] === 'input',
        );
        if (block === undefined) throw new Error('this form asks for nothing');
        const action = text((block['element'] as Json)['action_id']);
        world.views.delete(opened.id);
        return deliver('interactive', {
          type: 'view_submission',
          team: { id: home, domain: 'home' },
          user: self(),
          api_app_id: 'A0APP',
          token: 'x',
          trigger_id: newTrigger(id),
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
      },
      told() {
        const newest = world.ephemerals.filter((one) => one.user === id).at(-1);
        return newest === undefined ? '' : plain(newest.text, newest.blocks);
      },
    };
  }

  return slack;
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

/** A message as a person reads it. */
export function read(message: { readonly text: string; readonly blocks: readonly Json[] }): string {
  return plain(message.text, message.blocks);
}
