// A value that must not be printed: however it is shown, logged or serialised, it says [secret].

const shown = '[secret]';

/**
 * Holds a credential or token. Only `reveal` gives it away, so that every place that does can be found by
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
