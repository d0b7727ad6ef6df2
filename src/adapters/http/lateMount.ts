// Mount point for routes that may come later than the server, go and come again: until then their path
// answers 503.
import express from 'express';
import type { Express } from 'express';

export interface LateMount {
  /** Takes the place from now on; whatever stood there before is gone. */
  mount(routes: (app: Express) => void): void;
  unmount(): void;
}

/** @param path whose requests are for what is not there yet */
export function lateMount(app: Express, path: string): LateMount {
  let target: Express | undefined;
  app.use((request, response, next) => {
    if (target !== undefined) {
      target(request, response, next);
      return;
    }
    if (request.path === path)
      response.status(503).set('retry-after', '10').type('text/plain').send('Not connected yet\n');
    else next();
  });
  return {
    mount(routes) {
      const made = express();
      made.disable('x-powered-by');
      made.disable('etag');
      routes(made);
      target = made;
    },
    unmount: () => void (target = undefined),
  };
}
