// The credentials of Teams exchanged as docs/operate.md says, with the whole program before Entra, Teams and
// Defender under their real names: while a session runs, in the right order and with the old one gone first.
// Each time the script runs once, and its card ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appId, channel } from '../../../src/demo/teams/stage.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';
import type { SelfSigned } from '../../support/entra/selfSigned.ts';
import { Site } from '../../support/programs/siteProgram.ts';

let site: Site;
afterEach(() => site.close());

const signedInBy = (): string | undefined =>
  site.names.entra.signIns.filter(({ clientId }) => clientId === appId).at(-1)?.by;

describe.each(['botbuilder', 'direct'])('by the door %s', (door) => {
  beforeEach(async () => {
    site = new Site({ teams: true });
    await site.open();
    site.settings = { LR_TEAMS_DOOR: door };
  });

  test('a new client secret while both are valid: the session goes on, and the old one can be deleted', async () => {
    await site.start();
    await site.dumpInTeams();
    const { secrets } = site.names.app.teams;
    secrets.add('teams-secret-2');
    site.settings = { ...site.settings, MicrosoftAppPassword: 'teams-secret-2' };
    await site.restart();
    secrets.delete('teams-secret-1');
    site.names.go();
    await site.teamsShows(channel, /Finished/);
    await site.well();
    expect(site.submissions).toBe(1);
    expect(signedInBy()).toBe('teams-secret-2');
  });

  test('a client secret that is deleted before the bot has the new one: cards stand still, /readyz and the doctor say why, and the restart draws them', async () => {
    // So short that each call signs in again; with a real token it comes to this within the hour.
    site.names.entra.life = 200;
    await site.start();
    await site.dumpInTeams();
    const { secrets } = site.names.app.teams;
    secrets.delete('teams-secret-1');
    site.names.go();
    await site.reaches('finished');
    expect(await site.told('teams connector', /AADSTS7000215/)).toMatch(
      /check MicrosoftAppId, its secret or certificate/,
    );
    const { red, lines } = await site.doctor();
    expect(red).toEqual([expect.stringMatching(/^teams\.token: .*the client secret is wrong/)]);
    expect(lines.find(({ check }) => check === 'teams.token')).toMatchObject({
      next: expect.stringContaining('MicrosoftAppPassword') as unknown,
    });
    secrets.add('teams-secret-2');
    site.settings = { ...site.settings, MicrosoftAppPassword: 'teams-secret-2' };
    await site.restart();
    site.names.go();
    await site.teamsShows(channel, /Finished/);
    await site.well();
    expect(site.submissions).toBe(1);
  });

  test('a new certificate next to the old one: the file is exchanged, the session goes on, and the old one can be removed', async () => {
    const [old, fresh] = [selfSigned('old'), selfSigned('new')];
    const file = join(site.folder, 'teams.pem');
    const put = ({ cert, key }: SelfSigned): void => {
      writeFileSync(file, `${cert}${key}`, { mode: 0o600 });
    };
    const { certificates, secrets } = site.names.app.teams;
    secrets.clear();
    certificates.add(old);
    put(old);
    site.settings = { ...site.settings, MicrosoftAppPassword: '', MicrosoftAppCertificatePath: file };
    await site.start();
    await site.dumpInTeams();
    certificates.add(fresh);
    put(fresh);
    await site.restart();
    certificates.delete(old);
    site.names.go();
    await site.teamsShows(channel, /Finished/);
    await site.well();
    expect(site.submissions).toBe(1);
    expect(signedInBy()).toBe('certificate');
    put(old);
    expect((await site.doctor()).red).toEqual([
      expect.stringMatching(/^teams\.token: .*the certificate is not registered/),
    ]);
  });
});
