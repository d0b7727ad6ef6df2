// HTTP route of Teams, POST /api/messages: small, well-formed, from a connector we know, with a token of that
// connector. A sender that is refused does not learn why.
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { RationedLog } from '../../rationedLog.ts';
import { readActivity } from './activity.ts';
import type { Inbound } from './activity.ts';
import type { InvokeAnswer } from './invokeAnswers.ts';
import { isLoopbackHost } from './hosts.ts';
import type { TeamsDoor } from '../protocol.ts';
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';
import type { JsonRecord } from '../../../liveResponse/text/json.ts';

export const path = '/api/messages';
/**
 * Bytes of a body; Teams' own messages stay below 100 KB (msteams-docs:
 * includes/agent-message-size-limit.md).
 */
export const longestBody = 262_144;
/** Objects within objects; ours need 6. */
export const deepestBody = 64;

export interface InboundRouteOptions {
  /** Judges tokens. */
  readonly door: Pick<TeamsDoor, 'issuer' | 'tokenProblem'>;
  readonly allowed: (serviceUrl: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

type RefusedMessage = 400 | 401 | 403 | 503;

/** `handle` is called for genuine activities only. */
export function mountInboundRoute(
  app: Express,
  options: InboundRouteOptions,
  handle: (message: Inbound) => Promise<InvokeAnswer | undefined>,
): void {
  const { door, log, clock } = options;
  const refusals = new RationedLog(log, clock, 'teamsRefused');

  function refuse(response: Response, status: RefusedMessage, why: string): void {
    refusals.warn(why, { status, why });
    response.status(status).end();
  }

  app.post(path, (request: Request, response: Response, next: NextFunction) => {
    // Without a token a stranger's body is not even read.
    if (door.issuer !== undefined && !looksLikeChannelToken(request.headers.authorization, door.issuer))
      refuse(response, 401, 'no token of the channel');
    else if (door.issuer === undefined && !isLoopbackHost(remote(request)))
      refuse(response, 403, 'not from this machine');
    // A proxy or tunnel on this machine is a neighbour that speaks for everybody.
    else if (door.issuer === undefined && throughProxy.some((name) => request.headers[name] !== undefined))
      refuse(response, 403, 'through a proxy, which LR_TEAMS_DEV_NO_AUTH is not for');
    else next();
  });
  // Of this type alone: a web page can make a browser send others without asking first. What is not read is
  // no activity.
  app.post(
    path,
    express.json({ limit: longestBody, type: 'application/json' }),
    (request: Request, response: Response, next: NextFunction) => {
      accept(request, response).catch(next);
    },
  );
  app.use(path, (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const status =
      typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
    if (typeof status === 'number' && status >= 400 && status < 500) response.status(status).end();
    else next(error);
  });

  async function accept(request: Request, response: Response): Promise<void> {
    const body: unknown = request.body;
    if (!shallow(body, deepestBody)) {
      refuse(response, 400, 'nested too deeply');
      return;
    }
    const message = readActivity(body);
    if (message === 'shape') {
      refuse(response, 400, 'not an activity');
      return;
    }
    if (typeof message === 'string') {
      refuse(response, 403, `wrong or missing ${message}`);
      return;
    }
    if (!options.allowed(message.serviceUrl)) {
      refuse(response, 403, 'service URL of an unknown host');
      return;
    }
    if (door.issuer !== undefined) {
      const why = await door.tokenProblem({
        header: request.headers.authorization ?? '',
        serviceUrl: message.serviceUrl,
        body,
      });
      if (why === 'keys') {
        refuse(response, 503, 'the keys of the channel could not be fetched');
        return;
      }
      if (why !== undefined) {
        refuse(response, 401, `token: ${why}`);
        return;
      }
    }
    const answer = await handle(message);
    if (answer === undefined) response.status(200).end();
    else response.status(200).json(answer);
  }
}

/** What proxies and tunnels write, and no program that speaks to the bot directly. */
const throughProxy = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip'] as const;

function remote(request: Request): string {
  const address = request.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function shallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((one) => shallow(one, levels - 1));
}

/** Lower limits first: longer headers are no tokens of the channel's. */
const longestToken = 8_192;

/**
 * Whether an authorization header is worth a closer look, cheap enough to come before anything is read or
 * verified: a Bearer token with an RSA signature, said to be of the channel's
 * issuer. What botbuilder would answer with a 500 (alg none), and the paths for emulators and skills that
 * this bot does not offer, end here.
 */
export function looksLikeChannelToken(header: string | undefined, issuer: string): boolean {
  if (header === undefined || header.length > longestToken) return false;
  const [, head, payload] = /^Bearer ([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(header) ?? [];
  const { alg, kid } = part(head);
  return (
    typeof alg === 'string' &&
    /^RS(?:256|384|512)$/.test(alg) &&
    typeof kid === 'string' &&
    part(payload)['iss'] === issuer
  );
}

function part(text: string | undefined): JsonRecord {
  return recordOf(parseJson(Buffer.from(text ?? '', 'base64url').toString('utf8'))?.value);
}
