// Connector client made of botbuilder's own, with its hidden repeats and redirects taken out and a time limit
// put in.
import type { Activity } from 'botbuilder';
import { ClaimsIdentity } from 'botframework-connector';
import type { BotFrameworkAuthentication, ConnectorClient } from 'botframework-connector';
import { aadstsOf } from '../../entra/tokenError.ts';
import type { Http } from '../../outbound/http.ts';
import { hadConnected } from '../../outbound/wayOut.ts';
import { CallError } from '../protocol.ts';
import type { Calls, Fault } from '../protocol.ts';

const targetedHeader = 'x-lr-targeted';

/** As whom the connector is called. */
export interface Caller {
  /** Empty without authentication. */
  readonly appId: string;
  readonly audience: string;
}

export async function callsOf(
  authentication: BotFrameworkAuthentication,
  { appId, audience }: Caller,
  serviceUrl: string,
  way?: AskedWay,
): Promise<Calls> {
  const claims = new ClaimsIdentity(
    appId === ''
      ? []
      : [
          { type: 'aud', value: appId },
          { type: 'appid', value: appId },
        ],
    true,
  );
  const checked = <T>(answer: Promise<T>): Promise<T> => withCallErrors(answer, serviceUrl, way);
  const { conversations } = tamed(
    await checked(authentication.createConnectorFactory(claims).create(serviceUrl, audience)),
  );
  return {
    send: (conversation, activity, { timeout, targeted }) =>
      checked(
        conversations.sendToConversation(conversation, activity as Activity, {
          ...(targeted === true ? { customHeaders: { [targetedHeader]: '1' } } : {}),
          abortSignal: within(timeout),
        }),
      ),
    update: (conversation, id, activity, { timeout }) =>
      checked(
        conversations.updateActivity(conversation, id, activity as Activity, {
          abortSignal: within(timeout),
        }),
      ),
    open: (parameters, { timeout }) =>
      checked(
        conversations.createConversation(
          parameters as Parameters<typeof conversations.createConversation>[0],
          { abortSignal: within(timeout) },
        ),
      ),
    member: (conversation, id, { timeout }) =>
      checked(conversations.getConversationMember(conversation, id, { abortSignal: within(timeout) })),
    firstMember: (conversation, { timeout }) =>
      checked(
        conversations.getConversationPagedMembers(conversation, {
          pageSize: 1,
          abortSignal: within(timeout),
        } as unknown as Parameters<typeof conversations.getConversationPagedMembers>[1] & object),
      ),
  };
}

/**
 * Asked why nothing gets out: botbuilder's clients hand the answer of a proxy on as if it were the host's.
 */
interface AskedWay {
  readonly http: Pick<Http, 'whyNotReached' | 'proxyFor'>;
  /** Sign-in address. */
  readonly login: string;
}

/**
 * The fault as it is, or what lies between. A 403 without a word of Teams' own may be a proxy's: no place is
 * closed by that. It was not sent only where the proxy says the same before any connection: one that opens
 * TLS may have passed the message on, and kept the answer back.
 */
async function reasoned(
  fault: Fault,
  error: unknown,
  serviceUrl: string,
  { http, login }: AskedWay,
): Promise<Fault> {
  const ofProxy =
    fault.kind === 'answered' &&
    fault.code === undefined &&
    (fault.status === 403 || fault.status === 407) &&
    http.proxyFor(new URL(serviceUrl).hostname) !== undefined;
  const asked =
    fault.kind === 'noToken' && aadstsOf(error) === undefined
      ? login
      : fault.kind === 'notSent' || ofProxy
        ? serviceUrl
        : undefined;
  const why =
    asked === undefined
      ? undefined
      : await http.whyNotReached(asked, ofProxy ? `proxy_${String(fault.status)}` : undefined);
  if (why === undefined) return fault;
  return { kind: 'notSent', code: why };
}

interface Pipeline {
  removePolicy(options: { readonly name: string }): readonly unknown[];
  addPolicy(policy: {
    readonly name: string;
    sendRequest(
      request: PipelineRequest,
      next: (request: PipelineRequest) => Promise<unknown>,
    ): Promise<unknown>;
  }): void;
}
interface PipelineRequest {
  url: string;
  readonly method: string;
  disableKeepAlive?: boolean;
  readonly headers: { has(name: string): boolean; delete(name: string): void };
}

/**
 * @throws when botbuilder's insides are not as known: repeats that cannot be taken out would double messages
 */
function tamed(client: ConnectorClient): ConnectorClient {
  const pipeline = (client as unknown as { readonly client?: { readonly pipeline?: Pipeline } }).client
    ?.pipeline;
  if (pipeline === undefined) throw new Error('botbuilder’s connector has no pipeline that can be adjusted');
  if (pipeline.removePolicy({ name: 'defaultRetryPolicy' }).length === 0)
    throw new Error('botbuilder’s retry policy was not found under its name');
  pipeline.removePolicy({ name: 'redirectPolicy' });
  pipeline.addPolicy({
    name: 'lrRules',
    sendRequest(request, next) {
      // Over a new connection, so that no dying idle one can leave the fate of a message open.
      if (request.method === 'POST') request.disableKeepAlive = true;
      if (request.headers.has(targetedHeader)) {
        request.headers.delete(targetedHeader);
        const url = new URL(request.url);
        url.searchParams.set('isTargetedActivity', 'true');
        request.url = url.toString();
      }
      return next(request);
    },
  });
  return client;
}

/**
 * botbuilder's own timer outlives a broken connection and keeps the process from ending; this one does not.
 */
function within(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}

async function withCallErrors<T>(
  answer: Promise<T>,
  serviceUrl: string,
  way: AskedWay | undefined,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const fault = faultOf(error);
    throw new CallError(way === undefined ? fault : await reasoned(fault, error, serviceUrl, way), {
      cause: error,
    });
  }
}

/** Failures before a byte of the request left. */
const notSent = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
]);

function faultOf(error: unknown): Fault {
  const { name, code, status, retryAfter } = read(error);
  const word = code === undefined ? {} : { code };
  if (status !== undefined)
    return { kind: 'answered', status, ...word, ...(retryAfter === undefined ? {} : { retryAfter }) };
  if (name === 'AbortError') return { kind: 'late' };
  if (code !== undefined && notSent.has(code) && !hadConnected(error)) return { kind: 'notSent', code };
  if (name === 'RestError') return { kind: 'broken', ...word };
  // Signing comes before sending; MSAL's messages repeat requests, so only Entra's code or the kind is
  // reported.
  return { kind: 'noToken', why: aadstsOf(error) ?? name };
}

function read(error: unknown): {
  readonly name: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
} {
  if (typeof error !== 'object' || error === null)
    return { name: 'unknown', code: undefined, status: undefined, retryAfter: undefined };
  const { name, code, statusCode, response } = error as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly response?: { readonly headers?: { get?(name: string): unknown } };
  };
  const retryAfter = response?.headers?.get?.('retry-after');
  return {
    name: typeof name === 'string' ? name : 'unknown',
    code: typeof code === 'string' ? code : undefined,
    status: typeof statusCode === 'number' ? statusCode : undefined,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}
