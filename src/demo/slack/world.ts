// Contents of the fake Slack workspace, as far as the bot can see or change them: people, groups, channels,
// messages, modals, and their clock.

export type Json = Readonly<Record<string, unknown>>;

export interface SlackUser {
  readonly id: string;
  readonly name: string;
  readonly team_id: string;
  readonly deleted: boolean;
  readonly is_bot: boolean;
  readonly is_restricted: boolean;
  readonly is_ultra_restricted: boolean;
  readonly is_stranger: boolean;
  /** Returned with the scope users:read.email alone. */
  readonly email?: string;
}

export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly private: boolean;
  readonly archived: boolean;
  readonly readOnly: boolean;
  /** Shared with another organisation. */
  readonly shared: boolean;
  readonly members: ReadonlySet<string>;
}

export interface SlackMessageKept {
  readonly channel: string;
  readonly ts: string;
  readonly thread?: string;
  readonly broadcast: boolean;
  readonly at: number;
  readonly by: string;
  text: string;
  blocks: readonly Json[];
  metadata?: Json;
  /** Every text it has shown, oldest first. */
  readonly history: string[];
  /** The arguments of the newest call that wrote it. */
  args: Json;
  deleted: boolean;
}

export interface Ephemeral {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Json[];
  readonly via: 'response_url' | 'chat.postEphemeral';
  /** Which response_url it came to. */
  readonly address?: string;
  readonly thread?: string;
  readonly ts: string;
  readonly args: Json;
}

export interface OpenView {
  readonly id: string;
  readonly user: string;
  view: Json;
  hash: string;
}

export interface ApiCall {
  readonly method: string;
  readonly args: Json;
  readonly at: number;
  readonly error?: string;
}

export const home = 'T0HOME';
export const botUser = 'U0BOT';

export class SlackWorld {
  readonly users = new Map<string, SlackUser>();
  readonly groups = new Map<string, readonly string[]>();
  readonly channels = new Map<string, SlackChannel>();
  readonly messages: SlackMessageKept[] = [];
  readonly ephemerals: Ephemeral[] = [];
  readonly views = new Map<string, OpenView>();
  readonly triggers = new Map<string, { readonly user: string; readonly at: number; used: boolean }>();
  readonly responseUrls = new Map<
    string,
    { readonly user: string; readonly channel: string; readonly at: number; uses: number }
  >();
  readonly calls: ApiCall[] = [];
  readonly now: () => number;
  scopes: readonly string[] = [
    'commands',
    'chat:write',
    'users:read',
    'usergroups:read',
    'channels:read',
    'groups:read',
    'im:read',
    'app_mentions:read',
  ];
  /** Messages older than this cannot be changed; a workspace's own setting. Milliseconds. */
  editWindow = Infinity;
  revoked = false;
  #count = 0;
  readonly #listeners = new Set<() => void>();

  constructor(now: () => number) {
    this.now = now;
    this.user('U0BOT', { name: 'live-response', is_bot: true });
  }

  user(id: string, more: Partial<Omit<SlackUser, 'id'>> = {}): SlackUser {
    const made = {
      id,
      name: id.toLowerCase(),
      team_id: home,
      deleted: false,
      is_bot: false,
      is_restricted: false,
      is_ultra_restricted: false,
      is_stranger: false,
      ...this.users.get(id),
      ...more,
    };
    this.users.set(id, made);
    return made;
  }

  channel(
    id: string,
    more: Partial<Omit<SlackChannel, 'id' | 'members'>> & { readonly members?: readonly string[] } = {},
  ): SlackChannel {
    const before = this.channels.get(id);
    const { members, ...rest } = more;
    const made = {
      ...{ id, name: id.toLowerCase(), private: false, archived: false, readOnly: false, shared: false },
      ...before,
      ...rest,
      members: members === undefined ? (before?.members ?? new Set([botUser])) : new Set(members),
    };
    this.channels.set(id, made);
    return made;
  }

  /** A conversation of two, made when it is first needed. */
  direct(user: string): SlackChannel {
    return this.channel(`D${user}`, { members: [user, botUser] });
  }

  nextId(): number {
    this.#count += 1;
    return this.#count;
  }

  nextTs(): string {
    return `${Math.floor(this.now() / 1000)}.${String(this.nextId()).padStart(6, '0')}`;
  }

  /** Messages of a channel that are not deleted, oldest first; threads too. */
  in(channel: string): readonly SlackMessageKept[] {
    return this.messages.filter((message) => message.channel === channel && !message.deleted);
  }

  delete(channel: string, ts: string): void {
    const found = this.messages.find((message) => message.channel === channel && message.ts === ts);
    if (found !== undefined) found.deleted = true;
    this.changed();
  }

  /** Calls back after every change. */
  watch(listener: () => void): void {
    this.#listeners.add(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Resolves with the first value that is not undefined, now or after some change; fails with `what` when
   * none comes.
   */
  until<T>(what: string, look: () => T | undefined, patience = 15_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(late);
        clearInterval(again);
        this.#listeners.delete(listener);
      };
      const late = setTimeout(() => {
        stop();
        reject(new Error(`never seen in Slack: ${what}`));
      }, patience);
      const listener = (): void => {
        const found = look();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      // What is looked for may change without Slack taking part in it.
      const again = setInterval(listener, 25);
      this.#listeners.add(listener);
      listener();
    });
  }
}
