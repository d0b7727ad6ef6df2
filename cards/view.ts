// The one content of a card, free of any platform. Every renderer shows all of it, and nothing else.
import type { Outage } from '../src/liveResponse/request/errorAnswer.ts';
import type { Freeze } from '../src/liveResponse/ports.ts';
import type { OfflineQueue } from '../src/liveResponse/tenantLimits.ts';
import type { PressedVerb } from '../src/liveResponse/verbs.ts';

export type Tone = 'neutral' | 'attention' | 'good' | 'warning' | 'danger';

export interface FactLine {
  readonly label: string;
  readonly value: string;
}

/** One command index. `command` is shown byte for byte. */
export interface StepLine {
  readonly index: number;
  readonly command: string;
  /** In words: "waiting", "running", "completed in 3 s", "failed", "not run". */
  readonly status: string;
  readonly tone: Tone;
  /** One sentence: an error with the next step, a file's size and kind, "output follows". */
  readonly detail?: string;
}

/** Cleaned script output, clipped for a card. Hostile text: renderers put it where nothing is interpreted. */
export interface ExcerptBlock {
  readonly index: number;
  readonly title: string;
  readonly text: string;
  /** Said below when there is more: how much, and how to read it. */
  readonly more?: string;
}

/** A live download link. The URL is a bearer secret; a view that holds one is never stored or logged. */
export interface LinkLine {
  readonly index: number;
  readonly label: string;
  readonly url: string;
  /** "expires 15:04 UTC (in 29 min)" */
  readonly expiry: string;
}

/** What a button can do. */
export type Verb = PressedVerb;

export interface Button {
  readonly verb: Verb;
  readonly label: string;
  readonly style: 'primary' | 'danger' | 'default';
  /** Command index, for `link`, `output` and `again`. */
  readonly index?: number;
  /** What a screen reader says, 75 characters at most (Slack's limit). */
  readonly spoken: string;
  /**
   * A second step, naming what will happen. Title 100, text 300, ok 30 characters at most (Slack's limits).
   */
  readonly confirm?: { readonly title: string; readonly text: string; readonly ok: string };
  /** Ask for a text with the press (deny). */
  readonly asks?: { readonly label: string; readonly optional: boolean; readonly max: number };
}

export interface CardView {
  readonly requestId: string;
  readonly revision: number;
  /**
   * What its buttons carry of the digest: 64 bits. Nobody reads it; the facts show the short fingerprint for
   * eyes.
   */
  readonly fingerprint: string;
  /** "Dump OfficeClickToRun on hosta.corp.example" */
  readonly title: string;
  /** State in words: "Waiting for approval", "Running", "Finished: succeeded". */
  readonly status: string;
  readonly tone: Tone;
  /** A sentence or two under the status: what happens next and what the reader can do. */
  readonly lead: string;
  readonly facts: readonly FactLine[];
  readonly steps: readonly StepLine[];
  readonly excerpts: readonly ExcerptBlock[];
  readonly links: readonly LinkLine[];
  /** Small print at the bottom: warnings, simulated tenant, how to do it by typing. */
  readonly notes: readonly string[];
  readonly buttons: readonly Button[];
  /**
   * One sentence with state, device and requester, for notifications and screen readers; 300 characters at
   * most.
   */
  readonly fallback: string;
  /**
   * People to be mentioned when this card is first posted, as `surface:account` or a group; the policy's
   * word, not the device's.
   */
  readonly notify?: string;
}

/** Another request for the same, as it is when the card is drawn. */
export interface Twin {
  readonly id: string;
  /** As on its own card. */
  readonly status: string;
  readonly open: boolean;
  readonly askedBy: string;
  readonly askedAt: number;
  readonly endedAt?: number;
}

/** What a view needs in addition to the request. */
export interface ViewContext {
  /** Epoch milliseconds, for expected starts and remaining times. */
  readonly now: number;
  /** `private`: no excerpt and no link on the card; buttons whisper them. */
  readonly results: 'card' | 'private';
  /** `private`: the reasons given are not for everybody who reads here. */
  readonly reasons?: 'private';
  /** The tenant is the simulator: every card says so. */
  readonly simulated: boolean;
  /** Raw script output by command index, as far as it is kept. */
  readonly outputs: ReadonlyMap<number, string>;
  /** Live link URLs by command index; held in memory only. */
  readonly urls: ReadonlyMap<number, string>;
  /** Place in the submission queue, 1 being next, and when its turn is expected (epoch milliseconds). */
  readonly queue?: { readonly position: number; readonly expectedAt: number };
  /** Submissions are stopped: by whom, since when and why. */
  readonly frozen?: Freeze;
  /**
   * The record was restored then (epoch milliseconds), after this request was asked: whether it ran in the
   * lines that are lost is not known.
   */
  readonly restoredAt?: number;
  /** How long Defender keeps a session for an offline device in this tenant, as far as it is known. */
  readonly offlineQueue?: OfflineQueue;
  /** What this request depends on cannot be had from Defender. */
  readonly outage?: Outage;
  /**
   * Other requests for the same commands on the same device: open ones, and those that ended a short while
   * ago.
   */
  readonly twins?: readonly Twin[];
  readonly notify?: string;
  /** The chat command's name, `/lr`, for sentences that say what to type. */
  readonly command: string;
}
