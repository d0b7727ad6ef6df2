// Knows when this process has come to rest: no HTTP exchange under way, no file operation, nothing left to
// run in this turn of the event loop. A clock that is moved by a test may go on only then, or the answer to a
// call would seem to take an hour.
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { unansweredChannel } from '../../src/demo/refusal.ts';

/**
 * An exchange that makes no progress for so long waits for the clock, as a press does whose work is tried
 * again. Milliseconds of real time.
 */
const patience = 100;
/**
 * One that is never answered is given up by real time, and the clock stands still until then. Milliseconds of
 * real time.
 */
const givenUpWithin = 1_000;
/**
 * What one turn counts at most: on a busy machine this process stands still, and nothing can come meanwhile.
 * Milliseconds.
 */
const longestTurn = 5;
/**
 * Turns without anything under way after which nothing is coming: from a last byte to the promise of who
 * reads it takes a few.
 */
const restful = 4;

interface Closing {
  once(event: 'close', listener: () => void): unknown;
}

const flying = new Set<unknown>();
const unanswered = new Set<unknown>();
let moves = 0;

function begins(one: unknown): void {
  flying.add(one);
  moves += 1;
}

function ends(one: unknown): void {
  flying.delete(one);
  moves += 1;
}

/** What a channel of Node's or undici's publishes holds the exchange under one of these names. */
function part(message: unknown, name: 'request' | 'response'): unknown {
  return (message as Readonly<Record<string, unknown>>)[name];
}

function untilClosed(message: unknown, name: 'request' | 'response'): void {
  const one = part(message, name);
  begins(one);
  // Every test file of a worker process listens for itself, and none can take its listening back.
  (one as EventEmitter).setMaxListeners(0);
  (one as Closing).once('close', () => {
    ends(one);
  });
}

subscribe('undici:request:create', (message) => {
  begins(part(message, 'request'));
});
for (const end of ['undici:request:trailers', 'undici:request:error']) {
  subscribe(end, (message) => {
    ends(part(message, 'request'));
  });
}
subscribe('http.client.request.start', (message) => {
  untilClosed(message, 'request');
});
subscribe('http.server.request.start', (message) => {
  untilClosed(message, 'response');
});

// A fake leaves it so: this exchange ends when whoever asked gives it up.
subscribe(unansweredChannel, (message) => {
  const response = message as Closing;
  unanswered.add(response);
  response.once('close', () => {
    unanswered.delete(response);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** File operations and connections that are being made. */
function busy(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((kind) => kind.startsWith('FSReq') || kind === 'TCPConnectWrap' || kind === 'Immediate');
}

/** Resolves when nothing is under way any more, or when what is under way waits for the clock. */
export async function quiet(): Promise<void> {
  let seen = moves;
  let idle = 0;
  let last = performance.now();
  for (let calm = 0; calm < restful;) {
    await turn();
    const now = performance.now();
    idle = moves === seen ? idle + Math.min(now - last, longestTurn) : 0;
    seen = moves;
    last = now;
    const waiting = flying.size > 0 && idle < (unanswered.size > 0 ? givenUpWithin : patience);
    calm = waiting || busy() ? 0 : calm + 1;
  }
}
