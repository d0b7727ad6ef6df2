// A container of the image under test: how it is asked, what it journals, how it is stopped.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { journalLines } from '../../support/store/journal.ts';
import { root } from '../../support/root.ts';
import type { Container, Image, RunOptions } from './engine.ts';

/** The line of Node that scripts/container.sh is asked for; the Containerfile's own when left out. */
export const major =
  process.env['LR_CONTAINER_NODE'] ??
  /^ARG NODE_MAJOR=(\d+)$/m.exec(readFileSync(join(root, 'Containerfile'), 'utf8'))?.[1] ??
  '';
export const bot = 10_001;
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface Bench {
  readonly image: Image;
  readonly dir: string;
  readonly run: (options?: Partial<RunOptions>) => Container;
}
export interface Step {
  readonly name: string;
  /** A program that this step alone needs. */
  readonly needs?: string;
  readonly run: (bench: Bench) => Promise<void>;
}

export function same(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}
export function holds(what: string, is: boolean, seen: unknown = ''): void {
  if (!is) throw new Error(`${what}: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`);
}

/** Without a chat the console is it, and it listens on the loopback address alone. */
export const trial = { HOST: '127.0.0.1', LR_SPEED: '100', LR_LOG_LEVEL: 'warn' } as const;
export const started = /console at http/;

interface Card {
  readonly kind: string;
  readonly state?: string;
  readonly place: string;
  readonly view?: { readonly requestId: string; readonly revision: number; readonly fingerprint: string };
}
function cards(container: Container): readonly Card[] {
  const { messages } = JSON.parse(container.ask('/console/api/cards').text) as {
    readonly messages: readonly Card[];
  };
  return messages.filter(({ kind }) => kind === 'card');
}
/**
 * Asks until the newest card is in that state; each look is a process of its own, so it is not asked too
 * often.
 */
export function untilCard(container: Container, state: string): Card {
  let newest: Card | undefined;
  for (let looks = 0; looks < 200; looks += 1) {
    newest = cards(container).at(-1);
    if (newest?.state === state) return newest;
  }
  throw new Error(`the card never was ${state}: ${JSON.stringify(newest)}`);
}
/** Asks for a dump and has it approved by another person. */
export function askAndApprove(
  container: Container,
  command = 'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"',
): string {
  same(
    'the answer to the command',
    container.ask('/console/api/commands', { as: 'responder1', place: 'incidents', text: command }).status,
    200,
  );
  const { view, place } = untilCard(container, 'awaitingApproval');
  if (view === undefined) throw new Error('the card has no view');
  const press = {
    request: view.requestId,
    place,
    verb: 'approve',
    revision: view.revision,
    fingerprint: view.fingerprint,
  };
  const own = container.ask('/console/api/presses', { ...press, as: 'responder1' }).text;
  holds(
    'the requester’s own approval is refused',
    cards(container).at(-1)?.state === 'awaitingApproval',
    own,
  );
  same(
    'the answer to the approval',
    container.ask('/console/api/presses', { ...press, as: 'approver1' }).status,
    200,
  );
  return view.requestId;
}
export function stateOf(container: Container, request: string): string | undefined {
  return cards(container).find(({ view }) => view?.requestId === request)?.state;
}
interface Line {
  readonly request?: string;
  readonly event: { readonly type: string };
}
export const journalIn = (data: string): readonly Line[] =>
  journalLines(join(data, 'bot')) as readonly Line[];
export const sent = (data: string, request: string): number =>
  journalIn(data).filter((line) => line.request === request && line.event.type === 'claimed').length;

export async function stop(container: Container): Promise<void> {
  container.signal('SIGTERM');
  same('exit code after SIGTERM', await container.ended, 0);
}
