// Bounds of a long life, as docs/limits.md has them under "What grows": how large each file may be, what a request may
// take of memory, and what has to come to rest.
import type { FileBound } from './judge.ts';

const kilo = 1_024;
const mega = kilo * kilo;

/** What one request that is kept takes of the heap, with all that is remembered of it. Bytes. */
export const heapOfRequest = 32 * kilo;
/** What the heap may grow by in a simulated hour besides: code that is compiled, tables that get larger. Bytes. */
export const heapAnHour = 24 * kilo;
/** The same of a real process in a minute, whose heap is not quiet when it is looked at. Bytes. */
export const heapAMinute = 150 * kilo;
/** The same in a simulated day, once as much leaves as comes. Bytes. */
export const heapADay = 48 * kilo;
/** Entries about one kept request under one name of `lr_memory_entries`, and those that are there besides. */
export const entriesOfRequest = 8;
export const entriesBesides = 100;
/** One of the longest life: a request leaves memory 30 days after its end, with the next snapshot. Days. */
export const restsAfter = 42;

export const fileBounds: readonly FileBound[] = [
  {
    name: /^journal-\d+\.ndjson$/,
    says: 'the journal',
    most: ({ requests }) => 40 * kilo * requests + 256 * kilo,
  },
  {
    name: /^snapshot(?:\.previous)?\.json(?:\.tmp)?$/,
    says: 'snapshots',
    most: ({ kept }) => 3 * 16 * kilo * kept + 128 * kilo,
  },
  { name: /^people\.keys(?:\.tmp)?$/, says: 'keys of people', most: () => mega },
  { name: /^(?:slack|teams)-deliveries\.ndjson(?:\.new)?$/, says: 'deliveries', most: () => 16 * mega },
  { name: /^slack-replay\.txt(?:\.new)?$/, says: 'seen signatures', most: () => mega },
  { name: /^last-known\.json(?:\.new)?$/, says: 'last answers', most: () => 8 * mega },
  { name: /^call-counts\.ndjson(?:\.new)?$/, says: 'counted calls', most: () => mega },
  { name: /^teams-conversations\.json(?:\.new)?$/, says: 'conversations', most: () => 8 * mega },
  {
    name: /^outputs\/.*\.txt(?:\.tmp)?$/,
    says: 'outputs',
    most: ({ kept }) => 8 * kilo * kept + 128 * kilo,
  },
  {
    name: /^(?:lock-.*\.sock|lock\.key|journal\.key|probe\.tmp)$/,
    says: 'locks and keys',
    most: () => 128 * kilo,
  },
];
