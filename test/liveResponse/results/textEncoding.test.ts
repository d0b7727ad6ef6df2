// The letters of a text whose encoding nobody names: what is certain, what is guessed, and what is lost.
import { describe, expect, test } from '@jest/globals';
import { decodeText } from '../../../src/liveResponse/results/encoding.ts';

type Order = 'little' | 'big';

function bytesOf(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}
function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
function utf16(text: string, order: Order): Uint8Array {
  const little = Buffer.from(text, 'utf16le');
  return new Uint8Array(order === 'little' ? little : little.swap16());
}
function utf32(text: string, order: Order): Uint8Array {
  return bytesOf(
    Array.from(text).flatMap((character) => {
      const point = character.codePointAt(0) ?? 0;
      const bytes = [point & 0xff, (point >> 8) & 0xff, point >> 16, 0];
      return order === 'little' ? bytes : bytes.toReversed();
    }),
  );
}
/** In a code page in which some letters have the bytes given. */
function paged(text: string, letters: Readonly<Record<string, number>>): Uint8Array {
  return bytesOf(Array.from(text, (letter) => letters[letter] ?? letter.charCodeAt(0)));
}

const western = {
  é: 0x82,
  ä: 0x84,
  à: 0x85,
  ç: 0x87,
  ê: 0x88,
  è: 0x8a,
  ö: 0x94,
  ü: 0x81,
  ß: 0xe1,
  ñ: 0xa4,
  á: 0xa0,
  í: 0xa1,
  ó: 0xa2,
};
const cyrillic1251 = Object.fromEntries(
  Array.from({ length: 64 }, (_one, n) => [String.fromCharCode(0x410 + n), 0xc0 + n]),
);
const cyrillic866 = Object.fromEntries(
  Array.from({ length: 64 }, (_one, n) => [String.fromCharCode(0x410 + n), n < 48 ? 0x80 + n : 0xb0 + n]),
);

const lines = 'Name    Id\r\nsvchost 4\r\n';
const russian = 'Доступ запрещён к файлу Отчёт'.replaceAll('ё', 'е');

describe('UTF-8', () => {
  test.each(['', 'plain', 'Grüße, ファイル 😀', lines])('%j is certain and has no name', (text) => {
    expect(decodeText(utf8(text))).toEqual({ text });
  });

  test('that was cut within a character loses that one alone, where a cut is known of', () => {
    const whole = utf8('Ein Wort: 😀');
    for (const less of [1, 2, 3]) {
      expect(decodeText(whole.subarray(0, whole.length - less), true)).toEqual({ text: 'Ein Wort: ' });
    }
    expect(decodeText(whole.subarray(0, whole.length - 1))).not.toEqual({ text: 'Ein Wort: ' });
  });

  test('with a few broken bytes keeps the rest, and says that something is lost', () => {
    const broken = bytesOf([...utf8('Prüfung für Größe'), 0xff, ...utf8(' schön')]);
    expect(decodeText(broken)).toEqual({ text: 'Prüfung für Größe\ufffd schön', lost: true });
  });

  test('is one with more than two good characters to a broken byte', () => {
    const textOf = (words: string) => bytesOf([...utf8(words), 0xff]);
    expect(decodeText(textOf('für schön'))).toHaveProperty('encoding');
    expect(decodeText(textOf('für Größe'))).toEqual({ text: 'für Größe\ufffd', lost: true });
  });

  test('that says itself that something was lost is taken at its word', () => {
    expect(decodeText(utf8('a\ufffdb'))).toEqual({ text: 'a\ufffdb', lost: true });
  });
});

/** Little end first: the first and the last half of a pair, and what is beyond the last character. */
const noCharacters: readonly (readonly number[])[] = [
  [0, 0xd8, 0, 0],
  [0xff, 0xdf, 0, 0],
  [0, 0, 0x11, 0],
];

describe('what only looks like wide characters', () => {
  test.each([
    ['the first half of a byte order mark', [0xff, 0x61, 0x62]],
    ['the second half of one', [0x61, 0xfe, 0x62]],
    ['the first half of the other', [0xfe, 0x61, 0x62]],
    ['the second half of the other', [0x61, 0xff, 0x62]],
    ['numbers in pairs', [1, 0, 2, 0, 3, 0, 4, 0]],
  ])('is %s', (_what, bytes) => {
    expect(decodeText(bytesOf(bytes)).encoding ?? 'none').not.toMatch(/^UTF/);
  });

  test('is a code page with a few zeros among its letters', () => {
    const bytes = [...Array.from({ length: 30 }, () => [0x61, 0xfc]).flat(), 0x62, 0, 0x62, 0];
    expect(decodeText(bytesOf(bytes)).encoding).toBe('Windows-1252');
  });
});

describe.each<Order>(['little', 'big'])('wide characters, %s end first', (order) => {
  test.each([
    'plain words',
    'a',
    lines,
    'Grüße aus Köln und Überlingen',
    'Odmowa: zażółć gęślą jaźń',
    `Log: ${russian}`,
    'Error: تم رفض الوصول',
    'a\tb\r\n',
    'nineteen plain ones\u0001',
    // One plain character of fifty is the least.
    `${'я'.repeat(49)} `,
  ])('UTF-16 %j', (text) => {
    expect(decodeText(utf16(text, order))).toEqual({ text, encoding: 'UTF-16' });
  });

  test('UTF-16 with its mark, which is not shown', () => {
    expect(decodeText(utf16('\ufeffab', order))).toEqual({ text: 'ab', encoding: 'UTF-16' });
    expect(decodeText(utf16('\ufeff', order))).toEqual({ text: '', encoding: 'UTF-16' });
  });

  test('UTF-16 of the Far East between plain words, with punctuation and full-width forms', () => {
    for (const text of [
      'Error: ファイルが見つかりません。 파일을 찾을 수 없습니다 文件！',
      // Of the last ideographs, and of the first and the last syllables of Hangul.
      'Error: 龍 각 힘',
    ])
      expect(decodeText(utf16(text, order))).toEqual({ text, encoding: 'UTF-16' });
  });

  test('UTF-16 padded with zeros', () => {
    const padded = bytesOf([...utf16('padded', order), 0, 0, 0, 0]);
    expect(decodeText(padded)).toMatchObject({ text: 'padded\0\0', encoding: 'UTF-16' });
  });

  test('UTF-16 with half a pair says that something is lost', () => {
    expect(decodeText(utf16('\ufeffab\ud83dcd', order))).toEqual({
      text: 'ab\ufffdcd',
      encoding: 'UTF-16',
      lost: true,
    });
  });

  test.each(['plain words', lines, 'x 😀 \u{10ffff} y', 'a\tb'])('UTF-32 %j', (text) => {
    expect(decodeText(utf32(text, order))).toEqual({ text, encoding: 'UTF-32' });
    expect(decodeText(utf32(`\ufeff${text}`, order))).toEqual({ text, encoding: 'UTF-32' });
  });

  test.each([
    [true, ' ~\t\r\ufeff'],
    [false, '\u007f\u001f\u0008\u000e\u0001я'],
  ])('UTF-32 of another alphabet is known, %s, by one of %j among fifty', (is, characters) => {
    const half = 'я'.repeat(25);
    for (const one of characters) {
      const { encoding } = decodeText(utf32(`${half}${one}${half.slice(1)}`, order));
      expect(encoding === 'UTF-32').toBe(is);
    }
  });

  test('UTF-32 keeps a mark that is not at its start', () => {
    expect(decodeText(utf32('a\ufeffb', order)).text).toBe('a\ufeffb');
  });

  test('UTF-32 that breaks far behind its start says that something is lost', () => {
    const text = 'x'.repeat(512);
    for (const quad of noCharacters) {
      const bytes = bytesOf([...utf32(text, order), ...(order === 'little' ? quad : quad.toReversed())]);
      expect(decodeText(bytes)).toEqual({ text: `${text}\ufffd`, encoding: 'UTF-32', lost: true });
    }
  });

  test('four bytes that could not be a character are no UTF-32', () => {
    for (const quad of noCharacters) {
      const bad = order === 'little' ? quad : quad.toReversed();
      expect(decodeText(bytesOf([...utf32('words', order), ...bad])).encoding).not.toBe('UTF-32');
    }
    expect(decodeText(utf32('words', order).subarray(0, 19)).encoding).not.toBe('UTF-32');
  });
});

describe('a code page is guessed, and the guess is named', () => {
  test.each([
    ['Windows-1252', 'Der Pfad für Übergrößen ist ungültig', 'latin1'],
    ['Windows-1252', 'Le fichier spécifié est introuvable: accès refusé', 'latin1'],
    ['Windows-1252', 'El sistema no encontró la contraseña', 'latin1'],
  ] as const)('%s: %s', (encoding, text, as) => {
    expect(decodeText(new Uint8Array(Buffer.from(text, as)))).toEqual({ text, encoding, guessed: true });
  });

  test.each([
    'Le fichier spécifié est introuvable: accès refusé',
    'Der Pfad für Prüfung ist ungültig',
    'El sistema no encontró la contraseña',
  ])('CP850: %s', (text) => {
    expect(decodeText(paged(text, western))).toEqual({ text, encoding: 'CP850', guessed: true });
  });

  test('Windows-1251: words of Cyrillic letters', () => {
    expect(decodeText(paged(russian, cyrillic1251))).toEqual({
      text: russian,
      encoding: 'Windows-1251',
      guessed: true,
    });
  });

  test.each(['Ошибка', 'ввод данных', 'ЗАО'].flatMap((word) => [[word], [`Id 4 ${word}`]]))(
    'CP866: few words: %s',
    (text) => {
      expect(decodeText(paged(text, cyrillic866))).toEqual({ text, encoding: 'CP866', guessed: true });
    },
  );

  test('CP866: words of Cyrillic letters', () => {
    expect(decodeText(paged(russian, cyrillic866))).toEqual({
      text: russian,
      encoding: 'CP866',
      guessed: true,
    });
  });

  test('quotes, dashes and the euro of Windows-1252 are read', () => {
    const bytes = bytesOf([
      ...utf8('It'),
      0x92,
      ...utf8('s '),
      0x93,
      ...utf8('ok'),
      0x94,
      ...utf8(' '),
      0x96,
      ...utf8(' 5 '),
      0x80,
    ]);
    expect(decodeText(bytes)).toEqual({ text: 'It’s “ok” – 5 €', encoding: 'Windows-1252', guessed: true });
  });

  test.each([['„Pfad“ an'], ['Siehe „Pfad“ an'], ['Siehe\n„Pfad“ an'], ['Siehe („Pfad“ an)']])(
    'a low quote opens: %j',
    (text) => {
      const quotes = { '„': 0x84, '“': 0x93 };
      expect(decodeText(paged(text, quotes))).toEqual({ text, encoding: 'Windows-1252', guessed: true });
    },
  );

  test('what would be a low quote that closes is a letter at the end of a word', () => {
    expect(decodeText(paged('elä vielä', western)).text).toBe('elä vielä');
  });

  test.each<readonly [string, Readonly<Record<string, number>>]>([
    ['não são', { ã: 0xc6 }],
    ['FÜR ALLE', { Ü: 0x9a }],
  ])(
    'a capital among small letters and a small letter among capitals are misread: CP850: %s',
    (text, letters) => {
      expect(decodeText(paged(text, letters))).toEqual({ text, encoding: 'CP850', guessed: true });
    },
  );

  test.each(['Düsseldorf', 'ÜBER', 'It’s', 'für 5 €', 'kostet 5 €', 'créée', 'às 2 × 3', '¿Qué? 7 ó 8'])(
    'Windows-1252: %s',
    (text) => {
      const signs = { '’': 0x92, '€': 0x80 };
      expect(decodeText(paged(text, signs))).toEqual({ text, encoding: 'Windows-1252', guessed: true });
    },
  );

  test.each([
    ['a letter by itself', 'a \u00e9 b'],
    ['a sign within a word', 'ab\u00aecd'],
    ['one piece of a frame', 'a \u00b3 b'],
  ])('%s is like no code page', (_what, text) => {
    expect(decodeText(paged(text, {})).encoding).toBe('unknown');
  });

  test.each([
    ['Japanese', [0x83, 0x47, 0x83, 0x89, 0x81, 0x5b]],
    ['Polish', paged('Nie można odnaleźć pliku', { ż: 0xbf, ź: 0x9f, ć: 0xe6 })],
  ])('%s of a code page that is not tried is unknown', (_what, bytes) => {
    expect(decodeText(Uint8Array.from(bytes)).encoding).toBe('unknown');
  });

  test('the delete character is no sign of UTF-8', () => {
    const text = '\u007f\u007f\u007ffür';
    expect(decodeText(paged(text, {}))).toEqual({ text, encoding: 'Windows-1252', guessed: true });
  });

  test('a rule of three pieces is read', () => {
    const text = 'Titel ═══';
    expect(decodeText(paged(text, { '═': 0xcd }))).toEqual({ text, encoding: 'CP850', guessed: true });
  });

  test('frames of an American console are read', () => {
    const text = '╒════╕\n│ ok │\n╘════╛';
    const pieces = { '╒': 0xd5, '═': 0xcd, '╕': 0xb8, '│': 0xb3, '╘': 0xd4, '╛': 0xbe };
    expect(decodeText(paged(text, pieces))).toEqual({ text, encoding: 'CP437', guessed: true });
  });

  test('frames of a console are read', () => {
    const side = Array.from({ length: 12 }, () => 0xcd);
    const frame = bytesOf([
      0xc9,
      ...side,
      0xbb,
      10,
      0xba,
      ...utf8('  status ok '),
      0xba,
      10,
      0xc8,
      ...side,
      0xbc,
    ]);
    const text = '╔════════════╗\n║  status ok ║\n╚════════════╝';
    expect(decodeText(frame)).toEqual({ text, encoding: 'CP850', guessed: true });
  });

  test('a text longer than a step is read whole', () => {
    const text = 'für '.repeat(5_000);
    expect(decodeText(new Uint8Array(Buffer.from(text, 'latin1')))).toEqual({
      text,
      encoding: 'Windows-1252',
      guessed: true,
    });
  });

  test('what is like no code page is unknown, and something is lost', () => {
    expect(decodeText(bytesOf([...utf8('a '), 0x8f, ...utf8(' b')]))).toEqual({
      text: 'a \ufffd b',
      encoding: 'unknown',
      lost: true,
    });
  });
});
