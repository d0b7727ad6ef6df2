// Mount point for routes that may come later than the server, go and come again: until then their path
// answers 503.
import express from 'express';
import type { Express } from 'express';

export class LateMount {
  #target: Express | undefined;

  /** @param path where requests answer 503 while nothing is mounted */
  constructor(app: Express, path: string) {
    app.use((request, response, next) => {
      if (this.#target !== undefined) {
        this.#target(request, response, next);
        return;
      }
      if (request.path === path)
        response.status(503).set('retry-after', '10').type('text/plain').send('Not connected yet\n');
      else next();
    });
  }

  /** Takes the place of whatever was mounted before. */
  mount(routes: (app: Express) => void): void {
    const made = express();
    made.disable('x-powered-by');
    made.disable('etag');
    routes(made);
    this.#target = made;
  }

  unmount(): void {
    this.#target = undefined;
  }
}
