// The outgoing proxy: read from the variables that every tool reads, and set for every client in the process.
// This machine is never reached through it.
import https from 'node:https';
import { EnvHttpProxyAgent, ProxyAgent, setGlobalDispatcher } from 'undici';
import { Secret } from '../secret.ts';

export interface Proxy {
  readonly url: Secret;
  /** Its address without credentials, for people. */
  readonly said: string;
  /** The password in the URL, to be removed from logs. */
  readonly password: Secret | undefined;
  /** Hosts that are reached directly: `corp.example` means itself and all below it. */
  readonly direct: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Lower case wins, as in curl: a web server may set HTTP_PROXY from a request's header. */
const urlNames = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;
/** Variables that curl and Python use where none of those is set. */
const lastNames = ['all_proxy', 'ALL_PROXY'] as const;
const directNames = ['no_proxy', 'NO_PROXY'] as const;
/** Values that mean to other tools that there is no proxy. */
const noProxy = /^(?:none|direct|off|false|0|no)$/i;
const thisMachine = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** Undefined where none is set; `wrong` says what to change. */
export function proxyFrom(variables: Variables): Proxy | { readonly wrong: string } | undefined {
  const name = [...urlNames, ...lastNames].find((one) => valueOf(variables, one) !== '');
  if (name === undefined) return undefined;
  const given = valueOf(variables, name);
  // Azure's libraries read it themselves and would look for a host of that name.
  if (noProxy.test(given)) return { wrong: `${name} is no address; leave it out where there is no proxy.` };
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  // A backslash would count as a slash, and the domain before it as the host.
  if (text.includes('\\')) return { wrong: `${name} holds a backslash; in a user name write it as %5C.` };
  if (!URL.canParse(text)) return { wrong: `${name} is no address; write http://host:port.` };
  const url = new URL(text);
  // `http//host`, `http:/host`
  if (/^https?$/.test(url.hostname)) return { wrong: `${name} is no address; write http://host:port.` };
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return {
      wrong: `${name} names a proxy of the kind ${url.protocol.slice(0, -1)}; only http and https proxies can be used.`,
    };
  if (!isEncoded(url.username) || !isEncoded(url.password))
    return {
      wrong: `${name} holds a "%" in its user name or password that begins no code; write it as %25.`,
    };
  const list = (directNames.map((one) => valueOf(variables, one)).find((one) => one !== '') ?? '')
    .split(/[\s,;]+/)
    .filter((one) => one !== '');
  if (list.includes('*')) return undefined;
  const known = list.filter((one) => hostShape.test(one));
  const ignored = list.filter((one) => !hostShape.test(one));
  const direct = [
    ...new Set([
      ...thisMachine,
      ...known.map((one) =>
        one
          .toLowerCase()
          .replace(/^\*?\.?/, '')
          .replace(/^([^:]+|\[.+\]):\d+$/, '$1'),
      ),
    ]),
  ];
  return {
    url: new Secret(text),
    said: `${url.protocol}//${url.host}${url.username === '' ? '' : ' (with credentials)'}${ignored.length === 0 ? '' : ` (NO_PROXY takes names and addresses: ${ignored.join(', ')} counts for nothing)`}`,
    password: url.password === '' ? undefined : new Secret(decodeURIComponent(url.password)),
    direct,
  };
}

/** A name, with or without everything below it, or one address; no range. */
const hostShape =
  /^(?:\*?\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::\d+)?$|^[0-9a-f]*:[0-9a-f:.]+$/i;

/** Without the quotes that a file or a Windows shell leaves around it. */
function valueOf(variables: Variables, name: string): string {
  return (variables[name] ?? '')
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** Its address without credentials, as people read it. */
export function addressOf({ url }: Proxy): string {
  const { protocol, host } = new URL(url.reveal());
  return `${protocol}//${host}`;
}

/** Whether a host is reached without the proxy. */
export function goesDirect({ direct }: Proxy, hostname: string): boolean {
  const host = hostname.toLowerCase();
  return /^127\.\d+\.\d+\.\d+$/.test(host) || direct.some((one) => host === one || host.endsWith(`.${one}`));
}

/** Each host and everything below it, in the form that libraries understand. */
function directWords(proxy: Proxy): string {
  return proxy.direct
    .flatMap((one) => (thisMachine.includes(one) || /^[\d.]+$/.test(one) ? [one] : [one, `.${one}`]))
    .join(',');
}

/**
 * Sets the proxy for the clients that are not ours: fetch and WebSocket (Slack), node:https (botbuilder’s
 * tokens and keys), and by the variables those of Azure (sign-in, Teams’ connector). Azure’s read the
 * variables by rules of their own, so those get every host spelled out. Called once, before any of them is
 * loaded.
 */
export async function useProxy(proxy: Proxy, variables: Record<string, string | undefined>): Promise<void> {
  const url = proxy.url.reveal();
  const direct = directWords(proxy);
  for (const name of urlNames) variables[name] = url;
  for (const name of directNames) variables[name] = direct;
  setGlobalDispatcher(proxyDispatcher(proxy));
  // Loaded only where there is a proxy: a start without one does not need it.
  const { ChoosingAgent } = await import('./choosingAgent.ts');
  Object.assign(https, { globalAgent: new ChoosingAgent(url, (host) => goesDirect(proxy, host)) });
}

/** For a client that takes an undici dispatcher. */
export function proxyDispatcher(proxy: Proxy): EnvHttpProxyAgent {
  const url = proxy.url.reveal();
  return new EnvHttpProxyAgent({ httpProxy: url, httpsProxy: url, noProxy: directWords(proxy) });
}

/** An agent of our own client through the proxy, with its time-outs and limits. */
export function proxyAgent(
  proxy: Proxy,
  {
    pipelining,
    connections,
    keepAliveMs,
    connectTimeoutMs,
    ca,
  }: {
    readonly pipelining: number;
    readonly connections: number;
    readonly keepAliveMs: number;
    readonly connectTimeoutMs: number;
    readonly ca: string | undefined;
  },
): ProxyAgent {
  const tls = { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) };
  return new ProxyAgent({
    uri: proxy.url.reveal(),
    connections,
    pipelining,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: 60_000,
    proxyTls: tls,
    requestTls: tls,
  });
}
