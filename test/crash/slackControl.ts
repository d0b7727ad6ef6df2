// What the fake Slack as a process of its own is asked to do, what it shows, and the lines it logs: the
// evidence that the verdict is made from.

interface Done {
  /** Names it in the log, and in the answer that comes to its own address. */
  readonly key: string;
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
/** Something a person does in Slack. */
export type Deed = Typed | Pressed | FilledIn;

/** How the bot answered one delivery of a deed. `attempt` is above 0 where Slack delivered it again. */
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

export interface CallLine {
  readonly type: 'call';
  readonly at: number;
  readonly method: string;
  readonly channel: string;
  readonly ts: string;
  readonly answer: string;
}

export type LogLine = DeliveryLine | PrivateLine | ModalLine | CallLine;

export interface CardSeen {
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

/** The driver's side of the process. */
export interface SlackControl {
  /**
   * Where deliveries go from now on; undefined: over the socket. What was never acknowledged of what Slack
   * repeats is delivered again.
   */
  target(url: string | undefined): Promise<void>;
  /** Resolves with whether it was acknowledged. */
  deliver(deed: Deed): Promise<boolean>;
  /** `open`: only cards on which something can be decided. */
  room(which: 'open' | 'all'): Promise<Room>;
}

export function slackControl(url: string): SlackControl {
  async function ask(path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(
      `${url}${path}`,
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    if (!answer.ok)
      throw new Error(`the fake Slack answered ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  }
  return {
    target: async (address) => {
      await ask('/target', { url: address ?? null });
    },
    deliver: async (deed) =>
      ((await ask('/deliver', deed)) as { readonly acknowledged: boolean }).acknowledged,
    room: async (which) => (await ask(`/room/${which}`)) as Room,
  };
}
