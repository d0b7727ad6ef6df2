// Where the assistant writes: modes under a loose umask, folders that take nothing, a full disk, links, root;
// and that the commands it prints are the ones that work.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { codeOf } from '../../src/adapters/clock.ts';
import { build } from '../support/programs/built.ts';
import { root } from '../support/root.ts';
import { SetupBench, setupProgram } from '../support/programs/setupBench.ts';
import type { Ran } from '../support/programs/setupBench.ts';

let bench: SetupBench;
beforeEach(() => {
  bench = new SetupBench();
});
afterEach(() => {
  bench.close();
});

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const quick = ['--yes', '--no-check', '--chat', 'slack-socket'];
const token = 'xoxb-canary-0001';
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** Through a shell, for what only a shell sets. */
function shell(
  script: string,
  as: { readonly uid?: number; readonly gid?: number } = {},
  cwd = bench.folder,
): Ran {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    env: bench.environment({
      SETUP: `${process.execPath} ${setupProgram} ${quick.join(' ')}`,
      SLACK_BOT_TOKEN: token,
    }),
    cwd,
    encoding: 'utf8',
    ...as,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('modes', () => {
  test('are what they should be under a umask that takes nothing away', () => {
    expect(shell('umask 0; exec $SETUP')).toMatchObject({ code: 0, err: '' });
    expect(
      ['.env', 'policy.yaml', 'slack-manifest.json'].map((name) => mode(join(bench.folder, name))),
    ).toEqual(['600', '644', '644']);
    expect([mode(bench.key), mode(join(bench.home, '.live-response-bot'))]).toEqual(['600', '700']);
  });

  (isRoot ? test : test.skip)(
    'root is told that the files are root’s, with the command that hands them over',
    () => {
      const { out } = shell('exec $SETUP');
      expect(out).toContain(
        `\n  chown <user> slack-manifest.json ${dirname(bench.key)} ${bench.key} policy.yaml .env\n`,
      );
    },
  );

  (isRoot ? test : test.skip)(
    'root is told to hand over the folders too that were made for them, each of them',
    () => {
      const folder = join(bench.folder, 'srv', 'bot');
      const { out } = shell(`exec $SETUP --folder ${folder}`);
      const [, command = ''] = /^ {2}(chown <user> .*)$/m.exec(out) ?? [];
      expect(command).toContain(' srv srv/bot srv/bot/slack-manifest.json ');
      // Handed over as it is printed, the bot's user reads its settings; the folders above were there before.
      for (const above of [bench.folder, bench.home]) chmodSync(above, 0o755);
      expect(shell(command.replace('<user>', String(nobody))).code).toBe(0);
      expect(shell(`cat ${join(folder, '.env')} ${bench.key}`, { uid: nobody, gid: nobody })).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining('LR_DATA_DIR='),
      });
    },
  );
});

describe('a place that takes no file', () => {
  test('is told with its cause, and no draft is left', () => {
    const folder = join(bench.home, 'taken');
    writeFileSync(folder, 'a file');
    const { code, err } = shell(`exec $SETUP --folder ${folder}`);
    expect([code, err]).toEqual([
      1,
      `${join(folder, 'slack-manifest.json')} cannot be written (EEXIST): something on the way to it is a file and no folder. Name another folder.\nNothing was written. Then go on: npm run setup\n`,
    ]);
    expect(readFileSync(folder, 'utf8')).toBe('a file');
  });

  test('is told to a user who may not write there', () => {
    chmodSync(bench.folder, 0o555);
    chmodSync(bench.home, 0o755);
    const { code, err } = shell('exec $SETUP', isRoot ? { uid: nobody, gid: nobody } : {});
    expect([code, err]).toEqual([
      1,
      `${join(bench.folder, 'slack-manifest.json')} cannot be written (EACCES): this user may not write in the folder. Give it the right to, or name another folder.\nNothing was written. Then go on: npm run setup\n`,
    ]);
    expect(bench.files()).toEqual([]);
  });

  const mounts = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0;
  (mounts ? test : test.skip)(
    'a full disk leaves whole files alone, and the next run goes on from there',
    () => {
      const small = join(bench.folder, 'small');
      mkdirSync(small);
      // Two pages: the manifest of Slack fits, and the policy does not.
      const script =
        'mount -t tmpfs -o size=8k none small && cd small && { $SETUP; code=$?; ls -A; cat slack-manifest.json; umount -l . ; exit $code; }';
      const { code, out, err } = shell(`exec unshare -m bash -c '${script}'`);
      expect([code, err]).toEqual([
        1,
        `${join(small, 'policy.yaml')} cannot be written (ENOSPC): the disk is full. Free some space.\nWritten, whole: slack-manifest.json, ${bench.key}. Then go on: npm run setup\n`,
      ]);
      expect(out).toContain('\nslack-manifest.json\n{');
      expect(out).not.toContain('.lr-setup-');
      expect(out).not.toContain(token);
      expect(existsSync(join(small, '.env'))).toBe(false);
      const key = readFileSync(bench.key);
      expect(shell('exec $SETUP').code).toBe(0);
      expect(readFileSync(bench.key)).toEqual(key);
    },
  );
});

test('a .env that is a link to a file elsewhere is read through it, and neither is changed', () => {
  const file = join(bench.home, 'settings');
  writeFileSync(file, `SLACK_BOT_TOKEN=${token}\nSLACK_APP_TOKEN=xapp-canary-0001\nLR_DEFENDER=simulator\n`, {
    mode: 0o600,
  });
  symlinkSync(file, join(bench.folder, '.env'));
  const before = readFileSync(file);
  const { code, out } = shell('exec $SETUP');
  expect(code).toBe(0);
  expect([readFileSync(file), lstatSync(join(bench.folder, '.env')).isSymbolicLink()]).toEqual([
    before,
    true,
  ]);
  expect(out).toContain('In the Slack channel: /invite @live-response');
  expect(out).not.toContain('canary');
});

/** What is printed to be typed, of a part of the list of what is left. */
const commands = (out: string): readonly string[] =>
  [...out.matchAll(/^ +\d+\. .*: ((?:LR_ENV_FILE=\S+ )?(?:npm|npx|live-response-bot) .*)$/gm)].map(
    ([, command]) => command ?? '',
  );

/** Starts what was printed, and ends it once it says that it listens. */
function starts(command: string, cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `exec env ${command}`], {
      env: bench.environment({ PORT: '0', LR_ADMIN_PORT: '0', LR_LOG_LEVEL: 'error' }),
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      if (/ http:\/\//.test(out)) child.kill('SIGTERM');
    });
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.once('error', reject);
    child.once('close', () => {
      resolve(out);
    });
  });
}

describe('the commands that are printed at the end', () => {
  const scripts = (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    }
  ).scripts;
  /**
   * As npm would, but for the build: dist is there, and a build in the midst of other tests would empty it.
   */
  const withoutNpm = (command: string): string =>
    command.replace(/npm (?:run )?([a-z:]+)(?: -- )?/, (_all, name: string) => {
      const script = scripts[name];
      if (script === undefined) throw new Error(`package.json has no script ${name}`);
      return `${script.replace('node scripts/build.js --if-needed && ', '')} `;
    });

  test('work in a checkout, from another folder too', async () => {
    const ran = await bench.run(['--yes', '--chat', 'none', '--folder', bench.folder, '--settings', '-'], {
      input: 'PORT=0\nLR_ADMIN_PORT=0\n',
    });
    expect([ran.code, commands(ran.out)]).toEqual([0, ['npm start']]);
    // From the checkout, whose folder is another one, the file is named.
    const { stdout } = spawnSync(
      process.execPath,
      [setupProgram, '--yes', '--no-check', '--folder', bench.folder],
      { env: bench.environment(), cwd: root, encoding: 'utf8' },
    );
    expect(commands(stdout)).toEqual([`LR_ENV_FILE=${join(bench.folder, '.env')} npm start`]);
    const said = await starts(withoutNpm(commands(stdout)[0] ?? ''), root);
    expect(said).toContain(`read from ${join(bench.folder, '.env')}`);
  });

  test('work from the package, by npx and by its own name', async () => {
    const home = join(bench.home, 'package');
    build(join(home, 'dist'));
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
    const cli = join(home, 'dist', 'src', 'cli.js');
    // As npx and npm lay it out: a link to the entry, and next to npx's a note of the file that it was made
    // from.
    const made = join(bench.home, '_npx', '0');
    const [npx, own] = [
      join(made, 'node_modules', '.bin', 'live-response-bot'),
      join(bench.home, 'bin', 'live-response-bot'),
    ] as const;
    for (const link of [npx, own]) {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(cli, link);
    }
    writeFileSync(
      join(made, 'package.json'),
      JSON.stringify(
        {
          dependencies: {
            'live-response-bot': `file:${join(realpathSync(bench.folder), 'live-response-bot-9.9.9.tgz')}`,
          },
        },
        undefined,
        2,
      ),
    );
    const secrets = {
      SLACK_BOT_TOKEN: token,
      SLACK_APP_TOKEN: 'xapp-canary-0001',
      SLACK_API_URL: 'http://127.0.0.1:9/',
    };
    const setup = (entry: string): Ran => {
      const { PATH = '', ...environment } = bench.environment({ PORT: '0', LR_ADMIN_PORT: '0', ...secrets });
      // Nobody is reached for Slack, so the doctor is among what is left.
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [entry, 'setup', '--yes', '--chat', 'slack-socket'],
        {
          env: { ...environment, PATH: `${dirname(own)}${delimiter}${PATH}` },
          cwd: bench.folder,
          encoding: 'utf8',
        },
      );
      return { code: status, out: stdout, err: stderr };
    };
    const byNpx = setup(npx);
    expect(commands(byNpx.out)).toEqual([
      'npx ./live-response-bot-9.9.9.tgz doctor',
      'npx ./live-response-bot-9.9.9.tgz start',
    ]);
    // The pages that it names are not in the folder, which has nothing but the file.
    expect(byNpx.out).toContain(
      `The guides (docs/...) and .env.example are in\n${realpathSync(join(home, 'dist'))}\n`,
    );
    expect(commands(setup(own).out)).toEqual(['live-response-bot doctor', 'live-response-bot start']);
    const here = (command: string): string =>
      command.replace(
        /npx \.\/live-response-bot-[\d.]+\.tgz|live-response-bot/,
        `${process.execPath} ${cli}`,
      );
    const [doctor = '', start = ''] = commands(byNpx.out);
    const told = spawnSync('bash', ['-c', here(doctor)], {
      env: bench.environment(secrets),
      cwd: bench.folder,
      encoding: 'utf8',
    });
    expect([told.status, told.stdout]).toEqual([1, expect.stringContaining('FAIL  slack.')]);
    // Slack is asked again and again until it answers; that it takes the settings is what is shown here.
    expect(await starts(here(start), bench.folder)).toContain(
      `read from ${join(realpathSync(bench.folder), '.env')}`,
    );
  });
});

test('the lists of processes never show a secret: the doctor has it in its environment', async () => {
  const child = bench.start(['--yes', '--chat', 'slack-socket', '--settings', '-'], {
    SLACK_API_URL: 'http://127.0.0.1:9/',
  });
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = wordsOf(pid);
      // Those of this checkout that run for other tests at the same time have other words, and other secrets.
      if (/cli\/(?:setup|doctor)\.js/.test(words) && isBelow(pid, child.pid)) seen.add(words);
    }
  };
  child.stdin?.end(`SLACK_BOT_TOKEN=${token}\nSLACK_APP_TOKEN=xapp-canary-0002\n`);
  child.stdout?.on('data', look);
  const timer = setInterval(look, 20);
  await new Promise((done) => child.once('close', done));
  clearInterval(timer);
  expect([...seen].some((words) => words.includes('cli/doctor.js'))).toBe(true);
  expect([...seen].join('\n')).not.toContain('canary');
});

/** Whether a process is `first`, or was started by it. */
function isBelow(pid: string, first: number | undefined): boolean {
  return pid === String(first) || parentOf(pid) === String(first);
}

/** Empty where the process has ended since. */
const parentOf = (pid: string): string => /^PPid:\s*(\d+)/m.exec(fileOf(`/proc/${pid}/status`))?.[1] ?? '';

const wordsOf = (pid: string): string => fileOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

function fileOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOf(error))) return '';
    throw error;
  }
}
