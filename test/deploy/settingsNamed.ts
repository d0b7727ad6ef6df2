// What the manifests of deployment are held against: the settings that the bot reads, and how long it takes
// to stop.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownNames } from '../../src/adapters/config/settings.ts';
import { root } from '../support/root.ts';

/** Besides: Node's own. A secret may be read from a file by its name with _FILE. */
export function isKnownSetting(name: string): boolean {
  return (
    name === 'NODE_ENV' ||
    knownNames.includes(name) ||
    (name.endsWith('_FILE') && knownNames.includes(name.slice(0, -'_FILE'.length)))
  );
}

/** From being asked to stop to the end, whatever hangs, as the program has it. Seconds. */
export function secondsToStop(): number {
  const [, longest = '', grace = ''] =
    /const lastGrace = ([\d_]+);[\s\S]*const longestStop = ([\d_]+);/.exec(
      readFileSync(join(root, 'src', 'main.ts'), 'utf8'),
    ) ?? [];
  const milliseconds = [longest, grace].map((one) => Number(one.replaceAll('_', '')));
  const sum = milliseconds.reduce((total, one) => total + one, 0);
  if (!(sum > 0)) throw new Error('src/main.ts does not say how long a stop takes');
  return sum / 1000;
}
