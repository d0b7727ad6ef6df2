// Memory of requests: what workers remember of each while they run. It goes with the request that it is about, and
// its entries are counted for metrics.

/** Something that holds entries about requests. */
export interface Remembered {
  size(): number;
  /** Drops what is about requests that are not kept any more. */
  forget(isKept: (id: string) => boolean): void;
}

export class RequestMemory {
  readonly #parts: (readonly [name: string, part: Remembered])[] = [];

  /** A map whose keys begin with the id of a request. */
  map<V>(name: string): Map<string, V> {
    const made = new Map<string, V>();
    this.#add(name, made);
    return made;
  }

  /** A set of the same keys. */
  set(name: string): Set<string> {
    const made = new Set<string>();
    this.#add(name, made);
    return made;
  }

  add(name: string, part: Remembered): void {
    this.#parts.push([name, part]);
  }

  forget(isKept: (id: string) => boolean): void {
    for (const [, part] of this.#parts) part.forget(isKept);
  }

  /** How many entries there are, by name. */
  entries(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [name, part] of this.#parts) counts.set(name, (counts.get(name) ?? 0) + part.size());
    return counts;
  }

  #add(name: string, made: Map<string, unknown> | Set<string>): void {
    this.add(name, {
      size: () => made.size,
      forget(isKept) {
        for (const key of made.keys()) if (!isKept(requestIn(key))) made.delete(key);
      },
    });
  }
}

/** The memory of the bot; one of its own for a part that a test makes alone. */
export function memoryOf({ memory }: { readonly memory?: RequestMemory }): RequestMemory {
  return memory ?? new RequestMemory();
}

/** Keys are the id alone, or the id and what of the request is meant: `id place`, `id/session`, `id/session:index`. */
function requestIn(key: string): string {
  return /^[^ /:]*/.exec(key)?.[0] ?? '';
}
