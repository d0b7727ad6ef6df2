// Refusals by Defender: the error code of ours for a status and an error body, and the parts that people are
// shown.
import type { CallKind } from '../../liveResponse/pacing/callRates.ts';
import type { DefenderErrorCode } from '../../liveResponse/ports.ts';
import type { HttpAnswer } from '../outbound/http.ts';
import { jsonOf } from '../outbound/http.ts';
import type { WireError } from './wire.ts';

/** The parts of an error that people are shown. */
export function shownParts({
  apiCode,
  apiMessage,
  target,
}: WireError): Pick<WireError, 'apiCode' | 'apiMessage' | 'target'> {
  return {
    ...(apiCode === undefined ? {} : { apiCode }),
    ...(apiMessage === undefined ? {} : { apiMessage }),
    ...(target === undefined ? {} : { target }),
  };
}

/** The JSON of a refusal, or its text: some gateways send no JSON. */
export function bodyOf(answer: HttpAnswer): unknown {
  const json = jsonOf(answer);
  if (json !== undefined) return json.value;
  return isPage(answer) ? undefined : startOf(answer);
}

/** HTML is for browsers: something on the way sent it, not Defender's API. */
export function isPage(answer: HttpAnswer): boolean {
  return startOf(answer).startsWith('<');
}

function startOf(answer: HttpAnswer): string {
  return new TextDecoder().decode(answer.bytes.subarray(0, 2000)).trim();
}

/**
 * Clients in the field decide by "Action is already in progress". Other wordings of the same are accepted as
 * well.
 */
const busyText =
  /already (?:has |have )?(?:an? |another )?(?:in progress|active|running|ongoing|pending)|active (?:request|session|action|live response)[^.]{0,60}already exists|(?:another|an?|pending|active|running) (?:live response |machine |remote |other )*(?:session|action|request|command)s? (?:is |are )?(?:still |currently |already )?(?:in progress|active|running|pending|ongoing)/i;
/** Codes that mean something else whatever their message says: waiting would not help. */
const neverBusy: ReadonlySet<string> = new Set([
  'osplatformnotsupported',
  'clientversionnotsupported',
  'missingrequiredparameter',
  'disabledfeature',
  'disallowedoperation',
]);

/** Whether a submission was refused because something is running on the device: then it was not started. */
function isBusy({ codes = [], texts = [] }: WireError): boolean {
  const folded = codes.map((code) => code.toLowerCase().replaceAll(/[\s_-]/g, ''));
  if (folded.includes('activerequestalreadyexists')) return true;
  return (
    !folded.some((code) => neverBusy.has(code)) && [...texts, ...codes].some((text) => busyText.test(text))
  );
}

/** @param said undefined where the answer was a page for browsers and not from Defender */
export function codeOf(kind: CallKind, status: number, said: WireError | undefined): DefenderErrorCode {
  // Microsoft documents no 409, but it is what HTTP has for this.
  if (kind === 'submit' && said !== undefined && (status === 400 || status === 409) && isBusy(said))
    return 'busy';
  if (status === 401) return 'unauthorized';
  if (status === 404) return 'notFound';
  if (status === 429) return 'throttled';
  // 408 comes from gateways that gave up waiting; they do not say for which side.
  if (status >= 500 || status === 408) return kind === 'submit' ? 'ambiguous' : 'unavailable';
  // A proxy that opens TLS may have forwarded the submission and then refused to let the answer back in.
  if (status >= 400) return kind === 'submit' && said === undefined ? 'ambiguous' : 'refused';
  return kind === 'submit' ? 'ambiguous' : 'unreadable';
}
