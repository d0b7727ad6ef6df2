// The machine's disk, on which nothing that was written is waited for: where a test does not ask whether the
// disk has it, waiting would take minutes.
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';

export const quickDisk: Disk = {
  ...realDisk,
  open: (path, mode) => ({
    ...realDisk.open(path, mode),
    sync: () => undefined,
    flush: () => Promise.resolve(),
  }),
};
