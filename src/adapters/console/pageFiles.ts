// Files of the console page, and the browser bundle of the Adaptive Cards renderer. Nothing else is served.
import type { RequestHandler } from 'express';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, sep } from 'node:path';
import { packageFile } from '../packageFiles.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

const pageFolder = packageFile('src', 'adapters', 'console', 'page');
const renderer = 'adaptivecards.min.js';

export interface PageFile {
  readonly path: string;
  readonly handler: RequestHandler;
}

/**
 * Files are read when they are requested, so a change of the page shows at the next reload. No path is ever
 * taken from the request.
 */
export function pageFiles(): readonly PageFile[] {
  const own = readdirSync(pageFolder, { recursive: true, encoding: 'utf8' }).flatMap(
    (name): readonly PageFile[] => {
      const type = types[extname(name)];
      return type === undefined
        ? []
        : [
            {
              path: name === 'index.html' ? '/' : `/console/${name.replaceAll(sep, '/')}`,
              handler: sends(join(pageFolder, name), type),
            },
          ];
    },
  );
  const path = `/console/${renderer}`;
  // The package has no node_modules; there the renderer is next to the page.
  if (own.some((file) => file.path === path)) return own;
  return [
    ...own,
    {
      path,
      handler: sends(
        createRequire(import.meta.url).resolve(`adaptivecards/dist/${renderer}`),
        'text/javascript',
      ),
    },
  ];
}

function sends(file: string, type: string): RequestHandler {
  return (_request, response) => void response.type(`${type}; charset=utf-8`).send(readFileSync(file));
}
