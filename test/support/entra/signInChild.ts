// Says one thing through a door to Teams, in a process of its own with the settings and the addresses of the
// real cloud, and tells which packages were loaded for it. The way to the cloud is the proxy of the
// environment.
import { createRequire } from 'node:module';
import { createClock } from '../../../src/adapters/clock.ts';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { proxyFrom, useProxy } from '../../../src/adapters/outbound/proxy.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { ConnectorRates } from '../../../src/adapters/teams/outbound/connectorRates.ts';
import { Connector } from '../../../src/adapters/teams/outbound/connector.ts';
import { openDoor } from '../../../src/adapters/teams/doors.ts';

interface Ask {
  readonly settings: Omit<TeamsSettings, 'password'> & { readonly password?: string };
  readonly serviceUrl: string;
  readonly times: number;
}

const { settings, serviceUrl, times } = JSON.parse(process.argv[2] ?? '') as Ask;
const { password, ...rest } = settings;
const proxy = proxyFrom(process.env);
if (proxy === undefined || 'wrong' in proxy) throw new Error('no proxy');
await useProxy(proxy, process.env);
const clock = createClock();
const log = createLog({ level: 'silent' });
const door = await openDoor(
  { ...rest, ...(password === undefined ? {} : { password: new Secret(password) }) },
  { http: new Http({ proxy }), clock, log },
);
const connector = new Connector({ door, budgets: new ConnectorRates(clock), clock, log, jitter: () => 0 });
const outcomes: string[] = [];
for (let n = 0; n < times; n += 1) {
  outcomes.push(
    await connector.post({ serviceUrl, conversation: '19:group@thread.v2' }, { text: 'x' }).then(
      () => 'sent',
      (error: unknown) => (error instanceof Error ? error.message : 'unknown'),
    ),
  );
}
/** CommonJS modules only, which all of botbuilder is. */
const packages = new Set(
  Object.keys(createRequire(import.meta.url).cache).map(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? '',
  ),
);
process.stdout.write(`${JSON.stringify({ outcomes, packages: [...packages] })}\n`);
process.exit(0);
