// Last answers of the chats about accounts and groups, kept over restarts so that somebody can stop
// something while a chat is out of reach; and the newest card of a request, from the store.
import { join } from 'node:path';
import type { LastKnown } from '../bot/ports.ts';
import { RecentMap } from '../liveResponse/pacing/sharedReadings.ts';
import type { Log } from '../liveResponse/ports.ts';
import type { Card } from '../liveResponse/request/request.ts';
import { field, recordOf } from '../liveResponse/text/json.ts';
import { realDisk } from './store/journal/disk.ts';
import type { Disk } from './store/journal/disk.ts';
import { signedText, verifiedText } from './store/journal/keys.ts';
import type { Keys } from './store/journal/keys.ts';
import type { Store } from './store/journal/requestStore.ts';
import { parsedJson, readJson, replaceFile } from './store/outputStore.ts';

/** Answers kept; the oldest are dropped first. */
const mostKept = 20_000;

const name = 'last-known.json';

export interface LastKnownOptions {
  readonly folder: string;
  readonly keys: Keys;
  readonly log: Log;
  /** The machine's own by default. */
  readonly disk?: Disk;
}

export class LastKnownFile implements LastKnown {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #keys: Keys;
  readonly #log: Log;
  readonly #answers = new RecentMap<string, string>(mostKept);
  #writing: Promise<void> | undefined;
  #dirty = false;

  /** Reads what an earlier process knew. @throws the system's error */
  constructor({ disk = realDisk, folder, keys, log }: LastKnownOptions) {
    this.#disk = disk;
    this.#path = join(folder, name);
    this.#keys = keys;
    this.#log = log;
    this.#load();
  }

  get(question: string): string | undefined {
    return this.#answers.get(question);
  }

  set(question: string, answer: string): void {
    const same = this.#answers.get(question) === answer;
    this.#answers.set(question, answer);
    if (same) return;
    this.#dirty = true;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Resolves when all that was learned is on disk, or cannot be. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #load(): void {
    const file = readJson(this.#disk, this.#path);
    const text = verifiedText(this.#keys, name, file);
    // A forged file would let a stranger stop things. What version 0.1 wrote is learned again from the next
    // answers.
    if (file !== undefined && text === undefined)
      this.#log.warn('lastKnownRefused', { file: name, why: 'it does not carry this bot\u2019s key' });
    for (const [question, answer] of answersIn(parsedJson(text))) this.#answers.set(question, answer);
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      const text = JSON.stringify({ version: 2, answers: Object.fromEntries(this.#answers) });
      try {
        await replaceFile(this.#disk, this.#path, signedText(this.#keys, name, text));
      } catch (error) {
        // It is learned again from the next answers, so a full disk must not stop them.
        this.#log.error('lastKnownNotWritten', { error });
      }
    }
  }
}

function answersIn(file: unknown): readonly (readonly [string, string])[] {
  return Object.entries(recordOf(field(file, 'answers'))).flatMap(([question, answer]) =>
    typeof answer === 'string' ? [[question, answer] as const] : [],
  );
}

/** Undefined where there is none: cards that were lost before they were posted do not count. */
export function newestCard(
  store: Store,
  surface: string,
  requestId: string,
  place: string,
): Card | undefined {
  return store
    .get(requestId)
    ?.cards.findLast(
      (card) =>
        card.surface === surface &&
        card.place === place &&
        (card.ref !== undefined || card.dead === undefined),
    );
}
