// A map that holds so many entries at the most: the one that was set longest ago goes first.

/** As a Map, but that setting a key again makes it the newest. Reading a key changes nothing. */
export class RecentMap<K, V> extends Map<K, V> {
  readonly #most: number;

  /** @throws RangeError when `most` is not a whole number of at least 1 */
  constructor(most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`a map cannot hold ${most} entries`);
    super();
    this.#most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) for (const oldest of this.keys()) return this.#without(oldest);
    return this;
  }

  #without(key: K): this {
    this.delete(key);
    return this;
  }
}
