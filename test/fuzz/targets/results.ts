// What a session leaves: transcripts in any encoding, and collected files with any name.
import {
  describeFile,
  maxNameCharacters,
  safeName,
} from '../../../src/liveResponse/results/collectedFile.ts';
import { decodeText } from '../../../src/liveResponse/results/encoding.ts';
import {
  maxTranscriptBytes,
  notTextOf,
  readTranscript,
} from '../../../src/liveResponse/results/transcript.ts';
import { hiddenCharacter } from '../../../src/liveResponse/text/visible.ts';
import { excerptOf } from '../../../cards/clip.ts';
import { view } from '../../../cards/platformLimits.ts';
import { undrawnIn } from '../../support/chats/hostile.ts';
import type { Dice } from '../loop/dice.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const first = 'Transcript started, output file is C:\\x\\PSScript_Transcript_1.txt';

function large(dice: Dice): Buffer {
  const unit = dice.pick([
    'line of text\n',
    '\\n',
    '\\q',
    '\n',
    '\r',
    'a\r',
    '\0',
    '"",',
    '"k":1,',
    '{"a":',
    '[',
    ' ',
    '\u00e9',
    '\u{1f600}',
  ]);
  const [head, tail] = dice.pick([
    ['', ''],
    ['{"script_name":"a","script_output":"', '"}'],
    ['{"script_name":"a","script_output":"', ''],
    ['{"script_output":[', '""]}'],
    ['{', '"script_output":"x"}'],
    ['\ufeff', ''],
  ] as const);
  const bytes = dice.once(3) ? dice.below(maxTranscriptBytes) : maxTranscriptBytes;
  switch (dice.below(6)) {
    case 0:
      return Buffer.from(filled(bytes / 2, unit, `\ufeff${head}`, tail).toString('utf8'), 'utf16le');
    case 1:
      return Buffer.alloc(bytes, Buffer.from([0x61, dice.below(256), 0x62, dice.below(256), 0x20]));
    case 2: {
      const keys = Math.floor(bytes / 14);
      return Buffer.from(
        `{${Array.from({ length: keys }, (_, n) => `"k${n}":1`).join(',')},"script_output":"x"}`,
      );
    }
    default:
      return filled(bytes, unit, head, tail);
  }
}

export const transcript: Target = {
  name: 'transcript',
  form: 'text',
  seeds: [
    ...bytesOf(
      JSON.stringify({
        script_name: 'a.ps1',
        exit_code: 0,
        script_output: `${first}\nout\r\n`,
        script_errors: '',
      }),
      '{"script_name":"minidump.ps1","exit_code":0,"script_output":"Transcript started,\n output file is C:\\x","script_error":""}',
      JSON.stringify({
        value: JSON.stringify([{ ScriptOutput: ['a', 'b'], ScriptErrors: { a: 1 }, ExitCode: '0x1' }]),
      }),
      '\ufeffplain text\n',
      '',
      '\u001f\u008b\u0008',
    ),
    Buffer.from('\ufeff{"script_output":"wide"}', 'utf16le'),
    Buffer.from('caf\xe9 d\xe9j\xe0 vu', 'latin1'),
    Buffer.from([0x61, 0, 0, 0, 0x62, 0, 0, 0]),
    Buffer.from('MZ\0\0PE'),
    Buffer.from([0x1f, 0x8b, 8, 0]),
  ],
  words: [
    'script_output',
    'script_errors',
    'script_error',
    'exit_code',
    'name',
    'value',
    '":"',
    '","',
    '\\u',
    '\\',
    first,
    '\xff\xfe',
    '\ufffd',
    'PSScript_Transcript_',
    '.txt',
  ],
  most: maxTranscriptBytes,
  large,
  run: (input) => {
    const read = readTranscript(input, (input[0] ?? 0) % 7 === 0);
    for (const text of [read.output, read.errors]) {
      check(!/[\0\r]|\s$/.test(text.slice(-4_000)), 'a text ends in white space, or holds NUL or CR');
      check(text.length <= input.length * 6 + 100, 'a text is longer than its file');
    }
    check(read.exitCode === undefined || typeof read.exitCode === 'number', 'an exit code is no number');
    notTextOf(input, read);
    const cut = excerptOf(read.output, {
      lines: view.excerptLines,
      perLine: view.excerptLine,
      total: view.excerptTotal,
    });
    check(undrawnIn(cut.text).length === 0, 'an excerpt holds what nobody can see');
    return read;
  },
};

export const collectedFile: Target = {
  name: 'collectedFile',
  form: 'text',
  seeds: bytesOf(
    'a.zip',
    'C:\\windows\\TEMP\\..\\x.dmp.zip',
    '../../etc/passwd',
    '\u202egnp.exe',
    '.',
    '....',
    'x'.repeat(300),
  ),
  words: ['/', '\\', '.', '..', '\u202e', 'CON', ':', '`', '|'],
  most: 64 * 1024,
  large: (dice) => filled(64 * 1024, dice.pick(['a', '.', '/', '\u202e', '\u{1f600}', ' '])),
  run: (input) => {
    const name = safeName(input.toString('utf8'));
    if (name !== undefined) {
      check(Array.from(name).length <= maxNameCharacters, 'a name is too long');
      check(!/[\\/]|^\./.test(name) && hiddenCharacter(name) === undefined, 'a name is no plain name');
      check(safeName(name) === name, 'a safe name changes when it is made safe again');
    }
    const { text } = decodeText(input);
    check(text.length <= input.length, 'a text has more characters than its file has bytes');
    return describeFile({ bytes: input, cut: false, fileName: input.toString('latin1') });
  },
};
