// What the mutation run and its worker threads say to each other.

/** Given to a worker thread when it starts. */
export interface Setup {
  /** Texts of built modules with all their mutants, by path. */
  readonly texts: ReadonlyMap<string, string>;
}

export type Question =
  | {
      /** Loads a test file, runs each of its tests alone and notes which mutants each reaches. */
      readonly kind: 'survey';
      readonly testFile: string;
      /** Words in the names of tests that are not run. */
      readonly tooSlow: readonly string[];
    }
  | {
      /** Runs tests with one mutant active, until the first fails. */
      readonly kind: 'trial';
      readonly mutant: number;
      readonly testFile: string;
      /**
       * Indexes of tests; or `all`, and then everything is loaded again with the mutant active: for what is
       * evaluated at import. Rows of tables may be others then, so that indexes mean nothing.
       */
      readonly tests: readonly number[] | 'all';
      /** Names of tests that fail without any mutant. */
      readonly leftOut: readonly string[];
    };

export interface SurveyedTest {
  readonly name: string;
  readonly ms: number;
  /** Why it fails without any mutant; such a test is not used. */
  readonly failure?: string;
  /** Not run at all. */
  readonly isTooSlow?: true;
  readonly reached: readonly number[];
}

export type Answer =
  | {
      readonly kind: 'surveyed';
      readonly loadMs: number;
      readonly atImport: readonly number[];
      readonly tests: readonly SurveyedTest[];
    }
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly test: string; readonly why: string };

/** Said before each test, and before a file is loaded (index -1), so that the other side can limit it. */
export interface Began {
  readonly kind: 'began';
  readonly test: number;
}
