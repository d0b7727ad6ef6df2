// Result links of live response, checked before anything is read from them or a person gets them. A link came
// through an API and is still a stranger’s address: so there is a list of hosts, public addresses only, no
// redirects, no credentials of ours, and never more bytes than requested.
import { DefenderError } from '../../liveResponse/ports.ts';
import type { ResultBytes } from '../../liveResponse/ports.ts';
import type { HttpClient, HttpAnswer } from './http.ts';
import { HttpError, isGzip, unpack as unpackWith } from './http.ts';

/**
 * Azure storage of the commercial and the US government clouds, where Defender keeps results. The
 * last entry is for accounts with Azure DNS zone endpoints, `<account>.z01.blob.storage.azure.net`
 * (learn.microsoft.com/azure/storage/common/storage-account-overview).
 */
export const resultHosts: readonly string[] = [
  '.blob.core.windows.net',
  '.blob.core.usgovcloudapi.net',
  '.blob.storage.azure.net',
];

export interface ResultRules {
  /** Endings of hosts, each beginning with a dot, and whole names. */
  readonly hosts: readonly string[];
  /**
   * Exact origins that are also allowed, whatever their scheme, port and address: the simulator’s, on
   * loopback.
   */
  readonly origins: readonly string[];
  /**
   * Any http origin of this machine: for a Defender that is itself on loopback, whose blob server has an
   * unpredictable port.
   */
  readonly loopback?: boolean;
}

/** Milliseconds to read a result. */
const timeoutMs = 60_000;

/**
 * The URL, if it may be read or given to people at all, and whether somebody configured it.
 * @throws DefenderError `untrusted`
 */
export function checkedLink(
  text: string,
  rules: ResultRules,
): { readonly url: URL; readonly configured: boolean } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw untrusted('it is not a URL');
  if (url.username !== '' || url.password !== '') throw untrusted('it names a user');
  if (isConfigured(url, rules)) return { url, configured: true };
  if (url.protocol !== 'https:') throw untrusted('it is not https');
  // The URL parser drops :443 of https, so any port left is another one.
  if (url.port !== '') throw untrusted(`it names port ${url.port}`);
  // A host that somebody configured by its full name may be in a private network.
  if (rules.hosts.includes(url.hostname) && !url.hostname.startsWith('.')) return { url, configured: true };
  // An address literal cannot end in a listed host; neither can a name with a trailing dot, which would evade
  // certificates elsewhere.
  if (
    !rules.hosts.some(
      (ending) =>
        ending.startsWith('.') && url.hostname.endsWith(ending) && url.hostname.length > ending.length,
    )
  ) {
    throw untrusted(`its host ${url.hostname.slice(0, 100)} is not on the list`);
  }
  return { url, configured: false };
}

/**
 * Whether the rules name this exact origin: then it needs neither https nor an entry in the list of hosts.
 */
function isConfigured(url: URL, rules: ResultRules): boolean {
  return rules.origins.includes(url.origin) || (rules.loopback === true && isOnLoopback(url));
}

function isOnLoopback(url: URL): boolean {
  return url.protocol === 'http:' && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(url.hostname);
}

/**
 * Reads at most `maxBytes`; the rest is not read, and `cut` is set. With `unpack`, a packed result is
 * unpacked, to `maxBytes` at most; then `packed` names its encoding.
 * @throws DefenderError `untrusted` `gone` `unavailable` `unreadable`
 */
export async function readResult(
  http: HttpClient,
  link: string,
  rules: ResultRules,
  { maxBytes, unpack = false }: { readonly maxBytes: number; readonly unpack?: boolean },
): Promise<ResultBytes> {
  const { url, configured } = checkedLink(link, rules);
  let answer: HttpAnswer;
  try {
    answer = await http.send({
      method: 'GET',
      url,
      maxBytes,
      cut: true,
      timeoutMs,
      connection: configured ? 'fresh' : 'public',
      headers: { 'accept-encoding': 'identity' },
    });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.code === 'private') throw untrusted(error.message);
    // The cause is omitted on purpose: it may contain the URL, and the URL is a bearer secret.
    throw new DefenderError('unavailable', `the result could not be read from ${url.host} (${error.code})`);
  }
  const { status } = answer;
  if (status >= 300 && status < 400) throw untrusted('it redirects', status);
  if (status === 403 || status === 404 || status === 410) {
    throw new DefenderError(
      'gone',
      'the link has expired or the result is no longer kept; a new link can be asked for',
      { status },
    );
  }
  if (status === 429 || status >= 500)
    throw new DefenderError('unavailable', `the storage answered ${status}`, { status });
  if (status !== 200) throw new DefenderError('unreadable', `the storage answered ${status}`, { status });
  const size = contentLength(answer);
  const fileName = fileNameOf(answer.headers.get('content-disposition') ?? '');
  const encoding = encodingOf(answer);
  const opened = unpack ? await unpacked(answer, encoding, maxBytes) : undefined;
  return {
    bytes: answer.bytes,
    cut: answer.cut,
    ...opened,
    ...(encoding === undefined ? {} : { encoding }),
    ...(size === undefined ? {} : { size }),
    ...(fileName === undefined ? {} : { fileName }),
  };
}

function untrusted(why: string, status?: number): DefenderError {
  return new DefenderError('untrusted', `the result link is neither followed nor handed out: ${why}`, {
    apiMessage: why,
    ...(status === undefined ? {} : { status }),
  });
}

function contentLength(answer: HttpAnswer): number | undefined {
  const text = answer.headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The encoding by which the storage says it packed the result; undefined where it names none. */
function encodingOf({ headers }: HttpAnswer): string | undefined {
  const name = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return name === '' || name === 'identity' ? undefined : name.slice(0, 40);
}

/** Packed for transport, in itself, or both; anything further is content. */
const layers = 2;

/** Undefined where nothing is packed, or it cannot be unpacked: then the bytes are used as they are. */
async function unpacked(
  answer: HttpAnswer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Pick<ResultBytes, 'bytes' | 'cut' | 'packed'> | undefined> {
  let { bytes, cut } = answer;
  let packed: string | undefined;
  for (let layer = 0; layer < layers; layer += 1) {
    // The header may be wrong: a storage may keep the name of an encoding that was already undone.
    const how = isGzip(bytes) ? 'gzip' : layer === 0 ? encoding : undefined;
    const found = how === undefined ? undefined : await unpackWith(bytes, how, maxBytes);
    if (found === undefined || how === undefined) break;
    packed ??= how;
    bytes = found.bytes;
    cut = cut || found.cut;
  }
  return packed === undefined ? undefined : { bytes, cut, packed };
}

/**
 * The name in a Content-Disposition (RFC 6266): `filename*` in any character set that is known before
 * `filename`; that one quoted, not quoted with spaces in it, percent-encoded as browsers and storages write
 * it, or in raw UTF-8. Not trusted: see `safeName`.
 */
export function fileNameOf(disposition: string): string | undefined {
  const parameters = parametersOf(disposition.slice(0, 2000));
  const extended = parameters.get('filename*');
  const plain = parameters.get('filename');
  return (
    (extended === undefined ? undefined : fromExtended(extended)) ??
    (plain === undefined || plain === '' ? undefined : fromPlain(plain))
  );
}

/** Names in lower case; the first of repeated ones. A semicolon within quotes separates nothing. */
function parametersOf(header: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const pattern = /(?:^|;)\s*([\w!#$&+.^`|~*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^;]*))/g;
  for (const [, name = '', quoted, bare = ''] of header.matchAll(pattern)) {
    const key = name.toLowerCase();
    const value =
      quoted === undefined ? bare.trim().replace(/^'(.*)'$/, '$1') : quoted.replaceAll(/\\(["\\])/g, '$1');
    if (!found.has(key)) found.set(key, value);
  }
  return found;
}

/**
 * `UTF-8'en'na%C3%AFve.txt` (RFC 8187); undefined where it is broken, so that the plain form may still be
 * good.
 */
function fromExtended(value: string): string | undefined {
  const [, charset = '', encoded = ''] = /^([\w.:+-]+)'[^']*'(.*)$/.exec(value) ?? [];
  return charset === '' ? undefined : decoded(encoded, charset);
}

/** Percent signs that encode nothing are part of the name: `100% done.txt`. */
function fromPlain(value: string): string {
  const raw =
    /[\u0080-\u00ff]/.test(value) && !/[^\u0000-\u00ff]/.test(value)
      ? (decodedBytes(Buffer.from(value, 'latin1'), 'utf-8') ?? value)
      : value;
  return /%[0-9a-f]{2}/i.test(raw) ? (decoded(raw, 'utf-8') ?? raw) : raw;
}

/** Undefined for broken escapes, bytes outside that character set, and an unknown character set. */
function decoded(text: string, charset: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  const bytes = Array.from(text.matchAll(/%([0-9a-f]{2})|[^%]+/gi)).flatMap(([part, hex]) =>
    hex === undefined ? [...Buffer.from(part, 'utf8')] : [Number.parseInt(hex, 16)],
  );
  return decodedBytes(Uint8Array.from(bytes), charset);
}

function decodedBytes(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    // RangeError: no such character set. TypeError: not of this one. By name: they may come from another
    // realm.
    const { name } = error as { readonly name?: unknown };
    if (name === 'RangeError' || name === 'TypeError') return undefined;
    throw error;
  }
}
