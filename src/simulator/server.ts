// The API server: brings requests to the API function, keeps the state before an answer leaves, and plays the
// faults of the connection.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { callOf, refusal } from './api.ts';
import type { Answer, ApiRequest } from './api.ts';
import { unauthorized } from './auth.ts';
import { control } from './control.ts';
import { addressOf, bodyOf, listen } from './listening.ts';
import type { Listening } from './listening.ts';
import { elsewhere } from './faults.ts';
import type { Kind } from './profile.ts';
import { Refused } from './calls/refused.ts';
import type { State } from './state.ts';
import type { Tenant } from './tenant.ts';

const badGateway =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n';

/** `closing` ends the waits of planted delays when the simulator stops. */
export function apiServer(
  port: number,
  tenant: Tenant,
  state: State,
  closing: AbortSignal,
): Promise<Listening> {
  return listen(port, (request, response) => {
    answer({ tenant, closing, incoming: request, response }, state).catch((error: unknown) => {
      if (closing.aborted || request.destroyed) response.destroy();
      else
        send(
          response,
          refusal(
            tenant,
            new Refused(
              500,
              'InternalServerError',
              error instanceof Error ? (error.stack ?? error.message) : String(error),
            ),
          ),
        );
    });
  });
}

/** One call to the API server. */
interface Exchange {
  readonly tenant: Tenant;
  readonly closing: AbortSignal;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(exchange: Exchange, state: State): Promise<void> {
  const { tenant, closing, incoming, response } = exchange;
  const body = await bodyOf(incoming);
  if (body === undefined) {
    send(response, refusal(tenant, new Refused(413, 'BadRequest', 'The request body is too large.')));
    return;
  }
  const request: ApiRequest = {
    method: incoming.method ?? 'GET',
    ...addressOf(incoming),
    origin: `http://${incoming.headers.host ?? '127.0.0.1'}`,
    authorization: incoming.headers.authorization,
    contentType: incoming.headers['content-type'] ?? '',
    body,
  };
  if (/^\/simulator(\/|$)/.test(request.path)) {
    const controlled = refusedOr(tenant, () => control(tenant, request));
    state.keep();
    send(response, controlled);
    return;
  }
  const call = callOf(request, tenant.profile.paths);
  if (call === undefined) {
    send(
      response,
      refusal(
        tenant,
        new Refused(
          404,
          'NotFound',
          `No HTTP resource was found that matches ${request.method} ${request.path}.`,
        ),
      ),
    );
    return;
  }
  if (tenant.faults.take('reset', call.kind) !== undefined) {
    incoming.socket.resetAndDestroy();
    return;
  }
  const delay = tenant.faults.take('delay', call.kind);
  if (delay !== undefined) await pause(delay.ms ?? 0, undefined, { signal: closing });
  const instead = insteadOf(tenant, call.kind);
  const answered = instead ?? call.perform(tenant);
  state.keep();
  if (instead === undefined) await deliver(exchange, call.kind, answered);
  else send(response, answered);
}

function refusedOr(tenant: Tenant, work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) return refusal(tenant, error);
    throw error;
  }
}

/** The answer of a planted fault that comes instead of any work. */
function insteadOf(tenant: Tenant, kind: Kind): Answer | undefined {
  if (tenant.faults.take('unauthorized', kind) !== undefined)
    return refusal(tenant, unauthorized('The bearer token was refused.'));
  const throttle = tenant.faults.take('throttle', kind);
  if (throttle !== undefined)
    return refusal(
      tenant,
      tenant.tooMany('API calls quota exceeded! maximum allowed 10 per 00:01:00', throttle.retryAfter),
    );
  const redirect = tenant.faults.take('redirect', kind);
  if (redirect !== undefined)
    return { status: 302, headers: { location: redirect.value ?? elsewhere }, body: '' };
  const fault = tenant.faults.take('status', kind);
  if (fault === undefined) return undefined;
  const status = fault.status ?? 500;
  if (status === 502) return { status, headers: { 'content-type': 'text/html' }, body: badGateway };
  const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
  // "500 InternalServerError: no message" in the list of common errors.
  return refusal(
    tenant,
    new Refused(
      status,
      status === 503 ? 'ServiceUnavailable' : 'InternalServerError',
      fault.value ?? '',
      headers,
    ),
  );
}

/**
 * Sends the answer of work that was done, or spoils it. A refusal has no answer worth losing, so it uses up
 * none of the other faults.
 */
async function deliver(exchange: Exchange, kind: Kind, answered: Answer): Promise<void> {
  const { tenant, closing, incoming, response } = exchange;
  const { faults } = tenant;
  if (answered.status >= 300) {
    const bare = faults.take('bareError', kind) !== undefined;
    send(response, bare ? { ...answered, body: '' } : answered);
  } else if (faults.take('loseAnswer', kind) !== undefined) {
    incoming.socket.resetAndDestroy();
  } else if (faults.take('noContent', kind) !== undefined) {
    send(response, { status: 204, headers: {}, body: '' });
  } else if (faults.take('emptyBody', kind) !== undefined) {
    send(response, { ...answered, status: 200, body: '' });
  } else if (faults.take('truncate', kind) !== undefined) {
    send(response, { ...answered, body: answered.body.slice(0, Math.floor(answered.body.length / 2)) });
  } else {
    await sendSlowly(response, answered, faults.take('slowBody', kind)?.ms, closing);
  }
}

async function sendSlowly(
  response: ServerResponse,
  { status, headers, body }: Answer,
  ms: number | undefined,
  closing: AbortSignal,
): Promise<void> {
  if (ms === undefined) {
    send(response, { status, headers, body });
    return;
  }
  const half = Math.floor(body.length / 2);
  response.writeHead(status, headers);
  response.write(body.slice(0, half));
  await pause(ms, undefined, { signal: closing });
  response.end(body.slice(half));
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}
