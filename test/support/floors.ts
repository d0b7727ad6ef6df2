// The lowest version of a package that the lock file may hold, and why. A floor per major line: a fix is
// often made in several. A line below the lowest one named has no fix at all; one above the highest began
// with it.

export interface Floor {
  readonly name: string;
  /** The first good version of each major line that may be there. */
  readonly floors: readonly string[];
  readonly why: string;
}

export const floors: readonly Floor[] = [
  {
    name: 'ws',
    floors: ['7.5.11', '8.21.0'],
    why: 'CVE-2026-48779 (GHSA-96hv-2xvq-fx4p): tiny fragments use up the memory. Override: botframework-streaming asks for 7',
  },
  {
    name: 'uuid',
    floors: ['11.1.1', '12.0.1', '13.0.1'],
    why: 'CVE-2026-41907 (GHSA-w5hq-g745-h8pq): v3, v5 and v6 write beyond a buffer. Override: botbuilder asks for 10',
  },
  {
    name: '@azure/msal-node',
    floors: ['7.2.3'],
    why: 'one MSAL for both doors and @azure/identity: the line 2 that botbuilder asks for gets no fixes and brings uuid 8, and a renewed token of a managed identity lies in the cache of one copy. Override',
  },
  {
    name: 'adaptivecards',
    floors: ['3.0.6'],
    why: 'one copy, the one that console and tests draw with. Override: botframework-schema asks for 1.2.3',
  },
  {
    name: 'unrs-resolver',
    floors: ['1.12.2'],
    why: 'of jest-resolve alone, held at what is known to install everywhere. Override',
  },
  {
    name: 'jws',
    floors: ['3.2.3', '4.0.1'],
    why: 'CVE-2025-65945 (GHSA-869p-cjfg-cm3x): HMAC signatures not checked properly. Below jsonwebtoken of MSAL and botbuilder',
  },
  {
    name: 'jsonwebtoken',
    floors: ['9.0.3'],
    why: 'brings jws 4.0.1; checks the tokens of the door with botbuilder',
  },
  { name: 'jose', floors: ['6.2.18'], why: 'checks the tokens of the door without botbuilder' },
  { name: 'undici', floors: ['7.30.2'], why: 'the way out of nearly every call' },
  { name: 'express', floors: ['5.3.0'], why: 'the door of everything that comes in' },
];

/** Sentences about what lies below its floor. `locked` as in package-lock.json, by path. */
export function belowFloors(
  locked: Readonly<Record<string, { readonly version?: string }>>,
): readonly string[] {
  return floors.flatMap(({ name, floors: lowest, why }) =>
    Object.entries(locked).flatMap(([path, { version = '' }]) =>
      path.endsWith(`node_modules/${name}`) && isBelow(version, lowest)
        ? [`${path} is ${version}; ${lowest.join(' or ')} at least: ${why}`]
        : [],
    ),
  );
}

function isBelow(version: string, lowest: readonly string[]): boolean {
  const mine = numbers(version);
  // A version that cannot be read, or one before a release, is not known to hold the fix.
  if (mine === undefined) return true;
  const lines = lowest.map((one) => numbers(one) ?? [0, 0, 0]);
  const same = lines.find(([major]) => major === mine[0]);
  return same === undefined
    ? lines.some(([major = 0]) => mine[0] !== undefined && mine[0] < major)
    : compare(mine, same) < 0;
}

function numbers(version: string): readonly number[] | undefined {
  return /^\d+\.\d+\.\d+$/.test(version) ? version.split('.').map(Number) : undefined;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, index) => one !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
