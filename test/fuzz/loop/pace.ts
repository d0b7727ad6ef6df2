// Time that a case takes of the processor, and how fast this processor is at the moment: a machine that is busy
// or slow is not held against a reader.
import { readFileSync } from 'node:fs';

const statistics = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Milliseconds that this thread has had of the processor; where the system does not tell, those of all threads
 * of this process, which are more.
 */
export function processorTime(): number {
  // Asking for it brings what the system knows of the thread up to date, too.
  const { user, system } = process.cpuUsage();
  const [, nanoseconds] = /^(\d+) /.exec(readStatistics()) ?? [];
  return nanoseconds === undefined ? (user + system) / 1_000 : Number(nanoseconds) / 1e6;
}

let readable = process.platform === 'linux';

function readStatistics(): string {
  if (!readable) return '';
  try {
    return readFileSync(statistics, 'latin1');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    readable = false;
    return '';
  }
}

const rows = Array.from({ length: 8_000 }, (_, at) => ({
  id: `row-${at}`,
  list: [at, at * 3],
  text: 'a<b> & c '.repeat(4),
}));
const text = JSON.stringify(rows);

/** What readers do: characters one by one, JSON, a pattern, a map. */
function reference(): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum = (sum * 31 + text.charCodeAt(at)) | 0;
  const back = JSON.parse(text) as typeof rows;
  const escaped = text.replace(/[<>&]/g, (sign) => (sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : '&amp;'));
  return sum + escaped.length + new Map(back.map((row) => [row.id, row.text.split(' ').length])).size;
}

/** Milliseconds of the reference where the bound of a case was measured: a server's core with nothing else to do. */
const ownPace = 10;
const warmUps = 8;
let isWarm = false;

/**
 * How much of its time a case would have taken there: 1 on such a machine or a faster one, less on one that is
 * slow or busy.
 */
export function pace(): number {
  for (let time = 0; time < warmUps && !isWarm; time += 1) reference();
  isWarm = true;
  const begun = processorTime();
  reference();
  return Math.min(1, ownPace / (processorTime() - begun));
}
