// collect.sh where something lies in its way: links, folders of others, full places, a second run.
import { beforeAll, expect, jest, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  changed,
  folder,
  fresh,
  live,
  needed,
  newPlace,
  quick,
  run,
  running,
  sha256,
  shells,
  tools,
} from '../support/defender/collectShRuns.ts';
import type { Wanted } from '../support/defender/collectShRuns.ts';

// Real processes, which take their time on a busy machine.
jest.setTimeout(240_000);

live('what lies in its way', () => {
  const outside = join(folder, 'outside');
  beforeAll(() => {
    mkdirSync(outside, { mode: 0o700 });
    writeFileSync(join(outside, 'precious'), 'precious', { mode: 0o600 });
  });

  /** Makes a place, and gives what lies in it. */
  const places: readonly (readonly [string, (place: string) => void])[] = [
    ['a link to a folder of ours', (place) => symlinkSync(outside, place)],
    ['a link to nowhere', (place) => symlinkSync(join(folder, 'nowhere'), place)],
    ['a file', (place) => writeFileSync(place, 'x')],
    [
      'a folder that others may read',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o755);
      },
    ],
    [
      'a folder that a group may write',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o720);
      },
    ],
    [
      'a link in the place of the package',
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        symlinkSync(join(outside, 'precious'), join(place, 'collect.tar.gz'));
      },
    ],
    [
      'a folder in the place of the package',
      (place) => mkdirSync(join(place, 'collect.tar.gz'), { recursive: true, mode: 0o700 }),
    ],
    [
      'a package that others may read',
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        writeFileSync(join(place, 'collect.tar.gz'), 'x');
        chmodSync(join(place, 'collect.tar.gz'), 0o644);
      },
    ],
  ];
  test.each(places)('is left as it is, and nothing is done: %s', async (_what, make) => {
    const place = newPlace();
    make(place);
    if (_what.startsWith('a folder in')) chmodSync(place, 0o700);
    const before = JSON.stringify([
      lstatSync(place).mode,
      lstatSync(place).isDirectory() ? readdirSync(place) : '',
    ]);
    const ran = await run({ place, constants: { TOOL_PATH: tools(needed) } });
    expect([ran.code, ran.errors.split('\n')[0]]).toEqual([8, expect.stringContaining('is there already')]);
    expect(
      JSON.stringify([lstatSync(place).mode, lstatSync(place).isDirectory() ? readdirSync(place) : '']),
    ).toBe(before);
    expect(readdirSync(outside)).toEqual(['precious']);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  });

  test('a folder of somebody else is refused, as far as this test may make one', async () => {
    const place = newPlace();
    mkdirSync(place, { mode: 0o700 });
    if (userInfo().uid === 0) chownSync(place, 65_534, 65_534);
    const ran = await run({
      place,
      constants: {
        TOOL_PATH: tools(needed),
        OWNER_ID: userInfo().uid,
        ...(userInfo().uid === 0
          ? {}
          : { TOOL_PATH: tools(needed, { id: `echo ${userInfo().uid + 1}` }), OWNER_ID: userInfo().uid + 1 }),
      },
    });
    expect([ran.code, readdirSync(place)]).toEqual([8, []]);
    expect(ran.errors).toContain('is not a folder of root’s alone'.replace('’', "'"));
  });

  test.each([
    [2, 'takes no arguments', { args: ['--help'] }],
    [2, 'takes no arguments', { args: [''] }],
    [12, 'must run as root', { constants: { OWNER_ID: userInfo().uid + 1 } }],
    [
      12,
      'There is no tar on this device',
      { constants: { TOOL_PATH: tools(needed.filter((one) => one !== 'tar')) } },
    ],
    [7, 'MB to be free', { constants: { SPARE_SPACE: '9000000000000' } }],
    [
      9,
      'Nothing could be collected',
      { constants: { TOOL_PATH: tools(needed), LARGEST_TOTAL: 0, LEAST_TOTAL: 0 } },
    ],
  ])('ends with %i where it must: %s', async (code, words, wanted: Wanted) => {
    const ran = await run(wanted);
    expect([ran.code, ran.lines, ran.errors]).toEqual([code, [], expect.stringContaining(words)]);
    if (existsSync(ran.place)) expect(readdirSync(ran.place)).toEqual([]);
  });

  test('a package that cannot be made leaves the earlier one renamed aside and named, and none in its place', async () => {
    const place = newPlace();
    mkdirSync(place, { mode: 0o700 });
    writeFileSync(join(place, 'collect.tar.gz'), 'the only copy', { mode: 0o600 });
    const ran = await run({
      place,
      constants: { TOOL_PATH: tools(needed, { tar: 'echo "tar: broken" >&2; exit 2' }) },
    });
    expect([ran.code, ran.errors]).toEqual([10, 'The package could not be made (2). tar: broken\n']);
    const [aside = '', ...more] = readdirSync(place);
    expect(more).toEqual([]);
    expect(readFileSync(join(place, aside), 'utf8')).toBe('the only copy');
    expect(ran.lines).toEqual(
      expect.arrayContaining([
        `  ${join(place, aside)}`,
        `  13 bytes, SHA-256 ${sha256(Buffer.from('the only copy'))}`,
      ]),
    );
  });

  test.each(shells.map((shell) => [shell.join(' ')]))(
    'a disk that becomes full ends the run at once, and the earlier package stays: %s',
    async (shell) => {
      const place = newPlace();
      mkdirSync(place, { mode: 0o700 });
      writeFileSync(join(place, 'collect.tar.gz'), 'earlier', { mode: 0o600 });
      const ran = await run({
        shell: shell.split(' '),
        place,
        constants: { TOOL_PATH: tools(needed) },
        texts: {
          'begin system': 'begin system\n  full=/dev/full',
          '"$work/tool.$tools.$bounded_file"': '"${full-$work/tool.$tools.$bounded_file}"',
        },
      });
      expect([ran.code, ran.errors, existsSync(ran.package)]).toEqual([
        7,
        `The disk of ${place} became full meanwhile. Nothing of this run is left.\n`,
        false,
      ]);
      const [aside = '', ...more] = readdirSync(place);
      expect([readFileSync(join(place, aside), 'utf8'), more]).toEqual(['earlier', []]);
      expect(ran.lines).toContain(`  ${join(place, aside)}`);
    },
  );

  // Where a small disk can be mounted, in a house of its own that ends with the run.
  const small = (place: string, size: string): string[] => [
    '-rm',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${size},mode=700 small '${place}' && exec "$@"`,
    'sh',
  ];
  const mounts = spawnSync('unshare', small('/mnt', '1m').concat('true')).status === 0;
  (mounts ? test : test.skip)(
    'a disk that a tool fills to its last block ends the run with the next tool, not with the time of all',
    async () => {
      const place = newPlace();
      mkdirSync(place, { mode: 0o700 });
      const path = tools(needed, { ps: `for n in 1 2 3 4; do cat /dev/zero > '${place}'/fill-$n; done` });
      const ran = await run({
        shell: ['unshare', ...small(place, '4m'), 'bash'],
        place,
        constants: { OWNER_ID: 0, TOOL_PATH: path, SPARE_SPACE: 0, LEAST_TOTAL: 64, TOTAL_SECONDS: 60 },
      });
      expect([ran.code, ran.errors]).toEqual([
        7,
        expect.stringContaining(`The disk of ${place} became full meanwhile.`),
      ]);
    },
  );

  test('a run that is ended leaves no working files, and ends its tool', async () => {
    const place = newPlace();
    const script = `${fresh('script')}.sh`;
    const begun = fresh('begun');
    writeFileSync(
      script,
      changed({
        OUTPUT_FOLDER: place,
        ...quick,
        TOOL_SECONDS: 60,
        TOOL_PATH: tools(needed, { ps: `: > '${begun}'\nsleep 97${process.pid}` }),
      }),
    );
    const child = spawn('bash', [script], { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
    while (!existsSync(begun)) await new Promise((resolve) => void setImmediate(resolve));
    expect(readdirSync(place)).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(readdirSync(place)).toEqual([]);
    expect(running(`97${process.pid}`)).toEqual([]);
  });
});
