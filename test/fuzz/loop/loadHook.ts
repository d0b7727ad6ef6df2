// Module load hook: our own built modules are loaded with counters of their edges in them.
import type { LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { withEdges } from './edges.ts';

/** Addresses that begin so are ours. */
let counted: readonly string[] = [];

export function initialize(folders: readonly string[]): void {
  counted = folders;
}

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (loaded.format !== 'module' || !counted.some((folder) => url.startsWith(folder))) return loaded;
  const { source } = loaded;
  if (source === undefined) return loaded;
  const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
  return { ...loaded, source: withEdges(fileURLToPath(url), text) };
};
