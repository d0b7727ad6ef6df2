// The page's own files, as they lie next to this module, and the browser bundle of the Adaptive Cards renderer. Nothing else is served.
import type { RequestHandler } from 'express';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

const here = dirname(fileURLToPath(import.meta.url));
const beside = join(here, 'page');
/** `npm run build` copies the page next to this module; a plain compile leaves it in the sources. */
const pageFolder = existsSync(beside) ? beside : join(here, '..', '..', '..', '..', 'src', 'adapters', 'console', 'page');

export interface PageFile {
  readonly path: string;
  readonly handler: RequestHandler;
}

/** Read when asked for: a change of the page shows at the next reload, and no path is ever taken from the request. */
export function pageFiles(): readonly PageFile[] {
  const own = readdirSync(pageFolder).flatMap((name): readonly PageFile[] => {
    const type = types[extname(name)];
    return type === undefined ? [] : [{ path: name === 'index.html' ? '/' : `/console/${name}`, handler: sends(join(pageFolder, name), type) }];
  });
  const renderer = createRequire(import.meta.url).resolve('adaptivecards/dist/adaptivecards.min.js');
  return [...own, { path: '/console/adaptivecards.min.js', handler: sends(renderer, 'text/javascript') }];
}

function sends(file: string, type: string): RequestHandler {
  return (_request, response) => void response.type(`${type}; charset=utf-8`).send(readFileSync(file));
}
