// `npm run test:container`: builds the image with scripts/container.sh and runs it with a read-only root: the
// story, health, stop, kill and start again, a second one on the same data, a policy that the kubelet swaps.
// The last line counts the steps; where a program that this needs is missing, everything is skipped and
// counted as that. `--built` takes the image that is there; `--only TEXT` runs the steps with it in their
// names; LR_CONTAINER_NODE=22 tries that line of Node.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/root.ts';
import { openImage, runImage } from './engine.ts';
import type { Container } from './engine.ts';
import { bot, major, say } from './containerBench.ts';
import { steps } from './containerSteps.ts';
import type { Bench } from './containerBench.ts';

const tag = `localhost/live-response-bot:test-node${major}`;
const store =
  process.env['LR_CONTAINER_STORE'] ?? join(process.env['TMPDIR'] ?? '/tmp', 'live-response-bot-containers');

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Programs this needs; root, too. */
function missing(): readonly string[] {
  const programs = ['buildah', 'mmdebstrap', 'unshare', 'nsenter', 'setpriv', 'chroot', 'ip'].filter(
    (name) => !has(name),
  );
  return [...programs, ...(process.getuid?.() === 0 ? [] : ['root'])];
}

async function main(): Promise<number> {
  const lacking = missing();
  if (lacking.length > 0) {
    say(`skip: ${lacking.join(', ')} not here\n0 passed, 0 failed, ${steps.length} skipped`);
    return 0;
  }
  if (!process.argv.includes('--built')) {
    const built = spawnSync('bash', [join(root, 'scripts', 'container.sh'), tag], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, LR_CONTAINER_STORE: store },
    });
    if (built.status !== 0) {
      say(
        `scripts/container.sh ended with ${String(built.status)}\n0 passed, 1 failed, ${steps.length} skipped`,
      );
      return 1;
    }
  }
  const image = openImage(store, tag);
  const at = process.argv.indexOf('--only');
  const chosen = at < 0 ? steps : steps.filter(({ name }) => name.includes(process.argv[at + 1] ?? ''));
  let passed = 0;
  let skipped = 0;
  try {
    for (const { name, needs, run } of chosen) {
      if (needs !== undefined && !has(needs)) {
        skipped += 1;
        say(`skip ${name}: ${needs} not here`);
        continue;
      }
      const dir = mkdtempSync(join(tmpdir(), 'lr-container-'));
      const data = join(dir, 'data');
      mkdirSync(data);
      chownSync(data, bot, bot);
      const containers: Container[] = [];
      const bench: Bench = {
        image,
        dir,
        run(options = {}) {
          const container = runImage(image, { data, ...options });
          containers.push(container);
          return container;
        },
      };
      const began = performance.now();
      try {
        await run(bench);
        passed += 1;
        say(`ok   ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        say(`FAIL ${name}\n     ${error instanceof Error ? error.message : String(error)}`);
        for (const container of containers) container.kill();
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
  } finally {
    image.remove();
  }
  say(`\n${passed} passed, ${chosen.length - passed - skipped} failed, ${skipped} skipped`);
  return passed + skipped === chosen.length && passed > 0 ? 0 : 1;
}

process.exitCode = await main();
