// The type of a chat platform as everything else sees it: its name, settings, ids and groups, and how it is
// opened and checked. There is one value per chat, listed in chats.ts; what is large is loaded only where the
// chat is set up.
import type { Express } from 'express';
import type { Bot, ChatPort, Groups, LastKnown } from '../bot/ports.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import type { Caller, EmailDirectory } from './checks/call.ts';
import type { Tell } from './checks/line.ts';
import type { Environment } from './config/environment.ts';
import type { TokenSource } from './entra/credentials.ts';
import type { Credentials } from './entra/settings.ts';
import type { Unanswered } from './deliveries/deliveries.ts';
import type { Check } from './http/server.ts';
import type { HttpClient } from './outbound/http.ts';
import type { ObserveChatCall } from './outbound/answerClass.ts';
import type { Proxy } from './outbound/proxy.ts';
import type { Secret } from './secret.ts';
import type { Disk } from './store/journal/disk.ts';
import type { Store } from './store/journal/requestStore.ts';

/** A kind of id in the policy. */
export interface IdKind {
  /** Of the id without its prefix. */
  readonly pattern: RegExp;
  /** Completes "must be" when a policy contains something else. */
  readonly words: string;
  /** The platform compares these ids without case: they are kept in lower case. */
  readonly foldsCase?: true;
}

/** Groups of a platform that may give roles: `prefix:id` in the policy. */
export interface GroupKind extends IdKind {
  readonly prefix: string;
  /** The platform that knows their members, by the name people use. */
  readonly name: string;
}

/** The ids of a surface, as a policy contains them. */
export interface SurfaceIds {
  /** `most`: the maximum number of characters, for the message to anyone who pastes something else. */
  readonly account: IdKind & { readonly most: number };
  /** `words`: an example, as it is written in the policy. */
  readonly place: IdKind;
  /** The people or groups that the cards of a place may mention. */
  readonly notify: IdKind;
}

export interface ChatSettings {
  /** Every name that it reads from the environment. */
  readonly names: readonly string[];
  /** Those whose values must never be shown; each may come from a file. */
  readonly secrets: readonly string[];
  /**
   * If any of these is set, the chat is meant to be used: then a missing setting stops the start instead of
   * leaving the chat out.
   */
  readonly meant: readonly string[];
  /**
   * Undefined when the chat is not set up, or set up wrongly: then `env` has the problems.
   * @param loopback the server listens only for this machine
   */
  read(env: Environment, loopback: boolean): ChosenChat | undefined;
}

export interface ChatPlatform {
  /** The start of the keys of its accounts and places. */
  readonly surface: string;
  /** As people know it. */
  readonly name: string;
  /** The page that explains its setup. */
  readonly guide: string;
  readonly ids: SurfaceIds;
  readonly groups?: GroupKind;
  readonly settings: ChatSettings;
}

/** A chat that is set up. */
export interface ChosenChat {
  readonly platform: ChatPlatform;
  /** As they were read, for tests. */
  readonly settings: object;
  /** Its name, and how deliveries reach the bot where there are several ways. */
  readonly described: string;
  /** The command its people type, with its slash, where the settings choose it. */
  readonly command?: string;
  /** The log removes them wherever they appear. */
  readonly secrets: readonly Secret[];
  /**
   * The setting that switches authentication off, where it is set: only for the simulator on this machine.
   */
  readonly trustsAnybody?: string;
  /**
   * The path of its deliveries, where opening the chat may fail for a while: then the bot starts without it
   * and connects it later.
   */
  readonly latePath?: string;
  /** @throws ConfigError for what only a different setting can fix */
  open(parts: OpeningParts): Promise<OpenChat>;
  /** The doctor's checks: readings only, one line each. */
  examine(subject: ChatSubject, caller: Caller, tell: Tell): Promise<void>;
  /** The directory of the e-mail addresses of its accounts, where the chat has one. */
  emails?(): Promise<EmailDirectory>;
}

/** What a chat is opened with. */
export interface OpeningParts {
  readonly command: string;
  readonly dataDir: string;
  /** Where the data folder is. */
  readonly disk: Disk;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly http: HttpClient;
  readonly proxy?: Proxy;
  readonly lastKnown: LastKnown;
  /** Called only once the bot exists. */
  readonly bot: () => Bot;
  /** For metrics: called once for each call to the platform. */
  readonly observe?: ObserveChatCall;
  /** Called when the chat can no longer receive anything. */
  readonly onDeaf: (why: string) => void;
}

/** A chat that was opened. */
export interface OpenChat {
  readonly chat: ChatPort;
  /** Absent: it has no groups. */
  readonly groups?: Groups;
  /** Parts that recover by themselves when something fails. */
  readonly keepers: readonly Keeper[];
  /** Puts its routes on the shared port. */
  mount(app: Express): void;
  /** Starts listening. The shared port is already open, at this address. */
  open(url: string): Promise<void>;
  /** For /readyz. */
  checks(): readonly Check[];
  /** Deliveries whose people have no answer yet; absent where none are kept. */
  unanswered?(): Unanswered;
  /** Accepts nothing new, and lets what is being processed finish. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** What the doctor knows while it examines a chat. */
export interface ChatSubject {
  /** Undefined where it cannot be read. */
  readonly policy: Policy | undefined;
  readonly dataDir: string;
  readonly tokensOf: (credentials: Credentials, authority: string) => TokenSource;
  /** Instead of the cloud’s own, for tests. */
  readonly openIdMetadata?: string;
  /** Origins that may be called besides the platform’s own, for tests. */
  readonly origins?: readonly string[];
}
