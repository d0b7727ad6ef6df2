// The default agent of node:https behind a proxy: it goes through the proxy, or directly to an exempt host.
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** The default agent of node:https, which botbuilder's sign-in and its key download use. */
export class ChoosingAgent extends HttpsProxyAgent<string> {
  readonly #direct: (host: string) => boolean;
  constructor(proxy: string, direct: (host: string) => boolean) {
    super(proxy);
    this.#direct = direct;
  }
  override connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    if (!this.#direct(options.host ?? '')) return super.connect(request, options);
    return Promise.resolve(
      connect({ ...options, servername: options.host ?? '' } as ConnectionOptions) as unknown as Awaited<
        ReturnType<HttpsProxyAgent<string>['connect']>
      >,
    );
  }
}
