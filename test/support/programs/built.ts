// The built program as `npm run build` leaves it, in another folder.
import { copyFileSync, cpSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { root } from '../root.ts';

/**
 * Everything of dist but the tests, and what a build puts next to it, also where a plain compile made dist.
 */
export function build(to: string): void {
  cpSync(join(root, 'dist'), to, {
    recursive: true,
    filter: (path) => !path.startsWith(join(root, 'dist', 'test') + sep),
  });
  const page = join('src', 'adapters', 'console', 'page');
  cpSync(join(root, page), join(to, page), { recursive: true });
  copyFileSync(join(root, 'policy.example.yaml'), join(to, 'policy.example.yaml'));
  cpSync(join(root, 'manifest'), join(to, 'manifest'), { recursive: true });
  writeFileSync(join(to, 'package.json'), '{"name":"live-response-bot","version":"0.1.0","type":"module"}');
}
