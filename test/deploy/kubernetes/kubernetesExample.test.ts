// The example of manifest/kubernetes as kustomize renders it: what docs/containers.md promises.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { BlockList } from 'node:net';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../../support/root.ts';
import { eventsPath } from '../../../src/adapters/slack/ids.ts';
import { path as teamsPath } from '../../../src/adapters/teams/inbound/inboundRoute.ts';
import { unrestricted } from './podSecurity.ts';
import { secondsToStop } from '../settingsNamed.ts';
import type { Thing } from './kubernetesThings.ts';
import { base, example, named, unknownKeys, wrongValues } from './kubernetesThings.ts';

function kustomized(where: string): readonly Thing[] {
  const done = spawnSync('kubectl', ['kustomize', where], {
    encoding: 'utf8',
    timeout: 50_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir() },
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return parseAllDocuments(done.stdout).map((document) => document.toJS() as Thing);
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}
interface Pod {
  readonly [key: string]: unknown;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [
    {
      readonly [key: string]: unknown;
      readonly startupProbe: Probe;
      readonly livenessProbe: Probe;
      readonly readinessProbe: Probe;
      readonly volumeMounts: readonly Readonly<Record<string, unknown>>[];
      readonly envFrom: readonly [{ readonly configMapRef: { readonly name: string } }];
    },
  ];
}

interface Rule {
  readonly to: readonly {
    readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  }[];
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

function within(address: string, cidrs: readonly string[]): boolean {
  const family = (one: string): 'ipv4' | 'ipv6' => (one.includes(':') ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  // Of the address's own family: Node takes an IPv4 address for an IPv6 one, too.
  for (const [net = '', bits = ''] of cidrs.map((cidr) => cidr.split('/')))
    if (family(net) === family(address)) list.addSubnet(net, Number(bits), family(net));
  return list.check(address, family(address));
}

/** What a rule lets out to an address outside the cluster. */
function lets({ to, ports }: Rule, address: string, port: number, protocol: string): boolean {
  return (
    ports.some((one) => one.port === port && one.protocol === protocol) &&
    to.some(
      ({ ipBlock }) =>
        ipBlock !== undefined && within(address, [ipBlock.cidr]) && !within(address, ipBlock.except ?? []),
    )
  );
}

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;

(hasKubectl ? describe : describe.skip)('the example as kustomize renders it', () => {
  let rendered: readonly Thing[];
  let pod: Pod;
  let deployment: {
    readonly replicas: number;
    readonly strategy: unknown;
    readonly template: { readonly metadata: { readonly labels: unknown }; readonly spec: Pod };
  };
  beforeAll(() => {
    rendered = kustomized(example);
    deployment = named(rendered, 'Deployment')['spec'] as typeof deployment;
    pod = deployment.template.spec;
  });

  test('is taken by both schemas, as is the base', async () => {
    for (const thing of [...rendered, ...kustomized(base)])
      expect([thing.kind, await wrongValues(thing)]).toEqual([thing.kind, undefined]);
    expect(unknownKeys(rendered)).toBe('');
  });

  test('has one bot, which is gone before the next begins, on a volume for one pod', () => {
    expect(deployment).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(named(rendered, 'PersistentVolumeClaim')).toMatchObject({
      spec: { accessModes: ['ReadWriteOncePod'] },
    });
    // With one replica it would keep a node from being drained.
    expect(rendered.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(secondsToStop());
  });

  test('asks for a restart by /healthz alone, and takes the chats away by /readyz alone', () => {
    const [{ startupProbe, livenessProbe, readinessProbe }] = pod.containers;
    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual([
      { path: '/healthz', port: 'chats' },
      { path: '/healthz', port: 'chats' },
      { path: '/readyz', port: 'chats' },
    ]);
    // A long journal is read before the port answers.
    expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBeGreaterThanOrEqual(300);
  });

  test('keeps every rule of the restricted profile, which the namespace demands, and gives the pod no token', () => {
    expect(unrestricted(pod)).toEqual([]);
    expect(named(rendered, 'Namespace')).toMatchObject({
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    expect(pod).toMatchObject({ automountServiceAccountToken: false });
    expect(named(rendered, 'ServiceAccount')).toMatchObject({ automountServiceAccountToken: false });
    expect(pod.containers[0]['securityContext']).toMatchObject({ readOnlyRootFilesystem: true });
    // The group that the kubelet gives volume and secrets to is the bot's alone: only then is a secret with
    // mode 0440 nobody else's.
    expect(pod.securityContext).toMatchObject({ runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 });
  });

  test.each([
    ['"runAsNonRoot":true', '"runAsNonRoot":false'],
    ['"type":"RuntimeDefault"', '"type":"Unconfined"'],
    ['"allowPrivilegeEscalation":false', '"allowPrivilegeEscalation":true'],
    ['"drop":["ALL"]', '"drop":["NET_RAW"]'],
    ['"capabilities":{', '"capabilities":{"add":["SYS_ADMIN"],'],
    ['"readOnlyRootFilesystem":true', '"privileged":true'],
    ['"containerPort":3978', '"containerPort":3978,"hostPort":3978'],
    ['"enableServiceLinks":false', '"hostNetwork":true'],
    ['"persistentVolumeClaim":{"claimName":"live-response-bot-data"}', '"hostPath":{"path":"/srv"}'],
    ['"runAsUser":10001', '"runAsUser":0'],
  ])('the profile is left with %s changed to %s', (find, replace) => {
    const text = JSON.stringify(pod);
    expect(text).toContain(find);
    expect(unrestricted(JSON.parse(text.replace(find, replace)))).toHaveLength(1);
  });

  test('asks for more memory than it was measured with at rest, and may have several times that', () => {
    const { requests, limits } = pod.containers[0]['resources'] as Readonly<
      Record<'requests' | 'limits', Readonly<Record<string, string>>>
    >;
    const mebibytes = (text = ''): number => Number(/^(\d+)Mi$/.exec(text)?.[1]);
    const [, atRest = '', afterStory = ''] =
      /(\d+) MiB at rest and (\d+) MiB after one story/.exec(
        readFileSync(join(root, 'docs', 'containers.md'), 'utf8'),
      ) ?? [];
    expect(mebibytes(requests['memory'])).toBeGreaterThan(Number(afterStory));
    expect(mebibytes(limits['memory'])).toBeGreaterThan(4 * Number(atRest));
    // A limit of the processor would make it answer the chats too late.
    expect(limits).not.toHaveProperty('cpu');
  });

  test('mounts policy and secrets as folders that change in the running pod, under names that stay', () => {
    const mounts = pod.containers[0].volumeMounts;
    expect(mounts.map(({ mountPath, readOnly = false }) => [mountPath, readOnly])).toEqual([
      ['/data', false],
      ['/config', true],
      ['/secrets', true],
    ]);
    expect(mounts.filter((mount) => 'subPath' in mount)).toEqual([]);
    const maps = rendered
      .filter(({ kind }) => kind === 'ConfigMap')
      .map(({ metadata }) => metadata.name)
      .toSorted();
    // Other settings start the bot again, by the hash in the name; another policy does not.
    expect(maps).toEqual([
      'live-response-bot-policy',
      expect.stringMatching(/^live-response-bot-settings-\w{10}$/),
    ]);
    expect(pod.containers[0].envFrom[0].configMapRef.name).toBe(maps[1]);
  });

  test('lets in the ingress controller alone, and out to names and HTTPS outside private networks', () => {
    const policy = named(rendered, 'NetworkPolicy')['spec'] as {
      readonly podSelector: { readonly matchLabels: unknown };
      readonly ingress: readonly unknown[];
      readonly egress: readonly unknown[];
    };
    expect(policy.podSelector.matchLabels).toEqual(deployment.template.metadata.labels);
    expect(policy).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(policy.ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }],
        ports: [{ protocol: 'TCP', port: 3978 }],
      },
    ]);
    // Kustomize writes common labels into selectors when it is let, and then no DNS server would match.
    expect(policy.egress[0]).toMatchObject({
      to: [{ podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    });
    expect(JSON.stringify(policy.egress[0])).not.toContain('app.kubernetes.io/name');
    expect(policy.egress[1]).toMatchObject({ ports: [{ protocol: 'TCP', port: 443 }] });
  });

  test.each([
    ['20.190.128.1', 443, 'TCP', true, 'Entra, Defender, Slack, Teams'],
    ['2603:1026::1', 443, 'TCP', true, 'the same by IPv6'],
    ['20.190.128.1', 80, 'TCP', false, 'no HTTP'],
    ['20.190.128.1', 443, 'UDP', false, 'no QUIC'],
    ['20.190.128.1', 22, 'TCP', false, 'nothing else'],
    ['10.1.2.3', 443, 'TCP', false, 'private networks, and the API of Kubernetes in them'],
    ['172.31.0.1', 443, 'TCP', false, 'the same'],
    ['192.168.1.1', 443, 'TCP', false, 'the same'],
    ['169.254.169.254', 80, 'TCP', false, 'the cloud’s metadata service'],
    ['169.254.169.254', 443, 'TCP', false, 'the same'],
    ['fd00::1', 443, 'TCP', false, 'private networks by IPv6'],
  ] as const)('lets out to %s, port %i by %s: %s (%s)', (...row) => {
    const [address, port, protocol, is] = row;
    const { egress } = named(rendered, 'NetworkPolicy')['spec'] as { readonly egress: readonly Rule[] };
    expect(egress.some((rule) => lets(rule, address, port, protocol))).toBe(is);
  });

  test('lets out on the one port that docs/reach.md says the hosts are on, besides names', () => {
    expect(readFileSync(join(root, 'docs', 'reach.md'), 'utf8')).toContain(
      '\n## Hosts that the bot calls\nAll on port 443.',
    );
    const { egress } = named(rendered, 'NetworkPolicy')['spec'] as { readonly egress: readonly Rule[] };
    expect([...new Set(egress.flatMap(({ ports }) => ports.map(({ port }) => port)))]).toEqual([53, 443]);
  });

  test('lets in the paths of the chats that are set up, exactly, and not the admin port', () => {
    const { data = {} } = rendered.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('live-response-bot-settings'),
    ) as { readonly data?: Readonly<Record<string, string>> };
    const wanted = [
      ...('SLACK_SIGNING_SECRET_FILE' in data ? [eventsPath] : []),
      ...('MicrosoftAppId' in data ? [teamsPath] : []),
    ];
    const { rules, tls } = named(rendered, 'Ingress')['spec'] as {
      readonly tls: readonly unknown[];
      readonly rules: readonly {
        readonly http: {
          readonly paths: readonly {
            readonly path: string;
            readonly pathType: string;
            readonly backend: unknown;
          }[];
        };
      }[];
    };
    const paths = rules.flatMap(({ http }) => http.paths);
    expect(paths.map(({ path, pathType }) => [path, pathType])).toEqual(
      wanted.map((path) => [path, 'Exact']),
    );
    expect(paths.map(({ backend }) => backend)).toEqual(
      paths.map(() => ({ service: { name: 'live-response-bot', port: { name: 'chats' } } })),
    );
    expect(tls).toHaveLength(1);
    expect(pod.containers[0]['ports']).toEqual([{ name: 'chats', containerPort: 3978 }]);
    expect(named(rendered, 'Service')).toMatchObject({
      spec: { ports: [{ name: 'chats', port: 80, targetPort: 'chats' }] },
    });
  });

  test('reaches the bot by a service of the same labels', () => {
    expect(named(rendered, 'Service')).toMatchObject({
      spec: {
        selector: deployment.template.metadata.labels as Record<string, string>,
        ports: [{ targetPort: 'chats' }],
      },
    });
  });
});
