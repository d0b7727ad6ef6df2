import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  notTextOf,
  maxTranscriptBytes,
  readTranscript,
} from '../../../src/liveResponse/results/transcript.ts';
import { isLinear } from '../../support/linearTime.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const firstLine =
  'Transcript started, output file is C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Temp\\PSScriptOutputs\\PSScript_Transcript_{TRANSCRIPT_ID}.txt';

/** The sample of the documents, byte for byte: a raw line break within the string. */
const sample = `{
    "script_name": "minidump.ps1",
    "exit_code": 0,
    "script_output": "Transcript started, output file is C:\\\\ProgramData\\\\Microsoft\\\\Windows Defender Advanced Threat Protection\\\\Temp\\\\PSScriptOutputs\\\\PSScript_Transcript_{TRANSCRIPT_ID}.txt
C:\\\\windows\\\\TEMP\\\\OfficeClickToRun.dmp.zip\\n51 MB\\n\\u0000\\u0000\\u0000",
    "script_error":""
}`;

describe('a transcript', () => {
  test('of the documents is read although its JSON is broken', () => {
    expect(readTranscript(bytes(sample))).toEqual({
      scriptName: 'minidump.ps1',
      exitCode: 0,
      output: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip\n51 MB',
      errors: '',
      firstLine,
      note: 'mended',
    });
  });

  test('of strict JSON is read in both spellings', () => {
    const today = {
      script_name: 'a.ps1',
      exit_code: 3,
      script_output: `${firstLine}\r\nhello\r\n\u0000`,
      script_errors: 'bad\r\n',
    };
    expect(readTranscript(bytes(JSON.stringify(today)))).toEqual({
      scriptName: 'a.ps1',
      exitCode: 3,
      output: 'hello',
      errors: 'bad',
      firstLine,
    });
    const then = { name: 'a.ps1', exit_code: '-1', script_output: 'hello', script_error: 'bad' };
    expect(readTranscript(bytes(JSON.stringify(then)))).toEqual({
      scriptName: 'a.ps1',
      exitCode: -1,
      output: 'hello',
      errors: 'bad',
    });
  });

  test('of a bash script has no first line and keeps its own', () => {
    expect(
      readTranscript(
        bytes(
          '{"script_name":"a.sh","exit_code":0,"script_output":"Hello from Defender\\n","script_errors":""}',
        ),
      ).output,
    ).toBe('Hello from Defender');
  });

  test('loses the first line of PowerShell in any language', () => {
    const german =
      'Die Aufzeichnung wurde gestartet. Die Ausgabedatei ist "C:\\Temp\\PSScriptOutputs\\PSScript_Transcript_{1}.txt';
    const read = readTranscript(bytes(JSON.stringify({ script_output: `${german}\nok` })));
    expect(read).toEqual({ output: 'ok', errors: '', firstLine: german });
  });

  test('keeps what stands on the first line behind the file name', () => {
    expect(
      readTranscript(bytes(JSON.stringify({ script_output: `${firstLine}all on one line` }))).output,
    ).toBe('all on one line');
  });

  test('without any output says so', () => {
    expect(readTranscript(bytes('{"script_output":"","script_errors":""}'))).toEqual({
      output: '',
      errors: '',
      note: 'empty',
    });
    expect(readTranscript(bytes(JSON.stringify({ exit_code: 0, script_output: `${firstLine}\n` })))).toEqual({
      exitCode: 0,
      output: '',
      errors: '',
      firstLine,
      note: 'empty',
    });
    expect(readTranscript(new Uint8Array())).toEqual({ output: '', errors: '', raw: true, note: 'empty' });
    expect(readTranscript(new Uint8Array(50))).toEqual({ output: '', errors: '', raw: true, note: 'empty' });
  });

  test('is read behind a byte order mark and in UTF-16', () => {
    const text = JSON.stringify({ script_name: 'ä.ps1', script_output: 'größe' });
    const utf16 = (little: boolean, mark: boolean) => {
      const buffer = Buffer.from(mark ? `\uFEFF${text}` : text, 'utf16le');
      return new Uint8Array(little ? buffer : buffer.swap16());
    };
    expect(readTranscript(bytes(`\uFEFF${text}`))).toEqual({
      scriptName: 'ä.ps1',
      output: 'größe',
      errors: '',
    });
    for (const input of [utf16(true, true), utf16(false, true), utf16(true, false), utf16(false, false)]) {
      expect(readTranscript(input)).toEqual({
        scriptName: 'ä.ps1',
        output: 'größe',
        errors: '',
        letters: { encoding: 'UTF-16' },
      });
    }
  });

  test('with raw control characters, padding and paths that escape nothing is mended', () => {
    const broken =
      '{"script_name":"a.ps1","script_output":"tab\there C:\\windows\\system32 \u0007 \\u12 end\u0000\u0000","exit_code":1}\u0000\u0000';
    expect(readTranscript(bytes(broken))).toEqual({
      scriptName: 'a.ps1',
      exitCode: 1,
      output: 'tab\there C:\\windows\\system32 \u0007 \\u12 end',
      errors: '',
      note: 'mended',
    });
  });

  test('that ends in the middle of its output shows what is there', () => {
    for (const end of ['', '\\', '\\u00']) {
      const read = readTranscript(bytes(`{"script_name":"a.ps1","script_output":"one\\ntwo${end}`), true);
      expect(read.output.startsWith('one\ntwo')).toBe(true);
      expect(read.note).toBe('cut');
    }
  });

  test('that is no JSON is shown as it is', () => {
    expect(readTranscript(bytes(`${firstLine}\nplain \u0000text\r\nhere\n`))).toEqual({
      output: 'plain text\nhere',
      errors: '',
      firstLine,
      raw: true,
      note: 'notJson',
    });
    expect(readTranscript(bytes('[1,2]'))).toMatchObject({ output: '[1,2]', raw: true });
    expect(readTranscript(bytes('{"other":1}'))).toMatchObject({ output: '{"other":1}', raw: true });
    expect(readTranscript(bytes('{"script_output":"a"} and more'))).toMatchObject({
      output: '{"script_output":"a"} and more',
      raw: true,
    });
  });

  test('that is an archive is not shown at all', () => {
    expect(readTranscript(new Uint8Array([0x1f, 0x8b, 8, 0]))).toEqual({
      output: '',
      errors: '',
      raw: true,
      note: 'binary',
    });
    expect(readTranscript(new Uint8Array([0x50, 0x4b, 3, 4]))).toMatchObject({ note: 'binary' });
  });

  test.each([
    ['an event log', 'ElfFile\0'],
    ['a registry hive', 'regf\x01\0'],
    ['a dump', 'MDMP\x93\xa7\0\0'],
    ['a database', 'SQLite format 3\0'],
    ['a program', 'MZ\x90\0\x03\0This program cannot be run in DOS mode.\r\n'],
    ['a 7z archive', '7z\xbc\xaf\x27\x1c'],
    ['zstd', '(\xb5/\xfd'],
    ['a PDF', '%PDF-1.7\n1 0 obj'],
    ['a tar archive', `name.txt${'\0'.repeat(249)}ustar`],
  ])('row 1.6: that is %s is never told as what the script printed', (_what, head) => {
    const file = Buffer.concat([
      Buffer.from(head, 'latin1'),
      Buffer.from('readable words and more of them, '.repeat(20)),
    ]);
    const read = readTranscript(file);
    expect(read).toEqual({ output: '', errors: '', raw: true, note: 'binary' });
    expect(notTextOf(file, read)).toEqual({ kind: 'other', bytes: file.length });
  });

  test.each(['MZ is how a program begins', 'regf: nothing found', 'BZh is bzip2', '7z l a.7z', 'Rar!'])(
    'row 1.6: text that only begins like one is shown: %j',
    (text) => {
      expect(readTranscript(bytes(text))).toMatchObject({ output: text });
    },
  );

  test('survives fields of odd types and a prototype among its keys', () => {
    const odd =
      '{"__proto__":{"script_name":"evil","polluted":1},"exit_code":{"a":1},"script_output":["a",2,"b"],"script_errors":null}';
    expect(readTranscript(bytes(odd))).toEqual({ output: 'a\n\nb', errors: 'exit_code: {"a":1}' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(readTranscript(bytes('{"script_output":7,"exit_code":"no"}'))).toEqual({
      output: '7',
      errors: 'exit_code: no',
    });
  });

  test('nested without end is shown as text', () => {
    const deep = `{"script_output":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(readTranscript(bytes(deep))).toMatchObject({ raw: true, note: 'notJson' });
  });

  test('with more names of fields than a transcript has is shown as text', () => {
    const json = (names: number): string =>
      JSON.stringify({
        script_output: 'x',
        script_errors: Object.fromEntries(Array.from({ length: names - 2 }, (_, at) => [`k${at}`, 0])),
      });
    expect(readTranscript(Buffer.from(json(1_000)))).toMatchObject({ output: 'x' });
    expect(readTranscript(Buffer.from(json(1_001)))).toMatchObject({ output: json(1_001), raw: true });
  });

  test('is never a reason to throw', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (input, cut) => typeof readTranscript(input, cut).output === 'string',
      ),
    );
    const pieces = fc.array(
      fc.constantFrom('{', '}', '"', '\\', '\n', '\u0000', 'script_output', ':', ',', '\\u', '[', 'x', '1'),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(pieces, (parts) => typeof readTranscript(bytes(parts.join(''))).output === 'string'),
      { numRuns: 500 },
    );
  });

  test('gives back any output that strict JSON can carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (output) => {
        const clean = output
          .replaceAll('\u0000', '')
          .replaceAll('\r\n', '\n')
          .replaceAll('\r', '\n')
          .trimEnd();
        const read = readTranscript(bytes(JSON.stringify({ script_name: 's', script_output: output })));
        expect(read.output).toBe(clean);
      }),
    );
  });

  test.each([
    ['{"script_output":"', '\\'],
    ['{"script_output":"', '\\u'],
    ['', '{'],
    ['', '"'],
    ['{"a":"', '\u0001'],
    ['{"script_output":"', '\n'],
  ])(
    'of %j and then %j again and again is read in time that grows with its length alone',
    (before, piece) => {
      const textOf = (size: number): string => before + piece.repeat(size / piece.length);
      const whole = textOf(100_000);
      expect(readTranscript(bytes(whole)).output.length).toBeLessThanOrEqual(whole.length);
      expect(isLinear((size) => bytes(textOf(size)), readTranscript)).toBe(true);
    },
  );

  test('of more than 2 MB is read up to there', () => {
    expect(maxTranscriptBytes).toBe(2 * 1024 * 1024);
    const line = `${'x'.repeat(79)}\n`;
    const large = bytes(`{"script_name":"a","script_output":"${line.repeat(150_000)}"}`);
    expect(large.length).toBeGreaterThan(maxTranscriptBytes);
    const read = readTranscript(large);
    expect(read.note).toBe('cut');
    expect(read.output.length).toBeGreaterThan(maxTranscriptBytes - 1000);
  });
});
