// What Slack, Teams and Entra last said of each account and group, kept over restarts: with it somebody can stop something while they cannot be asked.
import { join } from 'node:path';
import type { LastKnown } from '../bot/ports.ts';
import type { Log } from '../liveResponse/ports.ts';
import { readJson, replaceFile } from './teams/files.ts';

/** Answers kept; those given longest ago go first. */
const mostKept = 20_000;

export interface LastKnownFile extends LastKnown {
  /** Resolves when all that was learned is on disk, or cannot be. */
  settled(): Promise<void>;
}

export async function openLastKnown(folder: string, log: Log): Promise<LastKnownFile> {
  const path = join(folder, 'last-known.json');
  const answers = new Map(answersIn(await readJson(path)));
  let writing: Promise<void> | undefined;
  let dirty = false;

  async function write(): Promise<void> {
    while (dirty) {
      dirty = false;
      try {
        await replaceFile(path, JSON.stringify({ version: 1, answers: Object.fromEntries(answers) }));
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
      answers.delete(question);
      answers.set(question, answer);
      if (same) return;
      const [oldest] = answers.keys();
      if (answers.size > mostKept && oldest !== undefined) answers.delete(oldest);
      dirty = true;
      writing ??= write().finally(() => (writing = undefined));
    },
    async settled() {
      while (writing !== undefined) await writing;
    },
  };
}

function answersIn(file: unknown): readonly (readonly [string, string])[] {
  if (typeof file !== 'object' || file === null || !('answers' in file) || typeof file.answers !== 'object' || file.answers === null) return [];
  return Object.entries(file.answers).flatMap(([question, answer]: [string, unknown]) => (typeof answer === 'string' ? [[question, answer] as const] : []));
}
