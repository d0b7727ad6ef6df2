// History of one request: its journal lines as text for people, with when, what, and the words that came
// with it.
import { field, isRecord, listOf, parseJson } from '../../liveResponse/text/json.ts';
import { printable } from '../printable.ts';
import type { Disk } from './journal/disk.ts';
import { openedLine } from './journal/line.ts';
import type { Vault } from './journal/sealing.ts';
import { linesOf, segmentsIn } from './journal/segments.ts';

/**
 * Lines of text, oldest first; none when the journal does not know the request. Does not verify: that is the
 * audit's work. Without `people` what is personal reads as forgotten.
 */
export function history(
  disk: Disk,
  folder: string,
  request: string,
  people?: Pick<Vault, 'open'>,
): readonly string[] {
  const said: string[] = [];
  const mark = Buffer.from(`"request":${JSON.stringify(request)}`);
  for (const segment of segmentsIn(disk, folder)) {
    for (const batch of linesOf(disk, segment.path)) {
      for (const line of batch) {
        // Most lines are another request's: looking at bytes is ten times cheaper than reading them.
        if (!line.ended || !line.bytes.includes(mark)) continue;
        const text = described(line.bytes.toString('utf8'), request, people);
        if (text !== undefined) said.push(text);
      }
    }
  }
  return said;
}

/** Random ids of everybody whom the lines of a request speak of. */
export function personsIn(disk: Disk, folder: string, request: string): readonly string[] {
  const met = new Set<string>();
  const mark = Buffer.from(`"request":${JSON.stringify(request)}`);
  for (const segment of segmentsIn(disk, folder)) {
    for (const batch of linesOf(disk, segment.path)) {
      for (const line of batch) {
        if (!line.ended || !line.bytes.includes(mark)) continue;
        const boxes = field(parseJson(line.bytes.toString('utf8'), maxDepth)?.value, 'boxes');
        if (Array.isArray(boxes))
          for (const box of boxes) if (Array.isArray(box) && typeof box[0] === 'string') met.add(box[0]);
      }
    }
  }
  return [...met];
}

/** Of a journal line; our own are not deeper than some ten. */
const maxDepth = 32;

function described(
  text: string,
  request: string,
  people: Pick<Vault, 'open'> | undefined,
): string | undefined {
  let line: unknown;
  try {
    line = openedLine(JSON.parse(text), people);
  } catch (error) {
    return `??? unreadable line (${error instanceof Error ? error.message.slice(0, 60) : 'not JSON'})`;
  }
  if (!isRecord(line) || line['request'] !== request || !isRecord(line['event'])) return undefined;
  const { type } = line['event'];
  const fields = fieldsOf(line['event']);
  const at = typeof line['at'] === 'number' ? new Date(line['at']).toISOString() : '?';
  return printable(`${at}  #${String(line['seq'])}  ${String(type)}  ${words(fields)}`);
}

/** What an event says: of a new request all that was asked, in one row as lines before format 3 had it. */
function fieldsOf(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { type: _type, asked, request, ...rest } = event;
  if (isRecord(asked)) return asked;
  if (!isRecord(request)) return rest;
  const { asked: what, targets, subject, ...ids } = request;
  const [first, ...more] = listOf(targets);
  return {
    ...ids,
    ...(isRecord(what) ? what : {}),
    ...(more.length === 0 && isRecord(first) ? first : { targets }),
    ...(isRecord(subject) ? subject : {}),
  };
}

/** `a=1 b.c="x"`, in the order the line has them. */
function words(value: Readonly<Record<string, unknown>>, prefix = ''): string {
  return Object.entries(value)
    .map(([key, one]) => {
      const name = `${prefix}${key}`;
      if (isRecord(one)) return words(one, `${name}.`);
      if (typeof one === 'number' && /(At|Before|deadline|^at)$/.test(key))
        return `${name}=${new Date(one).toISOString()}`;
      return `${name}=${JSON.stringify(one)}`;
    })
    .join(' ');
}
