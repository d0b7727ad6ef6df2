// The OData $filter language as far as Defender documents it or clients use it: eq ne gt ge lt le in and or not, parentheses, startswith endswith contains.
import { odataError } from './refused.ts';
import { ticksOf } from './seed.ts';

type Value = string | number | null;

/** A field that may be filtered and ordered by, under its lower-case name. */
export interface Field<Row> { readonly kind: 'text' | 'time' | 'number'; readonly of: (row: Row) => Value }
export type Fields<Row> = ReadonlyMap<string, Field<Row>>;
type Test<Row> = (row: Row) => boolean;

const token = /\s*(?:('(?:[^']|'')*')|([(),])|([^\s'(),]+))/y;

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw odataError(`Syntax error at position ${from} in '${text}'.`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

/** -1, 0 or 1; undefined when one of them is null. */
export function compare(kind: Field<unknown>['kind'], one: Value, other: Value): number | undefined {
  if (one === null || other === null) return undefined;
  if (kind === 'time') return order(ticksOf(String(one)) ?? 0n, ticksOf(String(other)) ?? 0n);
  return kind === 'number' ? order(Number(one), Number(other)) : order(String(one), String(other));
}

const order = <T>(one: T, other: T): number => (one < other ? -1 : Number(one > other));

const operators: ReadonlyMap<string, (result: number | undefined) => boolean> = new Map([
  ['eq', (result) => result === 0], ['ne', (result) => result !== 0],
  ['gt', (result) => result === 1], ['ge', (result) => result === 0 || result === 1],
  ['lt', (result) => result === -1], ['le', (result) => result === 0 || result === -1],
]);
const functions: ReadonlyMap<string, (text: string, part: string) => boolean> = new Map([
  ['startswith', (text, part) => text.startsWith(part)],
  ['endswith', (text, part) => text.endsWith(part)],
  ['contains', (text, part) => text.includes(part)],
]);

/** The rows a filter keeps; refuses with ODataError what the service could not understand. */
export function filterOf<Row>(text: string, fields: Fields<Row>): Test<Row> {
  const parser = new Parser(tokensOf(text), fields, text);
  return parser.whole();
}

class Parser<Row> {
  readonly #tokens: readonly string[];
  readonly #fields: Fields<Row>;
  readonly #text: string;
  #at = 0;

  constructor(tokens: readonly string[], fields: Fields<Row>, text: string) {
    this.#tokens = tokens;
    this.#fields = fields;
    this.#text = text;
  }

  whole(): Test<Row> {
    const test = this.#or();
    if (this.#at < this.#tokens.length) throw this.#error();
    return test;
  }

  #or(): Test<Row> {
    const left = this.#and();
    if (!this.#skip('or')) return left;
    const right = this.#or();
    return (row) => left(row) || right(row);
  }

  #and(): Test<Row> {
    const left = this.#unary();
    if (!this.#skip('and')) return left;
    const right = this.#and();
    return (row) => left(row) && right(row);
  }

  #unary(): Test<Row> {
    if (this.#skip('not')) {
      const inner = this.#unary();
      return (row) => !inner(row);
    }
    if (this.#skip('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const word = this.#take();
    const call = functions.get(word.toLowerCase());
    return call === undefined ? this.#comparison(word) : this.#call(call);
  }

  #call(call: (text: string, part: string) => boolean): Test<Row> {
    this.#expect('(');
    const field = this.#field(this.#take());
    this.#expect(',');
    const part = this.#literal({ ...field, kind: 'text' });
    this.#expect(')');
    return (row) => call(String(field.of(row) ?? ''), String(part));
  }

  #comparison(name: string): Test<Row> {
    const field = this.#field(name);
    const word = this.#take().toLowerCase();
    if (word === 'in') return this.#oneOf(field);
    const operator = operators.get(word);
    if (operator === undefined) throw this.#error();
    const wanted = this.#literal(field);
    if (wanted === null) return (row) => (field.of(row) === null) === operator(0);
    return (row) => operator(compare(field.kind, field.of(row), wanted));
  }

  #oneOf(field: Field<Row>): Test<Row> {
    this.#expect('(');
    const wanted: Value[] = [this.#literal(field)];
    while (this.#skip(',')) wanted.push(this.#literal(field));
    this.#expect(')');
    return (row) => wanted.some((value) => compare(field.kind, field.of(row), value) === 0);
  }

  #field(name: string): Field<Row> {
    const field = this.#fields.get(name.toLowerCase());
    if (field === undefined) throw odataError(`Could not find a property named '${name}' that can be filtered by.`);
    return field;
  }

  /** Texts are quoted, times and numbers are not, as OData types them. */
  #literal(field: Field<Row>): Value {
    const word = this.#take();
    if (word === 'null') return null;
    const quoted = word.startsWith("'");
    if (field.kind === 'text' && quoted) return word.slice(1, -1).replaceAll("''", "'");
    if (field.kind === 'time' && !quoted && ticksOf(word) !== undefined) return word;
    if (field.kind === 'number' && !quoted && !Number.isNaN(Number(word))) return Number(word);
    throw odataError(`A binary operator with incompatible types was detected near ${word}.`);
  }

  #take(): string {
    const word = this.#tokens[this.#at];
    if (word === undefined) throw this.#error();
    this.#at += 1;
    return word;
  }

  #skip(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#skip(word)) throw this.#error();
  }

  #error(): Error {
    return odataError(`Syntax error near '${this.#tokens[this.#at] ?? 'end'}' in '${this.#text}'.`);
  }
}
