import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  groupIsOwn,
  keysFrom,
  parseKeys,
  readKeyFile,
  signedText,
  verifiedText,
} from '../../../../src/adapters/store/journal/keys.ts';
import { testKeys, testKeyText } from '../../../support/store/testKeys.ts';

let root = '';
let data = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lr-keys-'));
  data = join(root, 'data');
  mkdirSync(data);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(root, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('a key', () => {
  test('is read in base64 and in hex, the newest first', () => {
    const hex = Buffer.from(testKeyText, 'base64').toString('hex');
    const other = Buffer.alloc(48, 'another ').toString('base64');
    const read = parseKeys(`${other}\n ${hex}\n`);
    if ('wrong' in read) throw new Error(read.wrong);
    const keys = keysFrom(read.secrets);
    expect(keys.current.id).not.toBe(testKeys.current.id);
    expect(keys.rank(testKeys.current.id)).toBe(1);
    expect(keys.rank('0'.repeat(16))).toBeUndefined();
  });

  test.each([
    ['', 'is empty'],
    ['   \n', 'is empty'],
    ['c2hvcnQ=', 'holds 5 bytes, and a key has 32 or more'],
    [Buffer.alloc(40).toString('base64'), 'holds one byte over and over'],
    ['what?', 'is neither base64 nor hexadecimal'],
  ])('that is %j is refused: %s', (text, wrong) => {
    expect(parseKeys(text)).toEqual({ wrong });
  });

  test('proves a file under its own name only', () => {
    const signed: unknown = JSON.parse(signedText(testKeys, 'one.json', 'hello'));
    expect(verifiedText(testKeys, 'one.json', signed)).toBe('hello');
    expect(verifiedText(testKeys, 'two.json', signed)).toBeUndefined();
    expect(verifiedText(testKeys, 'one.json', { ...(signed as object), text: 'hullo' })).toBeUndefined();
    expect(verifiedText(keysFrom([Buffer.alloc(32, 'x y')]), 'one.json', signed)).toBeUndefined();
    for (const wrong of [undefined, null, 'x', {}, { text: 1 }])
      expect(verifiedText(testKeys, 'one.json', wrong)).toBeUndefined();
  });
});

describe('a key file', () => {
  test('is taken when its owner alone may read it, and warned of when a group may', () => {
    expect(readKeyFile(file('key', `${testKeyText}\n`), data)).toMatchObject({
      keys: { current: { id: testKeys.current.id } },
      warnings: [],
    });
    expect(readKeyFile(file('key', testKeyText, 0o640), data).warnings).toEqual([
      expect.stringContaining('A group may use the journal key'),
    ]);
  });

  test.each([
    ['as the kubelet hands it in', {}, {}, true],
    ['of another than root', { uid: 1000 }, {}, false],
    ['of the bot itself', { uid: 10_001 }, {}, false],
    ['of a group that is not the bot’s', { gid: 20_000 }, {}, false],
    ['of a group that many users have', { gid: 100 }, { gid: 100 }, false],
    ['that the group may also write', { mode: 0o100_460 }, {}, false],
    ['that everybody may read', { mode: 0o100_444 }, {}, false],
    ['read by root', { gid: 0 }, { uid: 0, gid: 0 }, false],
  ])('%s belongs to a group that is the bot’s own: %j %j %s', (_, about, own, is) => {
    expect(
      groupIsOwn({ uid: 0, gid: 10_001, mode: 0o100_440, ...about }, { uid: 10_001, gid: 10_001, ...own }),
    ).toBe(is);
  });

  test.each<readonly [string, () => string, RegExp]>([
    [
      'is not there',
      () => join(root, 'none'),
      /cannot be read: .* To make one, as the bot’s user: .*openssl rand -base64 32/,
    ],
    [
      'everybody may read',
      () => file('key', testKeyText, 0o644),
      /Everybody on this machine may use the journal key .* \(mode 644\).*chmod 600/,
    ],
    [
      'lies in the data folder',
      () => file('data/key', testKeyText),
      /lies in the data folder .* Move it elsewhere/,
    ],
    [
      'is reached in the data folder by a link',
      () => {
        file('data/real', testKeyText);
        symlinkSync(join(data, 'real'), join(root, 'link'));
        return join(root, 'link');
      },
      /lies in the data folder/,
    ],
    ['is a folder', () => data, /is not a file/],
    ['is huge', () => file('key', 'x'.repeat(20_000)), /has 20000 bytes/],
    ['holds no key', () => file('key', 'secret'), /is neither base64|holds \d+ bytes/],
  ])('that %s is refused with the way out', (_what, path, words) => {
    expect(() => readKeyFile(path(), data)).toThrow(words);
  });
});
