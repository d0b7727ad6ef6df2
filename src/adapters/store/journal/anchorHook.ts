// Heads of the journal at a webhook: one POST of JSON each, with a time limit, of whose answer only the
// status counts.
import type { Http } from '../../outbound/http.ts';
import type { AnchorPlace } from './anchors.ts';

/** Milliseconds for one POST. */
const within = 10_000;
/** Nothing of an answer is used. */
const mostRead = 4_096;

/** What is posted says what it is, so that a receiver of many things recognises it. */
export const anchorType = 'live-response-bot.anchor';

export function anchorHook(http: Pick<Http, 'send'>, url: URL): AnchorPlace {
  return {
    name: `the webhook ${url.origin}`,
    async put(anchor) {
      const { status } = await http.send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: anchorType, ...anchor }),
        timeoutMs: within,
        maxBytes: mostRead,
        cut: true,
      });
      // A redirect is no answer to a POST: nobody says that the head was kept.
      if (status < 200 || status > 299) throw new Error(`it answers ${status}`);
    },
  };
}
