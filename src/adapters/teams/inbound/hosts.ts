// Hosts that the bot will call for Teams. A serviceUrl arrives with every message and decides where answers,
// and our token, go.

/**
 * Hosts of the Teams connector in the public and US government clouds (msteams-docs:
 * bots/how-to/conversations/send-proactive-messages.md). An entry with a leading dot means the hosts
 * below it.
 */
export const connectorHosts: readonly string[] = [
  'smba.trafficmanager.net',
  'smba.infra.gcc.teams.microsoft.com',
  'smba.infra.gov.teams.microsoft.us',
  'smba.infra.dod.teams.microsoft.us',
  '.botframework.com',
  '.botframework.azure.us',
];

/** Where to post when no message of that conversation has come in yet (same page: the global service URL). */
export const defaultServiceUrl = {
  public: 'https://smba.trafficmanager.net/teams/',
  usGov: 'https://smba.infra.gov.teams.microsoft.us/teams/',
} as const;

/**
 * Where a bot signs in, whom it signs in for, and who signs what it receives, in each cloud
 * (learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication and
 * …/how-to-deploy-gov-cloud-high).
 */
export const channelAuthorities = {
  public: {
    issuer: 'https://api.botframework.com',
    audience: 'https://api.botframework.com',
    login: 'https://login.microsoftonline.com',
    /** In place of a tenant, for a bot of type MultiTenant. */
    sharedTenant: 'botframework.com',
    openIdMetadata: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  },
  usGov: {
    issuer: 'https://api.botframework.us',
    audience: 'https://api.botframework.us',
    login: 'https://login.microsoftonline.us',
    sharedTenant: 'botframework.azure.us',
    openIdMetadata: 'https://login.botframework.azure.us/v1/.well-known/openidconfiguration',
  },
} as const;

/** Whether an address is this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** `origins` are exact ones allowed as well, of any scheme: fakes and the playground, on loopback. */
export function isConnector(serviceUrl: string, origins: readonly string[]): boolean {
  const url = URL.canParse(serviceUrl) ? new URL(serviceUrl) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '') return false;
  if (origins.includes(url.origin)) return true;
  if (url.protocol !== 'https:' || url.port !== '') return false;
  return connectorHosts.some((host) =>
    host.startsWith('.')
      ? url.hostname.endsWith(host) && url.hostname.length > host.length
      : url.hostname === host,
  );
}
