// The credentials of Defender and of the library's own program exchanged as docs/operate.md says, before
// Entra and Defender under their real names: while a session runs, in the right order and with the old one
// gone first.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { defenderApp, libraryApp } from '../../support/entra/realNames.ts';
import { root } from '../../support/root.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';
import type { SelfSigned } from '../../support/entra/selfSigned.ts';
import { incidents, Site } from '../../support/programs/siteProgram.ts';

let site: Site;
beforeEach(async () => {
  site = new Site({ slack: true });
  await site.open();
});
afterEach(() => site.close());

const signedInBy = (): string | undefined =>
  site.names.entra.signIns.filter(({ clientId }) => clientId === defenderApp).at(-1)?.by;

test('a new client secret in its file while both are valid: the file is read at the start alone, the session goes on, and the old one can be deleted', async () => {
  const file = join(site.folder, 'defender.secret');
  writeFileSync(file, 'defender-secret-1\n', { mode: 0o600 });
  site.settings = { AZURE_CLIENT_SECRET: '', AZURE_CLIENT_SECRET_FILE: file };
  site.names.entra.life = 200;
  await site.start();
  await site.dumpInSlack();
  const { secrets } = site.names.app.defender;
  secrets.add('defender-secret-2');
  writeFileSync(file, 'defender-secret-2\n', { mode: 0o600 });
  const { signIns } = site.names.entra;
  const until = signIns.length + 2;
  await site.until('two more sign-ins', () => signIns.length >= until);
  expect(signedInBy()).toBe('defender-secret-1');
  await site.restart();
  secrets.delete('defender-secret-1');
  site.names.go();
  await site.slackShows(/Finished/);
  await site.well();
  expect(site.submissions).toBe(1);
  expect(signedInBy()).toBe('defender-secret-2');
});

test('a client secret that is deleted first: what runs and what is approved wait, /readyz and the doctor say why, and both end after the restart', async () => {
  site.names.entra.life = 200;
  const { riley, avery } = {
    riley: site.names.slack.person('U0RILEY1'),
    avery: site.names.slack.person('U0AVERY1'),
  };
  await site.start();
  await riley.command(incidents, 'dump hostb OfficeClickToRun');
  const second = await site.slackShows(/hostb[^]*Waiting for approval|Waiting for approval[^]*hostb/i);
  await site.dumpInSlack();
  const { secrets } = site.names.app.defender;
  secrets.delete('defender-secret-1');
  expect(await site.told('defender', /./)).toMatch(
    /did not accept the bot’s sign-in.*app registration’s tenant and its secret or certificate/,
  );
  await avery.press(second, 'Approve');
  await site.until('one that waits', () => site.requests().some((one) => stageOf(one).state === 'queued'));
  const { red, lines } = await site.doctor();
  expect(red).toEqual([expect.stringMatching(/^defender\.token: .*the client secret is wrong/)]);
  expect(lines.find(({ check }) => check === 'defender.token')).toMatchObject({
    next: expect.stringContaining('AZURE_CLIENT_ID') as unknown,
  });
  secrets.add('defender-secret-2');
  site.settings = { AZURE_CLIENT_SECRET: 'defender-secret-2' };
  await site.restart();
  site.names.go();
  await site.until('both finished', () => site.requests().every((one) => stageOf(one).state === 'finished'));
  await site.well();
  expect(site.submissions).toBe(2);
});

test('a new certificate next to the old one: the file is exchanged, the session goes on, and the old one can be removed', async () => {
  const [old, fresh] = [selfSigned('old'), selfSigned('new')];
  const file = join(site.folder, 'defender.pem');
  const put = ({ cert, key }: SelfSigned): void => {
    writeFileSync(file, `${cert}${key}`, { mode: 0o600 });
  };
  const { certificates, secrets } = site.names.app.defender;
  secrets.clear();
  certificates.add(old);
  put(old);
  site.settings = { AZURE_CLIENT_SECRET: '', AZURE_CLIENT_CERTIFICATE_PATH: file };
  await site.start();
  await site.dumpInSlack();
  certificates.add(fresh);
  put(fresh);
  await site.restart();
  certificates.delete(old);
  site.names.go();
  await site.slackShows(/Finished/);
  await site.well();
  expect(site.submissions).toBe(1);
  put(old);
  expect((await site.doctor()).red).toEqual([
    expect.stringMatching(/^defender\.token: .*the certificate is not registered/),
  ]);
});

describe('the library’s own credential', () => {
  test('is exchanged in its file while both are valid; the old one is refused with the reason, and the bot’s is never used', async () => {
    const file = join(site.folder, 'library.env');
    async function diff(secret: string): Promise<{ readonly code: number | null; readonly out: string }> {
      writeFileSync(file, `LIBRARY_CLIENT_ID=${libraryApp}\nLIBRARY_CLIENT_SECRET=${secret}\n`, {
        mode: 0o600,
      });
      const child = spawn(
        process.execPath,
        [join(root, 'dist', 'src', 'cli', 'library.js'), 'diff', '--policy', 'none', '--credentials', file],
        {
          cwd: site.folder,
          env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...site.all() },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      return { code, out };
    }
    const before = await diff('library-secret-1');
    expect([before.code, before.out]).toEqual([expect.any(Number), expect.stringContaining('collect.ps1')]);
    site.names.app.library.secrets.add('library-secret-2').delete('library-secret-1');
    expect(await diff('library-secret-2')).toEqual(before);
    const refused = await diff('library-secret-1');
    expect(refused).toEqual({ code: 3, out: expect.stringMatching(/the client secret is wrong/) as unknown });
    expect(new Set(site.names.entra.signIns.map(({ clientId }) => clientId))).toEqual(new Set([libraryApp]));
  });
});
