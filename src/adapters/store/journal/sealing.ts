// Sealing of personal data in journal lines: which parts of an event are personal, and how they are taken
// out of a line and put back. A field that is not named here as readable is sealed: a new field of an event
// is safe until somebody decides that it may be read in the journal without a key. Each person that an event
// speaks of has one box in the line, sealed with a key of that person alone. Once the key is destroyed the
// box is noise, and the line, which is authenticated over the box, still verifies.

/**
 * Per person that a line speaks of: the random id that always represents the person, and what is personal,
 * sealed.
 */
export type Boxes = readonly (readonly [person: string, box: string])[];

/**
 * Seals and opens for persons. `who` is an id of the policy, or an account or name where no id is known; ''
 * for nobody.
 */
export interface Vault {
  /**
   * The person's random id, and the box; `context` is bound to it, so that a box is of use in its own line
   * only.
   */
  seal(who: string, context: string, text: string): readonly [person: string, box: string];
  /** Undefined when the person is forgotten. */
  open(person: string, context: string, box: string): string | undefined;
  /** A person known by this id, account or name. */
  known(word: string): string | undefined;
  /** `word` is an account or a name of `who`. */
  alias(who: string, word: string): void;
}

/**
 * Fields whose text may be read in the journal: what was run where, in which state, with which answer of
 * Defender. Two words: only below that field. Arrays count as what is in them.
 */
const readable: ReadonlySet<string> = new Set([
  // Kinds, states and codes.
  'type',
  'how',
  'state',
  'cause',
  'waitsFor',
  'waitedFor',
  'code',
  'apiCode',
  'target',
  'call',
  'outcome',
  'answer',
  'verb',
  'what',
  'kind',
  'format',
  'policy',
  'notRead',
  'status',
  'version',
  'pending',
  // Ids and hashes that identify no person. Of a person {id, name} both are sealed, whatever is said here.
  'id',
  'seq',
  'tenant',
  'nonce',
  'tag',
  'digest',
  'fingerprint',
  'sha256',
  'hash',
  'machineId',
  'actionId',
  'requestId',
  'intent',
  'origin',
  'delivery',
  'apartFrom',
  // Where: channels and chats. That of a private chat is a pseudonym of the chat's own.
  'surface',
  'place',
  'noted',
  'notified',
  // What runs, on which device: this is what the record is evidence of.
  'scriptName',
  'args',
  'path',
  'fileName',
  'title',
  'recipe',
  'device name',
  'device os',
  'device health',
  'device risk',
  'device exposure',
  'device group',
  'device tags',
  'devices name',
  'devices os',
  'files name',
  'file name',
  'tier',
  'approveRole',
  'terms visibility',
  'privacy visibility',
  // What a policy allows, and how that changed: no names of people.
  'effect',
  'field',
  'before',
  'facts name',
  'facts from',
  'facts to',
  // Of persons only their random ids.
  'people',
  'on',
]);

/** Below these any text may be read. */
const readableBelow: ReadonlySet<string> = new Set(['recipeArgs']);

interface Person {
  readonly id: string;
  readonly name: string;
}

export const forgottenName = 'forgotten person';
const forgottenText = '(forgotten)';
/** What represents a person in the journal. */
export const randomId = /^p_[0-9a-f]{16}$/;
/** Boxes are padded to a multiple of this, so that their length reveals little. */
const padTo = 32;

const kinds = { text: 0, person: 1, other: 2 } as const;
const mark = '$';

/**
 * Takes what is personal out of a value. `context` is what its boxes are bound to; `owner` is whose the value
 * is where it names nobody: the requester.
 */
export function seal(
  value: unknown,
  { owner, context, vault }: { readonly owner: string; readonly context: string; readonly vault: Vault },
): { readonly value: unknown; readonly boxes: Boxes } {
  const sealer = new Sealer(vault);
  const sealed = sealer.walk(value, { key: '', above: '', who: owner, isOpen: false });
  return { value: sealed, boxes: sealer.boxes(context) };
}

/** A mark of a sealed field that has nothing to stand for. */
export class BrokenSeal extends Error {}

/** Where in a value a part of it is: under which field, below which, whose words, and readable anyway. */
interface Position {
  readonly key: string;
  readonly above: string;
  readonly who: string;
  readonly isOpen: boolean;
}

/** Collects what is personal in a value, per person, and leaves marks in its place. */
class Sealer {
  readonly #vault: Vault;
  readonly #boxes = new Map<string, { readonly index: number; readonly values: unknown[] }>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  walk(one: unknown, position: Position): unknown {
    const { key, above, who, isOpen } = position;
    if (typeof one === 'string')
      return isOpen || one === forgottenText || readable.has(key) || readable.has(`${above} ${key}`)
        ? one
        : this.#leaf(who, one, kinds.text);
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map((item) => this.walk(item, position));
    if (isPerson(one, key)) {
      // Nothing is left of this one but that it was somebody.
      if (one.name === forgottenName && randomId.test(one.id)) return one;
      this.#vault.alias(one.id, one.name);
      return this.#leaf(one.id, one, kinds.person);
    }
    if (Object.hasOwn(one, mark)) return this.#leaf(who, one, kinds.other);
    const whose = speaks(one as Readonly<Record<string, unknown>>, key, this.#vault) ?? who;
    return Object.fromEntries(
      Object.entries(one).map(([name, item]) => [
        name,
        this.walk(item, {
          key: name,
          above: key,
          who: whose,
          isOpen: isOpen || readableBelow.has(name),
        }),
      ]),
    );
  }

  boxes(context: string): Boxes {
    return [...this.#boxes].map(([who, { values }]) =>
      this.#vault.seal(who, context, padded(JSON.stringify(values))),
    );
  }

  #leaf(who: string, one: unknown, kind: number): unknown {
    const box = this.#boxes.get(who) ?? { index: this.#boxes.size, values: [] };
    this.#boxes.set(who, box);
    box.values.push(one);
    return { [mark]: [box.index, box.values.length - 1, kind] };
  }
}

/**
 * The value as it was sealed; of a forgotten person only that it was somebody, and always the same somebody.
 */
export function unseal(value: unknown, boxes: Boxes, context: string, vault: Pick<Vault, 'open'>): unknown {
  if (boxes.length === 0) return value;
  const opened = boxes.map(
    ([person, box]): { readonly person: string; readonly values: readonly unknown[] | undefined } => {
      const text = vault.open(person, context, box);
      return { person, values: text === undefined ? undefined : (JSON.parse(text) as readonly unknown[]) };
    },
  );

  function walk(one: unknown): unknown {
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(walk);
    const place = (one as Readonly<Record<string, unknown>>)[mark];
    if (Array.isArray(place)) {
      const [index, number, kind] = place as readonly unknown[];
      const box = typeof index === 'number' ? opened[index] : undefined;
      if (box === undefined) throw new BrokenSeal('a sealed field has no box in its line');
      if (box.values !== undefined) return typeof number === 'number' ? box.values[number] : undefined;
      if (kind === kinds.person) return { id: box.person, name: forgottenName };
      return kind === kinds.text ? forgottenText : {};
    }
    return Object.fromEntries(Object.entries(one).map(([name, item]) => [name, walk(item)]));
  }
  return walk(value);
}

/** Who speaks in an object, or did what it describes: its own words are that person's. */
function speaks(one: Readonly<Record<string, unknown>>, key: string, vault: Vault): string | undefined {
  for (const name of ['by', 'requester']) {
    const value = one[name];
    if (isPerson(value, name)) {
      if (
        typeof one['account'] === 'string' &&
        one['account'] !== forgottenText &&
        value.name !== forgottenName
      )
        vault.alias(value.id, one['account']);
      return value.id;
    }
    // An account, or a name, as far as the event itself speaks; elsewhere it is what others say of somebody.
    if (typeof value === 'string' && name === 'by')
      return (
        vault.known(value) ?? (key === '' || key === 'freeze' || key === 'announced' ? value : undefined)
      );
  }
  return undefined;
}

/**
 * Anything with an id and a name is a person, unless it is known to be something else: what more it may say
 * of one is sealed with it.
 */
const notPersons: ReadonlySet<string> = new Set(['', 'device', 'devices']);

function isPerson(value: unknown, key: string): value is Person {
  if (typeof value !== 'object' || value === null || notPersons.has(key)) return false;
  const { id, name } = value as Readonly<Record<string, unknown>>;
  return typeof id === 'string' && typeof name === 'string';
}

function padded(text: string): string {
  const bytes = Buffer.byteLength(text);
  return text + ' '.repeat((padTo - (bytes % padTo)) % padTo);
}
