// docs/reach.md lists the hosts that the bot calls: compared with every address in the code, so that no
// firewall misses one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clouds } from '../../src/adapters/defender/clouds.ts';
import { graphHosts } from '../../src/adapters/entra/groups.ts';
import { resultHosts } from '../../src/adapters/outbound/resultLink.ts';
import {
  channelAuthorities,
  connectorHosts,
  defaultServiceUrl,
} from '../../src/adapters/teams/inbound/hosts.ts';
import { root } from '../support/root.ts';

const guide = readFileSync(join(root, 'docs', 'reach.md'), 'utf8');
const rows = [
  ...(guide.split('## Hosts that the bot calls\n')[1] ?? '').matchAll(
    /^\| (?!for|-)([^|]+?) \| ([^|]+?) \| ([^|]+) \|$/gm,
  ),
].map(([, what = '', cloud = '', hosts = '']) => ({
  what,
  cloud: cloud.replaceAll('`', ''),
  hosts: [...hosts.matchAll(/`([^`]+)`/g)]
    .map(([, host = '']) => host)
    .filter((host) => /[a-z]\./.test(host)),
}));
const told = (what: string, cloud: string): readonly string[] =>
  rows
    .filter((row) => row.what === what && row.cloud === cloud)
    .flatMap(({ hosts }) => hosts)
    .sort();
const hostOf = (url: string): string => new URL(url).hostname;
const starred = (host: string): string => (host.startsWith('.') ? `*${host}` : host);

describe('the hosts in docs/reach.md', () => {
  test('are those of each cloud of Defender, its sign-in included', () => {
    for (const [cloud, { apiUrl, authority }] of Object.entries(clouds))
      expect({ cloud, hosts: told('Defender', cloud) }).toEqual({
        cloud,
        hosts: [hostOf(apiUrl), hostOf(authority)].sort(),
      });
    expect(rows.filter(({ what }) => what === 'Defender').map(({ cloud }) => cloud)).toEqual(
      Object.keys(clouds),
    );
  });

  test('are those of Teams in both clouds', () => {
    const both = [...told('Teams', 'public'), ...told('Teams', 'US government')];
    for (const host of connectorHosts.map(starred)) expect(both).toContain(host);
    for (const [cloud, name] of [
      ['public', 'public'],
      ['usGov', 'US government'],
    ] as const) {
      const { login, openIdMetadata } = channelAuthorities[cloud];
      for (const url of [login, openIdMetadata, defaultServiceUrl[cloud]])
        expect(told('Teams', name)).toContain(hostOf(url));
    }
    const known = new Set([
      ...connectorHosts.map(starred),
      ...(['public', 'usGov'] as const).flatMap((cloud) =>
        [
          channelAuthorities[cloud].login,
          channelAuthorities[cloud].openIdMetadata,
          defaultServiceUrl[cloud],
        ].map(hostOf),
      ),
    ]);
    expect(both.filter((host) => !known.has(host))).toEqual([]);
  });

  test('are those of Graph, and of results', () => {
    expect(told('groups of Entra', 'public')).toEqual(
      [hostOf(graphHosts.public), hostOf(channelAuthorities.public.login)].sort(),
    );
    expect(told('groups of Entra', 'US government')).toEqual(
      [hostOf(graphHosts.usGov), hostOf(channelAuthorities.usGov.login)].sort(),
    );
    expect(told('results', 'all')).toEqual(resultHosts.map(starred).sort());
  });

  test('leave out no address that stands in the code of the adapters', () => {
    const all = rows.flatMap(({ hosts }) => hosts);
    const covered = (host: string): boolean =>
      all.some((one) => (one.startsWith('*') ? host.endsWith(one.slice(1)) : one === host));
    /** Names of rights, issuers and audiences, and pages: addresses that nobody calls. */
    const names =
      /^(?:api\.botframework\.(?:com|us)|botframework\.azure\.us|api\.securitycenter\.(?:microsoft|windows)\.com|adaptivecards\.io|dev\.teams\.microsoft\.com|api\.slack\.com|docs\.slack\.dev|learn\.microsoft\.com|.*\.example(?:\.com)?|.*\.invalid|127\.0\.0\.1|localhost|\[::1\])$/;
    const missed: string[] = [];
    for (const file of readdirSync(join(root, 'src', 'adapters'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.ts'))) {
      const code = readFileSync(join(root, 'src', 'adapters', file), 'utf8').replace(
        /^\s*(?:\/\/|\*|\/\*).*$/gm,
        '',
      );
      for (const [, host = ''] of code.matchAll(/(?:https|wss):\/\/([a-z0-9.-]+\.[a-z]+)/g))
        if (!covered(host) && !names.test(host)) missed.push(`${file}: ${host}`);
    }
    expect(missed).toEqual([]);
  });
});
