// Two people at one terminal: a chat with one place, in which every line names who says it. It hands the bot
// the few lines that the main job on the one device needs and no others, so that it is no console: the bot's
// policy, four eyes, journal and submission do the rest.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { plainText } from '../../cards/renderers/plainText.ts';
import type { CardView } from '../../cards/view.ts';
import type { Bot, ChatPort, Reply } from '../bot/ports.ts';
import { saidOfAsked } from '../bot/ports.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { approvalCodeOf } from '../bot/commands/requestId.ts';
import { peopleOf } from '../adapters/console/people.ts';
import type { CardRef, Request } from '../liveResponse/request/request.ts';
import { sessionOf, stageOf } from '../liveResponse/request/request.ts';
import type { AnyVerb } from '../liveResponse/verbs.ts';
import { wordOf } from './rawAction.ts';

export const surface = 'console';

export interface Terminal extends ChatPort {
  /** Reads lines until the input ends, and then calls `ended`. */
  listen(input: Readable, table: Table, ended: () => void): () => void;
  /** Hands in one line as if it had been typed. */
  say(table: Table, who: string, words: string): Promise<void>;
}

/** What the lines are about. */
export interface Table {
  readonly bot: Bot;
  readonly policy: Policy;
  readonly place: string;
  /** What `ask` means. */
  readonly line: string;
  /** The request of this run, once there is one. */
  readonly request: () => Request | undefined;
}

const verbs = [
  'ask',
  'approve',
  'deny',
  'withdraw',
  'cancel',
  'status',
] as const satisfies readonly AnyVerb[];

export function createTerminal(print: (text: string) => void): Terminal {
  return new SharedTerminal(print);
}

class SharedTerminal implements Terminal {
  readonly surface = surface;
  readonly ephemeralMessages = true;
  readonly #print: (text: string) => void;
  /** What was printed of the card last, so that nothing is printed twice. */
  #shown = '';
  #lines = 0;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  post(at: string, view: CardView, intent: string): Promise<CardRef> {
    this.#draw(view);
    return Promise.resolve({ surface, place: at, id: intent });
  }

  update(_card: CardRef, view: CardView): Promise<void> {
    this.#draw(view);
    return Promise.resolve();
  }

  note(): Promise<void> {
    return Promise.resolve();
  }

  announce(): Promise<void> {
    return Promise.resolve();
  }

  replyPrivately(_place: string, account: string, text: string): Promise<void> {
    this.#print(`(to ${account}) ${text}`);
    return Promise.resolve();
  }

  async say({ bot, policy, place, line, request }: Table, who: string, words: string): Promise<void> {
    // A line may be typed as the bot tells it for a chat, with its command and the id of the one request
    // there is.
    const [verb = '', ...after] = words
      .trim()
      .replace(/^(?:\/\S+|lr)\s+/i, '')
      .split(/\s+/);
    if (!verbs.some((one) => one === verb)) {
      this.#print(`"${verb.slice(0, 30)}" is not for this terminal. It takes: ${verbs.join(', ')}.`);
      return;
    }
    const id = request()?.id;
    if (verb !== 'ask' && id === undefined) {
      this.#print('Nothing has been asked for yet. Somebody with that role types "<person>: ask".');
      return;
    }
    const rest = id !== undefined && after[0]?.toLowerCase() === id.toLowerCase() ? after.slice(1) : after;
    const text = verb === 'ask' ? line : [verb, id ?? '', ...rest].join(' ').trim();
    this.#lines += 1;
    const person = peopleOf(policy).find((one) => one.account === who);
    const reply = await bot.command({
      surface,
      account: { surface, id: who, trust: 'member', ...(person === undefined ? {} : { name: person.name }) },
      place: { surface, id: place, direct: false, external: false },
      text,
      deliveryId: `line-${this.#lines}`,
    });
    const told = toldOf(reply);
    if (told !== undefined) this.#print(`(to ${who}) ${asTypedHere(told, who, request()?.id)}`);
  }

  listen(input: Readable, table: Table, ended: () => void): () => void {
    const reader = createInterface({ input, terminal: false });
    // One after the other: the second line may be about what the first one made.
    let before: Promise<void> = Promise.resolve();
    reader.on('line', (line) => {
      before = before.then(() => this.#heard(line, table));
    });
    reader.on('close', () => void before.then(ended));
    return () => {
      reader.close();
    };
  }

  async #heard(line: string, table: Table): Promise<void> {
    if (line.trim() === '') return;
    const [, who, words] = /^\s*(?:as\s+)?([\w.-]{1,64})\s*[:>]\s*(.+)$/.exec(line) ?? [];
    if (who !== undefined && words !== undefined) {
      await this.say(table, who, words);
      return;
    }
    const people = peopleOf(table.policy).map(({ account }) => account);
    this.#print(
      `Type who says it first, such as "<person>: ask" or "<person>: approve". The people of this policy: ${people.join(', ')}.`,
    );
  }

  #draw(view: CardView): void {
    // The approver sees the whole card, as in a chat. Afterwards the words alone: output and links are for no
    // terminal.
    if (view.buttons.some((button) => button.verb === 'approve')) {
      const text = plainText(view, { urls: 'hidden' });
      if (text !== this.#shown) this.#print(`\n${text}\n`);
      this.#shown = text;
      return;
    }
    const text = [
      `[${view.status}]`,
      ...view.steps.map((step) => `index ${step.index}: ${step.status}`),
    ].join('  ');
    if (text !== this.#shown) this.#print(text);
    this.#shown = text;
  }
}

/** The lines that the bot tells people to type, as this terminal takes them. */
function asTypedHere(text: string, who: string, id: string | undefined): string {
  return id === undefined
    ? text
    : verbs.reduce((told, verb) => told.replaceAll(`/lr ${verb} ${id}`, `${who}: ${verb}`), text);
}

function toldOf(reply: Reply): string | undefined {
  switch (reply.kind) {
    case 'sentence':
      return reply.block === undefined ? reply.text : `${reply.text}\n${reply.block}`;
    case 'asked':
      return saidOfAsked(reply);
    case 'card':
      return reply.text;
    default:
      return undefined;
  }
}

/**
 * Somebody who may ask and somebody else who may approve, by the policy's own roles; for runs in which both
 * are played.
 */
export function players(
  policy: Policy,
  recipe: string,
): { readonly asker: string; readonly approver: string } | undefined {
  const tier = policy.tiers.find((one) => one.name === policy.recipes.get(recipe)?.tier);
  const people = peopleOf(policy);
  const asker = people.find((one) => tier !== undefined && one.roles.includes(tier.request));
  const approver = people.find(
    (one) => tier !== undefined && one.roles.includes(tier.approve) && one.id !== asker?.id,
  );
  return asker === undefined || approver === undefined
    ? undefined
    : { asker: asker.account, approver: approver.account };
}

/** The line that approves this very request, as its approver reads it. */
export function approvalOf(request: Request): string {
  return `approve ${approvalCodeOf(request)}`;
}

/**
 * The state of a request, in words of ours alone. @param word what Defender said last of its action, where that
 * is known better than by the bot
 */
export function standing(request: Request | undefined, word?: string): string {
  if (request === undefined) return 'Nothing was asked for, and nothing ran.';
  const stage = stageOf(request);
  switch (stage.state) {
    case 'awaitingApproval':
      return 'Nobody has approved it, and nothing ran.';
    case 'queued':
      return 'It is approved and was not sent; nothing ran.';
    case 'submitting':
    case 'unknown':
      return 'It may have been sent: whether it runs is not known. Look in the device’s action center before anything is sent there again.';
    case 'running':
      return `The session runs on at Defender, which says ${wordOf(word ?? stage.run.action.status)} (action ${stage.run.actionId}); nothing here follows or stops it any more. Cancel it in the portal’s action center if it should not run.`;
    case 'finished':
      return `The session has ended: ${stage.outcome}.`;
    case 'closed':
      return `It ended without a session: ${stage.ending.kind}${'code' in stage.ending ? `, ${wordOf(stage.ending.code)}` : ''}${mayHaveRun(request) ? '; an attempt of it may have run' : '; nothing ran'}.`;
  }
}

function mayHaveRun(request: Request): boolean {
  const session = sessionOf(request);
  return (
    session?.stage.state === 'closed' &&
    session.stage.ending.kind === 'abandoned' &&
    session.attempts.length > 0
  );
}
