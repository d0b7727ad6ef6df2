// Settings from a `.env` file in the folder where the program is started: read before anything else, and
// never replacing what the environment sets. After it, secrets from files are read.
import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { unknownName } from './environment.ts';
import { readSecretFiles, secretNames, smallFile, whoElseReads } from './secretFiles.ts';
import { knownNames } from './settings.ts';

type Variables = Record<string, string | undefined>;

/** The setting that names the file, only in the environment; `off` reads none. */
export const envFileSetting = 'LR_ENV_FILE';

export interface DotEnv {
  /** One sentence for the start and the doctor; undefined where there is no file. */
  readonly said: string | undefined;
  /** Why a file that exists, or that was named, was not read. */
  readonly wrong?: string;
  /** The file was not read, so nobody knows what it says about folders and keys. */
  readonly unread?: true;
  /** Parts of it that have no effect, or less than it seems. */
  readonly odd?: readonly string[];
}

/**
 * Adds the settings of the file to `variables`, and then the secrets that settings of either source name by
 * `NAME_FILE`.
 */
export function readDotEnv(variables: Variables): DotEnv {
  const file = readEnvFile(variables);
  const secrets = readSecretFiles(variables);
  const said = [
    ...(file.said === undefined ? [] : [file.said]),
    ...(secrets.read.length === 0
      ? []
      : [`${secrets.read.join(', ')} read from the file that its _FILE names`]),
  ].join('; ');
  const wrong = [...(file.wrong === undefined ? [] : [file.wrong]), ...secrets.wrong].join('\n  - ');
  const odd = [...(file.odd ?? []), ...secrets.odd];
  return {
    said: said === '' ? undefined : said,
    ...(wrong === '' ? {} : { wrong }),
    ...(file.unread === true ? { unread: true } : {}),
    ...(odd.length === 0 ? {} : { odd }),
  };
}

function readEnvFile(variables: Variables): DotEnv {
  const named = variables[envFileSetting]?.trim() ?? '';
  if (named.toLowerCase() === 'off') return { said: undefined };
  const file = resolve(named === '' ? '.env' : named);
  const opened = smallFile(file, mostBytes);
  if ('wrong' in opened) {
    if (opened.code === 'ENOENT' && named === '') return { said: undefined };
    return {
      said: undefined,
      unread: true,
      wrong: `${file} cannot be read: ${opened.wrong}. Correct it, or set ${envFileSetting}=off.`,
    };
  }
  const { bytes, rights } = opened;
  if (bytes.length > mostBytes)
    return {
      said: undefined,
      unread: true,
      wrong: `${file} is larger than ${mostBytes / 1024} KiB, and no file of settings is. Let ${envFileSetting} name the right one, or set it to off.`,
    };
  const text = settingsText(bytes);
  if (text === undefined)
    return {
      said: undefined,
      unread: true,
      wrong: `${file} is no UTF-8 text. Save it as UTF-8, or set ${envFileSetting}=off.`,
    };
  const { set, odd: found } = settingsIn(text);
  const given = Object.entries(set).filter(([, value]) => value.trim() !== '');
  const secret = given.some(([name]) => name === 'LR_JOURNAL_KEY' || secretNames.some((one) => one === name))
    ? whoElseReads(file, rights)
    : undefined;
  const unknown = given.flatMap(([name]) => unknownName(name, knownNames, 'file') ?? []);
  const tooLate = given
    .filter(([name]) => readEarlier.includes(name))
    .map(
      ([name]) =>
        `${name} has no effect in a file: it is read before this one. Set it in the environment of the process.`,
    );
  const odd = [
    ...[...found, ...unknown, ...tooLate].map((one) => `${file}: ${one}`),
    ...(secret === undefined ? [] : [secret]),
  ];
  const overruled = given.filter(([name]) => variables[name] !== undefined).map(([name]) => name);
  for (const [name, value] of given) variables[name] ??= value;
  const count = given.length === 1 ? 'one setting' : `${given.length} settings`;
  return {
    said: `${count} read from ${file}${overruled.length === 0 ? '' : `; the environment overrules ${overruled.join(', ')}`}`,
    ...(odd.length === 0 ? {} : { odd }),
  };
}

/** Names that have no effect in the file, since they are read before it. */
const readEarlier: readonly string[] = [
  envFileSetting,
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_ENV_PROXY',
];

/** Bytes; .env.example with all its comments has 8 KiB. */
export const mostBytes = 262_144;

const nameShape = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/**
 * Text as Windows’ editors and shells save it: with a byte order mark, or in UTF-16. Line ends and the spaces
 * of `export` are made what the parser expects.
 */
export function settingsText(bytes: Buffer): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  if (encoding === 'utf-8' && !isUtf8(bytes)) return undefined;
  const text = new TextDecoder(encoding).decode(bytes);
  return text.includes('\0') ? undefined : text.replace(/\r\n?/g, '\n').replace(/^[ \t]*export[ \t]+/gm, '');
}

/**
 * The settings in the text, and which parts of it have no effect or less than it seems: line by line, with no
 * value in any sentence, since it may be a secret. A line that is not NAME=value is removed before the parser
 * sees it, because such a line may swallow the name of the next one or all the rest.
 */
export function settingsIn(text: string): {
  readonly set: Readonly<Record<string, string>>;
  readonly odd: readonly string[];
} {
  const odd: string[] = [];
  const kept: string[] = [];
  const seen = new Set<string>();
  const lines = text.split('\n');
  const last = new Map(
    ['"', "'", '`'].map((quote) => [quote, lines.findLastIndex((line) => line.includes(quote))]),
  );
  /** A value that continues over several lines. */
  let open: { readonly quote: string; readonly name: string; readonly at: string } | undefined;
  lines.forEach((line, index) => {
    const at = `line ${index + 1}`;
    kept.push(line);
    if (open !== undefined) {
      if (!line.includes(open.quote)) return;
      if (isMore(line.slice(line.indexOf(open.quote) + 1)))
        odd.push(
          `the value of ${open.name} in ${open.at} goes on to ${at}, and what stands behind the quote there counts for nothing. Close its quote.`,
        );
      open = undefined;
      return;
    }
    if (/^\s*(?:#|$)/.test(line)) return;
    const [, name, blanks = '', value = ''] =
      /^[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=([ \t]*)(.*)$/s.exec(line) ?? [];
    if (name === undefined) {
      odd.push(`${at} is no NAME=value and counts for nothing.`);
      kept[index] = '';
      return;
    }
    if (seen.has(name)) odd.push(`${name} stands twice; the one in ${at} counts.`);
    seen.add(name);
    const quote = /^["'`]/.exec(value)?.[0];
    const end = quote === undefined ? -1 : value.indexOf(quote, 1);
    if (quote !== undefined && end < 0) {
      if ((last.get(quote) ?? -1) > index) open = { quote, name, at };
      else
        odd.push(
          `the quote that opens the value of ${name} in ${at} is never closed, so it is part of the value.`,
        );
    } else if (quote !== undefined) {
      if (isMore(value.slice(end + 1)))
        odd.push(
          `the value of ${name} in ${at} ends at its second quote. If that belongs to it, put the value in quotes of another kind.`,
        );
      if (quote === '"' && value.slice(0, end).includes('\\n'))
        odd.push(
          `the value of ${name} in ${at} holds \\n, of which double quotes make the end of a line. Put it in single quotes if it is meant as it stands.`,
        );
    } else if (/^[^#]*\S#/.test(value) || (value.startsWith('#') && blanks === '')) {
      odd.push(
        `the value of ${name} in ${at} ends before its "#". Put it in quotes if the "#" belongs to it.`,
      );
    } else if (/^[\u2018-\u201f]/.test(value)) {
      odd.push(`the curly quotes around the value of ${name} in ${at} are part of it. Type straight ones.`);
    }
  });
  const set = Object.fromEntries(
    Object.entries(parseEnv(kept.join('\n'))).flatMap(([name, value]): readonly [string, string][] =>
      value === undefined || !nameShape.test(name) ? [] : [[name, value]],
    ),
  );
  return { set, odd };
}

/** Whether something other than a comment follows the closing quote. */
function isMore(behind: string): boolean {
  return !/^\s*(?:#|$)/.test(behind);
}
