// Settings and short texts: the .env file, durations, ids, keys, numbers of Windows errors, dates.
import { settingsIn, settingsText, mostBytes } from '../../../src/adapters/config/dotEnv.ts';
import { readDuration } from '../../../src/adapters/config/environment.ts';
import { readTime } from '../../../src/adapters/defender/wire.ts';
import { printable } from '../../../src/adapters/printable.ts';
import { timeOf } from '../../../src/adapters/store/audit/records.ts';
import { parseKeys } from '../../../src/adapters/store/journal/keys.ts';
import { duration, size, stamp } from '../../../cards/clip.ts';
import { nearest } from '../../../src/bot/commands/lineReaders.ts';
import { idFrom, normaliseId, readCode } from '../../../src/bot/commands/requestId.ts';
import { hresultText, readHresult } from '../../../src/liveResponse/codes/hresult.ts';
import {
  drawnOutOfOrder,
  hiddenCharacter,
  inOrder,
  strayMark,
} from '../../../src/liveResponse/text/visible.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

/** No name may hold this, so it can only be (a part of) a value. */
const secret = 'pw$7!t\u00e9st';

export const dotEnv: Target = {
  name: 'dotEnv',
  form: 'text',
  seeds: bytesOf(
    `# c\nLR_DATA_DIR=./data\nexport SLACK_BOT_TOKEN='${secret}'\nA="x\ny"\r\nB=a#${secret}\nnot a setting\nA=2\n`,
    `A="${secret}\\n"b\nB=\u201c${secret}\u201d\nC=\`${secret}\nD='`,
    '\ufeffA=1',
  ),
  words: [secret, '=', '#', '"', "'", '`', '\n', '\r\n', 'export ', 'A', 'NODE_OPTIONS', '\\n', '\u201c'],
  // Read once, before anything listens; a file may have four times as much.
  most: mostBytes / 4,
  large: (dice) =>
    filled(
      mostBytes / 4,
      dice.pick(['A=1\n', '"', 'A="\n', "='", '\n', 'export ', ' ', `B=${secret}#\n`, 'A', '\r']),
    ),
  run: (input) => {
    const text = settingsText(input);
    if (text === undefined) return undefined;
    const { set, odd } = settingsIn(text);
    check(
      odd.every((one) => !one.includes(secret)),
      'a sentence holds a value',
    );
    check(
      Object.entries(set).every(
        ([name, value]) => /^[A-Za-z_][\w.-]*$/.test(name) && typeof value === 'string',
      ),
      'a setting has no name',
    );
    return { set, odd };
  },
};

export const shortTexts: Target = {
  name: 'shortTexts',
  form: 'text',
  seeds: bytesOf(
    '30m',
    '2026-11-30T12:00:00.1234567Z',
    '0x80070005',
    '-2147024891',
    'lr-7f3k2q',
    'r1-1c9e04ab5d6f7a8b',
    '11/30/2026 1:02:03 PM',
    'Windows 11',
    '\u05d0 1 \u05d1 22',
  ),
  words: [
    'lr-',
    '0x',
    '-',
    'T',
    'Z',
    '+01:00',
    'AM',
    '/',
    '7d',
    's',
    'e',
    '0001-01-01T00:00:00Z',
    '9999-12-31',
  ],
  most: 64 * 1024,
  large: (dice) =>
    filled(64 * 1024, dice.pick(['0', 'a', '-', '[', '.', ' ', '\u0301', '\u05d0 1 ', '\u202e', '(', ','])),
  run: (input) => {
    const text = input.toString('utf8');
    const time = readTime(text);
    check(time === undefined || (time >= Date.UTC(2000) && stamp(time) !== ''), 'a time is none of Defender');
    const ms = readDuration(text.trim());
    check(
      ms === undefined || (Number.isSafeInteger(ms) && ms > 0 && duration(ms) !== ''),
      'a duration is no duration',
    );
    timeOf(text);
    const id = normaliseId(text);
    check(id === undefined || normaliseId(id) === id, 'an id changes when it is read again');
    readCode(text);
    idFrom(text);
    nearest(text, ['approve', 'status']);
    for (const given of [text, Number(text)]) {
      const code = readHresult(given);
      if (code !== undefined)
        check(readHresult(hresultText(code).slice(0, 10)) === code, 'an error number is told as another one');
    }
    parseKeys(text);
    size(Number(text) || 0);
    strayMark(text);
    drawnOutOfOrder(text);
    const shown = inOrder(text);
    check(hiddenCharacter(shown) === undefined, 'a text is shown with hidden characters');
    check(!/[\p{Cc}\p{Cf}]/u.test(printable(text)), 'a text for a terminal holds controls');
    return shown;
  },
};
