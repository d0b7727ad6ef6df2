// Forms of transcripts that come wrapped, with marks around them, with odd fields, or are no text at all.
import { describe, expect, test } from '@jest/globals';
import { notTextOf, readTranscript } from '../../../src/liveResponse/results/transcript.ts';
import type { Transcript } from '../../../src/liveResponse/results/transcript.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const read = (text: string): Transcript => readTranscript(bytes(text));
const plain = { script_name: 'a.ps1', exit_code: 0, script_output: 'hello', script_errors: '' };
const json = JSON.stringify(plain);
const asRead = { scriptName: 'a.ps1', exitCode: 0, output: 'hello', errors: '' };

describe('around a transcript', () => {
  // Each stands outside the end-of-file mark of DOS, which no reader of JSON takes.
  test.each([' ', '\t', '\r', '\n', '\ufeff', '\u001a'])('%j is no part of it', (around) => {
    expect(read(`${around}\u001a${json}\u001a${around}`)).toEqual(asRead);
  });

  test('half a letter is no part of it, and is told', () => {
    expect(read(`\ufffd${json}\ufffd`)).toEqual({ ...asRead, letters: { lost: true } });
  });
});

describe('a transcript in something else', () => {
  const text = (inner: string): string => JSON.stringify(inner);
  const list = (inner: string): string => `[${inner}]`;
  const value = (inner: string): string => `{"value":${inner}}`;

  test.each([
    ['a text', text],
    ['a list of one', list],
    ['a value', value],
  ])('is taken out of %s, twice, and not a third time', (_what, wrap) => {
    expect(read(wrap(json))).toEqual(asRead);
    expect(read(wrap(wrap(json)))).toEqual(asRead);
    const thrice = wrap(wrap(wrap(json)));
    expect(read(thrice)).toMatchObject({ output: thrice, raw: true, note: 'notJson' });
  });

  test.each(['two transcripts', 'no transcript'])('is not looked for in a list of %s', (what) => {
    const several = what === 'two transcripts' ? `[${json},${json}]` : '[]';
    expect(read(several)).toMatchObject({ output: several, raw: true });
  });

  test('is repaired only where it begins as an object', () => {
    const broken = '{"script_output":"a\nb"}';
    expect(read(broken)).toMatchObject({ output: 'a\nb', note: 'mended' });
    expect(read(`${broken}}`)).toMatchObject({ output: `${broken}}`, raw: true, note: 'notJson' });
    expect(read(`[${broken}]`)).toMatchObject({ output: `[${broken}]`, raw: true, note: 'notJson' });
  });
});

describe('the fields of a transcript', () => {
  test.each<readonly [string, object]>([
    ['{"script_errors":"bad"}', { output: '', errors: 'bad' }],
    ['{"script_error":"bad"}', { output: '', errors: 'bad' }],
    ['{"script_output":null,"script_errors":"bad"}', { output: '', errors: 'bad' }],
    ['{"script_output":true}', { output: 'true', errors: '' }],
    ['{"script_output":"a\\rb\\r\\nc"}', { output: 'a\nb\nc', errors: '' }],
    ['{"script_name":"","script_output":"a"}', { output: 'a', errors: '' }],
    ['{"script_name":7,"script_output":"a"}', { output: 'a', errors: '' }],
    ['{"script_name":"s","script_output":"a"}', { scriptName: 's', output: 'a', errors: '' }],
    ['{"script_errors":["one","",{"code":5},{}]}', { output: '', errors: 'one\n{"code":5}' }],
    ['{"script_output":"a","script_errors":{}}', { output: 'a', errors: '' }],
    ['{"script_errors":"bad","exit_code":"no"}', { output: '', errors: 'bad\nexit_code: no' }],
    ['{"script_output":"a","exit_code":null}', { output: 'a', errors: '' }],
    ['{"script_output":"a","exit_code":""}', { output: 'a', errors: '' }],
    ['{"script_output":"a","exit_code":"0x10"}', { exitCode: 16, output: 'a', errors: '' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toStrictEqual(expected);
  });

  test('an object in place of the output is shown as it came, so that nobody is told of an empty one', () => {
    const text = '{"script_output":{"lines":["a"]}}';
    expect(read(text)).toMatchObject({ output: text, raw: true });
  });

  test('an escape at the end of a text that is repaired does not hide its end', () => {
    expect(read('{"script_output":"a\nb\\n","script_errors":"c"}')).toEqual({
      output: 'a\nb',
      errors: 'c',
      note: 'mended',
    });
  });
});

describe('a file of which only the beginning was read', () => {
  test.each([
    ['whole', json, 'hello'],
    ['repaired', '{"script_output":"a\nb"}', 'a\nb'],
    ['no JSON', 'just text', 'just text'],
  ])('is noted as cut although what was read is %s', (_what, text, output) => {
    expect(readTranscript(bytes(text), true)).toMatchObject({ output, note: 'cut' });
  });

  test('is noted as cut when it ends within a text, though nobody said so', () => {
    expect(read('{"script_output":"one')).toMatchObject({ output: 'one', note: 'cut' });
  });
});

describe('the first line of PowerShell', () => {
  const named = 'C:\\Temp\\PSScript_Transcript_{1}.txt';

  test.each([
    ['names another file', 'Transcript started, output file is C:\\x\nok', 'C:\\x', 'ok'],
    ['ends with another file', 'Transcript started, output file is C:\\own.txt and more', 'and more', ''],
    ['begins with the file', 'PSScript_Transcript_{1}.txt begun\nok', '{1}.txt', 'begun\nok'],
    ['runs into the output', `Begonnen: ${named}one\ntwo`, named, 'one\ntwo'],
  ])('that %s is parted from the output', (_what, text, end, output) => {
    const found = read(text);
    expect(found.output).toBe(output);
    expect(found.firstLine?.endsWith(end)).toBe(true);
  });

  test('is only looked for on the first line', () => {
    expect(read(`\na ${named}`)).toMatchObject({ output: `\na ${named}` });
    expect(read(`\na ${named}`)).not.toHaveProperty('firstLine');
  });
});

describe('what is no text', () => {
  test.each([
    ['a gzip file', [0x1f, 0x8b, 0x08]],
    ['a zip file', [0x50, 0x4b, 3]],
    ['an empty zip file', [0x50, 0x4b, 5]],
  ])('%s is not shown, however readable it goes on', (_what, head) => {
    const file = Uint8Array.from([...head, ...bytes(' readable words'.repeat(20))]);
    expect(readTranscript(file)).toMatchObject({ output: '', note: 'binary' });
  });

  test.each(['PK', 'PK\tvalue', 'PX\u0007 done', 'OK\u0007 done', '\u001fone', 'Ëtre'])(
    'text that only begins like a packed file is shown: %j',
    (text) => {
      expect(read(text)).toMatchObject({ output: text });
    },
  );

  test.each([
    [false, '\u0001\u0008\u000e\u001f\ufffd'],
    [true, '\t\n\u000c\u001b x'],
  ])('text is shown, %s, where three of ten characters are one of %j', (is, characters) => {
    for (const one of characters)
      expect([one, read(`${one.repeat(3)}readable`.slice(0, 10)).note]).toEqual([
        one,
        is ? 'notJson' : 'binary',
      ]);
  });

  test('two odd characters of ten do no harm', () => {
    expect(read('\u0001\u0001readable')).toMatchObject({ note: 'notJson' });
  });
});

describe('what is read as an old code page', () => {
  const words = (one: string, count: number): Uint8Array =>
    latin1(`${one}Größe der Prüfung für Übergrößen`.padEnd(count, '.'));

  test.each([
    [false, '\u0001\u0006\u000e\u001f\u007f'],
    [true, '\u0000\u0007\u000d\u001b x'],
  ])('is text, %s, where more than two of a hundred bytes are one of %j', (is, characters) => {
    for (const one of characters)
      expect([one, readTranscript(words(one, 49)).note]).toEqual([one, is ? 'notJson' : 'binary']);
  });

  test('is text with two of a hundred bytes of no letter', () => {
    expect(readTranscript(words('\u0001', 50)).note).toBe('notJson');
  });

  test.each([
    ['UTF-8', (text: string) => bytes(text)],
    ['UTF-16', (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'))],
    ['UTF-32', (text: string) => new Uint8Array(new Uint32Array(Array.from(text, codeOf)).buffer)],
  ])('is no measure for %s, whose bytes are known', (_encoding, encoded) => {
    const text = 'Доступ к файлу запрещен: \u0001 Отчет не найден';
    expect(readTranscript(encoded(text)).output).toBe(text);
  });
});

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

describe('what lies in place of a transcript', () => {
  test.each<readonly [string, Uint8Array, boolean, string]>([
    ['a gzip file', Uint8Array.from([0x1f, 0x8b, 8, 0]), false, 'gzip'],
    ['a zip file', Uint8Array.from([0x50, 0x4b, 3, 4]), false, 'zip'],
    ['a program', bytes('MZ\0\0'), false, 'other'],
    ['nothing', new Uint8Array(), false, 'empty'],
    ['zeros', new Uint8Array(4), false, 'blank'],
    ['a beginning without output', bytes('{"script_output":"'), true, 'cut'],
  ])('is told of %s, with the size of the file', (_what, file, cut, kind) => {
    const found = readTranscript(file, cut);
    expect(notTextOf(file, found)).toEqual({ kind, bytes: file.length });
    expect(notTextOf(file, found, 9_000)).toEqual({ kind, bytes: 9_000 });
  });

  test.each([json, 'just text', '{"script_output":"","script_errors":"bad"}', '{"script_output":""}'])(
    'is nothing else where a script is known to have printed what it did: %s',
    (text) => {
      expect(notTextOf(bytes(text), read(text))).toBeUndefined();
    },
  );

  test('is no question where something of a cut file could be read', () => {
    const cut = readTranscript(bytes('{"script_output":"one'), true);
    expect(notTextOf(bytes('x'), cut)).toBeUndefined();
    const errors = readTranscript(bytes('{"script_errors":"one'), true);
    expect(notTextOf(bytes('x'), errors)).toBeUndefined();
  });
});
