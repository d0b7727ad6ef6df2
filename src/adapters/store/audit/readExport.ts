// Reader of an export of the tenant's audit log: CSV as the Purview portal and Export-Csv write it, or JSON
// and JSON lines of the cmdlet, the Management Activity API, Graph and advanced hunting. It reads a stream,
// because exports of a busy tenant have hundreds of megabytes; what each row says is read in records.ts.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse';
import type { ExportRead } from './records.ts';
import { Collected, ExportUnreadable } from './records.ts';
import { diskWords } from '../journal/disk.ts';

/** Characters of one record; those of Defender have a few thousand. */
const longestRecord = 4 * 1024 * 1024;

/** @throws ExportUnreadable */
export async function readExport(path: string): Promise<ExportRead> {
  const collected = new Collected(path);
  const { encoding, size } = await examine(path);
  const stream = createReadStream(path);
  try {
    await readText(decoded(stream, encoding, collected), collected);
  } catch (error) {
    if (error instanceof ExportUnreadable) throw error;
    const { code } = error as { readonly code?: unknown };
    if (error instanceof CsvError) throw new ExportUnreadable(csvTrouble(path, error.code, error));
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
      throw new ExportUnreadable(`${path} cannot be read: ${diskWords(error)}.`, { cause: error });
    throw error;
  } finally {
    stream.destroy();
  }
  return collected.read(size);
}

function csvTrouble(path: string, code: string, error: unknown): string {
  const line =
    typeof error === 'object' && error !== null && 'lines' in error && typeof error.lines === 'number'
      ? ` near line ${error.lines}`
      : '';
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return `${path} ends inside a quoted field: it was cut off while it was downloaded or copied. Export it again.`;
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `${path} has a record of more than ${longestRecord} characters${line}: a quote is missing somewhere, or it is no export of the audit log. Export it again, and do not edit it.`;
  return `${path} is no CSV that can be read${line} (${code}): it was edited or damaged. Use the file as it was downloaded.`;
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** By the first bytes: what kind of file it is. @throws ExportUnreadable */
async function examine(path: string): Promise<{ readonly encoding: Encoding; readonly size: number }> {
  let head: Buffer;
  let size: number;
  try {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new ExportUnreadable(`${path} is no file. Name the export itself.`);
      size = stats.size;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
      head = buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ExportUnreadable) throw error;
    throw new ExportUnreadable(`${path} cannot be read: ${diskWords(error)}.`, { cause: error });
  }
  if (size === 0)
    throw new ExportUnreadable(
      `${path} is empty. Export again: even a search without results has a first line.`,
    );
  if (head.subarray(0, 2).toString('latin1') === 'PK')
    throw new ExportUnreadable(
      `${path} is a zip or an Excel workbook. Unpack it, or save the sheet as CSV (UTF-8).`,
    );
  if (head[0] === 0x1f && head[1] === 0x8b)
    throw new ExportUnreadable(`${path} is packed with gzip. Unpack it first: gunzip.`);
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', size };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', size };
  // Without a mark: every other byte of Latin text is zero in UTF-16.
  if (head.length >= 4 && head[1] === 0 && head[3] === 0) return { encoding: 'utf-16le', size };
  if (head.length >= 4 && head[0] === 0 && head[2] === 0) return { encoding: 'utf-16be', size };
  if (head.includes(0))
    throw new ExportUnreadable(`${path} is no text. Name the export itself: CSV, JSON or JSON lines.`);
  return { encoding: 'utf-8', size };
}

async function* decoded(
  stream: AsyncIterable<Buffer>,
  encoding: Encoding,
  collected: Collected,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    if (text.includes('\ufffd')) collected.damaged = true;
    yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') {
    collected.damaged = true;
    yield rest;
  }
}

async function readText(texts: AsyncGenerator<string>, collected: Collected): Promise<void> {
  let begin = '';
  for (;;) {
    const next = await texts.next();
    if (next.done === true) break;
    begin += next.value;
    if (begin.trim() === '') {
      begin = '';
      continue;
    }
    // What comes before the first line is decided by it.
    if (
      /[[{]/.test(begin.trimStart().charAt(0)) ||
      begin.trimStart().includes('\n') ||
      begin.length > longestRecord
    )
      break;
  }
  const first = begin.trimStart().charAt(0);
  if (first === '')
    throw new ExportUnreadable(`${collected.path} holds nothing but blanks. Export it again.`);
  if (first === '[' || first === '{') await readJson(begin, texts, collected);
  else await readCsv(begin, texts, collected);
}

/**
 * Values of JSON one after the other, or the elements of one list: each top-level object is cut out by its
 * brackets and read by itself.
 */
async function readJson(begin: string, texts: AsyncGenerator<string>, collected: Collected): Promise<void> {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let parts: string[] = [];
  let length = 0;
  for (let text = begin; ;) {
    let from = depth > 0 ? 0 : -1;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (escaped) escaped = false;
      else if (inString) {
        if (code === 0x5c) escaped = true;
        else if (code === 0x22) inString = false;
      } else if (depth > 0 && code === 0x22) inString = true;
      else if (code === 0x7b || (code === 0x5b && depth > 0)) {
        if (depth === 0) from = at;
        depth += 1;
      } else if ((code === 0x7d || code === 0x5d) && depth > 0) {
        depth -= 1;
        if (depth > 0) continue;
        collected.json([...parts, text.slice(from, at + 1)].join(''));
        parts = [];
        length = 0;
        from = -1;
      } else if (depth === 0 && !/[\s,[\]]/.test(text.charAt(at))) {
        throw new ExportUnreadable(
          `${collected.path} is no JSON that can be read: "${text.slice(at, at + 20).replace(/\s+/g, ' ')}" stands where a record belongs. Use the file as it was exported.`,
        );
      }
    }
    if (from >= 0) {
      parts.push(text.slice(from));
      length += text.length - from;
      // An answer of Graph is one object with all records in it.
      if (length > longestRecord * 16)
        throw new ExportUnreadable(
          `${collected.path} has a record of more than ${longestRecord * 16} characters. Export it as a list of records, or as JSON lines.`,
        );
    }
    const next = await texts.next();
    if (next.done === true) break;
    text = next.value;
  }
  if (depth > 0)
    throw new ExportUnreadable(
      `${collected.path} ends inside a record: it was cut off while it was downloaded or copied. Export it again.`,
    );
}

async function readCsv(begin: string, texts: AsyncGenerator<string>, collected: Collected): Promise<void> {
  // What Export-Csv of Windows PowerShell and Excel put before the first line.
  let text = begin.trimStart();
  let separator = '';
  for (
    let before = /^(?:#TYPE[^\n]*|sep=(.))\r?\n/i.exec(text);
    before !== null;
    before = /^(?:#TYPE[^\n]*|sep=(.))\r?\n/i.exec(text)
  ) {
    separator = before[1] ?? separator;
    text = text.slice(before[0].length).trimStart();
    if (!text.includes('\n')) {
      const more = await texts.next();
      if (more.done !== true) text += more.value;
    }
  }
  const header = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const counted = [',', ';', '\t']
    .map((one) => [one, header.split(one).length] as const)
    .sort((a, b) => b[1] - a[1]);
  const parser = parse({
    delimiter: separator === '' ? (counted[0]?.[0] ?? ',') : separator,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    max_record_size: longestRecord,
  });
  const feeding = (async () => {
    const write = async (part: string): Promise<void> => {
      if (parser.write(part)) return;
      await new Promise<void>((resolve) => {
        // Both are taken off again: a large export waits thousands of times.
        const goOn = (): void => {
          parser.off('drain', goOn).off('close', goOn);
          resolve();
        };
        parser.on('drain', goOn).on('close', goOn);
      });
    };
    await write(text);
    for await (const part of texts) {
      if (parser.destroyed) return;
      await write(part);
    }
    parser.end();
  })();
  // The parser's failure is met below; a failure to read must end the parser too.
  feeding.catch((error: unknown) =>
    parser.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  let columns: readonly string[] | undefined;
  for await (const row of parser as AsyncIterable<readonly string[]>) {
    if (columns !== undefined) {
      collected.row(columns, row);
      continue;
    }
    columns = row.map((name) => name.trim().toLowerCase());
    collected.columns(columns);
  }
  await feeding;
}
