// Signatures already seen, kept in a small file so that a request recorded before a restart cannot be sent
// again after it.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Keeper, Log } from '../../../liveResponse/ports.ts';
import { messageOf } from '../outbound/slackFailure.ts';
import { signatureMemory } from '../limits.ts';
import { isMissing } from '../../systemErrors.ts';

export interface ReplayMemory extends Keeper {
  /** False when this signature was seen before. Remembered on disk before it answers. */
  admit(signature: string): boolean;
}

/** Lines after which the file is written again without what is too old. */
const compactAfter = 5_000;
/** Half of a SHA-256 in hex: enough to be unique, useless to whoever reads the file. */
const kept = 32;

/** Only verified signatures may be handed in: others would let anybody fill the file. */
export function openReplayMemory(folder: string, clock: Pick<Clock, 'now'>, log: Log): ReplayMemory {
  const file = join(folder, 'slack-replay.txt');
  const seen = new Map<string, number>();
  let lines = 0;
  let trouble: string | undefined;

  function fresh(at: number): boolean {
    return at > clock.now() - signatureMemory;
  }

  function guarded(write: () => void): void {
    try {
      write();
      trouble = undefined;
    } catch (error) {
      // Until it can be written again, memory alone guards: the journal recognises a repeated request by
      // itself.
      if (trouble === undefined) log.error('slackReplayFileFailed', { error });
      trouble = messageOf(error);
    }
  }

  function compact(): void {
    for (const [signature, at] of seen) if (!fresh(at)) seen.delete(signature);
    guarded(() => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.new`, [...seen].map(([signature, at]) => `${at} ${signature}\n`).join(''), {
        mode: 0o600,
      });
      renameSync(`${file}.new`, file);
    });
    lines = seen.size;
  }

  for (const line of readOr(file).split('\n')) {
    const found = /^(\d{1,15}) ([0-9a-f]{32})$/.exec(line);
    if (found?.[1] !== undefined && found[2] !== undefined && fresh(Number(found[1])))
      seen.set(found[2], Number(found[1]));
  }
  compact();

  return {
    name: 'slack replay memory',
    trouble: () => trouble,
    recover() {
      // The whole file: what could not be written down meanwhile is in it.
      compact();
      return Promise.resolve(trouble === undefined);
    },
    admit(signature) {
      const key = signature.slice(0, kept);
      const at = seen.get(key);
      if (at !== undefined && fresh(at)) return false;
      const now = clock.now();
      seen.set(key, now);
      // Written before the request is acted on; not fsynced, because it must outlive this process and not
      // this machine.
      guarded(() => {
        appendFileSync(file, `${now} ${key}\n`, { mode: 0o600 });
      });
      lines += 1;
      if (lines > compactAfter + seen.size / 2) compact();
      return true;
    },
  };
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
