// Token errors of Entra ID, in sentences that say what to fix, without anything secret.
import type { Credentials } from './settings.ts';

/**
 * `refused`: the credentials are wrong or lack something, a person must fix them. `unreachable`: Entra ID
 * did not answer.
 */
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

/**
 * What to do about the error codes that people meet
 * (learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */
const advice: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong; note that its value is needed, not its id',
  AADSTS7000222: 'the client secret has expired; make a new one in the app registration',
  AADSTS7000112: 'the application is disabled in the tenant',
  AADSTS700016:
    'no application with this client id is in the tenant; check AZURE_CLIENT_ID and AZURE_TENANT_ID',
  AADSTS700027: 'the certificate is not registered with the application, or has expired',
  AADSTS90002: 'there is no tenant with this id; check AZURE_TENANT_ID and the cloud',
  AADSTS900023: 'AZURE_TENANT_ID is not a tenant id',
  AADSTS500011:
    'the API is not known in this tenant; check DEFENDER_SCOPE, and that the tenant has Defender for Endpoint',
  AADSTS1002012: 'the scope must end in /.default',
  AADSTS70011: 'the scope is not valid; check DEFENDER_SCOPE',
  AADSTS53003: 'a conditional access policy blocks this sign-in',
  AADSTS700213: 'no federated credential of the application matches this workload',
  AADSTS70021: 'no federated credential of the application matches this workload',
  AADSTS700024: 'the assertion of the workload is outside its time; check the clock',
};

/**
 * The code of a refusal by Entra ID, such as AADSTS7000215, from anything that a Microsoft library threw;
 * undefined where there is none.
 */
export function aadstsOf(error: unknown): string | undefined {
  return /AADSTS\d{4,8}/.exec(everyMessage(error))?.[0];
}

/**
 * The messages of the library repeat requests and file contents, so only codes and our own words are passed
 * on.
 */
export function explained(
  error: unknown,
  settings: { readonly credentials: { readonly kind: Credentials['kind'] }; readonly authority: string },
): TokenError {
  const text = everyMessage(error);
  const aadsts = aadstsOf(error);
  const kind = settings.credentials.kind;
  if (aadsts !== undefined) {
    return new TokenError(
      'refused',
      `Entra ID refused the credentials (${kind}): ${advice[aadsts] ?? 'see the code'} [${aadsts}]`,
      aadsts,
    );
  }
  if (/ENOENT|EACCES|file does not contain|PEM|certificate path/i.test(text) && kind === 'certificate') {
    return new TokenError(
      'refused',
      'the certificate file cannot be read, or holds no certificate and private key in PEM; check AZURE_CLIENT_CERTIFICATE_PATH',
    );
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network_error|endpoints_resolution|abort/i.test(
      text,
    )
  ) {
    // A managed identity is asked for on the machine itself, not at Entra ID.
    return kind === 'managedIdentity'
      ? new TokenError(
          'unreachable',
          'no managed identity is available: the identity endpoint of this machine does not answer; check that an identity is assigned to it',
        )
      : new TokenError('unreachable', `Entra ID cannot be reached at ${settings.authority}`);
  }
  if (kind === 'managedIdentity')
    return new TokenError('refused', 'no managed identity is available to this process');
  if (kind === 'workloadIdentity')
    return new TokenError(
      'refused',
      'workload identity is not set up for this process; tenant id, client id and token file are all needed',
    );
  if (kind === 'developer')
    return new TokenError('refused', 'nobody is signed in on this machine; run "az login" first');
  return new TokenError('refused', `the credentials (${kind}) gave no token`);
}

/**
 * Messages, names and codes of an error, its causes and its parts. By shape, not by class: some come from
 * other realms.
 */
function everyMessage(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 4) return '';
  const { name, message, code, errorCode, cause, errors } = error as Readonly<Record<string, unknown>>;
  const parts: readonly unknown[] = Array.isArray(errors) ? errors : [];
  const words = [name, message, code, errorCode].filter((word) => typeof word === 'string');
  return [...words, ...[cause, ...parts].map((one) => everyMessage(one, depth + 1))].join(' ');
}
