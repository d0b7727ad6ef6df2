// What is looked at each minute in a real process: its memory, its open files, what the event loop holds, its
// metrics, and the files of the data folder.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One look. Memory and files in bytes. */
export interface Sample {
  /** Minutes since the start of the process. */
  readonly minute: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** Open file descriptors by kind: sockets, files, pipes and what the runtime holds. */
  readonly fds: Readonly<Record<string, number>>;
  /** Timers, sockets, servers: what holds the event loop, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Seconds. */
  readonly loopP99: number;
  /** Requests asked for since the start. */
  readonly requests: number;
  /** Every lr_ and process_ metric that is not counted per bucket. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number>>;
}

/** `name{labels} value` lines of Prometheus' text format. */
export function seriesIn(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][^ ]*(?:\{.*\})?) (\S+)$/.exec(line);
    if (found?.[1] !== undefined) series.set(found[1], Number(found[2]));
  }
  return series;
}

function numberOf(series: ReadonlyMap<string, number>, name: string): number {
  const value = series.get(name);
  if (value === undefined)
    throw new Error(
      `/metrics has no ${name} among ${series.size}: ${[...series.keys()].slice(0, 5).join(' ')}`,
    );
  return value;
}

/** The value of one label of every series of that name. */
function byLabel(series: ReadonlyMap<string, number>, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...series].flatMap(([key, value]) => {
      const label = new RegExp(`^${name}\\{[a-z]+="([^"]*)"\\}$`).exec(key)?.[1];
      return label === undefined ? [] : [[label, value]];
    }),
  );
}

/** What each open descriptor of the process is; undefined where the system does not say. */
export function openFiles(pid: number): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const folder = `/proc/${pid}/fd`;
  for (const name of readdirSync(folder)) {
    let target: string;
    try {
      target = readlinkSync(join(folder, name));
    } catch (error) {
      // Closed since the folder was read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    const kind = target.startsWith('/') ? 'files' : (target.split(':')[0] ?? target);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

/** Sizes of all files below a folder, by their path in it. */
export function filesIn(folder: string, below = ''): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(sizes, filesIn(folder, path));
    else
      try {
        sizes[path] = statSync(join(folder, path)).size;
      } catch (error) {
        // Replaced or removed since the folder was read.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
  }
  return sizes;
}

export function sampleOf(minute: number, text: string, fds: Sample['fds'], files: Sample['files']): Sample {
  const series = seriesIn(text);
  return {
    minute,
    rss: numberOf(series, 'process_resident_memory_bytes'),
    heap: numberOf(series, 'nodejs_heap_size_used_bytes'),
    external: numberOf(series, 'nodejs_external_memory_bytes'),
    fds,
    resources: byLabel(series, 'nodejs_active_resources'),
    loopP99: numberOf(series, 'nodejs_eventloop_lag_p99_seconds'),
    requests: numberOf(series, 'lr_events_total{type="asked"}'),
    metrics: Object.fromEntries(
      [...series].filter(([name]) => /^(?:lr_|process_)/.test(name) && !name.includes('_bucket{')),
    ),
    files,
  };
}
