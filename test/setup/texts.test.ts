// What the assistant writes, for any answer: settings are read as they were given or refused, and every
// policy is one that our own reader takes.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { checkName, whyNoPair } from '../../src/setup/questions/answers.ts';
import { envText, hiddenEnvText } from '../../src/setup/envText.ts';
import { policyText } from '../../src/setup/policyText.ts';
import { giveName, removeDrafts, writeNew } from '../../src/setup/writing.ts';
import { root } from '../support/root.ts';

const example = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
const base = {
  chat: { chats: ['slack-socket'] as const },
  tenant: { tenant: 'simulator' as const },
  keyFile: undefined,
  policyFile: './policy.yaml',
  dataDir: './data',
};

test('a secret of any characters is read as it was typed, or refused without being told', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'aZ9 #\'"`\\$~=!\n\r\t'.split('')) }),
      (typed) => {
        const value = typed.trim();
        fc.pre(value.length > 0);
        const secrets = new Map([['SLACK_BOT_TOKEN', { value }]]);
        try {
          const text = envText({ ...base, secrets, more: {} });
          expect(parseEnv(text)).toMatchObject({ SLACK_BOT_TOKEN: value, LR_DEFENDER: 'simulator' });
        } catch (error) {
          if (!(error instanceof Error) || !error.message.startsWith('The value of')) throw error;
          expect(error.message).toBe(
            'The value of SLACK_BOT_TOKEN cannot be written into .env as it is. Put it into a file of its own and name that by SLACK_BOT_TOKEN_FILE.',
          );
        }
      },
    ),
  );
});

test('a dry run hides every secret', () => {
  const secrets = new Map([
    ['SLACK_BOT_TOKEN', { value: 'xoxb-canary' }],
    ['SLACK_APP_TOKEN', { value: 'xapp-canary#1' }],
  ]);
  expect(hiddenEnvText(envText({ ...base, secrets, more: {} }))).not.toContain('canary');
});

test('a dry run hides what is the beginning of another secret, and what other settings hold', () => {
  const secrets = new Map([
    ['SLACK_BOT_TOKEN', { value: 'xoxb-aaaa' }],
    ['SLACK_APP_TOKEN', { value: 'xoxb-aaaa-canary' }],
  ]);
  const more = {
    LR_JOURNAL_KEY: 'canary1+/=',
    HTTPS_PROXY: 'http://me:canary@proxy:1',
    LR_ANCHOR_URL: 'https://hooks.example/canary',
    PORT: '1',
  };
  const shown = hiddenEnvText(envText({ ...base, secrets, more }));
  expect(shown).not.toContain('canary');
  expect(shown).toContain('\nPORT=1\n');
});

test('a policy with names of any characters holds them as they were typed, and nobody else', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((text) => checkName(text) === undefined && text.trim() === text);
  fc.assert(
    fc.property(name, name, fc.constantFrom('no', 'true', 'robin', '1e3', 'null'), (asker, approver, id) => {
      const people = [
        { id, name: asker, asks: true, approves: false, slack: 'U0RILEY1' },
        { id: 'avery', name: approver, asks: false, approves: true },
      ];
      const read = readPolicy(
        policyText(example, { people, places: ['slack:C0123456'], devices: ['Live: "test" #1'] }, [
          'slack-socket',
        ]),
      );
      if ('problems' in read) throw new Error(JSON.stringify(read.problems));
      expect(read.policy.people.map((one) => [one.id, one.name])).toEqual([
        [id, asker],
        ['avery', approver],
      ]);
      expect(read.policy.people[1]?.accounts).toEqual(['console:avery']);
      expect([...read.policy.roles]).toEqual([
        ['responder', [id]],
        ['approver', ['avery']],
      ]);
      expect(read.policy.devices.allow.groups).toEqual(['Live: "test" #1']);
      expect(read.policy.places.map(({ place }) => place)).toEqual(['slack:C0123456']);
    }),
    { numRuns: 40 },
  );
});

test('one person who may do both is no pair', () => {
  const both = { id: 'a', name: 'A', asks: true, approves: true };
  expect(whyNoPair([both])).toMatch(/Nobody approves their own request/);
  expect(whyNoPair([both, { ...both, id: 'b', approves: false }])).toBeUndefined();
});

test('a file is written once, with its mode, and a second time not at all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lr-writing-'));
  try {
    const path = join(folder, 'below', '.env');
    expect([writeNew(path, 'one\n', 0o600), writeNew(path, 'two\n', 0o600)]).toEqual([
      'written',
      'there already',
    ]);
    expect([readFileSync(path, 'utf8'), (statSync(path).mode & 0o777).toString(8)]).toEqual(['one\n', '600']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a draft that a killed run left, as a second name of the file or with this process’s own number, is removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lr-writing-'));
  try {
    const path = join(folder, 'journal.key');
    writeFileSync(path, 'key\n', { mode: 0o600 });
    // Killed between giving the name and removing the draft; numbers of processes begin again in each
    // container.
    linkSync(path, join(folder, '.lr-setup-999999999-0123456789ab'));
    writeFileSync(join(folder, `.lr-setup-${process.pid}-0123456789ab`), 'half a secret');
    expect(writeNew(path, 'another\n', 0o600)).toBe('there already');
    expect(readdirSync(folder)).toEqual(['journal.key']);
    expect(readFileSync(path, 'utf8')).toBe('key\n');
    // Of a process that is there, it stays.
    writeFileSync(join(folder, `.lr-setup-${process.ppid}-0123456789ab`), 'at work');
    removeDrafts(folder);
    expect(readdirSync(folder)).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('of two that write at once the second one changes nothing of the first one’s file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lr-writing-'));
  try {
    const [path, draft] = [join(folder, '.env'), join(folder, 'draft')];
    writeFileSync(path, 'of the first\n');
    writeFileSync(draft, 'of the second\n');
    expect(giveName(draft, path)).toBe('there already');
    expect(readFileSync(path, 'utf8')).toBe('of the first\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
