// Tokens of Microsoft Entra ID for whoever calls a Microsoft API. Errors are sentences about what to mend, without anything secret.
import type { TokenCredential } from '@azure/identity';
import { Secret } from '../secret.ts';

/** A bearer token. `expiresAt` in epoch milliseconds. */
export interface Token {
  readonly value: Secret;
  readonly expiresAt: number;
}

export interface TokenSource {
  /**
   * A token for `scope` (`<resource>/.default`); undefined when none is needed. `renew` passes over any token held, after a 401.
   * @throws TokenError
   */
  getToken(scope: string, renew?: boolean): Promise<Token | undefined>;
}

/** `refused`: the credentials are wrong or lack something, a person must mend them. `unreachable`: Entra ID did not answer. */
export class TokenError extends Error {
  readonly code: 'refused' | 'unreachable';
  /** Such as AADSTS7000215, for a search on learn.microsoft.com. */
  readonly aadsts: string | undefined;
  constructor(code: 'refused' | 'unreachable', message: string, aadsts?: string) {
    super(message);
    this.name = 'TokenError';
    this.code = code;
    this.aadsts = aadsts;
  }
}

/** How this process proves who it is. */
export type Credentials =
  | { readonly kind: 'secret'; readonly tenantId: string; readonly clientId: string; readonly secret: Secret }
  /** A PEM file with certificate and private key. */
  | { readonly kind: 'certificate'; readonly tenantId: string; readonly clientId: string; readonly path: string; readonly sendChain?: boolean }
  /** `clientId` only for a user-assigned identity. */
  | { readonly kind: 'managedIdentity'; readonly clientId?: string }
  /** Ids and token file from the environment of the pod where absent. */
  | { readonly kind: 'workloadIdentity'; readonly tenantId?: string; readonly clientId?: string; readonly tokenFile?: string }
  /** Whoever is signed in with az, azd or Azure PowerShell on this machine. */
  | { readonly kind: 'developer'; readonly tenantId?: string };

export interface EntraSettings {
  readonly credentials: Credentials;
  /** Sign-in host, such as https://login.microsoftonline.com; see `clouds.ts`. */
  readonly authority: string;
  /** Milliseconds to wait for a token. */
  readonly timeoutMs?: number;
  /** Repeats of the library on failures of the network. */
  readonly retries?: number;
}

/** Milliseconds; the library alone would wait for minutes. */
const defaultTimeoutMs = 20_000;

/** Makes the credential; a parameter so that a test needs no Entra ID. */
export type MakeCredential = (settings: EntraSettings) => Promise<TokenCredential>;

/** Tokens through @azure/identity, which caches them and fetches a new one before they end. */
export class EntraTokens implements TokenSource {
  readonly #settings: EntraSettings;
  readonly #make: MakeCredential;
  #credential: Promise<TokenCredential> | undefined;

  constructor(settings: EntraSettings, make: MakeCredential = identityCredential) {
    this.#settings = settings;
    this.#make = make;
  }

  async getToken(scope: string, renew = false): Promise<Token | undefined> {
    // The cache lives in the credential, and a new credential is the one way past it that every kind offers.
    if (renew) this.#credential = undefined;
    const timeoutMs = this.#settings.timeoutMs ?? defaultTimeoutMs;
    const abort = new AbortController();
    let stop: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      stop = setTimeout(() => {
        reject(new TokenError('unreachable', `no token from ${this.#settings.authority} within ${timeoutMs / 1000} s`));
        abort.abort();
      }, timeoutMs);
    });
    try {
      this.#credential ??= this.#make(this.#settings);
      const credential = await this.#credential;
      const asked = credential.getToken(scope, { abortSignal: abort.signal });
      // Lost races must not end as unhandled rejections.
      asked.catch(() => undefined);
      const token = await Promise.race([asked, deadline]);
      if (token === null) throw new TokenError('refused', 'the credential gave no token');
      return { value: new Secret(token.token), expiresAt: token.expiresOnTimestamp };
    } catch (error) {
      // A credential that could not even be made (a missing certificate file) is made anew next time, when it may be there.
      this.#credential = undefined;
      throw error instanceof TokenError ? error : explained(error, this.#settings);
    } finally {
      clearTimeout(stop);
    }
  }
}

/** For the simulator: no token at all. @throws TypeError when `apiUrl` is not a loopback address, so that a real tenant never sees us without one */
export function noCredentials(apiUrl: string): TokenSource {
  if (!isLoopback(apiUrl)) throw new TypeError(`DEFENDER_AUTH=none is for loopback URLs only, not for ${apiUrl}`);
  return { getToken: () => Promise.resolve(undefined) };
}

/** Whether a URL leads to this very machine by its literal address or as `localhost`. */
export function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname;
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Loads the library only when a token is wanted: it costs 0.2 s that a start with the simulator need not pay. */
async function identityCredential(settings: EntraSettings): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  const { credentials, authority } = settings;
  const common = { authorityHost: authority, retryOptions: { maxRetries: settings.retries ?? 2 } };
  switch (credentials.kind) {
    case 'secret':
      return new identity.ClientSecretCredential(credentials.tenantId, credentials.clientId, credentials.secret.reveal(), common);
    case 'certificate':
      return new identity.ClientCertificateCredential(credentials.tenantId, credentials.clientId, credentials.path, {
        ...common,
        ...(credentials.sendChain === undefined ? {} : { sendCertificateChain: credentials.sendChain }),
      });
    case 'managedIdentity':
      return credentials.clientId === undefined ? new identity.ManagedIdentityCredential(common) : new identity.ManagedIdentityCredential({ ...common, clientId: credentials.clientId });
    case 'workloadIdentity':
      return new identity.WorkloadIdentityCredential({
        ...common,
        ...(credentials.tenantId === undefined ? {} : { tenantId: credentials.tenantId }),
        ...(credentials.clientId === undefined ? {} : { clientId: credentials.clientId }),
        ...(credentials.tokenFile === undefined ? {} : { tokenFilePath: credentials.tokenFile }),
      });
    case 'developer': {
      const tenant = credentials.tenantId === undefined ? {} : { tenantId: credentials.tenantId };
      return new identity.ChainedTokenCredential(
        new identity.AzureCliCredential(tenant),
        new identity.AzureDeveloperCliCredential(tenant),
        new identity.AzurePowerShellCredential(tenant),
      );
    }
  }
}

/** What to do about the codes people meet (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const advice: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong; note that its value is needed, not its id',
  AADSTS7000222: 'the client secret has expired; make a new one in the app registration',
  AADSTS7000112: 'the application is disabled in the tenant',
  AADSTS700016: 'no application with this client id is in the tenant; check AZURE_CLIENT_ID and AZURE_TENANT_ID',
  AADSTS700027: 'the certificate is not registered with the application, or has expired',
  AADSTS90002: 'there is no tenant with this id; check AZURE_TENANT_ID and the cloud',
  AADSTS900023: 'AZURE_TENANT_ID is not a tenant id',
  AADSTS500011: 'the API is not known in this tenant; check DEFENDER_SCOPE, and that the tenant has Defender for Endpoint',
  AADSTS1002012: 'the scope must end in /.default',
  AADSTS70011: 'the scope is not valid; check DEFENDER_SCOPE',
  AADSTS53003: 'a conditional access policy blocks this sign-in',
  AADSTS700213: 'no federated credential of the application matches this workload',
  AADSTS70021: 'no federated credential of the application matches this workload',
  AADSTS700024: 'the assertion of the workload is outside its time; check the clock',
};

/** The library's messages repeat requests and file contents, so only codes and our own words go on. */
function explained(error: unknown, settings: EntraSettings): TokenError {
  const text = everyMessage(error);
  const aadsts = /AADSTS\d{4,8}/.exec(text)?.[0];
  const kind = settings.credentials.kind;
  if (aadsts !== undefined) {
    return new TokenError('refused', `Entra ID refused the credentials (${kind}): ${advice[aadsts] ?? 'see the code'} [${aadsts}]`, aadsts);
  }
  if (/ENOENT|EACCES|file does not contain|PEM|certificate path/i.test(text) && kind === 'certificate') {
    return new TokenError('refused', 'the certificate file cannot be read, or holds no certificate and private key in PEM; check AZURE_CLIENT_CERTIFICATE_PATH');
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network_error|endpoints_resolution|abort/i.test(text)) {
    return new TokenError('unreachable', `Entra ID cannot be reached at ${settings.authority}`);
  }
  if (kind === 'managedIdentity') return new TokenError('refused', 'no managed identity is available to this process');
  if (kind === 'workloadIdentity') return new TokenError('refused', 'workload identity is not set up for this process; tenant id, client id and token file are all needed');
  if (kind === 'developer') return new TokenError('refused', 'nobody is signed in on this machine; run "az login" first');
  return new TokenError('refused', `the credentials (${kind}) gave no token`);
}

/** Messages, names and codes of an error, its causes and its parts. By shape, not by class: some come from other realms. */
function everyMessage(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 4) return '';
  const { name, message, code, errorCode, cause, errors } = error as Readonly<Record<string, unknown>>;
  const parts: readonly unknown[] = Array.isArray(errors) ? errors : [];
  const words = [name, message, code, errorCode].filter((word) => typeof word === 'string');
  return [...words, ...[cause, ...parts].map((one) => everyMessage(one, depth + 1))].join(' ');
}
