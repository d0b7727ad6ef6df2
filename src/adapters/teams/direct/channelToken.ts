// Validation of channel tokens as the Bot Connector's documents ask: signature by a published key that is
// endorsed for Teams, issuer, audience, times, service URL
// (learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication).
import { errors, jwtVerify } from 'jose';
import type { Clock } from '../../../liveResponse/ports.ts';
import type { ChannelKeys } from './channelKeys.ts';

/** How far the clocks may differ (same page). Seconds. */
const skew = 300;

export interface Judge {
  readonly keys: Pick<ChannelKeys, 'find'>;
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Undefined for a genuine token; `keys` when there are none to judge by; otherwise a reason for the log,
 * without anything of the token.
 */
export async function channelTokenProblem(
  { keys, issuer, audience, clock }: Judge,
  header: string,
  serviceUrl: string,
): Promise<string | undefined> {
  const token = /^Bearer (\S+)$/.exec(header)?.[1];
  if (token === undefined) return 'no bearer token';
  try {
    const { payload } = await jwtVerify(token, async ({ kid }) => (await endorsed(keys, kid)).key, {
      algorithms: ['RS256'],
      issuer,
      audience,
      clockTolerance: skew,
      requiredClaims: ['exp'],
      currentDate: new Date(clock.now()),
    });
    // The key answers for the channel, the claim for this one message: without it a token could be used for a
    // message that leads our answers elsewhere.
    return payload['serviceurl'] === serviceUrl ? undefined : 'another service URL';
  } catch (error) {
    if (error instanceof NoKey) return error.message;
    if (error instanceof errors.JOSEError) return error.code;
    throw error;
  }
}

class NoKey extends Error {}

async function endorsed(
  keys: Pick<ChannelKeys, 'find'>,
  kid: string | undefined,
): Promise<Exclude<Awaited<ReturnType<ChannelKeys['find']>>, string>> {
  if (kid === undefined) throw new NoKey('no key id');
  const found = await keys.find(kid);
  if (found === 'unreachable') throw new NoKey('keys');
  if (found === 'unknown') throw new NoKey('unknown key');
  if (!found.endorsements.includes('msteams')) throw new NoKey('a key that is not endorsed for Teams');
  return found;
}
