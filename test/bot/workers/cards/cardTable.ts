// A table for tests of cards: requests in memory, chats that log what they are told, a clock that moves when it is
// told to, and views that say only what they were drawn from.
import type { CardView } from '../../../../cards/view.ts';
import type { Deps } from '../../../../src/bot/deps.ts';
import { ChatError } from '../../../../src/bot/ports.ts';
import type { ChatErrorCode, ChatPort, Drawing, Urgency } from '../../../../src/bot/ports.ts';
import type { CardPlace } from '../../../../src/bot/policy/places.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import type { SharedPlaces } from '../../../../src/bot/workers/cards/closedPlaces.ts';
import type { CardViews } from '../../../../src/bot/workers/cards/cardViews.ts';
import type { Freeze, RequestStore } from '../../../../src/liveResponse/ports.ts';
import { apply } from '../../../../src/liveResponse/request/fold.ts';
import { isOpen, stageOf } from '../../../../src/liveResponse/request/request.ts';
import type { Card, Request } from '../../../../src/liveResponse/request/request.ts';
import { policy } from '../../../support/policy.ts';
import { after, askedAt, requests } from '../../../support/requests/requests.ts';
import type { AnyEvent } from '../../../support/requests/requests.ts';
import { aView } from '../../../support/requests/views.ts';

/** Moves when it is told to; begins two minutes after the requests were asked. */
export class TableClock {
  passed = 0;
  readonly now = (): number => askedAt + 2 * 60_000 + this.passed;
  readonly elapsed = (): number => this.passed;
  readonly sleep = (): Promise<void> => Promise.resolve();
}

export class TableStore {
  readonly #clock: TableClock;
  readonly kept = new Map<string, Request>();
  /** Events in the order in which they were folded, as `lr-1 cardPosting`. */
  readonly events: string[] = [];
  /** Why each card was forgotten, as the journal says it. */
  readonly gone: string[] = [];
  readonly noted: unknown[] = [];
  /** Asked before each change: what it answers is thrown. */
  refuse: (event: string) => Error | undefined = () => undefined;
  frozen: Freeze | undefined;
  announced: Freeze | undefined;
  restored: readonly number[] = [];
  readonly freeze = (): Freeze | undefined => this.frozen;
  readonly announcedFreeze = (): Freeze | undefined => this.announced;
  readonly restores = (): readonly number[] => this.restored;
  readonly learned = (): readonly [] => [];
  readonly get = (id: string): Request | undefined => this.kept.get(id);
  readonly all = (): readonly Request[] => [...this.kept.values()];
  readonly open = (): readonly Request[] => this.all().filter(isOpen);

  constructor(clock: TableClock) {
    this.#clock = clock;
  }

  change: RequestStore['change'] = async (id, decide) => {
    await Promise.resolve();
    const request = this.kept.get(id);
    if (request === undefined) return { no: 'unknownRequest' };
    const decided = decide(request, this.#clock.now());
    if ('no' in decided) return decided;
    const error = this.refuse(decided.event.type);
    if (error !== undefined) throw error;
    this.events.push(`${id} ${decided.event.type}`);
    if (decided.event.type === 'cardGone') this.gone.push(decided.event.why);
    const next = apply(request, decided, this.#clock.now());
    this.kept.set(id, next);
    return { request: next };
  };

  async note(event: unknown): Promise<void> {
    await Promise.resolve();
    const error = this.refuse('note');
    if (error !== undefined) throw error;
    this.noted.push(event);
  }

  /** Folds an event, whatever it is. */
  happened(id: string, event: AnyEvent): Request {
    const next = after(this.one(id), event, this.#clock.now());
    this.kept.set(id, next);
    return next;
  }

  one(id: string): Request {
    const request = this.kept.get(id);
    if (request === undefined) throw new Error(`there is no ${id}`);
    return request;
  }
}

/** Logs each call, and fails or waits where a test says so. */
export class TableChat implements ChatPort {
  readonly surface: string;
  readonly name?: string;
  readonly ephemeralMessages: boolean;
  readonly calls: string[] = [];
  /** What each card shows, by its id. */
  readonly shown = new Map<string, CardView>();
  readonly said: { readonly to: string; readonly text: string; readonly mention?: readonly string[] }[] = [];
  /** Asked before each call, named as in `calls`: what it answers is thrown. */
  refuse: (call: string) => Error | undefined = () => undefined;
  /** Awaited by each call. */
  gate: (call: string) => Promise<void> | undefined = () => undefined;
  less = false;
  posted = 0;

  constructor(surface = 'console', options: { readonly name?: string; readonly forgets?: boolean } = {}) {
    this.surface = surface;
    if (options.name !== undefined) this.name = options.name;
    this.ephemeralMessages = options.forgets === true;
  }

  async #called(call: string): Promise<void> {
    this.calls.push(call);
    await this.gate(call);
    const error = this.refuse(call);
    if (error !== undefined) throw error;
  }

  async acquireSlot(drawing: Drawing, urgent: Urgency): Promise<void> {
    const place = drawing.kind === 'post' ? drawing.place : drawing.ref.place;
    await this.gate(
      `slot ${drawing.kind} ${place} ${(typeof urgent === 'function' ? urgent() : urgent) ? 'urgent' : 'later'}`,
    );
  }

  async post(place: string, view: CardView, intent: string, again?: boolean) {
    await this.#called(`post ${place} ${intent}${again === true ? ' again' : ''}`);
    this.posted += 1;
    const id = `${place}#${this.posted}`;
    this.shown.set(id, view);
    return { surface: this.surface, place, id };
  }

  async update(ref: { readonly id: string }, view: CardView): Promise<void> {
    await this.#called(`update ${ref.id}`);
    this.shown.set(ref.id, view);
  }

  showsLess(): boolean {
    return this.less;
  }

  async supersede(old: { readonly id: string }, requestId: string, newest: { readonly id: string }) {
    await this.#called(`supersede ${old.id} by ${newest.id} of ${requestId}`);
  }

  async note(ref: { readonly id: string }, text: string, mention: readonly string[]): Promise<void> {
    await this.#called(`note ${ref.id}`);
    this.said.push({ to: ref.id, text, mention });
  }

  async announce(place: string, text: string): Promise<void> {
    await this.#called(`announce ${place}`);
    this.said.push({ to: place, text });
  }

  async replyPrivately(place: string, account: string, text: string): Promise<void> {
    await this.#called(`whisper ${place} ${account}`);
    this.said.push({ to: `${place} ${account}`, text });
  }
}

/** Says what it was drawn from; `lead` and the like may be set by a test. */
export class TableViews {
  #more: Partial<CardView> = {};
  #places = 1;
  /** How often a view was made. */
  made = 0;

  /** As where the queue moved on: nobody marks the request. */
  set more(more: Partial<CardView>) {
    this.#more = more;
    this.#places += 1;
  }

  /** As where something else changed, of which somebody has to say so. */
  changeUnseen(more: Partial<CardView>): void {
    this.#more = more;
  }

  readonly placeInQueue = (): number => this.#places;

  broken: Error | undefined;
  readonly of = async (
    request: Request,
    { results, reason }: Pick<CardPlace, 'results' | 'reason'>,
  ): Promise<CardView> => {
    await Promise.resolve();
    if (this.broken !== undefined) throw this.broken;
    this.made += 1;
    return aView({
      requestId: request.id,
      revision: request.revision,
      status: `${stageOf(request).state}, results ${results}${reason === undefined ? '' : `, reason ${reason}`}`,
      lead: 'Nothing has run.',
      ...this.#more,
    });
  };
}

export interface Logged {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Table {
  readonly clock: TableClock;
  readonly store: TableStore;
  readonly chats: readonly TableChat[];
  readonly chat: TableChat;
  readonly drawn: TableViews;
  readonly views: CardViews;
  readonly logged: Logged[];
  readonly deps: Deps;
}

export function setTable({
  chats = [new TableChat()],
  stored = [],
  rules = policy,
  outsiders,
  simulated = false,
}: {
  readonly chats?: readonly TableChat[];
  readonly stored?: readonly Request[];
  readonly rules?: Policy;
  readonly outsiders?: Partial<SharedPlaces>;
  readonly simulated?: boolean;
} = {}): Table {
  const clock = new TableClock();
  const store = new TableStore(clock);
  for (const request of stored) store.kept.set(request.id, request);
  const drawn = new TableViews();
  const logged: Logged[] = [];
  const log =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void logged.push({ level, event, fields });
  let intents = 0;
  const deps = {
    store,
    chats,
    policy: rules,
    clock,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    random: { hex: () => `i${(intents += 1)}` },
    settings: { command: '/lr', simulated, tenant: 'simulator' },
    ...(outsiders === undefined ? {} : { outsiders }),
  } as unknown as Deps;
  const [chat = new TableChat()] = chats;
  return { clock, store, chats, chat, drawn, views: drawn as unknown as CardViews, logged, deps };
}

export function failure(code: ChatErrorCode, message: string = code, retryAfterMs?: number): ChatError {
  return new ChatError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** A request of `test/support/requests/requests.ts` under another id, with other fields of what was asked. */
export function request(
  state: keyof typeof requests,
  id: string,
  changed: Partial<Request['asked']> = {},
  more: Partial<Request> = {},
): Request {
  const one: Request = requests[state];
  return { ...one, id, ...more, asked: { ...one.asked, ...changed } };
}

/** A card that stands. */
export function standing(id: string, shown = 1, where = 'console:incidents'): Card {
  const [surface = '', place = ''] = where.split(':');
  return { intent: id, surface, place, shown, ref: { surface, place, id } };
}

/** A promise, and what resolves it. */
export function door(): { readonly closed: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

/** Resolves when what was started has come to where it waits. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
