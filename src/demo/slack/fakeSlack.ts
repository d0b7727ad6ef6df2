// Fake Slack on loopback: real HTTP, real WebSocket, real signatures, and people who type, press and fill in
// forms as in the real one.
import { Deliverer, envelopeOf } from './delivering.ts';
import type { Delivered, SignOptions } from './delivering.ts';
import { plain } from './methods.ts';
import { FakePerson } from './person.ts';
import type { Person } from './person.ts';
import { startApiServer, tokens } from './server.ts';
import type { ApiServer, Fault } from './server.ts';
import { SlackWorld } from './world.ts';
import type { Json, SlackMessageKept } from './world.ts';

export class FakeSlack {
  readonly world: SlackWorld;
  readonly api: ApiServer;
  readonly tokens = tokens;
  readonly #deliverer: Deliverer;

  constructor(world: SlackWorld, api: ApiServer) {
    this.world = world;
    this.api = api;
    this.#deliverer = new Deliverer(world, api);
  }

  get apiUrl(): string {
    return `${this.api.origin}/api/`;
  }

  /** Where deliveries go over HTTP; while undefined they go over the socket. */
  get target(): string | undefined {
    return this.#deliverer.target;
  }

  set target(url: string | undefined) {
    this.#deliverer.target = url;
  }

  person(id: string): Person {
    return new FakePerson(id, { world: this.world, api: this.api, deliverer: this.#deliverer });
  }

  fault(method: string, fault: Fault, times?: number): void {
    this.api.fault(method, fault, times);
  }

  /** Signs and sends a body as Slack would. */
  send(body: string, options?: SignOptions, contentType?: string): Promise<Delivered> {
    return this.#deliverer.send(body, options, contentType);
  }

  /** The cards in a channel: messages that carry a request's metadata, oldest first. */
  cards(channel: string): readonly SlackMessageKept[] {
    return this.world
      .in(channel)
      .filter((message) => message.metadata?.['event_type'] === 'live_response_card');
  }

  until<T>(...[what, look, patience]: Parameters<typeof this.world.until<T>>): Promise<T> {
    return this.world.until<T>(what, look, patience);
  }

  /** Cuts the socket right after the next delivery went out on it, before it can be acknowledged. */
  dropOnNextDelivery(): void {
    this.#deliverer.dropOnNextDelivery();
  }

  /** Delivers an event to the bot, such as that it was let into a channel. */
  event(event: Json): Promise<Delivered> {
    return this.#deliverer.deliver('events_api', envelopeOf(this.world, event));
  }

  /** Sends the last delivery once more, as Slack does when it saw no acknowledgement. */
  redeliver(): Promise<Delivered> {
    return this.#deliverer.lastDelivery()();
  }

  /** The same of what is the last one now, whatever is delivered meanwhile. */
  lastDelivery(): () => Promise<Delivered> {
    return this.#deliverer.lastDelivery();
  }

  close(): Promise<void> {
    return this.api.close();
  }
}

export async function startFakeSlack(options: { readonly now?: () => number } = {}): Promise<FakeSlack> {
  const world = new SlackWorld(options.now ?? (() => Date.now()));
  return new FakeSlack(world, await startApiServer(world));
}

/** A message as a person reads it. */
export function read(message: { readonly text: string; readonly blocks: readonly Json[] }): string {
  return plain(message.text, message.blocks);
}
