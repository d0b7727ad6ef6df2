// How compose.yaml, the Kubernetes example and the systemd unit start the program: its command, its settings
// and what is mounted where, read from what Compose, kustomize and the unit file say. For tests that then
// start it so, with stand-ins for the platforms.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { root } from '../support/root.ts';

export interface Deployed {
  /** The program and its words, in paths of the place it is deployed to. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Path of the place it is deployed to, and the folder of this machine that is there. */
  readonly mounts: Readonly<Record<string, string>>;
}

/**
 * What is handed in: the text of each secret by the name of its file, the policy, and what the operator fills
 * in.
 */
export interface Handed {
  /** An empty folder of this machine. */
  readonly folder: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly policy: string;
  readonly tenant: string;
  readonly app: string;
}

const pairs = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(lines.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));

/** What the image itself says, by its Containerfile. */
function image(): Pick<Deployed, 'command' | 'env'> {
  const text = readFileSync(join(root, 'Containerfile'), 'utf8').replaceAll('\\\n', ' ');
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const words = (key: string): readonly string[] =>
    JSON.parse(new RegExp(`^${key} (\\[.*\\])$`, 'm').exec(last)?.[1] ?? '[]') as readonly string[];
  const env = pairs((/^ENV (.*)$/m.exec(last)?.[1] ?? '').trim().split(/\s+/));
  return { command: [...words('ENTRYPOINT'), ...words('CMD')], env };
}

/** A folder with these files for one reader alone. */
function filled(folder: string, files: Readonly<Record<string, string>>, mode: number): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  }
  return folder;
}

/** Only those that are asked for; throws for one that nobody has. */
function asked(names: readonly string[], { secrets }: Handed): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      const text = secrets[name];
      if (text === undefined) throw new Error(`nobody has the secret ${name}`);
      return [name, `${text}\n`];
    }),
  );
}

function output(words: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const [program = '', ...rest] = words;
  const done = spawnSync(program, rest, {
    encoding: 'utf8',
    timeout: 50_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env },
  });
  if (done.status !== 0) throw new Error(`${words.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

interface ComposeService {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly (string | { readonly source: string; readonly target?: string })[];
  readonly volumes: readonly string[];
}

/** As Compose reads compose.yaml. @param changed for a page that says what to change in it */
export function byCompose(handed: Handed, changed: (text: string) => string = (text) => text): Deployed {
  const folder = join(handed.folder, 'compose');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'compose.yaml'), changed(readFileSync(join(root, 'compose.yaml'), 'utf8')));
  const text = output(['docker-compose', '-f', join(folder, 'compose.yaml'), 'config'], {
    AZURE_TENANT_ID: handed.tenant,
    AZURE_CLIENT_ID: handed.app,
  });
  const { services, secrets } = parse(text) as {
    readonly services: { readonly bot: ComposeService };
    readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  };
  const { bot } = services;
  // Written where compose.yaml looks for them, and read from there.
  for (const { file } of Object.values(secrets))
    filled(dirname(file), asked([basename(file)], handed), 0o400);
  filled(join(folder, 'config'), { 'policy.yaml': handed.policy }, 0o444);
  const secretFiles = Object.fromEntries(
    bot.secrets.map((one) => {
      const { source, target = source } = typeof one === 'string' ? { source: one } : one;
      return [target, readFileSync(secrets[source]?.file ?? '', 'utf8')];
    }),
  );
  const volumes = bot.volumes
    .map((one) => one.split(':'))
    .map(
      ([from = '', to = '']) =>
        [to, from.startsWith('/') ? from : join(handed.folder, 'volumes', from)] as const,
    );
  for (const [, from] of volumes) mkdirSync(from, { recursive: true });
  const { command, env } = image();
  return {
    command,
    env: { ...env, ...bot.environment },
    mounts: {
      '/run/secrets': filled(join(handed.folder, 'run-secrets'), secretFiles, 0o400),
      ...Object.fromEntries(volumes),
    },
  };
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: Pod } };
}
interface Pod {
  readonly containers: readonly [
    {
      readonly env?: readonly { readonly name: string; readonly value: string }[];
      readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    },
  ];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    readonly persistentVolumeClaim?: unknown;
  }[];
}

/** As kustomize renders the example, with the secret that the command in its first lines makes. */
export function byKubernetes(handed: Handed): Deployed {
  const example = join(root, 'manifest', 'kubernetes', 'overlays', 'example');
  const things = parseAllDocuments(output(['kubectl', 'kustomize', example])).map(
    (document) => document.toJS() as Rendered,
  );
  const named = (kind: string, name: string): Rendered =>
    things.find((thing) => thing.kind === kind && thing.metadata.name === name) ?? fail(`no ${kind} ${name}`);
  const pod = named('Deployment', 'live-response-bot').spec?.template?.spec ?? fail('no pod');
  const [container] = pod.containers;
  const command = (
    /^# {3}kubectl [^]*?(?=\n[^#])/m.exec(readFileSync(join(example, 'kustomization.yaml'), 'utf8'))?.[0] ??
    fail('no command that makes the secret')
  ).replaceAll(/\\?\n?^# {3}/gm, '');
  const files = [...command.matchAll(/--from-file=([\w-]+)/g)].map(([, name = '']) => name);
  const own = filled(join(handed.folder, 'own-secrets'), asked(files, handed), 0o400);
  const made = parse(
    output(
      ['kubectl', ...command.trim().split(/\s+/).slice(1), '--dry-run=client', '-o', 'yaml'].map((word) =>
        word.replace(/^--from-file=([\w-]+)$/, `--from-file=$1=${own}/$1`),
      ),
    ),
  ) as Rendered;
  const folderOf = ({ name, configMap, secret }: Pod['volumes'][number]): string => {
    const folder = join(handed.folder, 'volumes', name);
    if (configMap !== undefined)
      return filled(
        folder,
        { ...named('ConfigMap', configMap.name).data, 'policy.yaml': handed.policy },
        0o444,
      );
    if (secret === undefined) return filled(folder, {}, 0o600);
    if (secret.secretName !== made.metadata.name)
      fail(`the pod mounts ${secret.secretName}, and the command makes ${made.metadata.name}`);
    return filled(
      folder,
      Object.fromEntries(
        Object.entries(made.data ?? {}).map(([key, value]) => [
          key,
          Buffer.from(value, 'base64').toString('utf8'),
        ]),
      ),
      secret.defaultMode,
    );
  };
  const mounts = container.volumeMounts.map(
    ({ name, mountPath }) =>
      [
        mountPath,
        folderOf(pod.volumes.find((one) => one.name === name) ?? fail(`no volume ${name}`)),
      ] as const,
  );
  const settings = Object.assign(
    {},
    ...container.envFrom.map(({ configMapRef }) => named('ConfigMap', configMapRef.name).data),
  ) as Readonly<Record<string, string>>;
  const { command: words, env } = image();
  return {
    command: words,
    env: {
      ...env,
      ...settings,
      ...Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])),
    },
    mounts: Object.fromEntries(mounts),
  };
}

/** As systemd reads the unit. @param changed for a page that says what to change in it */
export function bySystemd(handed: Handed, changed: (text: string) => string = (text) => text): Deployed {
  const text = changed(readFileSync(join(root, 'manifest', 'systemd', 'live-response-bot.service'), 'utf8'));
  const all = (key: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const credentials = '/run/credentials/live-response-bot.service';
  const state = join('/var/lib', all('StateDirectory')[0] ?? fail('no StateDirectory'));
  const spelled = (value: string): string => value.replaceAll('%d', credentials).replaceAll('%S', '/var/lib');
  const etc = join(handed.folder, 'etc');
  filled(
    etc,
    {
      'policy.yaml': handed.policy,
      'settings.env': `AZURE_TENANT_ID=${handed.tenant}\nAZURE_CLIENT_ID=${handed.app}\n`,
    },
    0o444,
  );
  const given = all('EnvironmentFile').map((one) => one.replace(/^-?\/etc\/live-response-bot/, etc));
  const loaded = all('LoadCredential')
    .map((one) => one.split(':'))
    .map(([name = '', from = '']) => [name, from.replace('/etc/live-response-bot', etc)] as const);
  for (const [, from] of loaded) filled(dirname(from), asked([basename(from)], handed), 0o400);
  const folder = filled(
    join(handed.folder, 'credentials'),
    Object.fromEntries(loaded.map(([name, from]) => [name, readFileSync(from, 'utf8')])),
    0o400,
  );
  const env = pairs(
    [
      ...all('Environment').flatMap((line) => line.split(' ')),
      ...given.flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== ''),
      ),
    ].map(spelled),
  );
  mkdirSync(join(handed.folder, 'state'), { recursive: true });
  return {
    command: (all('ExecStart')[0] ?? fail('no ExecStart')).split(' '),
    env: { ...env, CREDENTIALS_DIRECTORY: credentials, STATE_DIRECTORY: state },
    mounts: { [credentials]: folder, [state]: join(handed.folder, 'state'), '/etc/live-response-bot': etc },
  };
}

/**
 * The same on this machine, where nothing is mounted: paths become those of the folders. @param program the
 * folder that stands for /app and /opt/live-response-bot
 */
export function here({ command, env, mounts }: Deployed, program: string): Pick<Deployed, 'command' | 'env'> {
  const known = Object.entries({ ...mounts, '/app': program, '/opt/live-response-bot': program });
  const moved = (value: string): string => {
    const [path, folder] = known.find(([at]) => value === at || value.startsWith(`${at}/`)) ?? ['', ''];
    return `${folder}${value.slice(path.length)}`;
  };
  return {
    command: [process.execPath, ...command.slice(1).map(moved)],
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, moved(value)])),
  };
}

function fail(why: string): never {
  throw new Error(why);
}
