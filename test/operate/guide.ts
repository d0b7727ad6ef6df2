// Blocks of commands as docs/operate.md shows them, run as an operator would paste them.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';

/** The block whose first line is `# title`. */
export function blockOf(title: string, file = 'operate.md'): string {
  const text = readFileSync(join(root, 'docs', file), 'utf8');
  const found = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .map(([, block = '']) => block)
    .find((block) => block.startsWith(`# ${title}\n`));
  if (found === undefined) throw new Error(`docs/${file} has no block "# ${title}"`);
  return found;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/**
 * Runs a block with `sh` in the folder of the project, or in that of another version; `out` is what it said
 * on both ways. Nothing of this machine's settings gets in.
 */
export async function runBlock(
  title: string,
  env: Readonly<Record<string, string>>,
  cwd = root,
): Promise<Ran> {
  const child = spawn('sh', ['-c', blockOf(title)], {
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      LR_ENV_FILE: 'off',
      npm_config_update_notifier: 'false',
      npm_config_cache: join(env['BACKUP_DIR'] ?? '/tmp', 'npm'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out };
}
