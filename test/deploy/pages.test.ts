// What docs/containers.md and docs/systemd.md have a reader type between the assistant's questions and the
// first start, run as it stands there: the policy, the key and the ids have to end up where compose.yaml and
// the unit look for them.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { readKeyFile } from '../../src/adapters/store/journal/keys.ts';
import { blockOf } from '../operate/guide.ts';
import { people } from '../guidesRun/cloud.ts';
import { root } from '../support/root.ts';

/** The answers of somebody at the terminal; the page's own flags stand before them. */
const answers = `--yes --no-check --host bot.example.com --tenant-id ${people.tenant} --client-id ${people.defenderApp} --person "id=robin,name=Robin Real,roles=asks,slack=U0123ABCD" --person "id=avery,name=Avery Lead,roles=approves,slack=U0456EFGH" --place slack:C0123456 --device-group Workstations`;
const typed = {
  'slack-bot-token': 'xoxb-1-2-abcdefghijklmnop',
  'slack-signing-secret': '0123456789abcdef0123456789abcdef',
  'client-secret': 'abcdefabcdefabcdefabcdefabcdefabcdefabcd',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-pages-'));
  mkdirSync(join(folder, 'secrets'), { mode: 0o700 });
  for (const [name, text] of Object.entries(typed)) {
    writeFileSync(join(folder, 'secrets', name), `${text}\n`);
    chmodSync(join(folder, 'secrets', name), 0o400);
  }
  // In a clone this starts the assistant; here the one that is built.
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ scripts: { setup: `node ${join(root, 'dist', 'src', 'cli', 'setup.js')}` } }),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the one block with that title, its places moved below the folder. Returns what it said. */
function run(title: string, page: string, setup: string): string {
  const block = blockOf(title, page)
    .replaceAll('/etc/live-response-bot', folder)
    .replaceAll('/opt/live-response-bot', join(root, 'dist'));
  expect(block).toContain(setup);
  const text = block.replace(/--key \S+/, (key) => `${key} ${answers}`);
  const done = spawnSync('sh', ['-euc', text], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 50_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, npm_config_update_notifier: 'false' },
  });
  expect([done.status, done.stderr]).toEqual([0, expect.not.stringContaining('rror')]);
  return done.stdout;
}

/** No secret that was typed into a file got into another one, or onto the screen. */
function keepsSecrets(said: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  for (const [name, secret] of Object.entries(typed)) {
    expect(files.filter((path) => readFileSync(path, 'utf8').includes(secret))).toEqual([
      join(folder, 'secrets', name),
    ]);
    expect(said).not.toContain(secret);
  }
}

describe('what stands between the assistant and the first start', () => {
  const compose = readFileSync(join(root, 'compose.yaml'), 'utf8');
  const hasCompose = spawnSync('docker-compose', ['--version']).status === 0;

  test('in docs/containers.md makes what compose.yaml mounts', () => {
    const said = run('From your answers to the files that are mounted', 'containers.md', 'npm run setup -- ');
    keepsSecrets(said);
    const { secrets } = parse(compose) as {
      readonly secrets: Readonly<Record<string, { readonly file: string }>>;
    };
    expect(
      Object.values(secrets)
        .map(({ file }) => join(folder, file))
        .filter((path) => !existsSync(path)),
    ).toEqual([]);
    expect(readPolicy(readFileSync(join(folder, 'config', 'policy.yaml'), 'utf8'))).not.toHaveProperty(
      'problems',
    );
    expect(readKeyFile(join(folder, 'secrets', 'journal-key'), join(folder, 'data')).warnings).toEqual([]);
  });

  (hasCompose ? test : test.skip)(
    'and .env gives Compose the ids that it asks for, without which it refuses',
    () => {
      writeFileSync(join(folder, 'compose.yaml'), compose);
      const config = (): ReturnType<typeof spawnSync> =>
        spawnSync('docker-compose', ['config'], {
          cwd: folder,
          encoding: 'utf8',
          timeout: 50_000,
          env: { PATH: process.env['PATH'] ?? '' },
        });
      expect(config()).toMatchObject({
        stderr: expect.stringContaining('tenant id stands in .env') as unknown,
      });
      run('From your answers to the files that are mounted', 'containers.md', 'npm run setup -- ');
      const { services } = parse(String(config().stdout)) as {
        readonly services: { readonly bot: { readonly environment: Readonly<Record<string, string>> } };
      };
      expect(services.bot.environment).toMatchObject({
        AZURE_TENANT_ID: people.tenant,
        AZURE_CLIENT_ID: people.defenderApp,
      });
    },
  );

  test('in docs/systemd.md makes what the unit names', () => {
    const said = run('From your answers to the files that the unit names', 'systemd.md', 'node ');
    keepsSecrets(said);
    const unit = readFileSync(join(root, 'manifest', 'systemd', 'live-response-bot.service'), 'utf8');
    const named = [...unit.matchAll(/\/etc\/live-response-bot(\/\S+)/g)]
      .map(([, path = '']) => path)
      .filter((path) => !path.startsWith('/settings.env may'));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
    expect(readFileSync(join(folder, 'settings.env'), 'utf8')).toBe(
      `AZURE_TENANT_ID=${people.tenant}\nAZURE_CLIENT_ID=${people.defenderApp}\n`,
    );
    // The bot's user is another than root.
    expect(statSync(join(folder, 'policy.yaml')).mode & 0o777).toBe(0o644);
    expect(existsSync(join(folder, '.env'))).toBe(false);
    expect(readPolicy(readFileSync(join(folder, 'policy.yaml'), 'utf8'))).not.toHaveProperty('problems');
  });
});
