// The API of Defender as a function from a request to an answer: routing, then token, then rate limit, then
// the call itself.
import { listAlerts } from './devices/alerts.ts';
import { requestorOf } from './auth.ts';
import { deleteFile, listLibrary, uploadFile } from './library/library.ts';
import { packageLink, resultLink } from './results/links.ts';
import { actionAnswer, cancelAction, existingAction, listActions } from './sessions/machineActions.ts';
import { listMachines, machinesByIp, oneMachine } from './devices/machines.ts';
import type { Kind, Profile } from './profile.ts';
import { errorBody, invalidBody, Refused } from './calls/refused.ts';
import type { Address } from './calls/query.ts';
import { respond, responds } from './devices/respond.ts';
import type { Respond } from './devices/respond.ts';
import { runLiveResponse } from './sessions/runLiveResponse.ts';
import type { Tenant } from './tenant.ts';

export interface ApiRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Scheme and host the client used: context and nextLink follow it. */
  readonly origin: string;
  readonly authorization: string | undefined;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Everything a call needs to be answered. */
interface Context {
  readonly tenant: Tenant;
  readonly request: ApiRequest;
  /** The captured parts of the path. */
  readonly parts: readonly string[];
  readonly requestor: string;
  readonly address: Address;
  /** "http://host/api/$metadata". */
  readonly metadata: string;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly kind: Kind;
  readonly answer: (context: Context) => Answer;
}

/** A request that leads somewhere. */
export interface Call {
  readonly kind: Kind;
  readonly perform: (tenant: Tenant) => Answer;
}

// In the spelling of the pages; the service takes any case, and "/v1.0" after "/api".
const base = /^\/api(?:\/v1\.0)?(\/.*?)\/?$/;
const toRespond = (kind: Kind, name: keyof typeof responds): Route => ({
  method: 'POST',
  path: new RegExp(`^/machines/([^/]+)/${name}$`),
  kind,
  answer: (context) => responded(context, responds[name]),
});
const routes: readonly Route[] = [
  { method: 'POST', path: /^\/machines\/([^/]+)\/runliveresponse$/, kind: 'run', answer: run },
  {
    method: 'GET',
    path: /^\/machines\/findbyip\(ip='([^']*)',timestamp=([^)]*)\)$/,
    kind: 'machines',
    answer: ({ tenant, parts, metadata }) =>
      ok(machinesByIp(tenant, parts[0] ?? '', parts[1] ?? '', metadata)),
  },
  {
    method: 'GET',
    path: /^\/machines\/([^/]+)$/,
    kind: 'machines',
    answer: ({ tenant, parts, metadata }) => ok(oneMachine(tenant, parts[0] ?? '', metadata)),
  },
  {
    method: 'GET',
    path: /^\/machines$/,
    kind: 'machines',
    answer: ({ tenant, request, address }) => ok(listMachines(tenant, request.query, address)),
  },
  {
    method: 'GET',
    path: /^\/machineactions$/,
    kind: 'list',
    answer: ({ tenant, request, address }) => ok(listActions(tenant, request.query, address)),
  },
  {
    method: 'GET',
    path: /^\/machineactions\/([^/]+)$/,
    kind: 'get',
    answer: ({ tenant, parts, metadata }) =>
      ok(actionAnswer(tenant, existingAction(tenant, parts[0] ?? ''), 'get', metadata)),
  },
  { method: 'POST', path: /^\/machineactions\/([^/]+)\/cancel$/, kind: 'cancel', answer: cancel },
  {
    method: 'GET',
    path: /^\/machineactions\/([^/]+)\/GetLiveResponseResultDownloadLink\(index=(\d+)\)$/,
    kind: 'link',
    answer: ({ tenant, parts, metadata }) =>
      ok({
        '@odata.context': `${metadata}#Edm.String`,
        value: resultLink(tenant, parts[0] ?? '', Number(parts[1])),
      }),
  },
  toRespond('isolate', 'isolate'),
  toRespond('isolate', 'unisolate'),
  toRespond('collect', 'collectInvestigationPackage'),
  toRespond('scan', 'runAntiVirusScan'),
  toRespond('restrict', 'restrictCodeExecution'),
  toRespond('restrict', 'unrestrictCodeExecution'),
  {
    method: 'GET',
    path: /^\/machineactions\/([^/]+)\/getPackageUri$/,
    kind: 'collect',
    answer: ({ tenant, parts, metadata }) =>
      ok({ '@odata.context': `${metadata}#Edm.String`, value: packageLink(tenant, parts[0] ?? '') }),
  },
  {
    method: 'GET',
    path: /^\/alerts$/,
    kind: 'alerts',
    answer: ({ tenant, request, address }) => ok(listAlerts(tenant, request.query, address)),
  },
  {
    method: 'GET',
    path: /^\/libraryfiles$/,
    kind: 'library',
    answer: ({ tenant, metadata }) => ok(listLibrary(tenant, metadata)),
  },
  {
    method: 'POST',
    path: /^\/libraryfiles$/,
    kind: 'library',
    answer: ({ tenant, request, requestor }) =>
      ok(uploadFile(tenant, request.contentType, request.body, requestor)),
  },
  {
    method: 'DELETE',
    path: /^\/libraryfiles\/([^/]+)$/,
    kind: 'library',
    answer: ({ tenant, parts }) => (
      deleteFile(tenant, parts[0] ?? ''),
      { status: 204, headers: {}, body: '' }
    ),
  },
];

const inAnyCase = new Map(
  [base, ...routes.map(({ path }) => path)].map((path) => [path, new RegExp(path, 'i')]),
);
const asWritten = (path: RegExp): RegExp => path;
const anyCase = (path: RegExp): RegExp => inAnyCase.get(path) ?? path;

/** Finds the call a request makes; undefined when the API has none. */
export function callOf(request: ApiRequest, paths: Profile['paths']): Call | undefined {
  const spelt = paths === 'anyCase' ? anyCase : asWritten;
  const below = spelt(base).exec(request.path)?.[1];
  if (below === undefined) return undefined;
  for (const route of routes) {
    const match = route.method === request.method ? spelt(route.path).exec(below) : null;
    if (match !== null)
      return { kind: route.kind, perform: (tenant) => perform(tenant, route, request, match.slice(1)) };
  }
  return undefined;
}

function perform(tenant: Tenant, route: Route, request: ApiRequest, parts: readonly string[]): Answer {
  try {
    const requestor = requestorOf(request.authorization, route.kind, tenant.profile, tenant.now());
    tenant.throttle(route.kind, requestor);
    const origin = tenant.profile.contextOrigin || request.origin;
    return route.answer({
      tenant,
      request,
      parts,
      requestor,
      address: { origin, path: request.path },
      metadata: `${origin}/api/$metadata`,
    });
  } catch (error) {
    if (error instanceof Refused) return refusal(tenant, error);
    throw error;
  }
}

export function refusal(tenant: Tenant, refused: Refused): Answer {
  return {
    status: refused.status,
    headers: { 'content-type': 'application/json', ...refused.headers },
    body:
      tenant.profile.errorBody === 'none' ? '' : errorBody(refused.code, refused.message, tenant.newGuid()),
  };
}

export function ok(body: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; odata.metadata=minimal' },
    body: JSON.stringify(body),
  };
}

function run({ tenant, request, parts, requestor, metadata }: Context): Answer {
  const { action } = runLiveResponse(tenant, parts[0] ?? '', jsonOf(request), requestor);
  return ok(actionAnswer(tenant, action, 'run', metadata), tenant.profile.runStatus);
}

function responded({ tenant, request, parts, requestor, metadata }: Context, what: Respond): Answer {
  return ok(
    actionAnswer(
      tenant,
      respond(tenant, what, parts[0] ?? '', { body: jsonOf(request), requestor }),
      'get',
      metadata,
    ),
    201,
  );
}

function cancel({ tenant, request, parts, requestor, metadata }: Context): Answer {
  return ok(
    actionAnswer(
      tenant,
      cancelAction(tenant, parts[0] ?? '', jsonOf(request), requestor),
      'cancel',
      metadata,
    ),
  );
}

/** The JSON body of a request; refuses what is none. */
export function jsonOf(request: ApiRequest): unknown {
  if (!/^application\/json\b/i.test(request.contentType))
    throw invalidBody('Content-Type must be application/json.');
  try {
    const body: unknown = JSON.parse(Buffer.from(request.body).toString('utf8'));
    return body;
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidBody('The request body is incorrect.');
    throw error;
  }
}
