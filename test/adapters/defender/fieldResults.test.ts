// Results as they were met in the field: packed, in old code pages, with file names of every form.
import { describe, expect, test } from '@jest/globals';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { readTranscript } from '../../../src/liveResponse/results/transcript.ts';
import { dump, failureOf } from '../../support/defender/simulatedDefender.ts';
import { closeAfterEach } from './clientBench.ts';
import { open, resultAs } from './fieldBench.ts';

closeAfterEach();

const spoken = '{"script_name":"a.ps1","exit_code":0,"script_output":"Größe: 5 €","script_errors":""}';

describe('a result that comes packed', () => {
  test('is asked for as it is, without our token', async () => {
    const { asked } = await resultAs({});
    expect(asked?.headers['accept-encoding']).toBe('identity');
    expect(asked?.headers.authorization).toBeUndefined();
  });

  test.each<[string, Uint8Array, Readonly<Record<string, string>>, string]>([
    ['gzip without a word of it', gzipSync(spoken), {}, 'gzip'],
    ['gzip, called so', gzipSync(spoken), { 'content-encoding': 'gzip' }, 'gzip'],
    ['gzip within gzip', gzipSync(gzipSync(spoken)), { 'content-encoding': 'gzip' }, 'gzip'],
    ['deflate', deflateSync(spoken), { 'content-encoding': 'deflate' }, 'deflate'],
    ['deflate without its wrapping', deflateRawSync(spoken), { 'content-encoding': 'Deflate' }, 'deflate'],
    ['brotli', brotliCompressSync(spoken), { 'content-encoding': 'br' }, 'br'],
  ])('as %s is unpacked, and known to have been packed', async (_how, body, headers, packed) => {
    const { result } = await resultAs({ body, headers });
    expect(new TextDecoder().decode(result.bytes)).toBe(spoken);
    expect(result).toMatchObject({ packed, cut: false });
  });

  test.each<[string, Uint8Array, Readonly<Record<string, string>>]>([
    ['only by its header', Buffer.from(spoken), { 'content-encoding': 'gzip' }],
    ['in a way nobody knows', Buffer.from(spoken), { 'content-encoding': 'zstd' }],
    ['in a broken way', Buffer.concat([gzipSync(spoken).subarray(0, 10), Buffer.alloc(9, 255)]), {}],
  ])('%s stays what it is', async (_how, body, headers) => {
    const { result } = await resultAs({ body, headers });
    expect(Buffer.from(result.bytes)).toEqual(Buffer.from(body));
    expect(result.packed).toBeUndefined();
  });

  test.each<[string, Uint8Array]>([
    ['once', gzipSync(Buffer.alloc(200_000_000))],
    ['twice', gzipSync(gzipSync(Buffer.alloc(200_000_000)))],
  ])('to burst, %s, is unpacked to the bound and no further', async (_how, body) => {
    const before = process.memoryUsage().arrayBuffers;
    const { result } = await resultAs({ body, headers: {} }, { unpack: true }, 1_000_000);
    expect([result.bytes.length, result.cut]).toEqual([1_000_000, true]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
  });

  test('and breaks off shows what was there, known to be cut', async () => {
    const lines = Array.from({ length: 3_000 }, (_, n) => `line ${n} ${(n * 7919) % 1009}`).join('\n');
    const whole = gzipSync(lines);
    const { result } = await resultAs({ body: whole.subarray(0, whole.length / 2), headers: {} });
    expect([
      result.cut,
      lines.startsWith(new TextDecoder().decode(result.bytes)),
      result.bytes.length > 100,
    ]).toEqual([true, true, true]);
  });

  test('stays packed where its first bytes are looked at, and tells how the storage calls it', async () => {
    const { result } = await resultAs(
      { body: gzipSync(spoken), headers: { 'content-encoding': 'gzip' } },
      {},
      16,
    );
    expect([result.bytes[0], result.bytes[1], result.encoding, result.packed]).toEqual([
      0x1f,
      0x8b,
      'gzip',
      undefined,
    ]);
  });
});

describe('an answer of the API that comes packed all the same', () => {
  test.each<[string, (body: Uint8Array) => Uint8Array]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('as %s is read, though it was asked for as it is', async (encoding, pack) => {
    const { client, field, machine } = await open();
    field.change(/./, (answer) => ({
      ...answer,
      headers: { ...answer.headers, 'content-encoding': encoding },
      body: pack(answer.body),
    }));
    const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:packed');
    expect((await client.actions([id])).map((one) => one.id)).toEqual([id]);
    expect(field.asked.every(({ headers }) => headers['accept-encoding'] === 'identity')).toBe(true);
  });

  test('and unpacks beyond every bound is not read', async () => {
    const { client, field } = await open();
    field.answer(/^GET/, () => ({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(50_000_000, 32)),
    }));
    expect((await failureOf(client.library())).code).toBe('unreadable');
  });
});

/** The upper half of CP850, which no encoder here writes: the letters used below. */
const oem: Readonly<Record<string, number>> = {
  ä: 0x84,
  ö: 0x94,
  ü: 0x81,
  ß: 0xe1,
  Ä: 0x8e,
  Ö: 0x99,
  Ü: 0x9a,
  é: 0x82,
  è: 0x8a,
  à: 0x85,
  ç: 0x87,
  ñ: 0xa4,
  ó: 0xa2,
  í: 0xa1,
};
const cp850 = (text: string): Buffer => Buffer.from(Array.from(text, (one) => oem[one] ?? one.charCodeAt(0)));
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const wide = (text: string, order: 'le' | 'be'): Buffer =>
  order === 'le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16();
const written = (output: string): string =>
  JSON.stringify({ script_name: 'a.ps1', exit_code: 0, script_output: output, script_errors: '' });
const german = 'Zugriff verweigert: die Datei für Müller wird schon geöffnet';
const french = "L'accès est refusé: fichier déjà utilisé";
const spanish = 'No se encontró el archivo: operación y contraseña';

const encodings: readonly (readonly [string, Uint8Array, string, object | undefined])[] = [
  ['in UTF-8', Buffer.from(written(german)), german, undefined],
  ['in UTF-8 behind a mark', Buffer.from(`\ufeff${written(german)}`), german, undefined],
  [
    'in UTF-16, little end first, behind a mark',
    wide(`\ufeff${written(german)}`, 'le'),
    german,
    { encoding: 'UTF-16' },
  ],
  [
    'in UTF-16, big end first, behind a mark',
    wide(`\ufeff${written(german)}`, 'be'),
    german,
    { encoding: 'UTF-16' },
  ],
  ['in UTF-16, little end first', wide(written(german), 'le'), german, { encoding: 'UTF-16' }],
  ['in UTF-16, big end first', wide(written(german), 'be'), german, { encoding: 'UTF-16' }],
  [
    'in UTF-16 and no JSON, Cyrillic',
    wide('Отказано в доступе: файл занят', 'le'),
    'Отказано в доступе: файл занят',
    { encoding: 'UTF-16' },
  ],
  [
    'in UTF-16 and no JSON, Japanese',
    wide('アクセスが拒否されました。 (5)', 'be'),
    'アクセスが拒否されました。 (5)',
    { encoding: 'UTF-16' },
  ],
  ['in Windows-1252, German', latin1(written(german)), german, { encoding: 'Windows-1252', guessed: true }],
  ['in Windows-1252, French', latin1(french), french, { encoding: 'Windows-1252', guessed: true }],
  [
    'in Windows-1252 with its own quotes and the euro',
    Buffer.concat([latin1('Größe: '), Buffer.from([0x84, 0x67, 0x75, 0x74, 0x93, 0x20, 0x35, 0x20, 0x80])]),
    'Größe: „gut“ 5 €',
    { encoding: 'Windows-1252', guessed: true },
  ],
  ['in CP850, German', cp850(german), german, { encoding: 'CP850', guessed: true }],
  ['in CP850, French', cp850(written(french)), french, { encoding: 'CP850', guessed: true }],
  ['in CP850, Spanish', cp850(spanish), spanish, { encoding: 'CP850', guessed: true }],
  [
    'in Windows-1251',
    Buffer.from([
      0xce, 0xf2, 0xea, 0xe0, 0xe7, 0xe0, 0xed, 0xee, 0x20, 0xe2, 0x20, 0xe4, 0xee, 0xf1, 0xf2, 0xf3, 0xef,
      0xe5,
    ]),
    'Отказано в доступе',
    { encoding: 'Windows-1251', guessed: true },
  ],
  [
    'in UTF-8 with a broken letter',
    Buffer.concat([Buffer.from(german), Buffer.from([0x20, 0xe4])]),
    `${german} \ufffd`,
    { lost: true },
  ],
  [
    'of no code page that is tried',
    latin1('Odmowa dost\u00eapu: plik jest u\u00bfywany, \u009ccie\u00bfka'),
    'Odmowa dost\ufffdpu: plik jest u\ufffdywany, \ufffdcie\ufffdka',
    { encoding: 'unknown', lost: true },
  ],
];

describe('a text', () => {
  test.each(encodings)('%s is read, and what is not certain is said', async (_how, body, output, letters) => {
    const { result } = await resultAs({ body, headers: {} });
    const transcript = readTranscript(result.bytes, result.cut);
    expect(transcript.output).toEqual(output);
    expect(transcript.letters).toEqual(letters);
  });

  test('in an old code page and packed is both unpacked and guessed', async () => {
    const { result } = await resultAs({ body: gzipSync(cp850(written(german))), headers: {} });
    expect([
      result.packed,
      readTranscript(result.bytes).letters,
      readTranscript(result.bytes).output,
    ]).toEqual(['gzip', { encoding: 'CP850', guessed: true }, german]);
  });

  test('that is none stays none, whatever code page could draw it', async () => {
    const noise = Buffer.from(Array.from({ length: 2_000 }, (_, at) => (at * 7919 + (at >> 3)) % 256));
    const { result } = await resultAs({ body: noise, headers: {} });
    expect(readTranscript(result.bytes).note).toBe('binary');
  });
});

describe('the name of a file', () => {
  test.each([
    ['quoted', 'attachment; filename="OfficeClickToRun.dmp.zip.gz"', 'OfficeClickToRun.dmp.zip.gz'],
    ['not quoted', 'attachment; filename=OfficeClickToRun.dmp.zip.gz', 'OfficeClickToRun.dmp.zip.gz'],
    ['not quoted, with spaces', 'attachment; filename=my dump file.zip; size=3', 'my dump file.zip'],
    ['percent-encoded', 'attachment; filename=my%20dump%C3%A4.zip', 'my dumpä.zip'],
    ['percent-encoded and quoted', 'attachment; filename="my%20dump.zip"', 'my dump.zip'],
    ['with a percent sign that encodes nothing', 'attachment; filename="100% done.txt"', '100% done.txt'],
    ['with a semicolon and quotes inside', 'attachment; filename="a;b \\"c\\".zip"; x=y', 'a;b "c".zip'],
    ['in both forms', "attachment; filename=plain.txt; filename*=UTF-8''na%C3%AFve.txt", 'naïve.txt'],
    ['in Latin-1', "attachment; filename*=iso-8859-1'de'Gr%F6%DFe.txt", 'Größe.txt'],
    ['in a broken extended form', "attachment; filename*=UTF-8''%E4%; filename=plain.txt", 'plain.txt'],
    [
      'in a character set nobody knows',
      'attachment; filename*=klingon\'\'x; filename="plain.txt"',
      'plain.txt',
    ],
    ['that is no longer closed', 'attachment; filename="half.zip', 'half.zip'],
    ['in other letters and gaps', 'ATTACHMENT;FileName = "x.zip"', 'x.zip'],
    ['of another parameter', 'attachment; x-filename=evil.exe; filename=good.zip', 'good.zip'],
  ])('%s is read', async (_how, header, name) => {
    const { result } = await resultAs({ headers: { 'content-disposition': header } });
    expect(result.fileName).toBe(name);
  });
});
