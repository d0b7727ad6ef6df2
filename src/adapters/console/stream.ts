// The event stream of the console: every new or redrawn message with a number, so that a page which lost the
// connection misses nothing.
import type { Request, Response } from 'express';
import type { ConsoleChat, ConsoleMessage } from './chat.ts';
import type { SimulatorControls } from './simulatorControls.ts';

export interface StreamOptions {
  readonly chat: ConsoleChat;
  readonly draw: (message: ConsoleMessage) => unknown;
  /** Distinguishes this process from the one before it: the numbers start again. */
  readonly boot: string;
  readonly world: SimulatorControls | undefined;
}

/** Real milliseconds. Silence shows that a proxy or a sleeping laptop cut the connection. */
const heartbeat = 15_000;
/** Milliseconds between two looks for a change inside the simulator (a device woke up, a fault was hit). */
const worldLook = 1_000;

export class Streams {
  readonly #options: StreamOptions;
  readonly #open = new Set<Response>();
  /** The state of the simulated tenant that the pages last got, as JSON. */
  #sentWorld = '';
  #beats = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  open(request: Request, response: Response): void {
    const { chat, boot, world } = this.#options;
    response.set({ 'content-type': 'text/event-stream', connection: 'keep-alive' });
    response.flushHeaders();
    // The page connects again one second after it lost us.
    response.write('retry: 1000\n\n');
    const from = readPosition(request.headers['last-event-id'] ?? request.query['since'], boot);
    if (from === undefined) response.write('event: reset\ndata: {}\n\n');
    else for (const message of chat.since(from)) this.#send(response, message);
    if (world !== undefined) response.write(`event: world\ndata: ${JSON.stringify(world.state())}\n\n`);
    const stop = chat.listen((message) => this.#send(response, message));
    this.#open.add(response);
    this.#timer ??= setInterval(() => this.#beat(), worldLook);
    response.on('close', () => {
      stop();
      this.#open.delete(response);
      if (this.#open.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
  }

  /** Sends the state of the simulated tenant to all pages at once, if it changed. */
  worldChanged(): void {
    const { world } = this.#options;
    if (world === undefined) return;
    const now = JSON.stringify(world.state());
    if (now === this.#sentWorld) return;
    this.#sentWorld = now;
    for (const response of this.#open) response.write(`event: world\ndata: ${now}\n\n`);
  }

  /** Ends all streams, which would keep a stopping server open. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #beat(): void {
    this.worldChanged();
    this.#beats += 1;
    if (this.#beats % (heartbeat / worldLook) === 0)
      for (const response of this.#open) response.write(': still here\n\n');
  }

  #send(response: Response, message: ConsoleMessage): void {
    const { boot, draw } = this.#options;
    response.write(`id: ${boot}-${message.seq}\ndata: ${JSON.stringify(draw(message))}\n\n`);
  }
}

/**
 * The number after `<boot>-`, or undefined when it comes from another process: then the page must ask for
 * everything.
 */
function readPosition(given: unknown, boot: string): number | undefined {
  const match = typeof given === 'string' ? /^([0-9a-f]+)-(\d{1,12})$/.exec(given) : null;
  return match?.[1] === boot ? Number(match[2]) : undefined;
}
