// The tenant on disk: one JSON file in a given folder, replaced as a whole, so that a kill at any moment
// leaves either the old state or the new.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavedTenant, Tenant } from './tenant.ts';

export const stateFileName = 'simulator.json';
/**
 * Rate windows change with every call; a kill may lose this much (ms) of the reading ones, never an accepted
 * session.
 */
const windowsLossMs = 1_000;

export interface State {
  /**
   * Writes what changed; called before each answer goes out, because an answered POST must survive a kill.
   */
  keep(): void;
  /** Writes everything. */
  close(): void;
}

/** Reads the saved tenant; undefined when the folder holds none yet. */
export function savedTenant(folder: string): SavedTenant | undefined {
  const path = join(folder, stateFileName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // Not "instanceof Error": under Jest, Node's errors belong to another realm.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined;
    throw error;
  }
  const saved = JSON.parse(text) as Partial<SavedTenant>;
  if (saved.version !== 1)
    throw new Error(
      `${path} was not written by this version of the simulator; delete it to start from the beginning.`,
    );
  return saved as SavedTenant;
}

export const memoryOnly: State = { keep: () => undefined, close: () => undefined };

export function fileState(folder: string, tenant: Tenant): State {
  return new StateFile(folder, tenant);
}

class StateFile implements State {
  readonly #path: string;
  readonly #tenant: Tenant;
  readonly #texts = new RecordTexts();
  #version = -1;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, tenant: Tenant) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, stateFileName);
    this.#tenant = tenant;
  }

  keep(): void {
    const now = this.#tenant.now();
    if (this.#tenant.version !== this.#version || now - this.#writtenAt >= windowsLossMs) this.#write(now);
  }

  close(): void {
    this.#write(this.#tenant.now());
  }

  // No fsync: the file guards against killed processes, not against power cuts.
  #write(now: number): void {
    const temporary = `${this.#path}.tmp`;
    writeFileSync(temporary, this.#texts.of(this.#tenant.saved()));
    renameSync(temporary, this.#path);
    this.#version = this.#tenant.version;
    this.#writtenAt = now;
  }
}

/**
 * Writes a saved tenant as JSON. Records are never changed in place, so the text of each is kept: a long
 * history must not slow down every POST.
 */
class RecordTexts {
  readonly #texts = new WeakMap<object, string>();

  of(saved: SavedTenant): string {
    const fields = Object.entries(saved).map(
      ([key, value]: readonly [string, unknown]) =>
        `${JSON.stringify(key)}:${Array.isArray(value) ? `[${value.map((record: object) => this.#textOf(record)).join(',\n')}]` : JSON.stringify(value)}`,
    );
    return `{${fields.join(',\n')}}\n`;
  }

  #textOf(record: object): string {
    const text = this.#texts.get(record) ?? JSON.stringify(record);
    this.#texts.set(record, text);
    return text;
  }
}
