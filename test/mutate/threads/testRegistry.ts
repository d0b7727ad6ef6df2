// Stand-in for Jest's globals: collects the tests of one file and runs them one by one.
import { expect } from 'expect';

type Body = (...values: readonly unknown[]) => unknown;

interface Scope {
  readonly name: string;
  readonly parent?: Scope;
  readonly beforeAll: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
  readonly afterAll: Body[];
}

interface Registered {
  readonly name: string;
  readonly scope: Scope;
  readonly body: Body;
}

function scopeNamed(name: string, parent?: Scope): Scope {
  return {
    name,
    ...(parent === undefined ? {} : { parent }),
    beforeAll: [],
    beforeEach: [],
    afterEach: [],
    afterAll: [],
  };
}

/** From the file itself to the innermost `describe`. */
function chainOf(scope: Scope): readonly Scope[] {
  return scope.parent === undefined ? [scope] : [...chainOf(scope.parent), scope];
}

/** Rows of a table, as Jest reads it: a row that is no list is the only value. */
function rowsOf(table: readonly unknown[]): readonly (readonly unknown[])[] {
  return table.map((row) => (Array.isArray(row) ? (row as readonly unknown[]) : [row]));
}

export class TestRegistry {
  readonly #tests: Registered[] = [];
  readonly #begun = new Set<Scope>();
  #scope = scopeNamed('');

  /** What a test file imports from `@jest/globals`. */
  readonly globals: Readonly<Record<string, unknown>>;

  constructor() {
    const test = this.#testFunction();
    const hook = (kind: 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll') => (body: Body) => {
      this.#scope[kind].push(body);
    };
    this.globals = {
      expect,
      test,
      it: test,
      describe: this.#describeFunction(),
      beforeAll: hook('beforeAll'),
      beforeEach: hook('beforeEach'),
      afterEach: hook('afterEach'),
      afterAll: hook('afterAll'),
    };
  }

  get names(): readonly string[] {
    return this.#tests.map(({ name }) => name);
  }

  /** Runs a test; throws what made it fail. `beforeAll` runs before the first test there since `leave`. */
  async run(index: number): Promise<void> {
    const test = this.#tests[index];
    if (test === undefined) throw new Error(`there is no test ${index}`);
    const chain = chainOf(test.scope);
    for (const scope of chain) {
      if (this.#begun.has(scope)) continue;
      this.#begun.add(scope);
      for (const body of scope.beforeAll) await body();
    }
    try {
      for (const scope of chain) for (const body of scope.beforeEach) await body();
      await test.body();
    } finally {
      for (const scope of chain.toReversed()) for (const body of scope.afterEach) await body();
    }
  }

  /** Runs what the file does after its last test. */
  async leave(): Promise<void> {
    const begun = [...this.#begun].toReversed();
    this.#begun.clear();
    for (const scope of begun) for (const body of scope.afterAll) await body();
  }

  #testFunction() {
    const add = (name: string, body: Body): void => {
      const path = [...chainOf(this.#scope).map((scope) => scope.name), name]
        .filter((part) => part !== '')
        .join(' > ');
      this.#tests.push({ name: path, scope: this.#scope, body });
    };
    return Object.assign(add, {
      skip: () => undefined,
      each: (table: readonly unknown[]) => (name: string, body: Body) => {
        rowsOf(table).forEach((row, index) => add(`${name} (row ${index + 1})`, () => body(...row)));
      },
    });
  }

  #describeFunction() {
    const open = (name: string, body: Body, row: readonly unknown[] = []): void => {
      const outer = this.#scope;
      this.#scope = scopeNamed(name, outer);
      body(...row);
      this.#scope = outer;
    };
    return Object.assign((name: string, body: Body) => open(name, body), {
      skip: () => undefined,
      each: (table: readonly unknown[]) => (name: string, body: Body) => {
        rowsOf(table).forEach((row, index) => open(`${name} (row ${index + 1})`, body, row));
      },
    });
  }
}
