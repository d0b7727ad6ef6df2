// Measures of results: how a transcript and a collected file arrive.
import { formatOf } from '../../liveResponse/results/collectedFile.ts';
import { readTranscript } from '../../liveResponse/results/transcript.ts';
import type { ResultRead } from '../observing.ts';
import { fieldName } from '../redaction.ts';
import { judged, why } from './finding.ts';
import type { Measure, Seen } from './finding.ts';

export function resultMeasures({ results }: Seen): readonly Measure[] {
  const read = (type: string): ResultRead | undefined =>
    results.find((one) => one.type === type && one.status === 200);
  return [...answerMeasures(results), ...fileMeasures(read('GetFile')), ...scriptMeasures(read('RunScript'))];
}

function answerMeasures(results: readonly ResultRead[]): readonly Measure[] {
  const header = (name: string): readonly string[] => [
    ...new Set(results.map((one) => one.headers.get(name) ?? 'none')),
  ];
  const types = header('content-type').map(
    (type) =>
      /^[a-z]+\/[a-z0-9.+-]{1,40}(?:; ?charset=[a-z0-9-]{1,20})?$/i.exec(type)?.[0].toLowerCase() ??
      (type === 'none' ? 'none' : 'another'),
  );
  const encodings = header('content-encoding').map((one) =>
    /^[a-z]{1,12}$/i.test(one) ? one.toLowerCase() : 'another',
  );
  const ranged = results.every((one) => one.range.status === 206 && one.range.bytes <= 16);
  return [
    {
      name: 'result.type',
      assumption: 'Content-Type of results',
      simulator: 'application/octet-stream',
      ...(results.length === 0
        ? why('no result was read')
        : judged(types.join() === 'application/octet-stream', types.join(', '))),
    },
    {
      name: 'result.encoding',
      assumption: 'Results come without a Content-Encoding',
      simulator: 'none',
      ...(results.length === 0
        ? why('no result was read')
        : judged(encodings.join() === 'none', encodings.join(', '))),
    },
    {
      name: 'result.range',
      assumption: 'The beginning of a result can be read alone',
      simulator: 'yes, 206',
      ...(results.length === 0
        ? why('no result was read')
        : judged(
            ranged,
            ranged ? 'yes, 206' : `no, ${[...new Set(results.map((one) => one.range.status))].join(' and ')}`,
          )),
    },
  ];
}

function fileMeasures(file: ResultRead | undefined): readonly Measure[] {
  const noFile = why('no collected file was read');
  const disposition = file?.headers.get('content-disposition');
  return [
    {
      name: 'file.name',
      assumption: 'A collected file is named by Content-Disposition',
      simulator: 'filename, ends in .gz',
      ...(file === undefined
        ? noFile
        : judged(namedHow(disposition) === 'filename, ends in .gz', namedHow(disposition))),
    },
    {
      name: 'file.kind',
      assumption: 'A collected zip arrives as',
      simulator: 'gzip of zip',
      ...(file === undefined
        ? noFile
        : judged(kindOf(file.bytes, file.inside) === 'gzip of zip', kindOf(file.bytes, file.inside))),
    },
  ];
}

function scriptMeasures(script: ResultRead | undefined): readonly Measure[] {
  const noScript = why('no script result was read');
  const text = script === undefined ? undefined : readTranscript(script.bytes, script.cut);
  return [
    {
      name: 'script.encoding',
      assumption: 'A transcript is UTF-8 without a byte order mark',
      simulator: 'UTF-8, no mark',
      ...(script === undefined
        ? noScript
        : judged(encodingOf(script.bytes) === 'UTF-8, no mark', encodingOf(script.bytes))),
    },
    {
      name: 'script.json',
      assumption: 'A transcript is JSON with these keys',
      simulator: 'exit_code, script_errors, script_name, script_output',
      ...(script === undefined
        ? noScript
        : judged(
            keysOf(script.bytes) === 'exit_code, script_errors, script_name, script_output',
            keysOf(script.bytes),
          )),
    },
    {
      name: 'script.firstLine',
      assumption: 'A transcript begins with “Transcript started”',
      simulator: 'yes (Windows)',
      ...(text === undefined
        ? noScript
        : judged(text.firstLine !== undefined, text.firstLine === undefined ? 'no' : 'yes (Windows)')),
    },
    {
      name: 'script.nuls',
      assumption: 'NULs at the end of a transcript',
      simulator: 'escaped',
      ...(script === undefined ? noScript : judged(nulsOf(script.bytes) === 'escaped', nulsOf(script.bytes))),
    },
  ];
}

function namedHow(disposition: string | undefined): string {
  if (disposition === undefined) return 'no such header';
  const form = /filename\*\s*=/i.test(disposition)
    ? 'filename*'
    : /filename\s*=\s*"/i.test(disposition)
      ? 'filename in quotes'
      : /filename\s*=/i.test(disposition)
        ? 'filename'
        : 'no filename';
  return `${form}, ends in ${/\.gz"?\s*(?:;|$)/i.test(disposition) ? '.gz' : /\.zip"?\s*(?:;|$)/i.test(disposition) ? '.zip' : 'something else'}`;
}

function kindOf(bytes: Uint8Array, inside: Uint8Array | undefined): string {
  const kind = formatOf(bytes);
  return kind === 'gzip'
    ? `gzip of ${inside === undefined ? 'what cannot be read' : formatOf(inside)}`
    : kind;
}

function encodingOf(bytes: Uint8Array): string {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'UTF-8 with a mark';
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16 with a mark';
  if (bytes.length > 3 && (bytes[1] === 0 || a === 0)) return 'UTF-16, no mark';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'UTF-8, no mark';
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return 'not UTF-8';
  }
}

/** By the keys as they are written, so that JSON which is broken inside a string shows them too. */
function keysOf(bytes: Uint8Array): string {
  const text = new TextDecoder(bytes[1] === 0 ? 'utf-16le' : 'utf-8').decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no object';
    return Object.keys(value).map(fieldName).sort().join(', ');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const keys = [
      'exit_code',
      'name',
      'script_error',
      'script_errors',
      'script_name',
      'script_output',
    ].filter((key) => text.includes(`"${key}"`));
    return keys.length === 0 ? 'no JSON' : `broken JSON: ${keys.join(', ')}`;
  }
}

function nulsOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return (
    [
      ...(text.includes('\\u0000') ? ['escaped'] : []),
      ...(bytes[1] !== 0 && text.includes('\0') ? ['raw'] : []),
    ].join(' and ') || 'none'
  );
}
