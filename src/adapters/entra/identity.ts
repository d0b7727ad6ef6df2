// Credentials of @azure/identity, made from our settings.
import type * as Identity from '@azure/identity';
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import type { ManagedIdentityApplication } from '@azure/msal-node';
import type { EntraSettings } from './settings.ts';

/**
 * Loads the library only when a token is needed: it costs 0.2 s that a start with the simulator does not need
 * to spend.
 */
export async function identityCredential(settings: EntraSettings, renew: boolean): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  const { credentials, authority } = settings;
  const common = {
    authorityHost: authority,
    retryOptions: { maxRetries: settings.retries ?? 2 },
    // The authority comes from our own table (`clouds.ts`). Asking login.microsoftonline.com whether it is
    // valid would add a call that the network of a sovereign cloud may not even allow.
    disableInstanceDiscovery: true,
  };
  switch (credentials.kind) {
    case 'secret':
      return new identity.ClientSecretCredential(
        credentials.tenantId,
        credentials.clientId,
        credentials.secret.reveal(),
        common,
      );
    case 'certificate':
      return new identity.ClientCertificateCredential(
        credentials.tenantId,
        credentials.clientId,
        credentials.path,
        {
          ...common,
          ...(credentials.sendChain === undefined ? {} : { sendCertificateChain: credentials.sendChain }),
        },
      );
    case 'managedIdentity':
      return renew
        ? await renewedIdentity(credentials.clientId, common)
        : managedIdentity(identity, credentials.clientId, common);
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

type Common = Readonly<{ retryOptions: { maxRetries: number } }>;

/** `clientId` only for a user-assigned identity. */
function managedIdentity(
  identity: typeof Identity,
  clientId: string | undefined,
  common: Common,
): TokenCredential {
  return clientId === undefined
    ? new identity.ManagedIdentityCredential(common)
    : new identity.ManagedIdentityCredential({ ...common, clientId });
}

/**
 * MSAL keeps the tokens of managed identities for the whole process, so a new credential returns the refused
 * token again, and @azure/identity has no way around that. The first token is therefore fetched with MSAL
 * itself, which also puts it into that cache.
 */
async function renewedIdentity(clientId: string | undefined, common: Common): Promise<TokenCredential> {
  const [identity, msal] = await Promise.all([import('@azure/identity'), import('@azure/msal-node')]);
  const cached = managedIdentity(identity, clientId, common);
  const app = new msal.ManagedIdentityApplication(
    clientId === undefined ? {} : { managedIdentityIdParams: { userAssignedClientId: clientId } },
  );
  return new RenewedIdentity(cached, app);
}

class RenewedIdentity implements TokenCredential {
  readonly #cached: TokenCredential;
  readonly #app: Pick<ManagedIdentityApplication, 'acquireToken'>;
  #renewed = false;

  constructor(cached: TokenCredential, app: Pick<ManagedIdentityApplication, 'acquireToken'>) {
    this.#cached = cached;
    this.#app = app;
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> {
    if (this.#renewed) return await this.#cached.getToken(scopes, options);
    const resource = (Array.isArray(scopes) ? scopes.join(' ') : scopes).replace(/\/\.default$/, '');
    const token = await this.#app.acquireToken({ resource, forceRefresh: true });
    this.#renewed = true;
    return token.expiresOn === null
      ? null
      : { token: token.accessToken, expiresOnTimestamp: token.expiresOn.getTime() };
  }
}
