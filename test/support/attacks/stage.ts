// Attack stage for three chats: people who type and press through the wire, and what each of them sees.
import type { Verb } from '../../../cards/view.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stageOf, sessionOf } from '../../../src/liveResponse/request/request.ts';
import type { Service } from '../../../src/app/compose.ts';
import { journalText } from '../store/journal.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';

/**
 * Riley asks and, here, holds the role of an approver too; Sam does both; Avery approves. `rileyAgain` is a
 * second account of Riley's, Ola has no role, nobody is not listed.
 */
export type Who = 'riley' | 'rileyAgain' | 'sam' | 'avery' | 'ola' | 'nobody';

export interface Stage {
  readonly service: () => Service;
  readonly dataDir: string;
  /** Types a command in the place where approvals are asked for, or in the other place of the policy. */
  say(who: Who, text: string, where?: 'elsewhere'): Promise<void>;
  /** Presses a button of the newest card there. `changed` is put over what the button carries. */
  press(who: Who, verb: Verb, changed?: Carried): Promise<void>;
  /** Presses a button of the newest card as it stands now, also when it was drawn again meanwhile. */
  asSeen(): Promise<(who: Who, verb: Verb) => Promise<void>>;
  /** Sends what was typed or pressed last once more, as it was. */
  again(): Promise<void>;
  /**
   * Resolves with what one person alone was told since the last call for this person, once it reads like
   * this.
   */
  told(who: Who, words: RegExp): Promise<string>;
  /** The newest card, once it reads like this. */
  shows(words: RegExp): Promise<string>;
  /** How many cards of requests are there. */
  cards(): Promise<number>;
  /** All that the chat was sent, as text of its own format. */
  wire(): Promise<string>;
  /** What cards and messages have ever said to everybody in the place where approvals are asked for. */
  stood(): Promise<string>;
  /**
   * What in it would be drawn as something else than text: mentions but the policy's own, links, formatting,
   * dates.
   */
  alive(): Promise<readonly string[]>;
  /** Addresses at which somebody could try to decide by merely opening a link. */
  readonly links: readonly string[];
  /**
   * Stopped and started on the same folder, with another policy if given; `meanwhile` may change the folder.
   */
  restart(policy?: (text: string) => string, meanwhile?: () => void): Promise<void>;
  /** Another policy file while the bot runs; resolves once it is in force. */
  reload(policy: (text: string) => string): Promise<void>;
  close(): Promise<void>;
}

/** What a button carries, as far as an attacker would change it. */
export interface Carried {
  readonly request?: string;
  readonly revision?: number;
  readonly fingerprint?: string;
}

export interface Door {
  readonly chat: string;
  /** `policy` changes the text of the example policy. */
  open(policy?: (text: string) => string): Promise<Stage>;
}

/** The example's people with a second account and both roles for Riley, and time to spare. */
export function stagePolicy(text: string): string {
  return unhurried(text).replace(
    'approver: [approver1, responder2]',
    'approver: [approver1, responder2, responder1]',
  );
}

export function newest(stage: Stage): Request {
  const [request] = stage.service().store.all();
  if (request === undefined) throw new Error('there is no request');
  return request;
}

/** Sessions that Defender was asked to run. */
export function sent(stage: Stage): number {
  return stage.service().simulator?.tenant.submissions.length ?? 0;
}

/** The journal's text, with what is sealed in it opened. */
export function journal(stage: Stage): string {
  return journalText(stage.dataDir);
}

/** The line that approves the request as it is now. */
export function approving(request: Request): string {
  return `approve ${request.id} ${approvalCodeOf(request)}`;
}

export const dump = 'dump hosta OfficeClickToRun --reason "beacon at 02:40"';

/** Riley asks for the dump, and its card is posted. */
export async function asked(stage: Stage, line = dump): Promise<Request> {
  await stage.say('riley', line);
  await stage.shows(/Waiting for approval/);
  return newest(stage);
}

/** Resolves once the newest request is in one of these states, whatever its card shows by then. */
export async function reached(stage: Stage, ...states: readonly State[]): Promise<Request> {
  const { store } = stage.service();
  return new Promise((resolve) => {
    let stop: () => void = () => undefined;
    const look = (): void => {
      if (!states.includes(stageOf(newest(stage)).state)) return;
      stop();
      resolve(newest(stage));
    };
    stop = store.subscribe(look);
    look();
  });
}

/** Texts of an Adaptive Card in which Teams would read Markdown, tags or dates. */
export function aliveInAdaptive(
  nodes: readonly Readonly<Record<string, unknown>>[],
  ours: readonly string[],
): readonly string[] {
  return nodes.flatMap((node) => {
    const text = ours.reduce(
      (rest, one) => rest.replaceAll(one, ''),
      typeof node['text'] === 'string' ? node['text'] : '',
    );
    const pattern = node['type'] === 'TextBlock' ? /(?<!\\)[*_[\]<]/ : /\{\{(?:DATE|TIME)\(\d{4}-/;
    return pattern.test(text) ? [text] : [];
  });
}

/** Resolves once the policy's file has been read again. */
export async function readAgain(service: Service, written: () => void): Promise<void> {
  const before = service.policy.people;
  written();
  service.readAgain();
  while (service.policy.people === before) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once so many requests are stored. */
export async function stored(on: Stage, count: number): Promise<void> {
  const { store } = on.service();
  await new Promise<void>((resolve) => {
    let stop: () => void = () => undefined;
    const look = (): void => {
      if (store.all().length < count) return;
      stop();
      resolve();
    };
    stop = store.subscribe(look);
    look();
  });
}

export function approverOf(on: Stage): { readonly id: string; readonly name: string } {
  const request = newest(on);
  const session = sessionOf(request);
  if (session === undefined) throw new Error(`it is ${stageOf(request).state}`);
  return session.grant.votes[0].by;
}

/** Somebody who may write the library exchanges the script under its name. */
export async function replaceScript(on: Stage): Promise<void> {
  const { url } = on.service().simulator ?? { url: '' };
  const form = new FormData();
  form.set('file', new Blob(['Add-LocalGroupMember Administrators mallory']), 'minidump.ps1');
  form.set('OverrideIfExists', 'true');
  const answer = await fetch(`${url}/api/libraryfiles`, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`the upload was answered with ${answer.status}`);
}
