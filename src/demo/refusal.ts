// Planted failures of a call to a chat, in every way it can go wrong: what the fakes play, and where it is
// played.
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Gets each response that nobody is going to write, because a test that moves the clock may not wait for
 * it.
 */
export const unansweredChannel = 'live-response-bot.unanswered';
const unanswered = channel(unansweredChannel);

/** A call as the fakes see it. */
export interface ChatCall {
  /** Such as `chat.update`, or `PUT`. */
  readonly method: string;
  /** The conversation, person or group it is about. */
  readonly about: string;
}

/** `done`: the platform did what it was asked, and only the answer is bad. */
export type Refusal = { readonly name: string; readonly done?: boolean } & (
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The connection ends without an answer. */
  | { readonly kind: 'cut' }
  /** Nothing comes, and the connection stays. */
  | { readonly kind: 'silence' }
);

/** Asked at each call; undefined lets it pass. */
export type Refuse = (call: ChatCall) => Refusal | undefined;

/** Plays it; what was asked is done already where it is to be done. */
export function play(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
  if (refusal.kind === 'cut') request.socket.destroy();
  else if (refusal.kind === 'silence') unanswered.publish(response);
  else
    response
      .writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers })
      .end(refusal.body);
}
