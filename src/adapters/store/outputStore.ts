// Texts of script output, one file each next to the journal, under a retention time of their own: they come
// from endpoints and may hold personal data, which an append-only journal could never forget. The journal
// keeps their length and SHA-256.
import { hash } from 'node:crypto';
import { chmod, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, OutputStore } from '../../liveResponse/ports.ts';
import { StoreError } from '../../liveResponse/ports.ts';
import { codeOf } from '../systemErrors.ts';
import { diskWords } from './journal/disk.ts';

export interface OutputStoreOptions {
  /** The data folder; texts are in `outputs/` below it. */
  readonly dir: string;
  /** Files bear its time, so that a retention in simulated days works as in real ones. */
  readonly clock: Clock;
}

/** Ids become file names: nothing else may ever be one, or a request could write outside the folder. */
const safeId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const textFile = /\.txt(\.tmp)?$/;

/** Makes the folder (0700) when needed. */
export async function openOutputStore({ dir, clock }: OutputStoreOptions): Promise<OutputStore> {
  const folder = join(dir, 'outputs');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);

  const pathOf = (requestId: string, index: number): string => {
    if (!safeId.test(requestId) || !Number.isInteger(index) || index < 0 || index > 999)
      throw new RangeError('not the name of an output');
    return join(folder, `${requestId}-${index}.txt`);
  };
  let writes = 0;

  return {
    put: async (requestId, index, text) => {
      const path = pathOf(requestId, index);
      const bytes = Buffer.from(text, 'utf8');
      // A number of its own for each write: two puts of one output must not share a temporary file.
      const temporary = `${path.slice(0, -'.txt'.length)}.${(writes += 1)}.txt.tmp`;
      try {
        const file = await open(temporary, 'w', 0o600);
        try {
          await file.writeFile(bytes);
          const at = clock.now() / 1000;
          await file.utimes(at, at);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw new StoreError(`A script output cannot be kept: ${diskWords(error)}.`, error);
      }
      return { length: text.length, sha256: hash('sha256', bytes, 'hex') };
    },
    get: async (requestId, index) => {
      try {
        return await readFile(pathOf(requestId, index), 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    sweep: async (before) => {
      let removed = 0;
      for (const name of await readdir(folder)) {
        if (!textFile.test(name)) continue;
        const path = join(folder, name);
        const written = await stat(path).catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT') return undefined;
          throw error;
        });
        if (written === undefined || written.mtimeMs >= before) continue;
        await rm(path, { force: true });
        if (name.endsWith('.txt')) removed += 1;
      }
      return removed;
    },
  };
}
