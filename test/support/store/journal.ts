// A journal as a test reads it next to the bot: its lines, with what is sealed in them opened by the key that
// lies in the folder, or by the one that the bot was given.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { findOwnKeys, keysFrom, parseKeys } from '../../../src/adapters/store/journal/keys.ts';
import type { Keys } from '../../../src/adapters/store/journal/keys.ts';
import { openedLine } from '../../../src/adapters/store/journal/line.ts';
import { openPeople } from '../../../src/adapters/store/journal/people.ts';
import type { Vault } from '../../../src/adapters/store/journal/sealing.ts';

/** Opens what is personal in the lines of a folder; read again whenever somebody new was met. */
export function openerIn(dir: string, keyText?: string): Pick<Vault, 'open'> | undefined {
  const keys = keyText === undefined ? findOwnKeys(realDisk, dir) : keysIn(keyText);
  return keys === undefined ? undefined : openPeople({ disk: realDisk, folder: dir, keys });
}

function keysIn(text: string): Keys {
  const read = parseKeys(text);
  if ('wrong' in read) throw new Error(read.wrong);
  return keysFrom(read.secrets);
}

/** Every whole line, oldest first. */
export function journalLines(dir: string, keyText?: string): readonly unknown[] {
  const people = openerIn(dir, keyText);
  return readdirSync(dir)
    .filter((name) => /^journal-\d+\.ndjson$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => openedLine(JSON.parse(line), people));
}

export function journalText(dir: string): string {
  return journalLines(dir)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}
