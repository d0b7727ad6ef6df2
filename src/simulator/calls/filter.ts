// The OData $filter language as far as Defender documents it or clients use it: eq ne gt ge lt le in and or
// not, parentheses, startswith endswith contains, and any() over a collection of texts.
import { odataError } from './refused.ts';
import { ticksOf } from '../seed.ts';

type Value = string | number | null;

/** A field that may be filtered and ordered by, under its lower-case name. */
export interface Field<Row> {
  readonly kind: 'text' | 'time' | 'number';
  readonly of: (row: Row) => Value;
  /** Texts are compared in lower case. */
  readonly anyCase?: boolean;
}
/** A collection of texts, which only `any` can look into. */
export interface ListField<Row> {
  readonly kind: 'texts';
  readonly of: (row: Row) => readonly string[];
}
export type Fields<Row> = ReadonlyMap<string, Field<Row> | ListField<Row>>;
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
  ['eq', (result) => result === 0],
  ['ne', (result) => result !== 0],
  ['gt', (result) => result === 1],
  ['ge', (result) => result === 0 || result === 1],
  ['lt', (result) => result === -1],
  ['le', (result) => result === 0 || result === -1],
]);
const functions: ReadonlyMap<string, (text: string, part: string) => boolean> = new Map([
  ['startswith', (text, part) => text.startsWith(part)],
  ['endswith', (text, part) => text.endsWith(part)],
  ['contains', (text, part) => text.includes(part)],
]);

/**
 * The rows a filter keeps; refuses with ODataError what the service could not understand. `in` works in the
 * field and is on no page.
 */
export function filterOf<Row>(text: string, fields: Fields<Row>, withIn: boolean): Test<Row> {
  const parser = new Parser({ tokens: [...tokensOf(text)], at: 0, text, withIn }, fields);
  return parser.whole();
}

/** Where a parser is in the text; the one of a lambda continues where the outer one was. */
interface Place {
  readonly tokens: string[];
  at: number;
  readonly text: string;
  readonly withIn: boolean;
}

class Parser<Row> {
  readonly #place: Place;
  readonly #fields: Fields<Row>;

  constructor(place: Place, fields: Fields<Row>) {
    this.#place = place;
    this.#fields = fields;
  }

  whole(): Test<Row> {
    const test = this.#or();
    if (this.#place.at < this.#place.tokens.length) throw this.#error();
    return test;
  }

  /** A test, up to where it ends. */
  part(): Test<Row> {
    return this.#or();
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
    const list = /^(\w+)\/any$/i.exec(word)?.[1];
    if (list !== undefined) return this.#any(list);
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

  /**
   * `machineTags/any(tag: tag eq 'x')`: whether one of the texts passes the test, which knows the variable
   * only.
   */
  #any(name: string): Test<Row> {
    const field = this.#fields.get(name.toLowerCase());
    if (field?.kind !== 'texts')
      throw odataError(`Could not find a collection named '${name}' that can be filtered by.`);
    this.#expect('(');
    // "tag: tag", "tag:tag" and "tag : tag" are the same.
    const [variable = '', colon, first] = this.#take().split(/(:)/);
    if (colon === undefined) this.#colon();
    else if (first !== '') this.#place.tokens.splice(this.#place.at, 0, first ?? '');
    const test = new Parser<string>(
      this.#place,
      new Map([[variable.toLowerCase(), { kind: 'text', of: (text) => text }]]),
    ).part();
    this.#expect(')');
    return (row) => field.of(row).some(test);
  }

  #colon(): void {
    const word = this.#take();
    if (!word.startsWith(':')) throw this.#error();
    if (word !== ':') this.#place.tokens.splice(this.#place.at, 0, word.slice(1));
  }

  #comparison(name: string): Test<Row> {
    const field = this.#field(name);
    const word = this.#take().toLowerCase();
    if (word === 'in' && this.#place.withIn) return this.#oneOf(field);
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
    if (field === undefined || field.kind === 'texts')
      throw odataError(`Could not find a property named '${name}' that can be filtered by.`);
    return field;
  }

  /** Texts are quoted, times and numbers are not, as OData types them. */
  #literal(field: Field<Row>): Value {
    const word = this.#take();
    if (word === 'null') return null;
    const quoted = word.startsWith("'");
    if (field.kind === 'text' && quoted) {
      const text = word.slice(1, -1).replaceAll("''", "'");
      return field.anyCase === true ? text.toLowerCase() : text;
    }
    if (field.kind === 'time' && !quoted && ticksOf(word) !== undefined) return word;
    if (field.kind === 'number' && !quoted && !Number.isNaN(Number(word))) return Number(word);
    throw odataError(`A binary operator with incompatible types was detected near ${word}.`);
  }

  #take(): string {
    const word = this.#place.tokens[this.#place.at];
    if (word === undefined) throw this.#error();
    this.#place.at += 1;
    return word;
  }

  #skip(word: string): boolean {
    if (this.#place.tokens[this.#place.at]?.toLowerCase() !== word) return false;
    this.#place.at += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#skip(word)) throw this.#error();
  }

  #error(): Error {
    return odataError(
      `Syntax error near '${this.#place.tokens[this.#place.at] ?? 'end'}' in '${this.#place.text}'.`,
    );
  }
}
