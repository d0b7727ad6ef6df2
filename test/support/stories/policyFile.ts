// Policies that a file changes to, in the stories on reading it again.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplePolicy } from '../apps/testApp.ts';

export const looser = examplePolicy.replace(
  'groups: [Workstations, Servers]',
  'groups: [Workstations, Servers, Kiosks]',
);
export const broken = examplePolicy.replace('freeze: [approver]', 'freeze: [approvr]');

/** The example policy as a file in a folder of its own. */
export function policyInFolder(): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'lr-policy-'));
  const file = join(dir, 'policy.yaml');
  writeFileSync(file, examplePolicy);
  return { dir, file };
}
