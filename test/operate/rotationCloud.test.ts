// Credentials of the platforms exchanged as docs/operate.md says, with the whole program before Entra, Defender, Slack and Teams under their
// real names: while a session runs, and with the old one refused first.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appId, channel } from '../../src/demo/teams/stage.ts';
import { Site } from '../support/siteProgram.ts';

describe('in Teams', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site({ teams: true });
    await site.open();
  });
  afterEach(() => site.close());

  test('a new client secret, both valid meanwhile: the session that runs ends on its card, and the old one is refused afterwards', async () => {
    await site.start();
    await site.dumpInTeams();
    site.names.app.teams.secrets.add('teams-secret-2');
    site.settings = { MicrosoftAppPassword: 'teams-secret-2' };
    await site.restart();
    site.names.app.teams.secrets.delete('teams-secret-1');
    await site.teamsShows(channel, /Finished/);
    await site.well();
    expect(site.submissions).toBe(1);
    expect(site.names.entra.signIns.filter(({ clientId }) => clientId === appId).at(-1)?.by).toBe('teams-secret-2');
    expect((await site.doctor()).red).toEqual([]);
    site.settings = {};
    expect((await site.doctor()).red).toEqual([expect.stringMatching(/^teams\.token: .*the client secret is wrong/)]);
  });
});
