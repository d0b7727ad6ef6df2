// Measured disk: tells how long the journal's writes and the snapshots take, without changing anything of what the disk
// does.
import { basename } from 'node:path';
import type { Clock } from '../../liveResponse/ports.ts';
import type { Disk, DiskFile } from './journal/disk.ts';
import { segmentsIn } from './journal/segments.ts';

/** What is told of the disk. Milliseconds. */
export interface SeenWrites {
  /** Bytes were handed to the system for the journal. */
  readonly appended: (ms: number, bytes: number) => void;
  /** The journal was flushed to the disk. */
  readonly synced: (ms: number) => void;
  /** A snapshot was written whole and has taken its place. */
  readonly snapshotTaken: (ms: number) => void;
}

const journalFile = /^journal-\d+\.ndjson$/;
const snapshotFile = 'snapshot.json.tmp';

/** @param clock the machine's own: its disk follows no other */
export function measuredDisk(disk: Disk, clock: Pick<Clock, 'elapsed'>, seen: SeenWrites): Disk {
  let began: number | undefined;
  return {
    open(path, mode) {
      if (basename(path) === snapshotFile && mode === 'new') began = clock.elapsed();
      const file = disk.open(path, mode);
      return journalFile.test(basename(path)) && mode !== 'read' ? measuredFile(file, clock, seen) : file;
    },
    rename(from, to) {
      disk.rename(from, to);
      if (basename(from) !== snapshotFile || began === undefined) return;
      seen.snapshotTaken(clock.elapsed() - began);
      began = undefined;
    },
    remove: (path) => disk.remove(path),
    list: (folder) => disk.list(folder),
    timeOf: (path) => disk.timeOf(path),
    makeFolder: (folder) => disk.makeFolder(folder),
    syncFolder: (folder) => disk.syncFolder(folder),
    lock: (folder, log) => disk.lock(folder, log),
    letOthersWork: () => disk.letOthersWork(),
    clock: disk.clock,
  };
}

function measuredFile(file: DiskFile, clock: Pick<Clock, 'elapsed'>, seen: SeenWrites): DiskFile {
  return {
    append(bytes) {
      const began = clock.elapsed();
      file.append(bytes);
      seen.appended(clock.elapsed() - began, bytes.length);
    },
    async flush() {
      const began = clock.elapsed();
      await file.flush();
      seen.synced(clock.elapsed() - began);
    },
    sync: () => file.sync(),
    truncate: (length) => file.truncate(length),
    setTime: (at) => file.setTime(at),
    read: (from, length) => file.read(from, length),
    size: () => file.size(),
    close: () => file.close(),
  };
}

/** Bytes of all files of the journal in a data folder. */
export function journalSize(disk: Disk, folder: string): number {
  return segmentsIn(disk, folder).reduce((sum, { size }) => sum + size, 0);
}
