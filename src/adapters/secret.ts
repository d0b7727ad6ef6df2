// A secret value that cannot be printed by accident: however it is shown, logged or serialised, it reads
// [secret].

const shown = '[secret]';

/**
 * Contains a credential or token. Only `reveal` returns it, so that every place that does so can be found by
 * that word.
 */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return shown;
  }
  toJSON(): string {
    return shown;
  }
  // What console.log, util.inspect and assertion messages call.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }
}
