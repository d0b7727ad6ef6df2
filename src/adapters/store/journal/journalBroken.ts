// Reasons why a journal is not opened: it is not what was written, it is of another key, or it is not what
// was anchored.
import { commandFor } from '../../ownCommands.ts';
import type { Head } from './line.ts';

/**
 * The journal cannot be trusted from this line on. Starting on it could run what nobody approved, so the bot
 * does not.
 */
export class JournalBroken extends Error {
  readonly code = 'journalBroken';
  readonly file: string;
  readonly line: number;
  constructor(file: string, line: number, wrong: string) {
    super(line === 0 ? `${file} ${wrong}` : `${file} line ${line} ${wrong}`);
    this.name = 'JournalBroken';
    this.file = file;
    this.line = line;
  }
}

/** The journal is of another key than the one given: nothing says that somebody changed it. */
export class OtherKey extends Error {
  readonly code = 'otherKey';
  constructor(file: string, line: number, other: string, given: string) {
    super(
      `This journal was written with another key (id ${other}, in ${file} line ${line}) than the one given (id ${given}). Set LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE to that key; to go on with a new one, write the new key first and the old one behind it (docs/storage.md).`,
    );
    this.name = 'OtherKey';
  }
}

/** The journal does not hold what was anchored. */
export class NotAnchored extends Error {
  readonly code = 'notAnchored';
  constructor(what: string, head: Head) {
    super(
      `The journal was cut, rewound or exchanged. ${what} If somebody did that on purpose, such as by restoring a backup: ${commandFor('audit', `accept ${head.seq}:${head.hash}`)}, which lets the bot start frozen. Otherwise put back the newest copy of the data folder, and find out who did it.`,
    );
    this.name = 'NotAnchored';
  }
}
