// Missing rights: what a card says of a call that Defender does not let the bot make, in words with which an
// administrator can grant the right.
import type { ErrorAnswer } from '../../src/liveResponse/request/errorAnswer.ts';
import { rights } from '../../src/liveResponse/codes/permissions.ts';
import { oneLine } from '../clip.ts';

export interface Advice {
  /** What happened, one sentence. */
  readonly what: string;
  /** What to do now, one sentence. */
  readonly next: string;
}

/**
 * 403s that are about the tenant or the device and not about the app registration
 * (learn.microsoft.com/defender-endpoint/api/common-errors).
 */
const otherForbidden: ReadonlySet<string> = new Set(['DisabledFeature', 'DisallowedOperation']);

/**
 * Undefined where the answer is not about rights. A 403 also comes with every right granted, when the token
 * is for another audience; a 401 when the credential is wrong or was not taken by the
 * sign-in service.
 */
export function missingRight({
  call,
  code,
  status,
  apiCode,
  message,
}: Pick<ErrorAnswer, 'call' | 'code' | 'status' | 'apiCode' | 'message'>): Advice | undefined {
  if (call === undefined) return undefined;
  const { anyOf, neededTo } = rights[call];
  const roles = anyOf.join(' or ');
  if (code === 'unauthorized' || status === 401) {
    return {
      what: `Defender did not accept the bot’s sign-in when it wanted to ${neededTo}.`,
      next: `An administrator must check the app registration’s tenant and its secret or certificate, and that it has ${roles} with admin consent.`,
    };
  }
  if (status !== 403 || (apiCode !== undefined && otherForbidden.has(apiCode))) return undefined;
  const listed = message === undefined ? undefined : rolesListed(message);
  if (listed !== undefined) {
    return {
      what: `The bot’s app registration may not ${neededTo} (403). Defender lists what it wants: “${listed}”.`,
      next: `An administrator must grant one of these with admin consent (the bot is made for ${roles}); if it has that, its token is for the wrong audience (DEFENDER_SCOPE).`,
    };
  }
  return {
    what: `The bot’s app registration may not ${neededTo} (403).`,
    next: `An administrator must grant it ${roles} with admin consent; if it has that, its token is for the wrong audience (DEFENDER_SCOPE).`,
  };
}

/** Characters of the list. */
const longestList = 240;

/**
 * The roles as a 403 lists them: "The application does not have any of the required application permissions
 * (X, Y) to access the resource.", or "Missing application roles. API required roles: X, application roles:
 * Y.", of which only the required ones.
 */
export function rolesListed(message: string): string | undefined {
  const text = message.slice(0, 2000);
  const found =
    /\b(?:permissions?|roles?|scopes?)[:\s]{0,3}[([]([^()[\]]{1,600})[)\]]/i.exec(text)?.[1] ??
    /\brequired (?:application |delegated )?(?:permissions?|roles?|scopes?)\s{0,2}:\s{0,2}(.{1,600}?)(?:[,;.]\s{0,2}(?:the )?(?:application|user|token|your|actual|provided|current)[^,;.:]{0,40}(?:roles?|scopes?|permissions?)|[.;](?:\s|$)|$)/i.exec(
      text,
    )?.[1];
  const list = found === undefined ? '' : oneLine(found, longestList);
  // A list of roles, not some remark in brackets.
  return /[A-Za-z]\w*\.[A-Za-z]/.test(list) ? list : undefined;
}

/** The same as one text: for private answers, the log and /readyz. */
export function rightSentence(
  error: Pick<ErrorAnswer, 'call' | 'code' | 'status' | 'apiCode' | 'message'>,
): string | undefined {
  const advice = missingRight(error);
  return advice === undefined ? undefined : `${advice.what} ${advice.next}`;
}
