// The rules of Kubernetes' Pod Security Standards, profile "restricted" (with "baseline" in it), for a pod
// without Windows: https://kubernetes.io/docs/concepts/security/pod-security-standards/

interface Context {
  readonly [key: string]: unknown;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type: string };
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly procMount?: string;
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly appArmorProfile?: { readonly type: string };
  readonly sysctls?: readonly { readonly name: string }[];
}
interface Container {
  readonly name?: string;
  readonly securityContext?: Context;
  readonly ports?: readonly { readonly hostPort?: number }[];
}
interface Pod {
  readonly [key: string]: unknown;
  readonly securityContext?: Context;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const sysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

type Rule = (keeps: boolean, what: string) => void;

/** The rules that a pod breaks, one sentence each. */
export function unrestricted(spec: unknown): readonly string[] {
  const pod = spec as Pod;
  const broken: string[] = [];
  const rule: Rule = (keeps, what) => {
    if (!keeps) broken.push(what);
  };
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) rule(pod[key] !== true, `${key} is true`);
  for (const { name, ...volume } of pod.volumes ?? [])
    rule(
      Object.keys(volume).every((kind) => volumeKinds.includes(kind)),
      `volume ${String(name)} is of a kind that is not allowed`,
    );
  const containers = [
    ...(pod.containers ?? []),
    ...(pod.initContainers ?? []),
    ...(pod.ephemeralContainers ?? []),
  ];
  rule(containers.length > 0, 'it has no container');
  for (const [where, context] of [
    ['the pod', pod.securityContext],
    ...containers.map(({ name = '', securityContext }) => [name, securityContext] as const),
  ] as const) {
    checkContext(where, context, rule);
  }
  for (const { name = '', securityContext: own, ports = [] } of containers) {
    rule((own?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true, `${name} may run as root`);
    rule(
      (own?.seccompProfile ?? pod.securityContext?.seccompProfile) !== undefined,
      `${name} has no seccomp profile`,
    );
    rule(own?.privileged !== true, `${name} is privileged`);
    rule(own?.allowPrivilegeEscalation === false, `${name} may gain privileges`);
    rule(own?.capabilities?.drop?.includes('ALL') === true, `${name} keeps capabilities`);
    rule(
      (own?.capabilities?.add ?? []).every((one) => one === 'NET_BIND_SERVICE'),
      `${name} adds capabilities`,
    );
    rule(['Default', undefined].includes(own?.procMount), `${name} sees all of /proc`);
    rule(
      ports.every(({ hostPort = 0 }) => hostPort === 0),
      `${name} takes a port of the node`,
    );
  }
  return broken;
}

/** What holds of a pod as of each of its containers. */
function checkContext(where: string, context: Context | undefined, rule: Rule): void {
  rule(context?.runAsUser !== 0, `${where} runs as root`);
  rule(!('windowsOptions' in (context ?? {})), `${where} has options for Windows`);
  rule(
    (context?.sysctls ?? []).every(({ name }) => sysctls.includes(name)),
    `${where} sets an unsafe sysctl`,
  );
  rule(
    context?.seLinuxOptions === undefined ||
      (seLinuxTypes.includes(context.seLinuxOptions.type ?? '') &&
        context.seLinuxOptions.user === undefined &&
        context.seLinuxOptions.role === undefined),
    `${where} has SELinux options that are not allowed`,
  );
  rule(
    ['RuntimeDefault', 'Localhost', undefined].includes(context?.appArmorProfile?.type),
    `${where} is not confined by AppArmor`,
  );
  rule(
    ['RuntimeDefault', 'Localhost', undefined].includes(context?.seccompProfile?.type),
    `${where} is not confined by seccomp`,
  );
}
