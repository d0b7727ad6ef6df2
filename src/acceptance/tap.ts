// Tap on the product's own way to the network: what Defender and its result links answered is kept, in memory
// and bounded; what any other host said (sign-in, chats, anchors) is not even looked at, and no request
// header is ever kept.
import { jsonOf, Http } from '../adapters/outbound/http.ts';
import type { HttpAnswer, HttpRequest, HttpSettings } from '../adapters/outbound/http.ts';
import { field } from '../liveResponse/text/json.ts';

export interface Exchange {
  /** `result`: at an address that Defender gave as a result link. */
  readonly from: 'defender' | 'result';
  readonly method: string;
  /** A bearer secret where it is of a result. */
  readonly url: URL;
  /** The body of a POST. */
  readonly sent?: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The answer's JSON; absent where it is none, or too large to keep. */
  readonly body?: unknown;
  /** When the answer was there, by the machine's own clock (epoch milliseconds), and how long it took. */
  readonly wall: number;
  readonly ms: number;
}

/** A session of twenty minutes, read twice a second by two readers, with room to spare. */
const mostKept = 6_000;
/** An action is two or three KB, a page of a hundred devices a quarter of a megabyte. */
const largestKept = 512 * 1024;
const mostLinks = 500;

export class TappedHttp extends Http {
  readonly #kept: Exchange[] = [];
  readonly #links = new Set<string>();
  #base: URL | undefined;

  constructor(settings: Partial<HttpSettings> = {}) {
    super(settings);
  }

  /** From now on what this API says is kept. */
  lookAt(apiUrl: string): void {
    this.#base = new URL(apiUrl);
  }

  exchanges(): readonly Exchange[] {
    return this.#kept;
  }

  override async send(ask: HttpRequest): Promise<HttpAnswer> {
    const began = performance.now();
    const answer = await super.send(ask);
    this.#keep(ask, answer, performance.now() - began);
    return answer;
  }

  #keep(ask: HttpRequest, answer: HttpAnswer, ms: number): void {
    const from =
      ask.url.origin === this.#base?.origin
        ? 'defender'
        : this.#links.has(ask.url.href)
          ? 'result'
          : undefined;
    if (from === undefined || this.#kept.length >= mostKept) return;
    const { status, headers, bytes } = answer;
    const json = from === 'defender' && bytes.length <= largestKept ? jsonOf(answer) : undefined;
    this.#kept.push({
      from,
      method: ask.method,
      url: ask.url,
      status,
      headers,
      wall: Date.now(),
      ms,
      ...(json === undefined ? {} : { body: json.value }),
      // Only text: the one body of bytes is an upload to the library, which no bot makes.
      ...(from === 'defender' && typeof ask.body === 'string' ? { sent: ask.body } : {}),
    });
    const link = isLinkCall(ask.url) ? field(json?.value, 'value') : undefined;
    if (typeof link === 'string' && URL.canParse(link) && this.#links.size < mostLinks)
      this.#links.add(new URL(link).href);
  }
}

/** GET …/GetLiveResponseResultDownloadLink(index=n). */
export function isLinkCall(url: URL): boolean {
  return /\/getliveresponseresultdownloadlink\(index=\d+\)$/i.test(url.pathname);
}
