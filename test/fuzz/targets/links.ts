// Addresses of results, and the names of files that come with them.
import { checkedLink, fileNameOf, resultHosts } from '../../../src/adapters/outbound/resultLink.ts';
import { isOpenable } from '../../../cards/cardView.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { readLink } from '../../../src/adapters/defender/wire.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const secret = 'sIgNaTuRe0123';
const rules = { hosts: resultHosts, origins: ['http://127.0.0.1:4'] };

function checkHost(text: string): void {
  try {
    const { url, configured } = checkedLink(text, rules);
    check(
      configured || (url.protocol === 'https:' && url.port === '' && url.username === ''),
      'an address is not safe',
    );
    check(
      configured || resultHosts.some((ending) => url.hostname.endsWith(ending)),
      'a host is not on the list',
    );
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    check(error.code === 'untrusted', 'an address is refused for another reason');
    check(
      !error.message.includes(secret) || !text.includes(`sig=${secret}`),
      'a sentence holds the signature',
    );
  }
}

export const resultLinks: Target = {
  name: 'resultLinks',
  form: 'text',
  seeds: bytesOf(
    `https://x.blob.core.windows.net/c/f?sig=${secret}&se=2026-11-30T12:00:00Z`,
    'https://x.blob.core.windows.net.evil.example/',
    'https://user:pass@x.blob.core.windows.net/',
    'http://127.0.0.1:4/x',
    'https://[::1]/',
    'https://x.z01.blob.storage.azure.net./',
    'attachment; filename="a b.zip"; filename*=UTF-8\'en\'na%C3%AFve.txt',
    "attachment; filename=100% done.txt; filename*=utf-16'x'%00a",
  ),
  words: [
    'https://',
    '.blob.core.windows.net',
    '@',
    ':443',
    '#',
    '?',
    '\\',
    '/',
    '\u3002',
    '%2e',
    'filename',
    'filename*=',
    "''",
    '=',
    ';',
    '"',
    `sig=${secret}`,
  ],
  most: 64 * 1024,
  large: (dice) =>
    filled(
      64 * 1024,
      dice.pick(['a', '.', '/', ';', '; a=', '%41', '"\\', '\u3002', "'", ' ']),
      dice.pick(['', 'https://', 'https://x.blob.core.windows.net/', 'attachment; filename="']),
    ),
  run: (input) => {
    const text = input.toString('utf8');
    checkHost(text);
    isOpenable(text);
    const name = fileNameOf(input.toString('latin1'));
    fileNameOf(text);
    check(name === undefined || name.length <= 2_000, 'a name is longer than its header');
    return [name, readLink({ value: text })];
  },
};
