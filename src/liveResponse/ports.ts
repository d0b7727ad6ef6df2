// Ports: what this product needs from the world outside, in its own words. Adapters implement them; tests
// implement them over real HTTP and real files.
import type { Action } from './action.ts';
import type { Command } from './commands.ts';
import type { ErrorAnswer } from './request/errorAnswer.ts';
import type { CallKind } from './pacing/callRates.ts';
import type { Change } from './request/events.ts';
import type { NewRequest, Request } from './request/request.ts';
import type { Device } from './device/records.ts';
import type { Learned } from './tenantLimits.ts';

/** Time as a parameter. Milliseconds everywhere. */
export interface Clock {
  /**
   * Epoch milliseconds: what people are shown and what is journaled. It may jump either way when the
   * machine's clock is set.
   */
  now(): number;
  /**
   * Milliseconds since some moment before the first call; never runs backwards. Pauses and rates are measured
   * with it, never with `now`.
   */
  elapsed(): number;
  /** Resolves after `ms` of this clock's time, or at once when the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export interface Hash {
  /** SHA-256 of the UTF-8 bytes of `text`, as lower-case hex. */
  sha256(text: string): string;
}

/**
 * One JSON line per event; values are redacted by the adapter, but secrets are not handed to it in the first
 * place.
 */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * A short-lived download link. `url` is a bearer secret: never journaled, never logged. `expiresAt` is the
 * link's own `se`.
 */
export interface Link {
  readonly url: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** What a result link held. At most `maxBytes` were read. */
export interface ResultBytes {
  readonly bytes: Uint8Array;
  /** There was more than we read. */
  readonly cut: boolean;
  /** Content-Length where the server sent it. */
  readonly size?: number;
  /** File name of Content-Disposition, not trusted. */
  readonly fileName?: string;
  /** Content-Encoding where the server named one although none was asked for. */
  readonly encoding?: string;
  /** `bytes` were unpacked: how they had been packed. */
  readonly packed?: string;
}

export interface LibraryFile {
  readonly name: string;
  readonly sha256: string;
  readonly description?: string;
  readonly parameters?: string;
  /** Epoch milliseconds. */
  readonly updatedAt?: number;
}

/**
 * `throttled` `busy` `refused` (400/403 that a retry cannot fix) `notFound` `unauthorized`: Defender
 * answered, and nothing was run. `unavailable`: it could not be reached, or answered 5xx to something that
 * may be repeated. `ambiguous`: only of `submit`: it may or may not have happened. `notReady` `gone`: of
 * results. `untrusted`: a link outside the allow-list. `unreadable`: an answer that is not what it should be.
 * `paced`: our own budget for this kind of call is used up; nothing was sent.
 */
export type DefenderErrorCode =
  | 'throttled'
  | 'busy'
  | 'refused'
  | 'notFound'
  | 'unauthorized'
  | 'unavailable'
  | 'ambiguous'
  | 'notReady'
  | 'gone'
  | 'untrusted'
  | 'unreadable'
  | 'paced';

export interface DefenderErrorDetail {
  /** Which kind of call failed: it names the right that a 403 is about. */
  readonly call?: CallKind;
  readonly status?: number;
  /** `error.code` of the body, such as ActiveRequestAlreadyExists. */
  readonly apiCode?: string;
  /** `error.message`, for people to read; never branched on. */
  readonly apiMessage?: string;
  /** `error.target`, the correlation id that Microsoft's support asks for. */
  readonly target?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * The outside world said no or said nothing. Everything a caller branches on is in `code` and the detail
 * fields.
 */
export class DefenderError extends Error {
  readonly code: DefenderErrorCode;
  readonly detail: DefenderErrorDetail;
  constructor(code: DefenderErrorCode, message: string, detail: DefenderErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'DefenderError';
    this.code = code;
    this.detail = detail;
  }
}

/** What is kept of an error: codes and texts for people, no cause. */
export function errorAnswer({ code, detail }: DefenderError): ErrorAnswer {
  const { call, status, apiCode, apiMessage, target } = detail;
  return {
    code,
    ...(call === undefined ? {} : { call }),
    ...(status === undefined ? {} : { status }),
    ...(apiCode === undefined ? {} : { apiCode }),
    ...(apiMessage === undefined ? {} : { message: apiMessage }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Devices as far as they could be read. Only where it is `whole` may be said that there is no other. */
export interface Found {
  readonly devices: readonly Device[];
  readonly whole: boolean;
}

export interface LookUp extends Found {
  readonly alike?: Found;
}

/** Actions as far as they could be read. Only where it is `whole` may be said that there is no other. */
export interface Actions {
  readonly actions: readonly Action[];
  readonly whole: boolean;
}

/** Microsoft Defender for Endpoint, as far as this product uses it. Every method may throw DefenderError. */
export interface DefenderApi {
  /**
   * Devices whose name is `name`, or begins with `name.`; a 40-hex id finds that device. Choosing is the
   * caller's.
   */
  findMachines(name: string): Promise<Found>;
  /**
   * The devices of `findMachines`, and with the same call those whose name begins with one of `alike`, lower
   * case; `whole` when there are no others. `alike` is absent where that call does not tell them: for an id
   * without a name, or where Defender does not take the questions together.
   * @param nameOfId of an id, the name that the device had when it was last seen; `alike` are its beginnings
   * then
   */
  lookUp(name: string, alike: readonly string[], nameOfId?: string): Promise<LookUp>;
  /** One device as it is now; throws `notFound`. */
  machine(id: string): Promise<Device>;
  /**
   * POST runliveresponse, exactly once. The answer is Defender's word; whether the action is ours is for the
   * caller to check.
   */
  submit(machineId: string, commands: readonly Command[], comment: string): Promise<Action>;
  /** Newest known reading of each id; ids that Defender does not know are absent from the answer. */
  actions(ids: readonly string[]): Promise<readonly Action[]>;
  /**
   * Live response actions of a device created at or after `since` (epoch milliseconds), or at a time that
   * Defender does not tell, newest first.
   */
  recent(machineId: string, since: number): Promise<Actions>;
  /** The newest actions of all types of a device, newest first; `whole` when there are no older ones. */
  history(machineId: string): Promise<Actions>;
  /**
   * Devices whose name begins with one of these, lower case; `whole` when there are no others. One call:
   * never all of a large fleet.
   */
  machinesByPrefix(names: readonly string[]): Promise<Found>;
  /**
   * Actions of any type that a device has not ended yet, newest first: one list call. Sessions opened in the
   * portal are not among them.
   */
  activeOn(machineId: string): Promise<Actions>;
  cancel(id: string, why: string): Promise<Action>;
  link(id: string, index: number): Promise<Link>;
  /**
   * Reads at most `maxBytes` of a result, without our credentials, and as it is; or unpacked to `maxBytes` at
   * most, where it comes packed.
   */
  read(url: string, maxBytes: number, options?: { readonly unpack?: boolean }): Promise<ResultBytes>;
  /**
   * The files of the library as far as they could be read: only where it is `whole` may be said that one is
   * not in it.
   */
  library(): Promise<{ readonly files: readonly LibraryFile[]; readonly whole: boolean }>;
  /** Resolves when the list of actions can be read: one call that asks for nothing in particular. */
  reachable(): Promise<void>;
}

/** What `change` may answer: one event to fold, or any value of the caller's that says why not. */
export type Decision<No> = Change | { readonly no: No };
export type Changed<No> = { readonly request: Request } | { readonly no: No };

/** Things worth a line in the journal that belong to no single request. */
export type GlobalEvent =
  | { readonly type: 'started'; readonly version: string }
  | { readonly type: 'stopped' }
  | { readonly type: 'frozen'; readonly by: string; readonly why: string; readonly byLastKnown?: true }
  | { readonly type: 'unfrozen'; readonly by: string }
  /** It was said in the approvals places that this freeze is in force, or without one that none is. */
  | { readonly type: 'freezeAnnounced'; readonly freeze?: Freeze }
  | {
      readonly type: 'commandRefused';
      readonly by: string;
      readonly place: string;
      readonly reason: string;
      readonly text: string;
    }
  /**
   * Many refusals of one account within the hour; the rest of them until `until` (epoch milliseconds) are not
   * written.
   */
  | { readonly type: 'refusalsLeftOut'; readonly by: string; readonly until: number }
  /** In force from the start on. */
  | { readonly type: 'policyRead'; readonly sha256: string }
  /**
   * Another one than before is in force: since the file changed, somebody asked for it by a signal, or the
   * process was started with it.
   */
  | {
      readonly type: 'policyChanged';
      readonly sha256: string;
      readonly before: string;
      readonly how: 'file' | 'signal' | 'start';
      readonly facts?: readonly PolicyFact[];
    }
  /** The file cannot be used, so the one in force stays. Without `sha256` it could not be read at all. */
  | { readonly type: 'policyNotTaken'; readonly sha256?: string; readonly problems: number }
  /** It was said in the approvals places that this one is in force. */
  | { readonly type: 'policyTold'; readonly sha256: string }
  /**
   * Lines that version 0.1 wrote without a key are part of the record from here on; so many requests in them
   * were approved and not ended: if any, it freezes the bot.
   */
  | { readonly type: 'takenOver'; readonly lines: number; readonly hash: string; readonly approved: number }
  /**
   * Someone at the machine accepted that the record continues from this line, although more was known of it.
   * It freezes the bot.
   */
  | {
      readonly type: 'accepted';
      readonly seq: number;
      readonly hash: string;
      readonly by: string;
      readonly why: string;
    }
  /**
   * A legal hold on a person (by the random id) or a request: nobody whom it touches can be forgotten until
   * it is released.
   */
  | {
      readonly type: 'legalHold';
      readonly kind: 'person' | 'request';
      readonly on: string;
      readonly by: string;
      readonly why?: string;
    }
  | {
      readonly type: 'legalHoldReleased';
      readonly kind: 'person' | 'request';
      readonly on: string;
      readonly by: string;
    }
  /** What our sessions showed of the tenant's own limits. */
  | { readonly type: 'tenantLearned'; readonly learned: Learned }
  /** The keys of these persons (random ids) were destroyed. */
  | { readonly type: 'forgotten'; readonly people: readonly string[]; readonly by: string };

/**
 * One change of the policy, without names of people: what it is about, and whether it lets more happen or
 * less.
 */
export interface PolicyFact {
  readonly effect: 'widens' | 'narrows' | 'changes';
  readonly what: string;
  /** Of a role, tier, recipe, command or place. */
  readonly name?: string;
  readonly field?: string;
  readonly from?: string | number | boolean;
  readonly to?: string | number | boolean;
}

/** Which policy was in force last by the journal, and which was announced last. */
export interface LastPolicy {
  readonly sha256: string;
  readonly told?: string;
}

export interface Freeze {
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

/** The journal could not be written: nothing may be approved or sent until it can. */
export class StoreError extends Error {
  readonly code = 'storeUnavailable';
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
  }
}

/**
 * All requests. Every successful call is durable (fsynced) before it resolves; of two racing changes of one
 * request the first wins and the second sees its result. Every method may throw StoreError, after which
 * nothing was changed.
 */
export interface RequestStore {
  /**
   * Stores a new request; `existing` when one with this origin is there already (a repeated delivery).
   * `objection` is asked within the same turn: of two that ask for the same at once, the second sees the
   * first.
   */
  add<No = never>(
    made: NewRequest,
    objection?: () => No | undefined,
  ): Promise<{ readonly added: Request } | { readonly existing: Request } | { readonly no: No }>;
  get(id: string): Request | undefined;
  byOrigin(origin: string): Request | undefined;
  /** Every request that is still open (`isOpen`). */
  open(): readonly Request[];
  /** Newest first. */
  all(): readonly Request[];
  /**
   * `decide` sees the current value and is called exactly once, inside the change: nothing can come
   * between the decision and the write.
   */
  change<No>(
    id: string,
    decide: (request: Request, now: number) => Decision<No>,
  ): Promise<Changed<No> | { readonly no: 'unknownRequest' }>;
  note(event: GlobalEvent): Promise<void>;
  freeze(): Freeze | undefined;
  /** The freeze that was announced last; undefined when none was, or its end. */
  announcedFreeze(): Freeze | undefined;
  /**
   * When the record was accepted after a restore (epoch ms), in that order. What was asked before may have
   * gone on in lines that are lost.
   */
  restores(): readonly number[];
  /** Undefined before the first start. */
  lastPolicy(): LastPolicy | undefined;
  /** What sessions have shown of the limits of the tenants that this folder worked with. */
  learned(): readonly Learned[];
  /** Undefined while writing works; otherwise why it does not. */
  trouble(): string | undefined;
  /** While in trouble: tries whether writing works again, without writing a line. */
  recover(): Promise<boolean>;
}

/** Something that is kept on disk, or a way to the outside, and may be in trouble for a while. */
export interface Keeper {
  readonly name: string;
  /** Undefined while all is well; otherwise why not. */
  trouble(): string | undefined;
  /** While in trouble: tries whether it works again; true when it does. */
  recover(): Promise<boolean>;
}

/** Texts of script output, kept next to the journal for a retention time. */
export interface OutputStore {
  put(
    requestId: string,
    index: number,
    text: string,
  ): Promise<{ readonly length: number; readonly sha256: string }>;
  get(requestId: string, index: number): Promise<string | undefined>;
  /** Removes texts written before `before` (epoch milliseconds); answers how many. */
  sweep(before: number): Promise<number>;
}
