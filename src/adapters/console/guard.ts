// Keeps other web pages away from the console: a page of another origin, a name that was rebound to this
// machine, a form that posts itself.
import type { NextFunction, Request, Response } from 'express';

/** Nothing inline, nothing from elsewhere, nobody may frame it. */
const contentSecurityPolicy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  // Text can be made HTML only through a policy, and there are none but those the Adaptive Cards renderer
  // insists on making.
  "require-trusted-types-for 'script'; trusted-types adaptivecards#deprecatedExportedFunctionPolicy adaptivecards#restoreContentsPolicy adaptivecards#markdownPassthroughPolicy",
].join('; ');

/** `port` is asked late: it is known only once the server listens. */
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
 * A link somebody followed to the page: it changes nothing, tells the other site nothing, and cannot be
 * framed.
 */
function isVisit({ method, path, headers }: Request): boolean {
  return (
    method === 'GET' &&
    path === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}
