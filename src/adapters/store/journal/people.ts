// The keys of persons: a random one each, wrapped with the key of the record, in a file of its own. Anyone
// who destroys a key makes noise of all that was sealed with it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../../liveResponse/ports.ts';
import { codeOf } from '../../systemErrors.ts';
import type { Disk } from './disk.ts';
import { JournalBroken, OtherKey } from './journalBroken.ts';
import type { Keys } from './keys.ts';
import type { Vault } from './sealing.ts';

export const peopleFile = 'people.keys';

const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';

function sealBytes(
  key: Uint8Array | Parameters<typeof createCipheriv>[1],
  context: string,
  bytes: Uint8Array,
): string {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce);
  sealing.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, sealing.update(bytes), sealing.final(), sealing.getAuthTag()]).toString(
    'base64',
  );
}

/** @throws when the key does not fit, or the bytes are not what was sealed in this context */
function openBytes(
  key: Uint8Array | Parameters<typeof createCipheriv>[1],
  context: string,
  sealed: string,
): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes));
  opening.setAAD(Buffer.from(context));
  opening.setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([opening.update(bytes.subarray(nonceBytes, -tagBytes)), opening.final()]);
}

interface Person {
  /** Random, and the same forever: after forgetting it still tells one person from another. */
  readonly person: string;
  /** Id of the policy, or the account or name where no id was known. */
  readonly who: string;
  readonly aliases: ReadonlySet<string>;
  readonly key: Buffer;
}

export interface People extends Vault {
  /**
   * Makes durable whom `seal` met for the first time; nothing sealed may be written before. @throws the
   * system's error
   */
  flush(): void;
  /**
   * Random ids of everybody known by this id, account or name, and of what was kept apart under one of that
   * person's names.
   */
  find(word: string): readonly string[];
  /** Whether there is a key for this random id. */
  has(person: string): boolean;
  /** Destroys keys, durably: the file is written again without them. @throws the system's error */
  destroy(persons: readonly string[]): void;
  /** Whether the file was there when it was opened. */
  readonly found: boolean;
}

export interface PeopleOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly keys: Keys;
  readonly log?: Log;
}

/** Reads the file. @throws OtherKey, JournalBroken */
export function openPeople({ disk, folder, keys, log }: PeopleOptions): People {
  const path = join(folder, peopleFile);
  const byPerson = new Map<string, Person>();
  const byWho = new Map<string, Person>();
  const words = new Map<string, string>();
  let pending: string[] = [];
  let untidy = false;
  let found = false;
  let rewrite = false;

  function remember(one: Person): void {
    byPerson.set(one.person, one);
    byWho.set(one.who, one);
    for (const word of [one.who, ...one.aliases])
      if (!words.has(word) || word === one.who) words.set(word, one.who);
  }

  function lineOf({ person, key, who, aliases }: Person): string {
    const { id, wrap } = keys.current;
    return JSON.stringify({
      p: person,
      key: id,
      k: sealBytes(wrap, `person ${person}`, key),
      a: sealBytes(key, `about ${person}`, Buffer.from(JSON.stringify([who, ...aliases]))),
    });
  }

  function readLine(text: string, number: number): void {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      // Torn by a crash: nothing that was sealed with it has been written.
      rewrite = true;
      return;
    }
    const { p, key: id, k, a } = (line ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof p !== 'string' || typeof id !== 'string' || typeof k !== 'string' || typeof a !== 'string')
      throw new JournalBroken(peopleFile, number, 'is no key of a person');
    const wrapping = keys.byId(id);
    if (wrapping === undefined) throw new OtherKey(peopleFile, number, id, keys.current.id);
    let key: Buffer;
    let about: readonly string[];
    try {
      key = openBytes(wrapping.wrap, `person ${p}`, k);
      about = JSON.parse(openBytes(key, `about ${p}`, a).toString('utf8')) as readonly string[];
    } catch (error) {
      log?.error('personKeyUnreadable', { line: number, error });
      throw new JournalBroken(
        peopleFile,
        number,
        'holds a key of a person that was changed after it was written: put back the file as it was',
      );
    }
    const [who = '', ...aliases] = about;
    if (byPerson.has(p) || id !== keys.current.id) rewrite = true;
    remember({ person: p, who, key, aliases: new Set(aliases) });
  }

  try {
    const file = disk.open(path, 'read');
    try {
      found = true;
      for (const [index, text] of Buffer.from(file.read(0, file.size()))
        .toString('utf8')
        .split('\n')
        .entries())
        if (text !== '') readLine(text, index + 1);
    } finally {
      file.close();
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }

  function ofWho(who: string): Person {
    const known = byWho.get(who);
    if (known !== undefined) return known;
    const made: Person = {
      person: `p_${randomBytes(8).toString('hex')}`,
      who,
      aliases: new Set(),
      key: randomBytes(32),
    };
    remember(made);
    pending.push(lineOf(made));
    return made;
  }

  /** The whole file again, as it must be now. */
  function writeAll(): void {
    const beside = disk.open(`${path}.tmp`, 'new');
    try {
      beside.append(Buffer.from([...byPerson.values()].map((one) => `${lineOf(one)}\n`).join('')));
      beside.sync();
    } finally {
      beside.close();
    }
    disk.rename(`${path}.tmp`, path);
    disk.syncFolder(folder);
    pending = [];
    untidy = false;
    rewrite = false;
  }

  return {
    found,
    seal(who, context, text) {
      const { person, key } = ofWho(who);
      return [person, sealBytes(key, `${context} ${person}`, Buffer.from(text))];
    },
    open(person, context, box) {
      const one = byPerson.get(person);
      return one === undefined ? undefined : openBytes(one.key, `${context} ${person}`, box).toString('utf8');
    },
    known: (word) => words.get(word),
    alias(who, word) {
      const one = ofWho(who);
      if (word === one.who || one.aliases.has(word)) return;
      const more: Person = { ...one, aliases: new Set([...one.aliases, word]) };
      remember(more);
      pending.push(lineOf(more));
    },
    flush() {
      if (pending.length === 0) return;
      if (rewrite) {
        writeAll();
        return;
      }
      const file = disk.open(path, 'append');
      try {
        // What a failed write left behind is ended first, so that it cannot swallow the next line.
        file.append(Buffer.from(`${untidy ? '\n' : ''}${pending.map((line) => `${line}\n`).join('')}`));
        untidy = true;
        file.sync();
        if (!found) disk.syncFolder(folder);
      } finally {
        file.close();
      }
      found = true;
      untidy = false;
      pending = [];
    },
    find(word) {
      const met = new Set<string>();
      const about = [...byPerson.values()];
      for (const one of about) if (one.who === word || one.aliases.has(word)) met.add(one.person);
      // What was written where only a name or an account was known lies under that word: it is the same
      // human's.
      for (const person of [...met])
        for (const other of about)
          if (byPerson.get(person)?.aliases.has(other.who) === true) met.add(other.person);
      return [...met];
    },
    has: (person) => byPerson.has(person),
    destroy(persons) {
      const gone = persons.filter((person) => byPerson.has(person));
      if (gone.length === 0) return;
      for (const person of gone) {
        const one = byPerson.get(person);
        one?.key.fill(0);
        byPerson.delete(person);
        if (one !== undefined && byWho.get(one.who)?.person === person) byWho.delete(one.who);
        for (const [word, who] of words) if (who === one?.who) words.delete(word);
      }
      writeAll();
      log?.warn('personKeysDestroyed', { persons: gone });
    },
  };
}
