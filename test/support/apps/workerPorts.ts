// Ports in memory for tests of one worker: a store that folds real events, a Defender that does what a test
// says, a clock that the test moves, and a log that is kept.
import { hash } from '../../../src/adapters/clock.ts';
import type { Deps } from '../../../src/bot/deps.ts';
import type { ChatPort } from '../../../src/bot/ports.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import { createLinkBox } from '../../../src/bot/workers/reads/keptOutput.ts';
import { createAges } from '../../../src/bot/workers/transition.ts';
import type { Ages } from '../../../src/bot/workers/transition.ts';
import { digestText, fingerprintOf } from '../../../src/liveResponse/commands.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import type {
  Changed,
  Decision,
  DefenderApi,
  Freeze,
  GlobalEvent,
  RequestStore,
} from '../../../src/liveResponse/ports.ts';
import { StoreError } from '../../../src/liveResponse/ports.ts';
import type { Change } from '../../../src/liveResponse/request/events.ts';
import { apply } from '../../../src/liveResponse/request/fold.ts';
import type { NewRequest, Request, RequestSession } from '../../../src/liveResponse/request/request.ts';
import { isOpen } from '../../../src/liveResponse/request/request.ts';
import type { SessionState } from '../../../src/liveResponse/request/session.ts';
import type { Learned } from '../../../src/liveResponse/tenantLimits.ts';
import { sessionsIn } from '../../../src/bot/workers/transition.ts';
import { asked, exampleMoves, fold, start } from '../requests/lifecycle.ts';
import { createManualClock } from '../manualClock.ts';
import type { ManualClock } from '../manualClock.ts';
import { policy as usual } from '../policy.ts';
import { flat, newRequest } from '../requests/requests.ts';
import type { AnyEvent, FlatRequest } from '../requests/requests.ts';

/** By then an example request is approved; its session may be sent for another half hour. */
export const portsStart = start + 2 * 60_000;

/** A request as `lifecycle.asked`, but for these fields, with the digest that belongs to it. */
export function askedFor(change: Partial<FlatRequest> = {}): NewRequest {
  const fields = { ...flat(asked), ...change };
  const files = fields.content !== undefined && 'files' in fields.content ? fields.content.files : [];
  const digest = hash.sha256(digestText(fields.tenant, fields.device.id, fields.commands, files));
  return newRequest({ ...fields, digest, fingerprint: fingerprintOf(digest) });
}

/** A request and what happened to it, one event a second; its approval is of its own digest. */
export function history(made: NewRequest, ...events: readonly (AnyEvent | AnyEvent['type'])[]): Request {
  const { digest, content } = made.subject;
  return fold(
    events.map((event) => {
      const whole = typeof event === 'string' ? (exampleMoves as Record<string, AnyEvent>)[event] : event;
      if (whole === undefined) throw new Error(`no example of ${JSON.stringify(event)}`);
      return whole.type === 'approved' || whole.type === 'resubmitted'
        ? { ...whole, vote: { ...whole.vote, digest, ...(content === undefined ? {} : { content }) } }
        : whole;
    }),
    made,
  );
}

export const sent = ['approved', 'claimed', 'submitted'] as const;

/** The first session of a request, which has to be in this state. */
export function sessionOf<S extends SessionState>(request: Request, state: S): RequestSession<S> {
  const [session] = sessionsIn([request], [state]);
  if (session === undefined) throw new Error(`no session of ${request.id} is ${state}`);
  return session;
}

export class MemoryStore implements RequestStore {
  /** Every change: of which request, and what was written. */
  readonly written: { readonly id: string; readonly event: Change['event'] }[] = [];
  /** What is not of one request. */
  readonly notes: GlobalEvent[] = [];
  /** Called before each change; what it throws stops that one. */
  before: (id: string) => void | Promise<void> = () => undefined;
  frozen: Freeze | undefined;
  broken: string | undefined;
  shown: readonly Learned[] = [];
  readonly #kept: Map<string, Request>;
  readonly #now: () => number;

  constructor(now: () => number, requests: readonly Request[]) {
    this.#now = now;
    this.#kept = new Map(requests.map((request) => [request.id, request]));
  }

  /** Puts a request in, or in place of the one with its id. */
  put(request: Request): void {
    this.#kept.set(request.id, request);
  }

  add(): never {
    throw new Error('no worker adds a request');
  }

  get(id: string): Request | undefined {
    return this.#kept.get(id);
  }

  byOrigin(): undefined {
    return undefined;
  }

  open(): readonly Request[] {
    return this.all().filter(isOpen);
  }

  all(): readonly Request[] {
    return [...this.#kept.values()].sort((a, b) => b.asked.at - a.asked.at);
  }

  async change<No>(
    id: string,
    decide: (request: Request, now: number) => Decision<No>,
  ): Promise<Changed<No> | { readonly no: 'unknownRequest' }> {
    await this.before(id);
    const request = this.#kept.get(id);
    if (request === undefined) return { no: 'unknownRequest' };
    const decision = decide(request, this.#now());
    if ('no' in decision) return decision;
    const next = apply(request, decision, this.#now());
    this.#kept.set(id, next);
    this.written.push({ id, event: decision.event });
    return { request: next };
  }

  async note(event: GlobalEvent): Promise<void> {
    await Promise.resolve();
    if (this.broken !== undefined) throw new StoreError(this.broken);
    this.notes.push(event);
    if (event.type === 'tenantLearned') this.shown = [event.learned, ...this.shown];
  }

  freeze(): Freeze | undefined {
    return this.frozen;
  }

  announcedFreeze(): undefined {
    return undefined;
  }

  restores(): readonly number[] {
    return [];
  }

  lastPolicy(): undefined {
    return undefined;
  }

  learned(): readonly Learned[] {
    return this.shown;
  }

  trouble(): string | undefined {
    return this.broken;
  }

  recover(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

export interface WorkerPorts {
  readonly deps: Deps & { readonly store: MemoryStore };
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly ages: Ages;
  /** What Defender does from now on; all other calls break the test. */
  readonly defender: Partial<DefenderApi>;
  /** Every call to Defender, by its name and first argument. */
  readonly calls: string[];
  /** Every line of the log, by its event, with its fields. */
  readonly logged: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** The texts of outputs, by request and index. */
  readonly outputs: Map<string, string>;
  /** The stored request with this id. */
  readonly now: (id?: string) => Request;
  /** The kinds of events written so far. */
  readonly events: () => readonly string[];
}

export interface PortsOptions {
  readonly policy?: Policy;
  readonly chats?: readonly ChatPort[];
  readonly settings?: Partial<Deps['settings']>;
  readonly callRates?: CallRates;
}

export function createWorkerPorts(
  requests: readonly Request[],
  { policy = usual, chats, settings, callRates = new CallRates() }: PortsOptions = {},
): WorkerPorts {
  const clock = createManualClock(portsStart);
  const store = new MemoryStore(() => clock.now(), requests);
  const calls: string[] = [];
  const logged: WorkerPorts['logged'] = [];
  const outputs = new Map<string, string>();
  const defender: Partial<DefenderApi> = {};
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    void logged.push({ event, fields });
  let nonces = 0;
  const api = new Proxy(defender, {
    get(target, name: keyof DefenderApi) {
      return (...args: readonly unknown[]): unknown => {
        calls.push(typeof args[0] === 'string' ? `${name} ${args[0]}` : name);
        const method = target[name] as ((...given: readonly unknown[]) => unknown) | undefined;
        if (method === undefined) throw new Error(`Defender was asked for ${name}`);
        return method(...args);
      };
    },
  }) as DefenderApi;
  const deps: WorkerPorts['deps'] = {
    store,
    defender: api,
    outputs: {
      async put(id, index, text) {
        await Promise.resolve();
        outputs.set(`${id}:${index}`, text);
        return { length: text.length, sha256: hash.sha256(text) };
      },
      get: (id, index) => Promise.resolve(outputs.get(`${id}:${index}`)),
      sweep: () => Promise.resolve(0),
    },
    chats: chats ?? [{ surface: 'console' } as ChatPort],
    policy,
    groups: { includes: () => Promise.resolve(true) },
    callRates,
    links: createLinkBox(clock),
    clock,
    random: { hex: () => `nonce${(nonces += 1)}` },
    hash,
    log: { info: line, warn: line, error: line },
    settings: {
      tenant: 'simulator',
      simulated: false,
      command: '/lr',
      sessions: 25,
      pollGap: 2_400,
      parkedGap: 30_000,
      outputRetention: 86_400_000,
      ...settings,
    },
  };
  return {
    deps,
    store,
    clock,
    ages: createAges(clock),
    defender,
    calls,
    logged,
    outputs,
    now: (id = asked.id) => {
      const request = store.get(id);
      if (request === undefined) throw new Error(`no request ${id}`);
      return request;
    },
    events: () => store.written.map(({ event }) => event.type),
  };
}
