// A step of the story in the browser: what it does on the page, and what must be seen after it.
import type { Visit } from './visit.ts';

export interface Step {
  readonly name: string;
  readonly run: (visit: Visit, world: Outside) => Promise<void>;
}

/** What the story does outside the page. */
export interface Outside {
  readonly restart: () => Promise<void>;
  readonly picture: (visit: Visit, name: string) => Promise<void>;
}
