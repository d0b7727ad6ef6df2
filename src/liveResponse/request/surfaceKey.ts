// Keys of accounts, places and groups: the surface they belong to and their id on it, as one text.

/**
 * `surface:id`, as the policy, the journal and the cards name an account, a place or a group. Ids may hold
 * colons themselves; surfaces hold none.
 */
export function surfaceKey(surface: string, id: string): string {
  return `${surface}:${id}`;
}

/** The surface and the id of a `surface:id` key; the surface is empty where the key holds no colon. */
export function splitSurfaceKey(key: string): readonly [surface: string, id: string] {
  const colon = key.indexOf(':');
  return colon < 0 ? ['', key] : [key.slice(0, colon), key.slice(colon + 1)];
}

/** The ids of those keys that belong to one surface. */
export function idsOn(surface: string, keys: readonly string[]): readonly string[] {
  const prefix = surfaceKey(surface, '');
  return keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
}
