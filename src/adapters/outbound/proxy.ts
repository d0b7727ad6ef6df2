// The way out through a proxy: read from the variables every tool reads, and laid for every client in the process. This machine is never
// reached through it.
import https from 'node:https';
import { EnvHttpProxyAgent, ProxyAgent, setGlobalDispatcher } from 'undici';
import { Secret } from '../secret.ts';

export interface Proxy {
  readonly url: Secret;
  /** Where it is, without credentials, for people. */
  readonly said: string;
  /** Of the URL's credentials, to be struck out of logs. */
  readonly password: Secret | undefined;
  /** Hosts that are reached directly: `corp.example` stands for itself and all below it. */
  readonly direct: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Lower case wins, as in curl: a web server may set HTTP_PROXY from a request's header. */
const urlNames = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;
const directNames = ['no_proxy', 'NO_PROXY'] as const;
const thisMachine = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** Undefined where none is set; `wrong` says what to change. */
export function proxyFrom(variables: Variables): Proxy | { readonly wrong: string } | undefined {
  const name = urlNames.find((one) => (variables[one]?.trim() ?? '') !== '');
  if (name === undefined) return undefined;
  const given = variables[name]?.trim() ?? '';
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (!URL.canParse(text)) return { wrong: `${name} is no address; write http://host:port.` };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { wrong: `${name} names a proxy of the kind ${url.protocol.slice(0, -1)}; only http and https proxies can be used.` };
  const list = (directNames.map((one) => variables[one]?.trim() ?? '').find((one) => one !== '') ?? '').split(/[\s,]+/).filter((one) => one !== '');
  if (list.includes('*')) return undefined;
  const direct = [...new Set([...thisMachine, ...list.map((one) => one.toLowerCase().replace(/^\*?\./, '').replace(/:\d+$/, ''))])];
  return { url: new Secret(text), said: `${url.protocol}//${url.host}${url.username === '' ? '' : ' (with credentials)'}`, password: url.password === '' ? undefined : new Secret(decodeURIComponent(url.password)), direct };
}

/** Whether a host is reached without the proxy. */
export function goesDirect({ direct }: Proxy, hostname: string): boolean {
  const host = hostname.toLowerCase();
  return /^127\.\d+\.\d+\.\d+$/.test(host) || direct.some((one) => host === one || host.endsWith(`.${one}`));
}

/** Each host, and all below it, in the words that libraries understand. */
function directWords(proxy: Proxy): string {
  return proxy.direct.flatMap((one) => (thisMachine.includes(one) || /^[\d.]+$/.test(one) ? [one] : [one, `.${one}`])).join(',');
}

/**
 * For the clients that are not ours: fetch and WebSocket (Slack), node:https (botbuilder's tokens and keys), and by the variables those of
 * Azure (sign-in, Teams' connector), which read them by rules of their own and so get them spelt out. Once, before any of them is loaded.
 */
export async function useProxy(proxy: Proxy, variables: Record<string, string | undefined>): Promise<void> {
  const url = proxy.url.reveal();
  const noProxy = directWords(proxy);
  for (const name of urlNames) variables[name] = url;
  for (const name of directNames) variables[name] = noProxy;
  setGlobalDispatcher(proxyDispatcher(proxy));
  // Loaded only where there is a proxy: a start without one need not pay for it.
  const { ChoosingAgent } = await import('./choosingAgent.ts');
  Object.assign(https, { globalAgent: new ChoosingAgent(url, (host) => goesDirect(proxy, host)) });
}

/** For a client that takes a dispatcher of undici's. */
export function proxyDispatcher(proxy: Proxy): EnvHttpProxyAgent {
  const url = proxy.url.reveal();
  return new EnvHttpProxyAgent({ httpProxy: url, httpsProxy: url, noProxy: directWords(proxy) });
}

/** An agent of our own client through the proxy, with its time-outs and limits. */
export function proxyAgent(proxy: Proxy, { pipelining, connections, keepAliveMs, connectTimeoutMs, ca }: { readonly pipelining: number; readonly connections: number; readonly keepAliveMs: number; readonly connectTimeoutMs: number; readonly ca: string | undefined }): ProxyAgent {
  const tls = { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) };
  return new ProxyAgent({ uri: proxy.url.reveal(), connections, pipelining, keepAliveTimeout: keepAliveMs, keepAliveMaxTimeout: 60_000, proxyTls: tls, requestTls: tls });
}
