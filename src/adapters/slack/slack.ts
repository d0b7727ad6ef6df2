// The Slack adapter while it runs: what is mounted, opened, reported by /readyz and closed.
import type { HTTPReceiver, Receiver } from '@slack/bolt';
import type { Express } from 'express';
import type { ChatPort, Groups } from '../../bot/ports.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import type { OpenChat } from '../chatPlatform.ts';
import { ConfigError } from '../config/environment.ts';
import type { Deliveries, Unanswered } from '../deliveries/deliveries.ts';
import type { Check } from '../http/server.ts';
import { mountGuard } from './inbound/guard.ts';
import type { ReplayMemory, SlackTime } from './inbound/guard.ts';
import type { Intake } from './inbound/intake.ts';
import type { Socket } from './inbound/socket.ts';
import { drainTime } from './limits.ts';
import type { PendingReplies } from './outbound/privateReplies.ts';
import { failureOf, messageOf } from './outbound/slackFailure.ts';
import type { StaleCards } from './outbound/staleCards.ts';
import type { WebApi, WriteRates } from './outbound/webApi.ts';
import { SlackUnreached } from './startChecks.ts';

/**
 * How deliveries come in: through a socket that the bot opens, as signed requests on the shared port, or from
 * a receiver that a test handed in.
 */
export type WayIn =
  | { readonly kind: 'given'; readonly receiver: Receiver }
  | { readonly kind: 'socket'; readonly socket: Socket; readonly receiver: Socket['receiver'] }
  | {
      readonly kind: 'http';
      readonly receiver: HTTPReceiver;
      readonly signingSecret: string;
      readonly memory: ReplayMemory;
    };

export interface SlackParts {
  readonly chat: ChatPort;
  readonly groups: Groups;
  readonly api: Pick<WebApi, 'tokenTrouble' | 'unreached' | 'keeper'>;
  readonly wayIn: WayIn;
  readonly deliveries: Deliveries;
  readonly intake: Intake;
  readonly answers: PendingReplies;
  readonly staleCards: StaleCards;
  readonly budgets: WriteRates;
  readonly time: SlackTime;
  readonly clock: Clock;
  readonly log: Log;
}

export class Slack implements OpenChat {
  readonly chat: ChatPort;
  readonly groups: Groups;
  /**
   * What is checked again by itself: whether Slack answers, and the files of deliveries and of seen requests.
   */
  readonly keepers: readonly Keeper[];
  readonly #parts: SlackParts;
  readonly #closed = new AbortController();
  /** Nothing new is taken any more. */
  #draining = false;

  constructor(parts: SlackParts) {
    const { chat, groups, api, deliveries, wayIn } = parts;
    this.#parts = parts;
    this.chat = chat;
    this.groups = groups;
    this.keepers = [api.keeper, deliveries, ...(wayIn.kind === 'http' ? [wayIn.memory] : [])];
  }

  /** Before any body parser. Does nothing where deliveries do not come over HTTP. */
  mount(app: Express): void {
    const { wayIn, clock, log, time } = this.#parts;
    if (wayIn.kind !== 'http') return;
    mountGuard(app, {
      signingSecret: wayIn.signingSecret,
      clock,
      log,
      memory: wayIn.memory,
      next: wayIn.receiver.requestListener,
      stopping: () => this.#draining,
      time,
    });
  }

  /**
   * Takes up what a crash left unanswered, and begins to take deliveries in Socket Mode; in HTTP mode they
   * come once the server listens.
   * @throws ConfigError, SlackUnreached
   */
  async open(): Promise<void> {
    const { intake, deliveries, wayIn } = this.#parts;
    intake.resume(deliveries.left());
    if (wayIn.kind === 'socket') await connect(wayIn.socket);
  }

  /** For /readyz. */
  checks(): readonly Check[] {
    const { api, wayIn, time, deliveries } = this.#parts;
    const token = api.tokenTrouble();
    const unwritten = deliveries.trouble();
    const replay = wayIn.kind === 'http' ? wayIn.memory.trouble() : undefined;
    return [
      checkOf('slack', api.unreached()),
      checkOf(
        'slackToken',
        token === undefined
          ? undefined
          : `Slack does not accept SLACK_BOT_TOKEN any more: ${token}. Install the app again and set the new token.`,
      ),
      ...(wayIn.kind === 'socket' ? [wayIn.socket.check()] : []),
      time.check(),
      ...(unwritten === undefined ? [] : [{ ...checkOf('slackDeliveries', unwritten), blocks: true }]),
      ...(replay === undefined
        ? []
        : [checkOf('slackReplayMemory', `Seen requests cannot be written down: ${replay}`)]),
    ];
  }

  unanswered(): Unanswered {
    return this.#parts.deliveries.unanswered();
  }

  /**
   * Takes nothing new and lets answers under way end, `drainTime` at most. Cards can still be drawn for as
   * long again.
   */
  async drain(): Promise<void> {
    const { wayIn, intake, answers, staleCards, budgets, clock } = this.#parts;
    this.#draining = true;
    if (wayIn.kind === 'socket') wayIn.socket.quiet();
    answers.stop();
    // The socket stays open while answers are under way: their acknowledgements need it.
    const drained = new AbortController();
    await Promise.race([
      Promise.all([intake.settled(), staleCards.settled()]),
      clock.sleep(drainTime, drained.signal),
    ]);
    drained.abort();
    // The last states of the cards may still go out; what would have to wait longer for its turn is drawn
    // after the next start.
    void clock.sleep(drainTime, this.#closed.signal).then(() => {
      budgets.stop();
    });
  }

  /**
   * Closes the socket and the file of deliveries; what waits to write gets no turn. Drains first if nobody
   * did.
   */
  async stop(): Promise<void> {
    const { wayIn, budgets, deliveries } = this.#parts;
    if (!this.#draining) await this.drain();
    this.#closed.abort();
    budgets.stop();
    if (wayIn.kind === 'socket') await wayIn.socket.stop();
    await deliveries.close();
  }
}

async function connect(socket: Socket): Promise<void> {
  try {
    await socket.start();
  } catch (error) {
    const { kind, slackError, way } = failureOf('apps.connections.open', error);
    const why = way ?? (slackError === 'no_answer' ? messageOf(error) : slackError);
    if (kind !== 'token' && kind !== 'refused')
      throw new SlackUnreached(
        `Slack cannot be connected to by Socket Mode: ${why}. Check that a WebSocket to Slack is let out of this network.`,
        error,
      );
    throw new ConfigError(
      `Slack does not take SLACK_APP_TOKEN: ${messageOf(error)}. Make one under "Basic Information", "App-Level Tokens", with the scope connections:write.`,
      { cause: error },
    );
  }
}

function checkOf(name: string, why: string | undefined): Check {
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}
