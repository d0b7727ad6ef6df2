// Record of what this program pushed, kept in a small file next to the policy: a file of the library with
// another content than here is ours to replace only where its SHA-256 is one that was pushed from here, or
// one of a script that an earlier version shipped.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from '../adapters/clock.ts';
import { diskWords } from '../adapters/store/journal/disk.ts';
import { isRecord } from '../liveResponse/text/json.ts';

export interface Pushed {
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What was pushed had a signature. */
  readonly signed?: true;
}

/** The state file cannot be used; the sentence says what to do. */
export class BadState extends Error {}

const version = 1;

type Tenants = Readonly<Record<string, Readonly<Record<string, Pushed>>>>;

/** What was pushed into one tenant, by name in lower case. */
export class PushedFiles {
  readonly path: string;
  readonly #tenant: string;
  #tenants: Tenants;

  /** @throws BadState where the file is there and cannot be read */
  constructor(path: string, tenant: string) {
    this.path = resolve(path);
    this.#tenant = tenant;
    this.#tenants = read(this.path);
  }

  get(name: string): Pushed | undefined {
    const own = this.#tenants[this.#tenant] ?? {};
    return Object.hasOwn(own, name.toLowerCase()) ? own[name.toLowerCase()] : undefined;
  }

  /**
   * Before anything is uploaded: what cannot be noted down would be a stranger's file the next time. @throws
   * BadState
   */
  checkWritable(): void {
    try {
      // A file without any right to write was made so by somebody; root and a rename would go over that.
      if (existsSync(this.path) && (statSync(this.path).mode & 0o222) === 0)
        throw new Error('it is read-only');
      this.#write(this.#tenants);
    } catch (error) {
      throw new BadState(
        `Nothing was uploaded: ${this.path} cannot be written (${diskWords(error)}), and what is pushed and not noted there could not be told from somebody else’s file the next time. Make it and its folder writable, or name another one with --state FILE.`,
        { cause: error },
      );
    }
  }

  /** @throws BadState */
  note(name: string, pushed: Pushed): void {
    const next: Tenants = {
      ...this.#tenants,
      [this.#tenant]: { ...this.#tenants[this.#tenant], [name.toLowerCase()]: pushed },
    };
    try {
      this.#write(next);
    } catch (error) {
      throw new BadState(
        `${name} is in the library now (SHA-256 ${pushed.sha256}), but that could not be noted in ${this.path}: ${diskWords(error)}. Write it there by hand, or the next push takes it for somebody else’s file.`,
        { cause: error },
      );
    }
    this.#tenants = next;
  }

  /** As a whole, so that a crash leaves either the old state or the new. */
  #write(tenants: Tenants): void {
    const fresh = `${this.path}.${process.pid}.new`;
    try {
      writeFileSync(fresh, `${JSON.stringify({ version, tenants }, null, 2)}\n`);
      renameSync(fresh, this.path);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
  }
}

function read(path: string): Tenants {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw new BadState(
      `${path} cannot be read: ${diskWords(error)}. It says which files were pushed from here. Make it readable, or name another one with --state FILE.`,
      { cause: error },
    );
  }
  const wrong = (why: string): BadState =>
    new BadState(
      `${path} ${why}. It says which files were pushed from here: restore it, or remove it, and then every file of another content counts as somebody else’s.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong('is no JSON');
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || !('tenants' in value))
    throw wrong('is no state of the program that uploads scripts');
  if (value.version !== version)
    throw wrong(`is of another version (${JSON.stringify(value.version).slice(0, 40)}) of this program`);
  if (!isRecord(value.tenants) || !Object.values(value.tenants).every(isRecord))
    throw wrong('holds no list of tenants and their files');
  const tenants = new Map<string, Readonly<Record<string, Pushed>>>();
  for (const [tenant, files] of entries(value.tenants)) {
    const known = new Map<string, Pushed>();
    for (const [name, one] of entries(files)) {
      const { sha256, at, signed } = Object.fromEntries(entries(one));
      if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || typeof at !== 'string')
        throw wrong(`says of ${JSON.stringify(name).slice(0, 140)} nothing that can be used`);
      known.set(name.toLowerCase(), { sha256, at, ...(signed === true ? { signed } : {}) });
    }
    tenants.set(tenant, Object.fromEntries(known));
  }
  return Object.fromEntries(tenants);
}

function entries(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
