// collect.sh where an attacker wrote before it: hostile names, swapped folders, files and mounts without end.
import { expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectWhole, folder, live, needed, run, tools } from '../support/defender/collectShRuns.ts';
import type { Ran, Row } from '../support/defender/collectShRuns.ts';

// Real processes, which take their time on a busy machine.
jest.setTimeout(240_000);

const hostileNames = [
  'plain',
  '-rf',
  'a\nb',
  'quo"te',
  "apo'strophe",
  '$(touch pwned)',
  '`touch pwned`',
  'star*',
  '..dots',
  'tab\tx',
  '\u001b[2Jesc',
  'ünï',
  'comma,"x",y',
  '=cmd()',
  'a\\b',
  ' space ',
];

live('what an attacker wrote', () => {
  test('hostile names, links, pipes and large files: stored under harmless names, told under their own, nothing followed and nothing run', async () => {
    const cron = join(folder, 'cron d');
    mkdirSync(join(cron, 'deeper', 'too deep'), { recursive: true });
    for (const name of hostileNames) writeFileSync(join(cron, name), `content of ${name}`);
    writeFileSync(join(cron, 'deeper', 'one'), 'deeper');
    writeFileSync(join(cron, 'deeper', 'too deep', 'two'), 'too deep');
    writeFileSync(join(cron, 'large'), `begin${'x'.repeat(400_000)}end`);
    symlinkSync('/etc/passwd', join(cron, 'link'));
    symlinkSync('/etc', join(cron, 'linked-folder'));
    execFileSync('mkfifo', [join(cron, 'pipe')]);
    const ran = await run({
      constants: { TOOL_PATH: tools(needed), MOST_FILES: 500, LARGEST_OUTPUT: 64 },
      texts: { 'for folder in /etc/cron.d ': `for folder in '${cron}' ` },
    });
    const { files, rows, at } = expectWhole(ran);
    const mine = rows.filter(({ source }) => source.includes('cron d/'));
    for (const [name] of files) expect(name).toMatch(/^[A-Za-z0-9._@+/-]+$/);
    for (const name of hostileNames) {
      const told = join(cron, name).replace(/[\u0000-\u001f]/g, '?');
      const row = mine.find(({ source }) => source === told);
      expect([name, row?.result, files.get(row?.entry ?? '')?.toString()]).toEqual([
        name,
        'ok',
        `content of ${name}`,
      ]);
    }
    const row = (name: string): Row | undefined => mine.find(({ source }) => source === join(cron, name));
    expect(row('large')).toMatchObject({
      result: 'partial',
      bytes: 64 * 1024,
      why: 'Only the last 64 KB of 391.',
    });
    expect(
      files
        .get(row('large')?.entry ?? '')
        ?.toString()
        .endsWith('xend'),
    ).toBe(true);
    expect(row('link')).toMatchObject({ result: 'link', why: 'to /etc/passwd, not followed' });
    expect(row('linked-folder')).toMatchObject({ result: 'link', why: 'to /etc, not followed' });
    expect(row('pipe')).toMatchObject({
      result: 'failed',
      why: 'This is not a file that can be read to its end.',
    });
    expect([row('deeper/one')?.result, row('deeper/too deep/two')]).toEqual(['ok', undefined]);
    for (const one of [process.cwd(), at, cron, folder]) expect(existsSync(join(one, 'pwned'))).toBe(false);
  });

  test('a home whose folder was swapped for a link gives nothing of what the link leads to', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, 'elsewhere', 'autostart'), { recursive: true });
    writeFileSync(join(home, 'elsewhere', 'autostart', 'secret'), 'not to be read');
    mkdirSync(join(home, '.ssh'));
    writeFileSync(join(home, '.ssh', 'id_ed25519'), 'PRIVATE KEY');
    symlinkSync(join(home, 'elsewhere'), join(home, '.config'));
    writeFileSync(join(home, '.profile'), 'export X=1');
    const ran = await run({
      constants: { TOOL_PATH: tools(needed), MOST_FILES: 500 },
      texts: {
        "printf '/root\\n/var/root\\n'": `printf '%s\\n' '${home}'`,
        '/Users/* /home/*': '/nowhere/*',
      },
    });
    const { files, rows } = expectWhole(ran);
    expect(
      rows
        .filter(({ source }) => source.startsWith(home))
        .map(({ result, source }) => [result, source.slice(home.length)]),
    ).toEqual(
      expect.arrayContaining([
        ['ok', '/.profile'],
        ['link', '/.config/autostart'],
      ]),
    );
    for (const content of files.values())
      expect(content.toString('latin1')).not.toMatch(/not to be read|PRIVATE KEY/);
    // The machine's own accounts may have such a folder as well.
    const keys = [...files].filter(([name]) => name.startsWith('users/ssh-'));
    expect(keys.map(([, content]) => content.toString()).join('\n')).toContain('id_ed25519');
  });

  /** A run that looks at homes that a test made, and at no other. */
  const atHomes = (
    homes: readonly string[],
    constants: Readonly<Record<string, string | number>> = {},
    real = needed,
  ): Promise<Ran> =>
    run({
      constants: { TOOL_PATH: tools(real), MOST_FILES: 500, ...constants },
      texts: {
        "printf '/root\\n/var/root\\n'": `printf '%s\\n' ${homes.map((one) => `'${one}'`).join(' ')}`,
        '/Users/* /home/*': '/nowhere/*',
        'cut -d : -f 6 /etc/passwd': 'true',
      },
    });

  test('names that become one by being stored under harmless ones hide no file, also where one is a folder’s', async () => {
    const home = join(folder, 'home of one name');
    const units = join(home, '.config', 'systemd', 'user');
    mkdirSync(join(units, 'a?'), { recursive: true });
    writeFileSync(join(units, 'a!'), 'a file');
    writeFileSync(join(units, 'a?', 'evil.service'), 'in a folder of the same harmless name');
    for (const name of ['b!', 'b?', 'b#', 'b_', 'b_-4', 'b_-5', 'b_-6'])
      writeFileSync(join(units, name), `content of ${name}`);
    const { files, rows } = expectWhole(await atHomes([home]));
    for (const [name, content] of [
      ['a!', 'a file'],
      ['a?/evil.service', 'in a folder of the same harmless name'],
      ...['b!', 'b?', 'b#', 'b_', 'b_-4', 'b_-5', 'b_-6'].map((one) => [one, `content of ${one}`] as const),
    ] as const) {
      const row = rows.find(({ source }) => source === join(units, name));
      expect([name, row?.result, files.get(row?.entry ?? '')?.toString()]).toEqual([name, 'ok', content]);
    }
  });

  test('a user with more names than anybody could look at costs the others neither time nor their place: links and odd names count too', async () => {
    const home = join(folder, 'home of many');
    const autostart = join(home, '.config', 'autostart');
    mkdirSync(autostart, { recursive: true });
    for (let at = 0; at < 400; at += 1) symlinkSync('/etc/passwd', join(autostart, `odd link ${at}`));
    const counting = tools(needed, { readlink: `echo . >> '${join(folder, 'links-read')}'` });
    const { rows } = expectWhole(await atHomes([home], { MOST_FILES: 8, TOOL_PATH: counting }));
    expect(rows.filter(({ source }) => source.startsWith(autostart)).map(({ result }) => result)).toEqual([
      ...Array.from({ length: 8 }, () => 'link'),
      'failed',
    ]);
    expect(rows.find(({ source, result }) => source.startsWith(autostart) && result === 'failed')?.why).toBe(
      'Cut off: at most 8 files and folders of a part are looked at.',
    );
    expect(readFileSync(join(folder, 'links-read'), 'utf8').split('\n').length).toBeLessThan(200);
    // What users fill comes last, so that it takes no place of what only root writes.
    expect(rows.at(-1)?.part).toBe('homes');
  });

  test('a user with folders without end costs the others no time either: empty ones count too', async () => {
    const home = join(folder, 'home of many folders');
    const autostart = join(home, '.config', 'autostart');
    for (let at = 0; at < 20; at += 1) mkdirSync(join(autostart, `folder ${at}`), { recursive: true });
    writeFileSync(join(autostart, 'z.desktop'), 'behind all folders');
    const { rows } = expectWhole(await atHomes([home], { MOST_FILES: 8 }));
    expect(
      rows.filter(({ part }) => part === 'homes').map(({ result, source, why }) => [result, source, why]),
    ).toEqual([
      [
        'failed',
        join(autostart, 'folder 16'),
        'Cut off: at most 8 files and folders of a part are looked at.',
      ],
    ]);
  });

  test.each(['nfs4', 'cifs', 'fuse.sshfs', 'autofs'])(
    'a home on another machine is told, and not so much as looked at: %s',
    async (type) => {
      const [here, there] = [join(folder, `here-${type}`), join(folder, `there ${type}`)];
      for (const home of [join(here, 'anna'), join(there, 'berta')]) {
        mkdirSync(join(home, '.ssh'), { recursive: true });
        writeFileSync(join(home, '.profile'), 'export X=1');
      }
      const mounts = join(folder, `mounts-${type}`);
      writeFileSync(
        mounts,
        `/dev/sda1 / ext4 rw 0 0\nserver:/homes ${there.replaceAll(' ', '\\040')} ${type} rw 0 0\n`,
      );
      const { rows } = expectWhole(
        await atHomes([join(here, 'anna'), join(there, 'berta')], { MOUNTS: mounts }),
      );
      expect(rows.find(({ source }) => source === join(here, 'anna', '.profile'))?.result).toBe('ok');
      expect(rows.filter(({ source }) => source.includes('berta'))).toEqual([]);
      expect(rows.find(({ entry }) => entry === 'users/homes')).toMatchObject({
        result: 'failed',
        why: '1 homes lie on other machines, and were not looked into.',
      });
    },
  );

  test('where /home itself lies on another machine, that is told: the people of a directory are in no /etc/passwd', async () => {
    const [home, mounts] = [join(folder, 'local home'), join(folder, 'mounts-home')];
    mkdirSync(home);
    writeFileSync(mounts, 'server:/export/home /home nfs4 rw 0 0\n');
    const { rows } = expectWhole(await atHomes([home], { MOUNTS: mounts }));
    expect(rows.filter(({ entry }) => entry === 'users/homes')).toMatchObject([
      { result: 'failed', source: '/home', why: 'It lies on another machine, and was not looked into.' },
    ]);
  });

  test('a user who mounts something below a name with a line end hides no home with it', async () => {
    const [home, mounts] = [join(folder, 'bystander'), join(folder, 'mounts-of-a-user')];
    mkdirSync(home);
    writeFileSync(join(home, '.profile'), 'export X=1');
    writeFileSync(mounts, `sshfs /somewhere/x\\012${home} fuse.sshfs rw 0 0\n`);
    const { rows } = expectWhole(await atHomes([home], { MOUNTS: mounts }));
    expect(rows.find(({ source }) => source === join(home, '.profile'))?.result).toBe('ok');
  });
});
