// The keys of persons: a random one each, wrapped with the key of the record, in a file of its own. Anyone
// who destroys a key makes noise of all that was sealed with it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../../liveResponse/ports.ts';
import { parseJson, recordOf, textsOf } from '../../../liveResponse/text/json.ts';
import { codeOf } from '../../clock.ts';
import type { Disk } from './disk.ts';
import { JournalBroken, OtherKey } from './journalBroken.ts';
import type { Key, Keys } from './keys.ts';
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
  /** Random, and never changes: after forgetting it still distinguishes one person from another. */
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

/** How a line ends, without its newline. */
const lineEnd = '"}';

function changed(number: number): JournalBroken {
  return new JournalBroken(
    peopleFile,
    number,
    'holds a key of a person that was changed after it was written: put back the file as it was',
  );
}

/** @throws when the line was changed, or is of another key */
function opened(
  { wrap }: Pick<Key, 'wrap'>,
  { p, k, a }: { readonly p: string; readonly k: string; readonly a: string },
): Person {
  const key = openBytes(wrap, `person ${p}`, k);
  const [who = '', ...aliases] = textsOf(JSON.parse(openBytes(key, `about ${p}`, a).toString('utf8')));
  return { person: p, who, key, aliases: new Set(aliases) };
}

/** Reads the file. @throws OtherKey, JournalBroken */
export function openPeople(options: PeopleOptions): People {
  return new PeopleFile(options);
}

class PeopleFile implements People {
  readonly found: boolean;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #path: string;
  readonly #keys: Keys;
  readonly #log: Log | undefined;
  readonly #byPerson = new Map<string, Person>();
  readonly #byWho = new Map<string, Person>();
  /** From each id, account and name to the `who` that has it. */
  readonly #words = new Map<string, string>();
  /** Lines that are not on the disk yet. */
  #pending: string[] = [];
  /** The file may end in what a failed write left behind. */
  #untidy = false;
  /** The whole file is written again at the next flush. */
  #rewrite = false;
  /** The file exists, and its name survives a power cut. */
  #exists: boolean;

  constructor({ disk, folder, keys, log }: PeopleOptions) {
    this.#disk = disk;
    this.#folder = folder;
    this.#path = join(folder, peopleFile);
    this.#keys = keys;
    this.#log = log;
    this.found = this.#read();
    this.#exists = this.found;
  }

  seal(who: string, context: string, text: string): readonly [person: string, box: string] {
    const { person, key } = this.#ofWho(who);
    return [person, sealBytes(key, `${context} ${person}`, Buffer.from(text))];
  }

  open(person: string, context: string, box: string): string | undefined {
    const one = this.#byPerson.get(person);
    return one === undefined ? undefined : openBytes(one.key, `${context} ${person}`, box).toString('utf8');
  }

  known(word: string): string | undefined {
    return this.#words.get(word);
  }

  alias(who: string, word: string): void {
    const one = this.#ofWho(who);
    if (word === one.who || one.aliases.has(word)) return;
    const more: Person = { ...one, aliases: new Set([...one.aliases, word]) };
    this.#remember(more);
    this.#pending.push(this.#lineOf(more));
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    if (this.#rewrite) {
      this.#writeAll();
      return;
    }
    const file = this.#disk.open(this.#path, 'append');
    try {
      // What a failed write left behind is ended first, so that it cannot swallow the next line.
      const lines = this.#pending.map((line) => `${line}\n`).join('');
      const begin = this.#untidy ? '\n' : '';
      this.#untidy = true;
      file.append(Buffer.from(`${begin}${lines}`));
      file.sync();
      if (!this.#exists) this.#disk.syncFolder(this.#folder);
    } finally {
      file.close();
    }
    this.#exists = true;
    this.#untidy = false;
    this.#pending = [];
  }

  find(word: string): readonly string[] {
    const met = new Set<string>();
    const about = [...this.#byPerson.values()];
    for (const one of about) if (one.who === word || one.aliases.has(word)) met.add(one.person);
    // What was written where only a name or an account was known lies under that word: it is the same
    // human's.
    for (const person of [...met])
      for (const other of about)
        if (this.#byPerson.get(person)?.aliases.has(other.who) === true) met.add(other.person);
    return [...met];
  }

  has(person: string): boolean {
    return this.#byPerson.has(person);
  }

  destroy(persons: readonly string[]): void {
    const gone = persons.filter((person) => this.#byPerson.has(person));
    if (gone.length === 0) return;
    for (const person of gone) {
      const one = this.#byPerson.get(person);
      one?.key.fill(0);
      this.#byPerson.delete(person);
      if (one !== undefined && this.#byWho.get(one.who)?.person === person) this.#byWho.delete(one.who);
      for (const [word, who] of this.#words) if (who === one?.who) this.#words.delete(word);
    }
    this.#writeAll();
    this.#log?.warn('personKeysDestroyed', { persons: gone });
  }

  #ofWho(who: string): Person {
    const known = this.#byWho.get(who);
    if (known !== undefined) return known;
    const made: Person = {
      person: `p_${randomBytes(8).toString('hex')}`,
      who,
      aliases: new Set(),
      key: randomBytes(32),
    };
    this.#remember(made);
    this.#pending.push(this.#lineOf(made));
    return made;
  }

  #remember(one: Person): void {
    this.#byPerson.set(one.person, one);
    this.#byWho.set(one.who, one);
    for (const word of [one.who, ...one.aliases])
      if (!this.#words.has(word) || word === one.who) this.#words.set(word, one.who);
  }

  #lineOf({ person, key, who, aliases }: Person): string {
    const { id, wrap } = this.#keys.current;
    return JSON.stringify({
      p: person,
      key: id,
      k: sealBytes(wrap, `person ${person}`, key),
      a: sealBytes(key, `about ${person}`, Buffer.from(JSON.stringify([who, ...aliases]))),
    });
  }

  /** Whether the file is there. */
  #read(): boolean {
    try {
      const file = this.#disk.open(this.#path, 'read');
      try {
        const lines = Buffer.from(file.read(0, file.size())).toString('utf8').split('\n');
        for (const [index, line] of lines.entries()) if (line !== '') this.#readLine(line, index + 1);
        // Whole or not, the next line must not be written behind a last one that has no end.
        if (lines.at(-1) !== '') this.#rewrite = true;
      } finally {
        file.close();
      }
      return true;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return false;
    }
  }

  #readLine(text: string, number: number): void {
    const line = parseJson(text)?.value;
    if (line === undefined) {
      if (!this.#isTorn(text)) throw changed(number);
      // By a crash: nothing that was sealed with it has been written.
      this.#rewrite = true;
      return;
    }
    const { p, key: id, k, a } = recordOf(line);
    if (typeof p !== 'string' || typeof id !== 'string' || typeof k !== 'string' || typeof a !== 'string')
      throw new JournalBroken(peopleFile, number, 'is no key of a person');
    const wrapping = this.#keys.byId(id);
    if (wrapping === undefined) throw new OtherKey(peopleFile, number, id, this.#keys.current.id);
    let person: Person;
    try {
      person = opened(wrapping, { p, k, a });
    } catch (error) {
      this.#log?.error('personKeyUnreadable', { line: number, error });
      throw changed(number);
    }
    if (this.#byPerson.has(p) || id !== this.#keys.current.id) this.#rewrite = true;
    this.#remember(person);
  }

  /**
   * Whether a crash can have left this of a line: its beginning, or sectors that never arrived, which read as
   * zeros. Whatever still has its end was whole once, and what was sealed with it may have been written.
   */
  #isTorn(text: string): boolean {
    if (text.includes('\0')) return true;
    if (text.endsWith(lineEnd)) return false;
    // One of its last bytes is another one, or that of the newline behind them.
    const changedEnd = text.at(-2) === lineEnd[0] || text.at(-1) === lineEnd[1];
    return !this.#isKey(text.slice(0, -1)) && !(changedEnd && this.#isKey(`${text.slice(0, -2)}${lineEnd}`));
  }

  #isKey(text: string): boolean {
    const { p, key: id, k, a } = recordOf(parseJson(text)?.value);
    const wrapping = this.#keys.byId(String(id));
    if (wrapping === undefined || typeof p !== 'string' || typeof k !== 'string' || typeof a !== 'string')
      return false;
    try {
      return opened(wrapping, { p, k, a }).person === p;
    } catch (error) {
      this.#log?.info('personKeyTorn', { error });
      return false;
    }
  }

  /** Writes the whole file again, as it must be now. */
  #writeAll(): void {
    const next = this.#disk.open(`${this.#path}.tmp`, 'new');
    try {
      const lines = [...this.#byPerson.values()].map((one) => `${this.#lineOf(one)}\n`);
      next.append(Buffer.from(lines.join('')));
      next.sync();
    } finally {
      next.close();
    }
    this.#disk.rename(`${this.#path}.tmp`, this.#path);
    this.#disk.syncFolder(this.#folder);
    this.#pending = [];
    this.#untidy = false;
    this.#rewrite = false;
  }
}
