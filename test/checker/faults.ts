// The faults that `npm run check-the-checker` plants, one at a time: what each is in plain words, the text of the
// built module that becomes another, and what has to catch it. The lists are the JSON files of the folder faults.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { builtFile, compile } from '../guards/entries.ts';
import type { Instead } from '../guards/copy.ts';
import { root } from '../support/root.ts';

const method = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('simulation'),
    /** One of these promises has to be broken (`Promised` in test/simulate/checks/ledger.ts). */
    breaks: z.array(z.string()).min(1),
    /** Days that are played at most, from seed 1 on. */
    seeds: z.int().min(1),
  }),
  z.strictObject({
    by: z.literal('crash'),
    /** What the crash test has to report, as test/crash/report.ts calls it. */
    breaks: z.array(z.string()).min(1),
    kills: z.int().min(1),
    seed: z.int().min(1),
  }),
  z.strictObject({
    by: z.literal('suite'),
    tests: z.array(z.string()).min(1),
    testName: z.string(),
  }),
]);

const fault = z.strictObject({
  /** A short name for the command line. */
  name: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  fault: z.string().min(20),
  /** The source file; the text is that of its built module. */
  file: z.string(),
  /** There exactly once. */
  find: z.string().min(1),
  replace: z.string(),
  caught: method,
});

export type Fault = z.infer<typeof fault>;
export type Method = Fault['caught'];
export type MethodOf<By extends Method['by']> = Extract<Method, { readonly by: By }>;

const folder = join(root, 'test', 'checker', 'faults');

/** Those of a file, or all of them. @throws where a list cannot be read or an entry has another form */
export function readFaults(file?: string): readonly Fault[] {
  const files =
    file === undefined
      ? readdirSync(folder)
          .filter((name) => name.endsWith('.json'))
          .toSorted()
          .map((name) => join(folder, name))
      : [file];
  return files.flatMap((path) => z.array(fault).parse(JSON.parse(readFileSync(path, 'utf8'))));
}

/** The module with the fault in it, or why it cannot be planted. */
export function planted({ file, find, replace }: Fault): Instead | { readonly stale: string } {
  const module = builtFile(file);
  const path = join(root, module);
  if (!existsSync(path)) return { stale: `${module} is not there` };
  const text = readFileSync(path, 'utf8');
  const times = text.split(find).length - 1;
  if (times !== 1) return { stale: `${module} holds the text to find ${times} times instead of once` };
  if (find === replace) return { stale: 'the text is the same with the fault' };
  const changed = text.replace(find, () => replace);
  const compiled = compile(file, changed);
  return 'problem' in compiled
    ? { stale: `${module} is no program with the fault: ${compiled.problem}` }
    : { module, text: changed };
}

/** Tells two versions of an entry apart: the table says which one was tried. */
export function hashOf({ name, fault: sentence, file, find, replace, caught }: Fault): string {
  return createHash('sha256')
    .update(JSON.stringify([name, sentence, file, find, replace, caught]))
    .digest('hex')
    .slice(0, 8);
}
