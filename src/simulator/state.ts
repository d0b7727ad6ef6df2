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
  mkdirSync(folder, { recursive: true });
  const path = join(folder, stateFileName);
  const text = savedText();
  let version = -1;
  let writtenAt = Number.NEGATIVE_INFINITY;
  // No fsync: the file guards against killed processes, not against power cuts.
  const write = (now: number): void => {
    const temporary = `${path}.tmp`;
    writeFileSync(temporary, text(tenant.saved()));
    renameSync(temporary, path);
    version = tenant.version;
    writtenAt = now;
  };
  return {
    keep: () => {
      const now = tenant.now();
      if (tenant.version !== version || now - writtenAt >= windowsLossMs) write(now);
    },
    close: () => write(tenant.now()),
  };
}

/**
 * Writes a saved tenant as JSON. Records are never changed in place, so the text of each is kept: a long
 * history must not slow down every POST.
 */
function savedText(): (saved: SavedTenant) => string {
  const texts = new WeakMap<object, string>();
  const textOf = (record: object): string => {
    const text = texts.get(record) ?? JSON.stringify(record);
    texts.set(record, text);
    return text;
  };
  return (saved) => {
    const fields = Object.entries(saved).map(
      ([key, value]: readonly [string, unknown]) =>
        `${JSON.stringify(key)}:${Array.isArray(value) ? `[${value.map(textOf).join(',\n')}]` : JSON.stringify(value)}`,
    );
    return `{${fields.join(',\n')}}\n`;
  };
}
