// What keeps the console for one person on this machine: other web pages are refused (a page of another
// origin, a host name that was pointed at this machine, a form that posts itself), and it never starts in
// front of a real Defender or next to a real chat.
import { anyChat } from '../chats.ts';
import type { NextFunction, Request, Response } from 'express';

/** Nothing inline and nothing from elsewhere, and no page may frame it. */
const contentSecurityPolicy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  // Text can become HTML only through a policy, and there are none except those that the Adaptive Cards
  // renderer creates.
  "require-trusted-types-for 'script'; trusted-types adaptivecards#deprecatedExportedFunctionPolicy adaptivecards#restoreContentsPolicy adaptivecards#markdownPassthroughPolicy",
].join('; ');

/** `port` is a function because the port is known only once the server listens. */
export function guard(
  port: () => number,
): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`);
    const host = request.headers.host ?? '';
    const origin = request.headers.origin;
    const site = request.headers['sec-fetch-site'];
    const refuse = (status: number, why: string): void => {
      response.status(status).json({ error: why });
    };
    response.set({
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    if (!hosts.includes(host)) refuse(403, `The console answers to ${hosts.join(' and ')} only.`);
    else if (origin !== undefined && origin !== `http://${host}`)
      refuse(403, 'Another origin may not use the console.');
    else if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit(request))
      refuse(403, 'Another site may not use the console.');
    else if (request.method === 'GET' || request.method === 'HEAD') next();
    else if (request.method !== 'POST') refuse(405, 'Use GET or POST.');
    else if (!/^application\/json(\s*;.*)?$/i.test(request.headers['content-type'] ?? ''))
      refuse(415, 'Send application/json.');
    else next();
  };
}

/**
 * A link that somebody followed to the page. It changes nothing, reveals nothing to the other site, and
 * cannot be framed.
 */
function isVisit({ method, path, headers }: Request): boolean {
  return (
    method === 'GET' &&
    path === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}

export interface Surroundings {
  /** What the HTTP server listens on. */
  readonly host: string;
  /** Defender is the embedded simulator, or one on this machine. */
  readonly localDefender: boolean;
  /** Names of the chats that are connected besides the console. */
  readonly chats: readonly string[];
}

const loopbackHosts = ['127.0.0.1', '::1', 'localhost'];

/**
 * Why the console may not start, with the next step; undefined when it may. It lets one human play several
 * people, so nothing real may be behind it or next to it.
 */
export function whyNoConsole({ host, localDefender, chats }: Surroundings): string | undefined {
  const because = 'the local console lets one human play several people';
  if (!localDefender)
    return `A real Defender is set up, and ${because}: it never runs with a real Defender. Set up ${anyChat}, or remove the DEFENDER_ and AZURE_ settings.`;
  if (chats.length > 0)
    return `${chats.join(' and ')} is set up, and ${because}: it never runs next to a real chat.`;
  if (!loopbackHosts.includes(host))
    return `HOST is ${host}, and ${because}: it is for this machine alone. Remove HOST, or set up ${anyChat}.`;
  return undefined;
}
