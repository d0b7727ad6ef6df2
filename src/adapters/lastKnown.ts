// What Slack, Teams and Entra last said of each account and group, kept over restarts: with it somebody can
// stop something while they cannot be asked.
import { join } from 'node:path';
import type { LastKnown } from '../bot/ports.ts';
import type { Log } from '../liveResponse/ports.ts';
import type { Keys } from './store/journal/keys.ts';
import { signedText, verifiedText } from './store/journal/keys.ts';
import { parsedJson, readJson, replaceFile } from './store/jsonFile.ts';
import { field, recordOf } from '../liveResponse/text/json.ts';
import { RecentMap } from '../liveResponse/pacing/recentMap.ts';

/** Answers kept; those given longest ago go first. */
const mostKept = 20_000;

export interface LastKnownFile extends LastKnown {
  /** Resolves when all that was learned is on disk, or cannot be. */
  settled(): Promise<void>;
}

const name = 'last-known.json';

export async function openLastKnown(folder: string, keys: Keys, log: Log): Promise<LastKnownFile> {
  const path = join(folder, name);
  const file = await readJson(path);
  const text = verifiedText(keys, name, file);
  // Forged, it would let a stranger stop things; what version 0.1 wrote is learned again from the next
  // answers.
  if (file !== undefined && text === undefined)
    log.warn('lastKnownRefused', { file: name, why: 'it does not carry this bot\u2019s key' });
  const answers = new RecentMap<string, string>(mostKept);
  for (const [question, answer] of answersIn(parsedJson(text))) answers.set(question, answer);
  let writing: Promise<void> | undefined;
  let dirty = false;

  async function write(): Promise<void> {
    while (dirty) {
      dirty = false;
      try {
        await replaceFile(
          path,
          signedText(keys, name, JSON.stringify({ version: 2, answers: Object.fromEntries(answers) })),
        );
      } catch (error) {
        // It is learned again from the next answers, so a full disk must not stop them.
        log.error('lastKnownNotWritten', { error });
      }
    }
  }

  return {
    get: (question) => answers.get(question),
    set(question, answer) {
      const same = answers.get(question) === answer;
      answers.set(question, answer);
      if (same) return;
      dirty = true;
      writing ??= write().finally(() => (writing = undefined));
    },
    async settled() {
      while (writing !== undefined) await writing;
    },
  };
}

function answersIn(file: unknown): readonly (readonly [string, string])[] {
  return Object.entries(recordOf(field(file, 'answers'))).flatMap(([question, answer]) =>
    typeof answer === 'string' ? [[question, answer] as const] : [],
  );
}
