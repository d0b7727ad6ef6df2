// Manifests of Kubernetes as the tests read them, and what is wrong with one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/root.ts';

export interface Thing {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [key: string]: unknown;
}
const folder = join(root, 'manifest', 'kubernetes');
export const base = join(folder, 'base');
export const example = join(folder, 'overlays', 'example');

/** What is wrong with its values; undefined where nothing is. */
export async function wrongValues(thing: Thing): Promise<string | undefined> {
  const module = (await import(`kubernetes-models/${thing.apiVersion}`)) as Readonly<
    Record<string, new (data: unknown) => { validate(): void }>
  >;
  const Model = module[thing.kind];
  if (Model === undefined) return `there is no ${thing.kind} in ${thing.apiVersion}`;
  try {
    new Model(structuredClone(thing)).validate();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Each as a literal of its type: the compiler takes no key that the type does not have. */
export function unknownKeys(things: readonly Thing[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'lr-kubernetes-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    const source = things.map((thing, at) => {
      const api = thing.apiVersion === 'v1' ? 'core/v1' : thing.apiVersion.replace('.k8s.io', '');
      return `import type { ${thing.kind} as T${at} } from 'kubernetes-types/${api}.d.ts';\nexport const thing${at}: T${at} = ${JSON.stringify(thing, undefined, 1)};\n`;
    });
    writeFileSync(join(dir, 'things.mts'), source.join('\n'));
    writeFileSync(
      join(dir, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: [],
          allowImportingTsExtensions: true,
        },
        files: ['things.mts'],
      }),
    );
    const done = spawnSync(
      process.execPath,
      [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', dir],
      { encoding: 'utf8', timeout: 50_000 },
    );
    return done.status === 0 ? '' : `${done.stdout}${done.stderr}` || 'the compiler did not end';
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export function named(things: readonly Thing[], kind: string): Thing {
  const found = things.find((thing) => thing.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}
