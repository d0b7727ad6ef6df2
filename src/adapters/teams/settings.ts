// Reads the Teams settings of the environment. A missing or misspelt one stops the start: botbuilder would take it for "no authentication".
import { X509Certificate } from 'node:crypto';

/** How the bot proves who it is to Microsoft. */
export type TeamsCredentials =
  | { readonly kind: 'password'; readonly password: string }
  /** SHA-1 thumbprint in hex and the private key in PEM, as botbuilder wants them. */
  | { readonly kind: 'certificate'; readonly thumbprint: string; readonly privateKey: string }
  | { readonly kind: 'managedIdentity' };

/** Bots registered in the public or the US government cloud. */
export type TeamsCloud = 'public' | 'usGov';

export type TeamsSettings =
  | {
      readonly auth: 'entra';
      readonly appType: 'SingleTenant' | 'UserAssignedMSI' | 'MultiTenant';
      readonly appId: string;
      readonly tenantId: string | undefined;
      readonly credentials: TeamsCredentials;
      readonly cloud: TeamsCloud;
      /** Entra tenant ids whose people may talk to the bot. Never empty. */
      readonly tenants: readonly string[];
    }
  /** Nobody is checked: for Microsoft's Agents Playground on this very machine. */
  | { readonly auth: 'none'; readonly tenants: readonly string[] };

export class TeamsSettingsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Teams cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'TeamsSettingsError';
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const names = ['MicrosoftAppType', 'MicrosoftAppId', 'MicrosoftAppPassword', 'MicrosoftAppTenantId', 'MicrosoftAppCertificatePath', 'ChannelService', 'TEAMS_ALLOWED_TENANTS', 'LR_TEAMS_DEV_NO_AUTH'] as const;
/** Names people write for ours; taking them silently for absent would be taking a typing error for "no Teams". */
const misspelt: Readonly<Record<string, (typeof names)[number]>> = Object.fromEntries<(typeof names)[number]>(
  names.flatMap((name): readonly (readonly [string, (typeof names)[number]])[] => [[name.toUpperCase(), name], [name.toLowerCase(), name], [name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase(), name]]).filter(([written, name]) => written !== name),
);
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const govChannelService = 'https://botframework.azure.us';

/** Whether an address is this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * Undefined when nothing at all is said about Teams. `host` is where the HTTP server will listen; `readFile` answers a certificate's PEM.
 * @throws TeamsSettingsError with every problem at once
 */
export function readTeamsSettings(env: Environment, host: string, readFile: (path: string) => string): TeamsSettings | undefined {
  const problems: string[] = [];
  for (const [written, name] of Object.entries(misspelt)) {
    if (env[written] !== undefined && env[name] === undefined) problems.push(`${written} is not a setting; write ${name}, with these capitals.`);
  }
  if (problems.length === 0 && names.every((name) => env[name] === undefined)) return undefined;

  const value = (name: (typeof names)[number]): string | undefined => {
    const text = env[name]?.trim();
    if (text === '') problems.push(`${name} is empty: give it a value or remove the line.`);
    return text === '' ? undefined : text;
  };
  const noAuth = value('LR_TEAMS_DEV_NO_AUTH');
  if (noAuth !== undefined && noAuth !== '0' && noAuth !== 'false') return withoutAuth(noAuth, env, host, problems);

  const type = value('MicrosoftAppType');
  const appType = (['SingleTenant', 'UserAssignedMSI', 'MultiTenant'] as const).find((one) => one === type);
  if (type === undefined) problems.push('MicrosoftAppType is missing: write SingleTenant (with a password or certificate) or UserAssignedMSI (managed identity).');
  else if (appType === undefined) problems.push(`MicrosoftAppType "${type.slice(0, 40)}" is not known: write SingleTenant, UserAssignedMSI or MultiTenant, exactly so.`);

  const appId = readGuid('MicrosoftAppId', value('MicrosoftAppId'), true, problems);
  const tenantId = readGuid('MicrosoftAppTenantId', value('MicrosoftAppTenantId'), appType !== 'MultiTenant', problems);
  const credentials = readCredentials(appType, value, env, readFile, problems);
  const cloud = readCloud(value('ChannelService'), problems);
  const tenants = readTenants(value('TEAMS_ALLOWED_TENANTS'), tenantId, problems);
  if (problems.length > 0 || appType === undefined || appId === undefined || credentials === undefined) throw new TeamsSettingsError(problems);
  return { auth: 'entra', appType, appId, tenantId, credentials, cloud, tenants };
}

function withoutAuth(text: string, env: Environment, host: string, problems: string[]): TeamsSettings {
  if (text !== '1' && text !== 'true') problems.push(`LR_TEAMS_DEV_NO_AUTH "${text.slice(0, 20)}" is not known: write 1, or remove the line.`);
  if (!isLoopbackHost(host)) problems.push(`LR_TEAMS_DEV_NO_AUTH lets anybody in, so it works on loopback only: set HOST=127.0.0.1 (it is ${host}), or remove it.`);
  if (env['MicrosoftAppId'] !== undefined) problems.push('LR_TEAMS_DEV_NO_AUTH and MicrosoftAppId exclude each other: remove one of them.');
  if (env['NODE_ENV'] === 'production') problems.push('LR_TEAMS_DEV_NO_AUTH is for development: NODE_ENV is production.');
  const tenants = env['TEAMS_ALLOWED_TENANTS'] === undefined ? [] : readTenants(env['TEAMS_ALLOWED_TENANTS'], undefined, problems);
  if (problems.length > 0) throw new TeamsSettingsError(problems);
  return { auth: 'none', tenants };
}

function readGuid(name: string, text: string | undefined, required: boolean, problems: string[]): string | undefined {
  if (text === undefined) {
    if (required) problems.push(`${name} is missing: it is a GUID, shown on the bot's registration in the portal.`);
    return undefined;
  }
  if (guid.test(text.toLowerCase())) return text.toLowerCase();
  problems.push(`${name} is not a GUID such as 00000000-0000-0000-0000-000000000000.`);
  return undefined;
}

function readCredentials(
  appType: string | undefined,
  value: (name: (typeof names)[number]) => string | undefined,
  env: Environment,
  readFile: (path: string) => string,
  problems: string[],
): TeamsCredentials | undefined {
  const password = value('MicrosoftAppPassword');
  const path = value('MicrosoftAppCertificatePath');
  if (appType === 'UserAssignedMSI') {
    if (password !== undefined || path !== undefined) problems.push('UserAssignedMSI has no secret: remove MicrosoftAppPassword and MicrosoftAppCertificatePath.');
    return { kind: 'managedIdentity' };
  }
  if (password !== undefined && path !== undefined) problems.push('MicrosoftAppPassword and MicrosoftAppCertificatePath exclude each other: remove one of them.');
  if (path !== undefined) return readCertificate(path, readFile, problems);
  if (password !== undefined) return { kind: 'password', password };
  // An empty one has been named already.
  if (env['MicrosoftAppPassword'] === undefined && env['MicrosoftAppCertificatePath'] === undefined) {
    problems.push('MicrosoftAppPassword (a client secret) or MicrosoftAppCertificatePath (a PEM file with certificate and private key) is missing.');
  }
  return undefined;
}

function readCertificate(path: string, readFile: (path: string) => string, problems: string[]): TeamsCredentials | undefined {
  let pem: string;
  try {
    pem = readFile(path);
  } catch (error) {
    problems.push(`The file of MicrosoftAppCertificatePath cannot be read (${codeOf(error)}).`);
    return undefined;
  }
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0];
  const privateKey = /-----BEGIN (?:RSA )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA )?PRIVATE KEY-----/.exec(pem)?.[0];
  if (certificate === undefined || privateKey === undefined) {
    problems.push('The file of MicrosoftAppCertificatePath must hold a certificate and its unencrypted private key, both in PEM.');
    return undefined;
  }
  try {
    return { kind: 'certificate', thumbprint: new X509Certificate(certificate).fingerprint.replaceAll(':', ''), privateKey };
  } catch (error) {
    problems.push(`The certificate of MicrosoftAppCertificatePath cannot be read (${codeOf(error)}).`);
    return undefined;
  }
}

function readCloud(text: string | undefined, problems: string[]): TeamsCloud {
  if (text === undefined) return 'public';
  if (text.replace(/\/$/, '') === govChannelService) return 'usGov';
  problems.push(`ChannelService "${text.slice(0, 60)}" is not known: leave it out for the public cloud, or write ${govChannelService} for US government.`);
  return 'public';
}

function readTenants(text: string | undefined, own: string | undefined, problems: string[]): readonly string[] {
  if (text === undefined) {
    if (own === undefined) problems.push('TEAMS_ALLOWED_TENANTS is missing: the bot must know whose people may talk to it.');
    return own === undefined ? [] : [own];
  }
  const tenants = text.split(/[\s,;]+/).filter((one) => one !== '').map((one) => one.toLowerCase());
  for (const tenant of tenants) if (!guid.test(tenant)) problems.push(`TEAMS_ALLOWED_TENANTS: "${tenant.slice(0, 60)}" is not a tenant id (a GUID).`);
  return tenants;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'it is not in the expected form';
}
