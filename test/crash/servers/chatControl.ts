// What a fake chat as a process of its own is asked to do, what it shows, and the lines it logs: the evidence
// that the verdict is made from.

export type Chat = 'slack' | 'teams';

interface Done {
  /** Names it in the log, and in the answer that comes to its own address. */
  readonly key: string;
  readonly chat: Chat;
  /** The Slack account of who did it, whatever the chat. */
  readonly person: string;
}
export interface Typed extends Done {
  readonly kind: 'command' | 'mention';
  readonly channel: string;
  readonly text: string;
}
export interface Pressed extends Done {
  readonly kind: 'press';
  readonly channel: string;
  readonly ts: string;
  readonly verb: string;
  readonly request: string;
}
/** The reason in the form that a press on Deny opens. */
export interface FilledIn extends Done {
  readonly kind: 'submit';
  readonly input: string;
  readonly request: string;
}
/** Something a person does in a chat. */
export type Deed = Typed | Pressed | FilledIn;

/** How the bot answered one delivery of a deed. `attempt` is above 0 where the chat delivered it again. */
export interface DeliveryLine {
  readonly type: 'delivery';
  readonly at: number;
  readonly attempt: number;
  readonly deed: Deed;
  readonly acknowledged: boolean;
  readonly status?: number;
  readonly body: string;
  readonly ms: number;
}

/** Something shown to one person alone; with the key of the deed to whose address it came. */
export interface PrivateLine {
  readonly type: 'private';
  readonly at: number;
  readonly chat: Chat;
  readonly user: string;
  readonly text: string;
  readonly key?: string;
}

/** What a modal shows that the press named by `key` opened. */
export interface ModalLine {
  readonly type: 'modal';
  readonly at: number;
  readonly key: string;
  readonly title: string;
}

/** A message as it was written or changed in a place, with all that was sent of it. */
export interface ShownLine {
  readonly type: 'shown';
  readonly at: number;
  readonly chat: Chat;
  readonly channel: string;
  readonly body: string;
}

export type LogLine = DeliveryLine | PrivateLine | ModalLine | ShownLine;

export interface CardSeen {
  readonly chat: Chat;
  readonly channel: string;
  readonly ts: string;
  readonly request: string;
  /** Action ids of its buttons. */
  readonly buttons: readonly string[];
  readonly text: string;
}

export interface Room {
  /** Messages written and changed so far. */
  readonly drawn: number;
  readonly cards: readonly CardSeen[];
  /** Forms that wait to be filled in. */
  readonly forms: readonly { readonly user: string; readonly request: string }[];
}

/** How often each fault was really played. */
export type Played = Readonly<Record<string, number>>;

/** The driver's side of the process. */
export interface ChatControl {
  /**
   * The program's address; undefined: over the socket. What was never acknowledged of what the chat repeats
   * is delivered again.
   */
  target(url: string | undefined): Promise<void>;
  /** Resolves with whether it was acknowledged. */
  deliver(deed: Deed): Promise<boolean>;
  /** `open`: only cards on which something can be decided. */
  room(which: 'open' | 'all'): Promise<Room>;
  played(): Promise<Played>;
}

export function chatControl(url: string): ChatControl {
  async function ask(path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(
      `${url}${path}`,
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    if (!answer.ok)
      throw new Error(`the fake chat answered ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  }
  return {
    target: async (address) => {
      await ask('/target', { url: address ?? null });
    },
    deliver: async (deed) =>
      ((await ask('/deliver', deed)) as { readonly acknowledged: boolean }).acknowledged,
    room: async (which) => (await ask(`/room/${which}`)) as Room,
    played: async () => (await ask('/played')) as Played,
  };
}
