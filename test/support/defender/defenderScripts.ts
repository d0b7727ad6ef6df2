// The scripts of manifest/defender as tests read them: their text, their code without comments and texts,
// their constants and functions; and the recipes of the example policy that run them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import type { Policy, Recipe } from '../../../src/bot/policy/policy.ts';
import { codeOf } from './powershellCode.ts';
import { root } from '../root.ts';

export const scriptFolder = join(root, 'manifest', 'defender');

export interface DefenderScript {
  readonly script: string;
  /** Without comments and texts, so that words of prose are not taken for commands. */
  readonly code: string;
  /** The value of `$Name = '...'` at the script's top level. */
  readonly constant: (name: string) => string;
  /** Each function of the script with its text from "function" to its last bracket. */
  readonly functions: ReadonlyMap<string, string>;
}

export function scriptNamed(file: string): DefenderScript {
  const script = readFileSync(join(scriptFolder, file), 'utf8');
  return {
    script,
    code: codeOf(script),
    constant: (name) => {
      const found = new RegExp(`^\\$${name} = '([^']*)'$`, 'm').exec(script)?.[1];
      if (found === undefined) throw new Error(`${file} has no $${name}`);
      return found;
    },
    functions: new Map(
      [...script.matchAll(/^function (\S+) \{\n[\s\S]*?^\}$/gm)].map(([text, name = '']) => [name, text]),
    ),
  };
}

export function examplePolicy(): Policy {
  const read = readPolicy(readFileSync(join(root, 'policy.example.yaml'), 'utf8'));
  if (!('policy' in read)) throw new Error('the example policy cannot be read');
  return read.policy;
}

export function exampleRecipe(name: string): Recipe {
  const recipe = examplePolicy().recipes.get(name);
  if (recipe === undefined) throw new Error(`the example policy has no recipe ${name}`);
  return recipe;
}
