// Settings from a `.env` file in the folder the program is started in: read before anything else, and never over what the environment says. After it the secrets that lie in files.
import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { unknownName } from './adapters/config/environment.ts';
import { readSecretFiles, secretNames, smallFile, whoElseReads } from './adapters/config/secretFiles.ts';
import { knownNames } from './adapters/config/settings.ts';

type Variables = Record<string, string | undefined>;

/** Names the file, in the environment alone; `off` reads none. */
export const envFileSetting = 'LR_ENV_FILE';

export interface DotEnv {
  /** One sentence for the start and the doctor; undefined where there is no file. */
  readonly said: string | undefined;
  /** Why a file that is there, or that was named, was not read. */
  readonly wrong?: string;
  /** What of it counts for nothing, or for less than it seems. */
  readonly odd?: readonly string[];
}

/** Adds the file's settings to `variables`, and then the secrets that settings of either name by `NAME_FILE`. */
export function readDotEnv(variables: Variables): DotEnv {
  const file = readEnvFile(variables);
  const secrets = readSecretFiles(variables);
  const said = [...(file.said === undefined ? [] : [file.said]), ...(secrets.read.length === 0 ? [] : [`${secrets.read.join(', ')} read from the file that its _FILE names`])].join('; ');
  const wrong = [...(file.wrong === undefined ? [] : [file.wrong]), ...secrets.wrong].join('\n  - ');
  const odd = [...(file.odd ?? []), ...secrets.odd];
  return { said: said === '' ? undefined : said, ...(wrong === '' ? {} : { wrong }), ...(odd.length === 0 ? {} : { odd }) };
}

function readEnvFile(variables: Variables): DotEnv {
  const named = variables[envFileSetting]?.trim() ?? '';
  if (named.toLowerCase() === 'off') return { said: undefined };
  const file = resolve(named === '' ? '.env' : named);
  const opened = smallFile(file, mostBytes);
  if ('wrong' in opened) {
    if (opened.code === 'ENOENT' && named === '') return { said: undefined };
    return { said: undefined, wrong: `${file} cannot be read: ${opened.wrong}. Correct it, or set ${envFileSetting}=off.` };
  }
  const { bytes, rights } = opened;
  if (bytes.length > mostBytes) return { said: undefined, wrong: `${file} is larger than ${mostBytes / 1024} KiB, and no file of settings is. Let ${envFileSetting} name the right one, or set it to off.` };
  const text = textOf(bytes);
  if (text === undefined) return { said: undefined, wrong: `${file} is no UTF-8 text. Save it as UTF-8, or set ${envFileSetting}=off.` };
  const given = Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => nameShape.test(entry[0]) && (entry[1] ?? '').trim() !== '');
  const secret = given.some(([name]) => name === 'LR_JOURNAL_KEY' || secretNames.some((one) => one === name)) ? whoElseReads(file, rights) : undefined;
  const unknown = given.flatMap(([name]) => unknownName(name, knownNames, 'file') ?? []);
  const odd = [...[...oddities(text), ...unknown].map((one) => `${file}: ${one}`), ...(secret === undefined ? [] : [secret])];
  const overruled = given.filter(([name]) => variables[name] !== undefined).map(([name]) => name);
  for (const [name, value] of given) variables[name] ??= value;
  const count = given.length === 1 ? 'one setting' : `${given.length} settings`;
  return { said: `${count} read from ${file}${overruled.length === 0 ? '' : `; the environment overrules ${overruled.join(', ')}`}`, ...(odd.length === 0 ? {} : { odd }) };
}

/** Bytes; .env.example with all its comments has 8 KiB. */
export const mostBytes = 262_144;

const nameShape = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** As Windows' editors and shells save it: with a byte order mark, or in UTF-16; line ends and the spaces of `export` as the parser wants them. */
export function textOf(bytes: Buffer): string | undefined {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  if (encoding === 'utf-8' && !isUtf8(bytes)) return undefined;
  const text = new TextDecoder(encoding).decode(bytes);
  return text.includes('\0') ? undefined : text.replace(/\r\n?/g, '\n').replace(/^[ \t]*export[ \t]+/gm, '');
}

/** Line by line, with no value in any sentence: it may be a secret. */
function oddities(text: string): readonly string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  /** The quote of a value that goes on over several lines. */
  let open = '';
  text.split('\n').forEach((line, index) => {
    const at = `line ${index + 1}`;
    if (open !== '') {
      if (line.includes(open)) open = '';
      return;
    }
    if (/^\s*(?:#|$)/.test(line)) return;
    const [, name, value = ''] = /^[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      found.push(`${at} is no NAME=value and counts for nothing.`);
      return;
    }
    if (seen.has(name)) found.push(`${name} stands twice; the one in ${at} counts.`);
    seen.add(name);
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !value.slice(1).includes(quote)) {
      if (text.split('\n').slice(index + 1).some((later) => later.includes(quote))) open = quote;
      else found.push(`the quote that opens the value of ${name} in ${at} is never closed, so it counts for nothing.`);
    } else if (quote === undefined && /\S#/.test(value)) {
      found.push(`the value of ${name} in ${at} ends before its "#". Put it in quotes if the "#" belongs to it.`);
    } else if (/^[\u2018-\u201f]/.test(value)) {
      found.push(`the curly quotes around the value of ${name} in ${at} are part of it. Type straight ones.`);
    }
  });
  return found;
}
