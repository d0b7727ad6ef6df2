// First check of an authorization header, cheap enough to come before anything is read or verified.
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';
import type { JsonRecord } from '../../../liveResponse/text/json.ts';

/** Lower limits first: longer headers are no tokens of the channel's. */
const longestToken = 8_192;

/**
 * Whether a header is worth a closer look: a Bearer token with an RSA signature, said to be of the channel's
 * issuer. What botbuilder would answer with a 500 (alg none), and the paths for emulators and skills that
 * this bot does not offer, end here.
 */
export function looksLikeChannelToken(header: string | undefined, issuer: string): boolean {
  if (header === undefined || header.length > longestToken) return false;
  const [, head, payload] = /^Bearer ([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(header) ?? [];
  const { alg, kid } = part(head);
  return (
    typeof alg === 'string' &&
    /^RS(?:256|384|512)$/.test(alg) &&
    typeof kid === 'string' &&
    part(payload)['iss'] === issuer
  );
}

function part(text: string | undefined): JsonRecord {
  return recordOf(parseJson(Buffer.from(text ?? '', 'base64url').toString('utf8'))?.value);
}
