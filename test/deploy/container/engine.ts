// Runs an image that scripts/container.sh built as a container engine would, where there is none: namespaces
// of its own, the root mounted for reading alone, a volume on /data, no privileges to gain, the image's own
// user, variables, entry and health check. As root, on Linux.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the image says of itself; the part of Docker's form that counts here. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal: string;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

export interface Image {
  readonly config: ImageConfig;
  /** Its files, mounted. */
  readonly root: string;
  remove(): void;
}

export interface RunOptions {
  /** Instead of the image's own words. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A folder of this machine, on /data. */
  readonly data: string;
  /** Folders of this machine, mounted for reading: path in the container to path here. */
  readonly readOnly?: Readonly<Record<string, string>>;
  /** An empty /tmp in memory; without it nothing but /data can be written. */
  readonly tmp?: boolean;
  /**
   * In the network of the caller instead of one of its own: only for a caller that is in one of its own
   * itself, as the bot listens on all its addresses.
   */
  readonly joined?: boolean;
}

export interface Container {
  /** Everything it wrote so far. */
  output(): string;
  /** Resolves once it wrote that; rejects when it ends before. */
  wrote(what: RegExp): Promise<string>;
  /** Exit code; null after a signal. */
  readonly ended: Promise<number | null>;
  /** To its first process, as an engine does it. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it, whatever it does; nothing if it has ended. */
  kill(): void;
  /** A program of the container's, inside it: as `docker exec`. */
  exec(...words: readonly string[]): { readonly code: number | null; readonly out: string };
  /** The status and body of its own port, asked in its network. */
  ask(path: string, body?: unknown): { readonly status: number; readonly text: string };
  /** The variables that its first process was started with, as the machine's root sees them. */
  variables(): string;
  /** Bytes of memory its first process has in use. */
  memory(): number;
}

/** Milliseconds for one call from outside. */
const callMayTake = 30_000;
const port = 3978;

function buildah(store: string, words: readonly string[]): string {
  const [command = '', ...rest] = words;
  const done = spawnSync(
    'buildah',
    [
      command,
      '--root',
      join(store, 'storage'),
      '--runroot',
      join(store, 'run'),
      '--storage-driver',
      'vfs',
      ...rest,
    ],
    { encoding: 'utf8', timeout: 120_000 },
  );
  if (done.status !== 0) throw new Error(`buildah ${words.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

/** A container's own copy of the image's files. @param store the folder of scripts/container.sh */
export function openImage(store: string, tag: string): Image {
  const { Docker } = JSON.parse(buildah(store, ['inspect', '--type', 'image', tag])) as {
    readonly Docker: { readonly config: ImageConfig };
  };
  const container = buildah(store, ['from', '--pull-never', tag]);
  const root = buildah(store, ['mount', container]);
  return {
    config: Docker.config,
    root,
    remove() {
      buildah(store, ['umount', container]);
      buildah(store, ['rm', container]);
    },
  };
}

/**
 * $1 root, $2 data, $3 "tmp" or nothing, $4 user, then pairs of path and folder up to "--", then the command.
 */
const inside = `set -eu
root=$1 data=$2 tmp=$3 user=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount --bind "$data" "$root/data"
while [ "$1" != -- ]; do mount --bind "$2" "$root$1"; mount -o remount,ro,bind "$root$1"; shift 2; done; shift
[ "$tmp" = '' ] || mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 444 "$root/dev/urandom" c 1 9
ip link set lo up
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`;

export function runImage(
  { config, root }: Image,
  { args, env = {}, data, readOnly = {}, tmp = false, joined = false }: RunOptions,
): Container {
  // An engine makes the folders that something is mounted on.
  for (const path of ['data', 'proc', 'dev', 'tmp', ...Object.keys(readOnly)])
    mkdirSync(join(root, path), { recursive: true });
  const variables = {
    ...Object.fromEntries(
      config.Env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
    ),
    ...env,
  };
  const mounts = Object.entries(readOnly).flat();
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--uts',
      '--ipc',
      ...(joined ? [] : ['--net']),
      'sh',
      '-c',
      inside,
      'engine',
      root,
      data,
      tmp ? 'tmp' : '',
      config.User,
      ...mounts,
      '--',
      ...config.Entrypoint,
      ...(args ?? config.Cmd),
    ],
    { env: { ...variables, PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  const watchers = new Set<() => void>();
  const took = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    for (const watch of watchers) watch();
  };
  child.stdout.on('data', took);
  child.stderr.on('data', took);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  /** The first process of the container, by its number on this machine. */
  const first = (): string => {
    const pid = readFileSync(`/proc/${String(child.pid)}/task/${String(child.pid)}/children`, 'utf8').trim();
    if (!/^\d+$/.test(pid)) throw new Error(`the container has no first process: ${output}`);
    return pid;
  };
  return {
    output: () => output,
    wrote: (what) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (!what.test(output)) return;
          watchers.delete(watch);
          resolve(output);
        };
        watchers.add(watch);
        watch();
        void ended.then((code) => {
          reject(
            new Error(`the container ended with ${String(code)} and never wrote ${String(what)}: ${output}`),
          );
        });
      }),
    ended,
    signal: (signal) => void process.kill(Number(first()), signal),
    // `--kill-child`: its first process ends with it, and the namespace with that.
    kill: () => void child.kill('SIGKILL'),
    exec(...words) {
      const [uid = '', gid = ''] = config.User.split(':');
      const done = spawnSync(
        'nsenter',
        [
          '--target',
          first(),
          '--mount',
          '--pid',
          '--net',
          '--ipc',
          '--uts',
          '--root',
          `--wd=/proc/${first()}/root`,
          '--setuid',
          uid,
          '--setgid',
          gid,
          ...words,
        ],
        { env: variables, encoding: 'utf8', timeout: callMayTake },
      );
      return { code: done.status, out: `${done.stdout}${done.stderr}` };
    },
    ask(path, body) {
      const call =
        body === undefined
          ? {}
          : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const code = `const answer = await fetch(${JSON.stringify(`http://127.0.0.1:${port}${path}`)}, ${JSON.stringify(call)}); console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));`;
      const done = spawnSync(
        'nsenter',
        ['--target', first(), '--net', process.execPath, '--input-type=module', '-e', code],
        { encoding: 'utf8', timeout: callMayTake, maxBuffer: 64 * 1024 * 1024 },
      );
      if (done.status !== 0) throw new Error(`${path}: ${done.stderr}`);
      return JSON.parse(done.stdout) as { readonly status: number; readonly text: string };
    },
    variables: () => readFileSync(`/proc/${first()}/environ`, 'utf8'),
    memory: () =>
      Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${first()}/status`, 'utf8'))?.[1]) * 1024,
  };
}
