// Redaction of what is sent home: everything that is a tenant's own is taken out, and the form is left:
// nothing stays because it looks harmless, only because it is known. Equal texts become equal placeholders,
// so that it can still be seen what is the same as what.
import { isFilterWord, isKnownWord, isOpenWord } from './vocabulary.ts';

/**
 * Endings of hosts that are Microsoft's for everybody, so that they say nothing of a tenant. Longest first.
 */
const families: readonly (readonly [RegExp, string])[] = [
  [/\.(z\d{1,3})\.blob\.storage\.azure\.net$/i, '.$1.blob.storage.azure.net'],
  [/\.(blob\.core\.windows\.net|blob\.core\.usgovcloudapi\.net|blob\.storage\.azure\.net)$/i, '.$1'],
  [
    /(?:^|\.)(securitycenter\.microsoft\.com|securitycenter\.windows\.com|securitycenter\.microsoft\.us|security\.microsoft\.com)$/i,
    '.$1',
  ],
];
/** First labels of Defender's own API hosts: regions, not tenants. */
const apiHost =
  /^(?:(?:api|us|eu|uk|au|swa|ina|aea|api-(?:us|us2|us3|eu|eu2|eu3|uk|au|gcc|gov|swa|ina|aea))\.)+(?:security(?:center)?\.(?:microsoft\.com|windows\.com|microsoft\.us))$/i;

/** `*.blob.core.windows.net`, `api-us3.securitycenter.microsoft.com`, `loopback`, or `another`. */
export function familyOf(host: string): string {
  if (/^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/i.test(host)) return 'loopback';
  if (apiHost.test(host)) return host.toLowerCase();
  for (const [pattern, ending] of families) {
    const found = pattern.exec(host);
    if (found !== null) return `*${ending.replace('$1', (found[1] ?? '').toLowerCase())}`;
  }
  return 'another';
}

/** A field's name belongs to the API; a text in its place does not. */
export function fieldName(name: string): string {
  return /^[@$A-Za-z_][A-Za-z0-9_.@-]{0,59}$/.test(name) && !/\d{4}/.test(name) ? name : '(odd name)';
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const date = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/i;
const address = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})$/i;
/** Characters of a text whose form is kept; of the rest only their number. */
const formKept = 80;
const maxDepth = 40;
/** First moment of a fixture, whenever it was. */
const epoch = Date.UTC(2000, 0, 1);
/** Headers whose value is the same for everybody, or a number. */
const plainHeaders = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'accept-ranges',
  'odata-version',
  'transfer-encoding',
  'x-ms-blob-type',
  'x-ms-version',
  'retry-after',
  'vary',
  'cache-control',
  'connection',
  'keep-alive',
]);

export class Redactor {
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #from: number;

  /**
   * @param from the moment that becomes the first of 2000 (epoch milliseconds): how long things took stays,
   * when they happened does not.
   */
  constructor(from: number) {
    this.#from = from;
  }

  /** Any JSON, with every field that is there and nothing that it held. */
  json(value: unknown, key = '', depth = 0): unknown {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number') return this.#number(value, key);
    if (typeof value === 'string') return this.text(value, key);
    if (depth > maxDepth || typeof value !== 'object') return '(too deep)';
    if (Array.isArray(value)) return value.map((one) => this.json(one, key, depth + 1));
    // A command's parameter is recognised by its name.
    const named = 'key' in value && 'value' in value && typeof value.key === 'string' ? value.key : undefined;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner], at) => {
        const shown = fieldName(name);
        return [
          shown === name ? name : `(odd name ${at + 1})`,
          this.json(inner, name === 'value' && named !== undefined ? named : name, depth + 1),
        ];
      }),
    );
  }

  text(text: string, key = ''): string {
    if (text === '' || isKnownWord(key, text) || isOpenWord(key, text)) return text;
    if (guid.test(text))
      return this.#placeholder(
        'guid',
        text.toLowerCase(),
        (count) => `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
      );
    if (/^[0-9a-f]{40}$/i.test(text))
      return this.#placeholder('hex40', text.toLowerCase(), (count) => String(count).padStart(40, '0'));
    if (/^[0-9a-f]{64}$/i.test(text))
      return this.#placeholder('hex64', text.toLowerCase(), (count) => String(count).padStart(64, '0'));
    if (date.test(text)) return this.#date(text);
    if (address.test(text))
      return this.#placeholder('ip', text.toLowerCase(), (count) =>
        text.includes(':') ? `2001:db8::${count.toString(16)}` : `192.0.2.${count % 256}`,
      );
    if (/^https?:\/\//i.test(text) && URL.canParse(text)) return this.url(new URL(text));
    return this.#placeholder(
      'text',
      text,
      (count) => `<text ${count}: ${Array.from(text).length} characters, ${form(text)}>`,
    );
  }

  /** A path keeps the API's own words, a query its names. */
  url(url: URL): string {
    const family = familyOf(url.hostname);
    const host =
      family === 'loopback'
        ? 'loopback'
        : family.startsWith('*')
          ? `${this.#placeholder('host', url.hostname, (count) => `host${count}`)}${family.slice(1)}`
          : family === 'another'
            ? this.#placeholder('host', url.hostname, (count) => `host${count}.example`)
            : family;
    const path = url.pathname
      .split('/')
      .map((part) => this.#segment(part))
      .join('/');
    const query = [...url.searchParams]
      .map(([name, value]) => `${fieldName(name)}=${this.#parameter(name, value)}`)
      .join('&');
    const hash =
      url.hash === ''
        ? ''
        : /^#(?:Edm\.[A-Za-z]{1,20}|[A-Za-z]{1,30}(?:\/\$entity)?)$/.test(url.hash)
          ? url.hash
          : '#…';
    return `${url.protocol}//${host}${path}${query === '' ? '' : `?${query}`}${hash}`;
  }

  headers(headers: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...headers].map(([name, value]) => {
        const shown =
          plainHeaders.has(name) && /^[\w ./+;=,*-]{0,120}$/.test(value)
            ? value
            : name === 'date'
              ? '<date>'
              : `<${Array.from(value).length} characters, ${form(value)}>`;
        return [fieldName(name), shown];
      }),
    );
  }

  #segment(part: string): string {
    if (
      part === '' ||
      /^(?:api|v\d(?:\.\d)?|machineactions|machines|libraryfiles|runliveresponse|cancel|\$metadata|getliveresponseresultdownloadlink\(index=\d{1,3}\))$/i.test(
        part,
      )
    )
      return part;
    return this.text(URL.canParse(`x:${part}`) ? decoded(part) : part).replaceAll('/', '_');
  }

  #parameter(name: string, value: string): string {
    if (/^(?:se|st|ske|skt)$/.test(name)) return this.text(value);
    if (/^(?:sp|sr|spr|sks)$/.test(name) && /^[a-z,]{1,12}$/.test(value)) return value;
    if (/^(?:sv|skv)$/.test(name) && /^\d{4}-\d\d-\d\d$/.test(value)) return value;
    if (/^\$(?:top|skip|count)$/.test(name) && /^(?:\d{1,5}|true|false)$/.test(value)) return value;
    if (name === '$orderby' && /^[A-Za-z]{1,40}(?: (?:asc|desc))?$/.test(value)) return value;
    // Names and operators are the API's; anything in quotes, and every date, is the tenant's.
    if (name === '$filter')
      return value
        .replace(/'(?:[^']|'')*'|\d{4}-\d\d-\d\dT[\d:.]+Z?/g, (literal) =>
          literal.startsWith("'") ? `'${this.#literal(literal.slice(1, -1))}'` : this.text(literal),
        )
        .replace(/[^\w ()$',.:<>-]/g, '?');
    // A signature's letters are nobody's business, and neither are their kinds.
    return `<${Array.from(value).length} characters>`;
  }

  #literal(text: string): string {
    return isFilterWord(text) ? text : this.text(text);
  }

  /**
   * Small whole numbers are counts, indexes and states; in a field that we know to hold none of a tenant's.
   */
  #number(value: number, key: string): number | string {
    if (['index', 'errorHResult', 'exit_code', '@odata.count'].includes(key)) return value;
    return `<number: ${form(String(value))}>`;
  }

  #date(text: string): string {
    const [, whole = '', fraction = '', zone = ''] = date.exec(text) ?? [];
    const ms = Date.parse(`${whole}Z`);
    // The zero date of .NET and its like say "none", to everybody.
    if (!Number.isFinite(ms) || ms < Date.UTC(1990, 0, 1))
      return text.slice(0, 10) === '0001-01-01' ? text : '<date>';
    const moved = new Date(epoch + ms - Math.floor(this.#from / 1000) * 1000);
    return Number.isFinite(moved.getTime())
      ? `${moved.toISOString().slice(0, 19)}${fraction}${zone}`
      : '<date>';
  }

  #placeholder(kind: string, text: string, make: (count: number) => string): string {
    const known = this.#known.get(`${kind} ${text}`);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const made = make(count);
    this.#known.set(`${kind} ${text}`, made);
    return made;
  }
}

/** `Xxxx 99-x`: which kinds of characters are where, and none of them. */
export function form(text: string): string {
  const characters = Array.from(text);
  const shown = characters.slice(0, formKept).map((character) => {
    if (/\p{Lu}/u.test(character)) return 'X';
    if (/\p{L}/u.test(character)) return 'x';
    if (/\p{N}/u.test(character)) return '9';
    return /^[ !#%()*+,./:;=?@[\]_|~-]$/.test(character) ? character : '?';
  });
  return `${shown.join('')}${characters.length > formKept ? '…' : ''}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return part;
  }
}
