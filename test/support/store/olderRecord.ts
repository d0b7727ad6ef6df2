// Recorded data folders of earlier formats (test/fixtures/records), opened by today's code
// What people see of them is read here; the goldens are in test/stories/record/olderRecords.test.ts.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { adaptiveCard } from '../../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../../cards/renderers/blockKit.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import { hash, random } from '../../../src/adapters/clock.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { history } from '../../../src/adapters/store/history.ts';
import { openOutputStore } from '../../../src/adapters/store/outputStore.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import { createBot } from '../../../src/bot/bot.ts';
import { createLinkBox } from '../../../src/bot/workers/reads/keptOutput.ts';
import { cardPlacesOf } from '../../../src/bot/workers/reads/cardPlaces.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import type { DefenderApi } from '../../../src/liveResponse/ports.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { createStoryChat } from '../apps/storyChat.ts';
import { createStoryClock, policyFrom, textOf } from '../apps/testApp.ts';
import { root } from '../root.ts';
import { quickDisk } from './quickDisk.ts';
import { testKeys } from './testKeys.ts';
import { CallRates, defaultRates, elapsedOf } from '../../../src/liveResponse/pacing/callRates.ts';

export const recordsFolder = join(root, 'test', 'fixtures', 'records');

export type RecordName = 'unkeyed' | 'keyed' | 'keyedSnapshot';

export interface Story {
  /** Lines in the journal. */
  readonly lines: number;
  /** Epoch milliseconds. */
  readonly stoppedAt: number;
  /** Ids by the names of the story. */
  readonly requests: Readonly<Record<string, string>>;
}

type Files = ReadonlyMap<string, string>;

/** Which recording a folder belongs to: that with a snapshot is the other one with a file more. */
const baseOf = (name: RecordName): 'unkeyed' | 'keyed' => (name === 'unkeyed' ? 'unkeyed' : 'keyed');

function packed(name: string): Files {
  const text = brotliDecompressSync(readFileSync(join(recordsFolder, `${name}.json.br`))).toString('utf8');
  return new Map(Object.entries(JSON.parse(text) as Readonly<Record<string, string>>));
}

export function storyOf(name: RecordName): Story {
  return JSON.parse(readFileSync(join(recordsFolder, `${baseOf(name)}.story.json`), 'utf8')) as Story;
}

export function policyTextOf(name: RecordName): string {
  return readFileSync(join(recordsFolder, `${baseOf(name)}.policy.yaml`), 'utf8');
}

export interface RecordedLine {
  readonly seq: number;
  readonly at: number;
  readonly request: string | null;
  readonly event: Readonly<Record<string, unknown>> & { readonly type: string };
}

const isJournal = (name: string): boolean => name.startsWith('journal-');
const linesIn = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** What is readable of every line without a key, oldest first. */
export function recordedLines(name: RecordName): readonly RecordedLine[] {
  const journals = [...packed(baseOf(name))]
    .filter(([file]) => isJournal(file))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return journals.flatMap(([, text]) => linesIn(text)).map((line) => JSON.parse(line) as RecordedLine);
}

/** Writes the folder; with `lines`, as it was when the journal had so many. Answers its path. */
export function layOutRecord(name: RecordName, lines = Infinity): string {
  const folder = mkdtempSync(join(tmpdir(), `lr-record-${name}-`));
  const files = new Map([...packed(baseOf(name)), ...(name === baseOf(name) ? [] : packed(name))]);
  for (const [file, text] of files) {
    const kept = isJournal(file)
      ? linesIn(text).filter((line) => (JSON.parse(line) as RecordedLine).seq <= lines)
      : undefined;
    if (kept?.length === 0) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), kept === undefined ? text : kept.map((line) => `${line}\n`).join(''), {
      mode: 0o600,
    });
  }
  return folder;
}

/** Nothing of a recording is asked of Defender again. */
function noDefender(): DefenderApi {
  const away = (): Promise<never> =>
    Promise.reject(new DefenderError('unavailable', 'there is no Defender here'));
  return {
    findMachines: away,
    lookUp: away,
    machine: away,
    submit: away,
    actions: away,
    recent: away,
    history: away,
    machinesByPrefix: away,
    activeOn: away,
    cancel: away,
    link: away,
    read: away,
    library: away,
    reachable: away,
  };
}

export class OpenRecord {
  readonly name: RecordName;
  readonly folder: string;
  readonly now: number;
  readonly store: Store;
  readonly #parts: ReturnType<typeof createBot>;
  readonly #deps: Parameters<typeof createBot>[0];
  #said = 0;

  private constructor(name: RecordName, folder: string, store: Store, deps: Parameters<typeof createBot>[0]) {
    this.name = name;
    this.folder = folder;
    this.store = store;
    this.now = deps.clock.now();
    this.#deps = deps;
    this.#parts = createBot(deps, () => undefined);
  }

  /**
   * A copy of the folder with today's store on it.
   * @param at the time, which does not move (epoch milliseconds); a minute after the end by default
   */
  static async open(
    name: RecordName,
    { lines = Infinity, at = storyOf(name).stoppedAt + 60_000 } = {},
  ): Promise<OpenRecord> {
    const folder = layOutRecord(name, lines);
    const clock = createStoryClock(at);
    const log = createLog({ level: 'silent' });
    const store = await openStore({
      dir: folder,
      clock,
      log,
      disk: quickDisk,
      keys: testKeys,
      snapshotEvery: Infinity,
    });
    const callRates = new CallRates(defaultRates);
    callRates.seed('submit', elapsedOf(store.submissionTimes(at - 3_600_000), clock));
    return new OpenRecord(name, folder, store, {
      store,
      callRates,
      clock,
      random,
      hash,
      log,
      outputs: openOutputStore({ dir: folder, clock }),
      defender: noDefender(),
      chats: [createStoryChat(), createStoryChat('slack'), createStoryChat('teams')],
      policy: policyFrom(policyTextOf(name)),
      groups: { includes: (_group, person) => Promise.resolve(person.id === 'approver1') },
      links: createLinkBox(clock),
      settings: {
        tenant: 'simulator',
        simulated: true,
        command: '/lr',
        sessions: 25,
        pollGap: 2_400,
        parkedGap: 30_000,
        outputRetention: 30 * 86_400_000,
      },
    });
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  request(id: string): Request {
    const request = this.store.get(id);
    if (request === undefined) throw new Error(`the record has no request ${id}`);
    return request;
  }

  /** Its card in every place that has one. */
  async cards(id: string): Promise<readonly { readonly place: string; readonly view: CardView }[]> {
    const request = this.request(id);
    const places = cardPlacesOf(this.#deps, request);
    return Promise.all(
      places.map(async (place) => ({
        place: `${place.surface}:${place.place}`,
        view: await this.#parts.loop.views.of(request, place),
      })),
    );
  }

  /** What somebody is answered, as text. */
  async say(as: string, text: string, place = 'incidents'): Promise<string> {
    this.#said += 1;
    return textOf(
      await this.#parts.command({
        surface: 'console',
        account: { surface: 'console', id: as, trust: 'member' },
        place: { surface: 'console', id: place, direct: false, external: false },
        text,
        deliveryId: `said-${this.#said}`,
      }),
    );
  }

  /** As `audit -- show` prints it. */
  history(id: string): readonly string[] {
    return history(realDisk, this.folder, id, this.store.opener());
  }
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** The cards of a request as text, with digests of what Slack and Teams get. Equal cards are listed once. */
export async function cardsText(record: OpenRecord, id: string): Promise<string> {
  const shown = new Map<string, string[]>();
  for (const { place, view } of await record.cards(id)) {
    const digests = `(slack ${digestOf(blockKit(view))}, teams ${digestOf(adaptiveCard(view))})`;
    const text = `${plainText(view)}\n${digests}`;
    shown.set(text, [...(shown.get(text) ?? []), place]);
  }
  return [...shown].map(([text, places]) => `--- ${places.join(', ')}\n${text}`).join('\n');
}
