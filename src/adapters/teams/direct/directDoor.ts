// Connection to Teams without botbuilder: tokens checked against the published keys, calls over our own HTTP
// client, and a token of its own from Entra ID. Chosen by LR_TEAMS_DOOR=direct.
import type { Clock } from '../../../liveResponse/ports.ts';
import type { TeamsSettings } from '../settings.ts';
import { MsalTokens } from '../../entra/msalTokens.ts';
import type { MsalCredentials } from '../../entra/msalTokens.ts';
import { readCertificate } from '../certificate.ts';
import { channelAuthorities } from '../inbound/hosts.ts';
import type { DoorParts, TeamsDoor } from '../protocol.ts';
import { ChannelKeys } from './channelKeys.ts';
import { channelTokenProblem } from './channelToken.ts';
import { DirectCalls } from './directCalls.ts';

/**
 * Between two tokens past the cache, however often Teams answers 401: a bot that is set up wrongly must not
 * hammer Entra ID. Milliseconds.
 */
const renewGap = 60_000;

/** @throws when the certificate cannot be read */
export async function openDirectDoor(
  settings: TeamsSettings,
  { authority, http, clock, log }: DoorParts,
): Promise<TeamsDoor> {
  if (settings.devNoAuth)
    return {
      appId: '',
      issuer: undefined,
      tokenProblem: () => Promise.resolve(undefined),
      calls: (serviceUrl) => Promise.resolve(new DirectCalls(serviceUrl, { http, clock, token: undefined })),
    };
  const { appId = '', cloud } = settings;
  const channel = channelAuthorities[cloud];
  const issuer = authority?.tokenIssuer ?? channel.issuer;
  const keys = new ChannelKeys({
    http,
    clock,
    log,
    metadataUrl: authority?.openIdMetadataUrl ?? channel.openIdMetadata,
    issuer,
  });
  const scope = `${authority?.oauthScope ?? channel.audience}/.default`;
  const own =
    authority?.token === undefined
      ? new OwnToken({
          tokens: new MsalTokens({
            credentials: await credentialsOf(settings, appId),
            authority: authority?.loginUrl ?? loginOf(settings),
            http,
          }),
          scope,
          clock,
        })
      : undefined;
  const token = (refused: boolean): Promise<string> =>
    own?.get(refused) ?? authority?.token?.() ?? Promise.resolve('');
  return {
    appId,
    issuer,
    tokenProblem: ({ header, serviceUrl }) =>
      channelTokenProblem({ keys, issuer, audience: appId, clock }, header, serviceUrl),
    calls: (serviceUrl) => Promise.resolve(new DirectCalls(serviceUrl, { http, clock, token })),
    trouble: () => keys.trouble(),
  };
}

interface OwnTokenOptions {
  readonly tokens: MsalTokens;
  readonly scope: string;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** The bot's own token for the connector, renewed past the cache after it was refused. */
class OwnToken {
  readonly #options: OwnTokenOptions;
  #renewedAt = -Infinity;

  constructor(options: OwnTokenOptions) {
    this.#options = options;
  }

  async get(refused: boolean): Promise<string> {
    const { tokens, scope, clock } = this.#options;
    const renew = refused && clock.elapsed() - this.#renewedAt >= renewGap;
    if (renew) this.#renewedAt = clock.elapsed();
    return (await tokens.getToken(scope, renew)).value.reveal();
  }
}

function loginOf({ cloud, type, tenantId = '' }: TeamsSettings): string {
  const { login, sharedTenant } = channelAuthorities[cloud];
  return `${login}/${type === 'MultiTenant' ? sharedTenant : tenantId}`;
}

async function credentialsOf(
  { type, password, certificatePath }: TeamsSettings,
  clientId: string,
): Promise<MsalCredentials> {
  if (type === 'UserAssignedMSI') return { kind: 'managedIdentity', clientId };
  if (password !== undefined) return { kind: 'secret', clientId, secret: password };
  if (certificatePath === undefined)
    throw new Error(
      'MicrosoftAppPassword is missing: without it or a certificate the bot cannot prove who it is.',
    );
  const { thumbprintSha256, privateKey } = await readCertificate(certificatePath);
  return { kind: 'certificate', clientId, thumbprintSha256, privateKey };
}
