// Network errors on the way to a host, in words for operators: what a proxy answers, or a certificate that is
// unknown here. The HTTP clients report them by codes of their own and by messages deep in their causes.

/** Of OpenSSL, as Node names them (nodejs.org/api/tls.html, "X509 certificate error codes"). */
const unknownAuthority = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/**
 * The connection was not accepted. Through a proxy that means the proxy, since only its name is resolved and
 * only it is connected to. The system reports some of these codes for an established connection, too.
 */
const unanswered = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'timeout',
]);
const ended = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export interface WayOut {
  /** Short, for logs and branching: `proxy_407`, `certificate`, `proxy_silent`, `proxy_ended`. */
  readonly code: string;
  /** The problem and the next step, as a part of a sentence. */
  readonly words: string;
  /** It is certain that nothing was sent to the host. */
  readonly unsent: boolean;
}

/**
 * Undefined where neither a proxy nor a certificate is the problem.
 * @param proxy address of the proxy that the call went to, without credentials; undefined where it went
 * directly
 */
export function wayOutTrouble(error: unknown, host: string, proxy: string | undefined): WayOut | undefined {
  const found = lookInto(error);
  if (found.codes.some((code) => unknownAuthority.has(code))) {
    return {
      code: 'certificate',
      unsent: true,
      words: `the certificate that came for ${host} is of an authority unknown here: where a proxy opens TLS, name its authority in NODE_EXTRA_CA_CERTS and restart (docs/reach.md)`,
    };
  }
  if (proxy === undefined) return undefined;
  const { status } = found;
  if (status === 407)
    return {
      code: 'proxy_407',
      unsent: true,
      words: `the proxy ${proxy} wants a user name and password, or other ones (407): write them into HTTPS_PROXY as http://user:password@host:port and restart`,
    };
  if (status !== undefined && status >= 500)
    return {
      code: `proxy_${String(status)}`,
      unsent: true,
      words: `the proxy ${proxy} does not get to ${host} (${String(status)}): look at the proxy, and whether it knows the name`,
    };
  if (status !== undefined)
    return {
      code: `proxy_${String(status)}`,
      unsent: true,
      words: `the proxy ${proxy} does not let ${host} through (${String(status)}): have the hosts in docs/reach.md allowed there`,
    };
  const silent = found.codes.find((code) => unanswered.has(code));
  if (silent !== undefined)
    return {
      code: 'proxy_silent',
      unsent: silent !== 'timeout' && !hadConnected(error),
      words: `the proxy ${proxy} does not answer (${silent}): check HTTPS_PROXY, and that the proxy runs`,
    };
  const cut = found.codes.find((code) => ended.has(code));
  if (cut !== undefined)
    return {
      code: 'proxy_ended',
      unsent: false,
      words: `the proxy ${proxy} ended the connection to ${host} (${cut}): look at the proxy’s log`,
    };
  return undefined;
}

/**
 * Errors of reading and writing: the connection was established, and what was sent may have arrived. Some
 * clients keep only Node’s message of it.
 */
const ofOpenConnection = /^(?:read|writev?) E[A-Z]+/;

/** Whether any error, cause or part comes from an established connection. By shape, like the codes. */
export function hadConnected(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 6) return false;
  const { message, cause, errors } = error as Readonly<Record<string, unknown>>;
  return (
    (typeof message === 'string' && ofOpenConnection.test(message)) ||
    [cause, ...(Array.isArray(errors) ? (errors as readonly unknown[]) : [])].some((one) =>
      hadConnected(one, depth + 1),
    )
  );
}

interface Found {
  readonly codes: readonly string[];
  /** What the proxy answered to CONNECT. */
  readonly status: number | undefined;
}

/**
 * Codes and the proxy’s answer, from an error, its causes and its parts. By shape: errors of Node’s own
 * client belong to another realm.
 */
function lookInto(error: unknown, depth = 0): Found {
  if (typeof error !== 'object' || error === null || depth > 6) return { codes: [], status: undefined };
  const { code, message, name, cause, errors } = error as Readonly<Record<string, unknown>>;
  const parts = [cause, ...(Array.isArray(errors) ? (errors as readonly unknown[]) : [])].map((one) =>
    lookInto(one, depth + 1),
  );
  // undici's, in Node and as a package; it has no field for the status.
  const said = typeof message === 'string' ? /^Proxy response \((\d{3})\)/.exec(message)?.[1] : undefined;
  return {
    codes: [
      ...(typeof code === 'string' ? [code] : []),
      ...(name === 'TimeoutError' ? ['timeout'] : []),
      ...parts.flatMap((part) => part.codes),
    ],
    status: said === undefined ? parts.find((part) => part.status !== undefined)?.status : Number(said),
  };
}
