// Connector of Teams with rules of our own: a POST that may have been accepted is never sent again, a PUT may
// be.
import { ChatError } from '../../../bot/ports.ts';
import { field, textOf } from '../../../liveResponse/text/json.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { ConnectorRates, ConnectorCall } from './connectorRates.ts';
import { failureOf } from './failures.ts';
import type { Failure } from './failures.ts';
import { CallError } from '../protocol.ts';
import type { Calls, Fault, TeamsDoor } from '../protocol.ts';
import { answerClass } from '../../outbound/answerClass.ts';
import type { AnswerClass, ChatCallKind, ObserveChatCall } from '../../outbound/answerClass.ts';

/** Where a conversation is reached. */
export interface Target {
  readonly serviceUrl: string;
  /** With `;messageid=` for a thread of a channel. */
  readonly conversation: string;
}

/** The message as we send it; Teams knows more. */
export interface Outgoing {
  readonly text?: string;
  readonly textFormat?: 'plain' | 'xml';
  readonly summary?: string;
  readonly card?: object;
  readonly mentions?: readonly { readonly id: string; readonly name: string; readonly text: string }[];
}

export interface Member {
  readonly objectId?: string;
  readonly tenantId?: string;
  readonly role?: string;
  readonly principalName?: string;
}

/** Milliseconds. */
export const callTimeout = 10_000;
/** Longest wait here for a budget or a Retry-After before the caller gets `throttled`. Milliseconds. */
export const patience = 10_000;
/**
 * Pauses before a call that may be repeated goes out again; also where a 429 or 412 names none. Milliseconds,
 * with up to half as much again.
 */
export const pauses = [500, 1_500, 4_000] as const;

export interface ConnectorOptions {
  readonly door: Pick<TeamsDoor, 'calls'>;
  readonly budgets: ConnectorRates;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1), for pauses. */
  readonly jitter: () => number;
  /** Milliseconds; `callTimeout` by default. */
  readonly timeout?: number;
  /** For metrics: called once for each attempt. */
  readonly observe?: ObserveChatCall | undefined;
}

interface Call {
  readonly kind: ConnectorCall;
  readonly what: string;
  /** What it counts as in the metrics. */
  readonly seenAs: ChatCallKind;
  readonly target: Target;
  /** Sent again after an answer that leaves open whether it was done. */
  readonly repeatable: boolean;
  /** Milliseconds; `callTimeout` by default. */
  readonly timeout?: number;
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #timeout: number;
  readonly #clients = new Map<string, Promise<Calls>>();
  readonly #stopped = new AbortController();
  #trouble: { readonly why: string; readonly at: number } | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? callTimeout;
  }

  /**
   * Why the last call to Teams failed, if it did so after `since` (elapsed time) through a fault of the bot's or
   * on the way.
   */
  trouble(since: number): string | undefined {
    return this.#trouble !== undefined && this.#trouble.at > since ? this.#trouble.why : undefined;
  }

  /** No call waits for another try or for its turn any longer: it fails with what it waits for. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Answers the id of the new message. `to` makes it visible to one member alone. */
  async post(target: Target, message: Outgoing, to?: string): Promise<string> {
    const activity = activityOf(message, to === undefined ? {} : { recipient: { id: to } });
    const seenAs = to === undefined ? 'post' : 'private';
    const sent = await this.#call(
      { kind: 'send', what: 'post', seenAs, target, repeatable: false },
      (calls) =>
        calls.send(target.conversation, activity, { timeout: this.#timeout, targeted: to !== undefined }),
    );
    const id = field(sent, 'id');
    if (typeof id !== 'string' || id === '')
      throw new ChatError('ambiguous', 'Teams took the message but gave it no id');
    return id;
  }

  async put(target: Target, id: string, message: Outgoing): Promise<void> {
    const activity = activityOf(message, { id });
    await this.#call({ kind: 'send', what: 'update', seenAs: 'update', target, repeatable: true }, (calls) =>
      calls.update(target.conversation, id, activity, { timeout: this.#timeout }),
    );
  }

  /** The one-to-one conversation with a member; Teams answers the same one every time. */
  async direct(serviceUrl: string, bot: string, member: string, tenantId: string): Promise<string> {
    const parameters = {
      isGroup: false,
      bot: { id: bot },
      members: [{ id: member }],
      tenantId,
      channelData: { tenant: { id: tenantId } },
    };
    const made = await this.#call(
      {
        kind: 'send',
        what: 'open a chat',
        seenAs: 'private',
        target: { serviceUrl, conversation: `direct ${member}` },
        repeatable: true,
      },
      (calls) => calls.open(parameters, { timeout: this.#timeout }),
    );
    const id = field(made, 'id');
    if (typeof id !== 'string' || id === '')
      throw new ChatError('unavailable', 'Teams opened a chat but gave it no id');
    return id;
  }

  /** Undefined when Teams knows no such member there. */
  async member(target: Target, id: string, longest: number): Promise<Member | undefined> {
    const timeout = Math.min(longest, this.#timeout);
    try {
      return memberOf(
        await this.#call(
          { kind: 'members', what: 'look up a member', seenAs: 'read', target, repeatable: true, timeout },
          (calls) => calls.member(target.conversation, id, { timeout }),
        ),
      );
    } catch (error) {
      if (error instanceof ChatError && saysNoSuchMember(error.cause)) return undefined;
      throw error;
    }
  }

  /** One small reading of a conversation: resolves where the bot is in it. */
  async look(target: Target): Promise<void> {
    await this.#call(
      { kind: 'members', what: 'look at a place', seenAs: 'read', target, repeatable: true },
      (calls) => calls.firstMember(target.conversation, { timeout: this.#timeout }),
    );
  }

  async #call(call: Call, send: (calls: Calls) => Promise<unknown>): Promise<unknown> {
    const { budgets, clock, jitter, log } = this.#options;
    const giveUp = clock.elapsed() + Math.min(patience, call.timeout ?? patience);
    for (let attempt = 0; ; attempt += 1) {
      const end = await this.#turn(call, giveUp);
      const outcome = await this.#attempt(call, send).finally(end);
      if ('answer' in outcome) return outcome.answer;
      const { failure, error } = outcome;
      const pause = failure.retryAfterMs ?? (pauses[attempt] ?? pauses[2]) * (1 + jitter() / 2);
      if (failure.code === 'throttled') budgets.close(call.kind, call.target.conversation, pause);
      const again =
        failure.code === 'throttled' ||
        failure.code === 'unavailable' ||
        (failure.code === 'ambiguous' && call.repeatable);
      if (
        !again ||
        this.#stopped.signal.aborted ||
        attempt >= pauses.length - 1 ||
        clock.elapsed() + pause > giveUp
      ) {
        const code = failure.code === 'ambiguous' && call.repeatable ? 'unavailable' : failure.code;
        throw new ChatError(code, failure.message, {
          cause: error,
          ...(code === 'throttled' ? { retryAfterMs: pause } : {}),
        });
      }
      log.info('teamsRetry', { what: call.what, code: failure.code, pause: Math.round(pause) });
      await clock.sleep(pause, this.#stopped.signal);
    }
  }

  async #attempt(
    call: Call,
    send: (calls: Calls) => Promise<unknown>,
  ): Promise<{ readonly answer: unknown } | { readonly failure: Failure; readonly error: unknown }> {
    const { clock, observe } = this.#options;
    const began = clock.elapsed();
    const seen = (answer: AnswerClass): void =>
      observe?.({ kind: call.seenAs, answer, ms: clock.elapsed() - began });
    try {
      const answer = await send(await this.#client(call.target.serviceUrl));
      seen('2xx');
      this.#trouble = undefined;
      return { answer };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      seen(classOf(error.fault));
      const failure = failureOf(error.fault, call.what, clock.now());
      this.#trouble = failure.ours === undefined ? undefined : { why: failure.ours, at: clock.elapsed() };
      return { failure, error };
    }
  }

  /** Waits for a place in the budgets, and answers how to give it back. */
  async #turn(call: Call, giveUp: number): Promise<() => void> {
    const { budgets, clock } = this.#options;
    for (;;) {
      const taken = budgets.take(call.kind, call.target.conversation);
      if ('end' in taken) return taken.end;
      const { wait } = taken;
      if (this.#stopped.signal.aborted || clock.elapsed() + wait > giveUp)
        throw new ChatError('throttled', `our own budget for this conversation is used up (${call.what})`, {
          retryAfterMs: wait,
        });
      await clock.sleep(wait, this.#stopped.signal);
    }
  }

  #client(serviceUrl: string): Promise<Calls> {
    const known = this.#clients.get(serviceUrl);
    if (known !== undefined) return known;
    const made = this.#options.door.calls(serviceUrl);
    this.#clients.set(serviceUrl, made);
    // A client that could not be made is tried again with the next call.
    made.catch(() => this.#clients.delete(serviceUrl));
    return made;
  }
}

function classOf(fault: Fault): AnswerClass {
  if (fault.kind === 'answered') return answerClass(fault.status);
  return fault.kind === 'late' || fault.kind === 'broken' ? 'lost' : 'notSent';
}

/**
 * Only that word is about the person. Any other refusal is one of the conversation, of us, or of what is
 * in between.
 */
function saysNoSuchMember(cause: unknown): boolean {
  return (
    cause instanceof CallError &&
    cause.fault.kind === 'answered' &&
    /^MemberNotFound/.test(cause.fault.code ?? '')
  );
}

function activityOf(
  message: Outgoing,
  more: { readonly id?: string; readonly recipient?: { readonly id: string } },
): object {
  return {
    type: 'message',
    ...(message.text === undefined ? {} : { text: message.text, textFormat: message.textFormat ?? 'plain' }),
    ...(message.summary === undefined ? {} : { summary: message.summary }),
    ...(message.card === undefined
      ? {}
      : { attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: message.card }] }),
    ...(message.mentions === undefined
      ? {}
      : {
          entities: message.mentions.map(({ id, name, text }) => ({
            type: 'mention',
            text,
            mentioned: { id, name },
          })),
        }),
    ...more,
  };
}

function memberOf(found: unknown): Member {
  const text = (...keys: readonly string[]): string | undefined =>
    keys.map((key) => textOf(field(found, key))).find((value) => value !== '');
  const objectId = text('aadObjectId', 'objectId')?.toLowerCase();
  const tenantId = text('tenantId')?.toLowerCase();
  const role = text('userRole');
  const principalName = text('userPrincipalName');
  return {
    ...(objectId === undefined ? {} : { objectId }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(role === undefined ? {} : { role }),
    ...(principalName === undefined ? {} : { principalName }),
  };
}
