// Interface of a connection to Teams: it validates the token of an incoming message, and sends calls to the
// connector. There are two, with botbuilder and without; everything above them is the same.
import type { Clock, Log } from '../../liveResponse/ports.ts';
import type { HttpClient } from '../outbound/http.ts';

/**
 * The addresses of the cloud that issues tokens. Tests hand in their own; they are never settings, because
 * anyone who sets them owns the bot.
 */
export interface TeamsAuthority {
  readonly openIdMetadataUrl: string;
  readonly tokenIssuer: string;
  /** With the tenant. */
  readonly loginUrl: string;
  readonly oauthScope: string;
  /** Signs outgoing calls in place of Entra ID. */
  readonly token?: () => Promise<string>;
}

export interface DoorParts {
  readonly authority?: TeamsAuthority;
  /** The door without botbuilder has no client of its own; the other asks it why nothing gets out. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

export interface TeamsDoor {
  /** Empty without authentication. */
  readonly appId: string;
  /** The issuer that tokens of the channel must name; undefined without authentication. */
  readonly issuer: string | undefined;
  /**
   * Undefined for a genuine token. `keys`: it could not be judged, and Teams may send it again. Anything else
   * is a reason for the log.
   */
  tokenProblem(message: Incoming): Promise<string | undefined>;
  /** The calls to one connector. */
  calls(serviceUrl: string): Promise<Calls>;
  /** Why the keys to judge tokens with cannot be had, where the door knows. */
  trouble?(): string | undefined;
}

export interface Incoming {
  /** The Authorization header. */
  readonly header: string;
  readonly serviceUrl: string;
  /** The activity as it came. */
  readonly body: unknown;
}

export interface CallOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Visible to the recipient of the activity alone. */
  readonly targeted?: boolean;
}

/**
 * One attempt each, no redirects, bounded in time. The answer is what Teams said, unread. @throws CallError
 */
export interface Calls {
  send(conversation: string, activity: object, options: CallOptions): Promise<unknown>;
  update(conversation: string, id: string, activity: object, options: CallOptions): Promise<unknown>;
  /** A new conversation, or the one that is there already. */
  open(parameters: object, options: CallOptions): Promise<unknown>;
  member(conversation: string, id: string, options: CallOptions): Promise<unknown>;
  /** The first of the members, as a sign that the bot may read there. */
  firstMember(conversation: string, options: CallOptions): Promise<unknown>;
}

/** How a call failed. */
export type Fault =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly code?: string;
      readonly retryAfter?: string;
    }
  /** Sent, or perhaps sent, and no answer in time. */
  | { readonly kind: 'late' }
  /** Sent, or perhaps sent, and the connection broke. */
  | { readonly kind: 'broken'; readonly code?: string }
  /** No byte of it left this machine. */
  | { readonly kind: 'notSent'; readonly code: string }
  /** It could not be signed. */
  | { readonly kind: 'noToken'; readonly why: string }
  /** It makes no sense as a call, and was not tried. */
  | { readonly kind: 'impossible'; readonly why: string };

export class CallError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault, options: { readonly cause?: unknown } = {}) {
    super(
      `a call to Teams failed: ${fault.kind}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'CallError';
    this.fault = fault;
  }
}
