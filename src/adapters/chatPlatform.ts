// What a chat platform is to everything else: its name, settings, ids and groups, and how it is opened and
// checked. One value per chat, listed in chats.ts; what is large is loaded only where the chat is set up.
import type { Express } from 'express';
import type { Bot, ChatPort, Groups, LastKnown } from '../bot/ports.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import type { Caller } from './checks/call.ts';
import type { EmailDirectory } from './checks/emails.ts';
import type { Tell } from './checks/line.ts';
import type { Environment } from './config/environment.ts';
import type { TokenSource } from './entra/credentials.ts';
import type { Credentials } from './entra/settings.ts';
import type { Check } from './http/server.ts';
import type { Http } from './outbound/http.ts';
import type { Proxy } from './outbound/proxy.ts';
import type { Secret } from './secret.ts';
import type { Disk } from './store/journal/disk.ts';
import type { Store } from './store/journal/requestStore.ts';

/** A kind of id in the policy. */
export interface IdKind {
  /** Of the id without its prefix. */
  readonly pattern: RegExp;
  /** Completes "must be", where a policy holds something else. */
  readonly words: string;
  /** The platform compares these ids without case: they are kept in lower case. */
  readonly foldsCase?: true;
}

/** Groups of a platform that may give roles: `prefix:id` in the policy. */
export interface GroupKind extends IdKind {
  readonly prefix: string;
  /** The platform that knows who is in them, as people know it. */
  readonly name: string;
}

/** The ids of a surface, as a policy holds them. */
export interface SurfaceIds {
  /** `most`: characters, for the message to who pastes something else. */
  readonly account: IdKind & { readonly most: number };
  /** `words`: an example, written as in the policy. */
  readonly place: IdKind;
  /** Whom a place's cards may mention. */
  readonly notify: IdKind;
}

export interface ChatSettings {
  /** Every name it reads from the environment. */
  readonly names: readonly string[];
  /** Those whose values must never be shown; each may come from a file. */
  readonly secrets: readonly string[];
  /** With any of these the chat is meant, so that a missing one stops the start instead of leaving it out. */
  readonly meant: readonly string[];
  /**
   * Undefined when it is not set up, or wrongly: then `env` holds the problems.
   * @param loopback the server listens for this machine alone
   */
  read(env: Environment, loopback: boolean): ChosenChat | undefined;
}

export interface ChatPlatform {
  /** Begins the keys of its accounts and places. */
  readonly surface: string;
  /** As people know it. */
  readonly name: string;
  /** The page that says how it is set up. */
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
  /** Its name with how deliveries reach the bot, where there are several ways. */
  readonly described: string;
  /** The command its people type, with its slash, where the settings choose it. */
  readonly command?: string;
  /** For the log's second net. */
  readonly secrets: readonly Secret[];
  /** The setting by which nobody is authenticated, where it is set: for the simulator on this machine only. */
  readonly trustsAnybody?: string;
  /**
   * The path of its deliveries, where opening it may fail for a while: the bot then starts without it, and
   * connects it later.
   */
  readonly latePath?: string;
  /** @throws ConfigError for what only another setting can cure */
  open(parts: OpeningParts): Promise<OpenChat>;
  /** The doctor's checks: readings only, one line each. */
  examine(subject: ChatSubject, caller: Caller, tell: Tell): Promise<void>;
  /** Who knows the e-mail addresses of its accounts, where the chat itself does. */
  emails?(): Promise<EmailDirectory>;
}

/** What a chat is opened with. */
export interface OpeningParts {
  readonly command: string;
  readonly dataDir: string;
  /** Where deliveries are written, for tests; the machine's own by default. */
  readonly disk?: Disk;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly http: Http;
  readonly proxy?: Proxy;
  readonly lastKnown: LastKnown;
  /** Asked once the bot exists. */
  readonly bot: () => Bot;
  /** Called when the chat can hear nothing any more. */
  readonly onDeaf: (why: string) => void;
}

/** A chat that was opened. */
export interface OpenChat {
  readonly chat: ChatPort;
  /** Absent: it has no groups. */
  readonly groups?: Groups;
  /** What is tried again by itself while it is in trouble. */
  readonly keepers: readonly Keeper[];
  /** Puts its routes on the shared port. */
  mount(app: Express): void;
  /** Begins to listen; the shared port is up, at this address. */
  open(url: string): Promise<void>;
  /** For /readyz. */
  checks(): readonly Check[];
  /** Takes nothing new in, and lets what is under way end. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** What the doctor knows while it examines a chat. */
export interface ChatSubject {
  /** Undefined where it cannot be read. */
  readonly policy: Policy | undefined;
  readonly dataDir: string;
  readonly tokensOf: (credentials: Credentials, authority: string) => TokenSource;
  /** In place of the cloud's own, for tests. */
  readonly openIdMetadata?: string;
  /** Origins that may be called beside the platform's own, for tests. */
  readonly origins?: readonly string[];
}
