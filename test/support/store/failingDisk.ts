// The machine's disk, on which writing fails while a test says so. What was written before stays readable.
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';

export interface FailingDisk {
  readonly disk: Disk;
  /** The system's code with which every write and fsync fails; undefined while the disk is well. */
  code: 'ENOSPC' | 'EIO' | 'EROFS' | undefined;
}

export function createFailingDisk(): FailingDisk {
  const check = (): void => {
    if (state.code !== undefined)
      throw Object.assign(new Error(`${state.code}: planted`), { code: state.code });
  };
  const state: FailingDisk = {
    code: undefined,
    disk: {
      ...realDisk,
      open(path, mode) {
        const file = realDisk.open(path, mode);
        return {
          ...file,
          append(bytes) {
            check();
            file.append(bytes);
          },
          sync() {
            check();
            file.sync();
          },
          async flush() {
            check();
            await file.flush();
          },
        };
      },
    },
  };
  return state;
}
