// The event stream: every new or redrawn message with a number, so that a page which lost the connection
// misses nothing.
import type { Request, Response } from 'express';
import type { ConsoleChat, ConsoleMessage } from './chat.ts';
import type { SimulatorControls } from './simulatorControls.ts';

export interface StreamOptions {
  readonly chat: ConsoleChat;
  readonly draw: (message: ConsoleMessage) => unknown;
  /** Tells this process from the one before: its numbers begin again. */
  readonly boot: string;
  readonly world: SimulatorControls | undefined;
}

export interface Streams {
  open(request: Request, response: Response): void;
  /** Tells all pages at once that the world is not what it was. */
  worldChanged(): void;
  /** Ends all streams, which would hold a stopping server open. */
  close(): void;
}

/** Real milliseconds. A proxy or a sleeping laptop shows by silence. */
const heartbeat = 15_000;
/** How often a change that happened inside the simulator is looked for (a device woke, a fault was met). */
const worldLook = 1_000;

export function createStreams({ chat, draw, boot, world }: StreamOptions): Streams {
  const open = new Set<Response>();
  let told = '';
  let beats = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (world === undefined) return;
    const now = JSON.stringify(world.state());
    if (now === told) return;
    told = now;
    for (const response of open) response.write(`event: world\ndata: ${now}\n\n`);
  }
  function beat(): void {
    look();
    beats += 1;
    if (beats % (heartbeat / worldLook) === 0)
      for (const response of open) response.write(': still here\n\n');
  }
  function send(response: Response, message: ConsoleMessage): void {
    response.write(`id: ${boot}-${message.seq}\ndata: ${JSON.stringify(draw(message))}\n\n`);
  }

  return {
    open(request, response) {
      response.set({ 'content-type': 'text/event-stream', connection: 'keep-alive' });
      response.flushHeaders();
      // The page asks again one second after it lost us.
      response.write('retry: 1000\n\n');
      const from = readPosition(request.headers['last-event-id'] ?? request.query['since'], boot);
      if (from === undefined) response.write('event: reset\ndata: {}\n\n');
      else for (const message of chat.since(from)) send(response, message);
      if (world !== undefined) response.write(`event: world\ndata: ${JSON.stringify(world.state())}\n\n`);
      const stop = chat.listen((message) => send(response, message));
      open.add(response);
      timer ??= setInterval(beat, worldLook);
      response.on('close', () => {
        stop();
        open.delete(response);
        if (open.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
    },
    worldChanged: look,
    close() {
      for (const response of open) response.end();
    },
  };
}

/**
 * The number behind `<boot>-`, or undefined when it is of another process: then the page must ask for
 * everything.
 */
function readPosition(given: unknown, boot: string): number | undefined {
  const match = typeof given === 'string' ? /^([0-9a-f]+)-(\d{1,12})$/.exec(given) : null;
  return match?.[1] === boot ? Number(match[2]) : undefined;
}
