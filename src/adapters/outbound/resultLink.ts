// Checks result links before anything is read from them or anyone is given them, and reads what they point at. A link came through an API
// and is a stranger's address all the same: host list, public addresses only, no redirects, no credentials of ours, and never more bytes than asked for.
import { DefenderError } from '../../liveResponse/ports.ts';
import type { ResultBytes } from '../../liveResponse/ports.ts';
import type { Http, HttpAnswer } from './http.ts';
import { HttpError } from './http.ts';

/**
 * Azure storage of the commercial and the US government clouds, where Defender keeps results (defender-api.md 4). The last: accounts with
 * Azure DNS zone endpoints, `<account>.z01.blob.storage.azure.net` (learn.microsoft.com/azure/storage/common/storage-account-overview).
 */
export const resultHosts: readonly string[] = ['.blob.core.windows.net', '.blob.core.usgovcloudapi.net', '.blob.storage.azure.net'];

export interface ResultRules {
  /** Endings of hosts, each beginning with a dot, and whole names. */
  readonly hosts: readonly string[];
  /** Exact origins allowed besides, whatever their scheme, port and address: the simulator's, on loopback. */
  readonly origins: readonly string[];
  /** Any http origin of this machine: for a Defender that is itself on loopback, whose blob server has a port nobody can know. */
  readonly loopback?: boolean;
}

/** Milliseconds to read a result. */
const timeoutMs = 60_000;

/** The URL, if it may be read or handed out at all, and whether it is one that somebody configured. @throws DefenderError `untrusted` */
export function checkedLink(text: string, rules: ResultRules): { readonly url: URL; readonly configured: boolean } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw untrusted('it is not a URL');
  if (url.username !== '' || url.password !== '') throw untrusted('it names a user');
  if (isConfigured(url, rules)) return { url, configured: true };
  if (url.protocol !== 'https:') throw untrusted('it is not https');
  // The URL parser drops :443 of https, so any port left is another one.
  if (url.port !== '') throw untrusted(`it names port ${url.port}`);
  // One that somebody named whole may be in a private network.
  if (rules.hosts.includes(url.hostname) && !url.hostname.startsWith('.')) return { url, configured: true };
  // An address literal cannot end in a listed host; neither can a name with a trailing dot, which would evade certificates elsewhere.
  if (!rules.hosts.some((ending) => ending.startsWith('.') && url.hostname.endsWith(ending) && url.hostname.length > ending.length)) {
    throw untrusted(`its host ${url.hostname.slice(0, 100)} is not on the list`);
  }
  return { url, configured: false };
}

/** Whether the rules name this very origin, so that neither https nor the host list is asked of it. */
function isConfigured(url: URL, rules: ResultRules): boolean {
  return rules.origins.includes(url.origin) || (rules.loopback === true && isOnLoopback(url));
}

function isOnLoopback(url: URL): boolean {
  return url.protocol === 'http:' && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(url.hostname);
}

/** Reads at most `maxBytes`; what lies beyond is left unread and `cut` is set. @throws DefenderError `untrusted` `gone` `unavailable` `unreadable` */
export async function readResult(http: Http, link: string, maxBytes: number, rules: ResultRules): Promise<ResultBytes> {
  const { url, configured } = checkedLink(link, rules);
  let answer: HttpAnswer;
  try {
    answer = await http.send({ method: 'GET', url, maxBytes, cut: true, timeoutMs, connection: configured ? 'fresh' : 'public' });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.code === 'private') throw untrusted(error.message);
    // The cause is left out on purpose: it may repeat the URL, and the URL is a bearer secret.
    throw new DefenderError('unavailable', `the result could not be read from ${url.host} (${error.code})`);
  }
  const { status } = answer;
  if (status >= 300 && status < 400) throw untrusted('it redirects', status);
  if (status === 403 || status === 404 || status === 410) {
    throw new DefenderError('gone', 'the link has expired or the result is no longer kept; a new link can be asked for', { status });
  }
  if (status === 429 || status >= 500) throw new DefenderError('unavailable', `the storage answered ${status}`, { status });
  if (status !== 200) throw new DefenderError('unreadable', `the storage answered ${status}`, { status });
  const size = contentLength(answer);
  const fileName = fileNameOf(answer.headers.get('content-disposition') ?? '');
  return {
    bytes: answer.bytes,
    cut: answer.cut,
    ...(size === undefined ? {} : { size }),
    ...(fileName === undefined ? {} : { fileName }),
  };
}

function untrusted(why: string, status?: number): DefenderError {
  return new DefenderError('untrusted', `the result link is neither followed nor handed out: ${why}`, { apiMessage: why, ...(status === undefined ? {} : { status }) });
}

function contentLength(answer: HttpAnswer): number | undefined {
  const text = answer.headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `filename*` (RFC 5987) before `filename`, quoted or not. Not trusted: see `safeName`. */
export function fileNameOf(disposition: string): string | undefined {
  const header = disposition.slice(0, 2000);
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch (error) {
      // A broken escape: the plain form may still be good.
      if (!(error instanceof URIError)) throw error;
    }
  }
  const quoted = /filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
  const plain = /filename\s*=\s*([^;\s"]+)/i.exec(header)?.[1];
  return plain;
}
