// The assistant in a real terminal, with Microsoft’s hosts under their real names behind a proxy.
import { describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { allRoles, registered } from '../support/entra/microsoftCloud.ts';
import { setupWithMicrosoft } from '../support/programs/setupCloud.ts';
import { hasScript, inTerminal, keys } from '../support/programs/setupBench.ts';
import { base, other, person, ports } from '../support/programs/microsoftAnswers.ts';

const stage = setupWithMicrosoft();

(hasScript ? describe : describe.skip)('in a terminal', () => {
  test('a wrong tenant is typed again with the rest kept, and a consent that was missing is looked for again', async () => {
    stage.cloud.world.roles = ['Machine.ReadWrite.All', 'Library.Manage'];
    writeFileSync(join(stage.bench.home, 'more.env'), ports);
    const terminal = inTerminal(
      stage.bench,
      [
        ...base.slice(1),
        '--teams-type',
        'SingleTenant',
        '--tenant',
        'secret',
        '--cloud',
        'commercial',
        '--settings',
        join(stage.bench.home, 'more.env'),
      ].map((word) => `'${word}'`),
      stage.cloud.environment,
    );
    await terminal.answer('Tenant id of the bot', `${other}${keys.enter}`);
    await terminal.answer('MicrosoftAppPassword', `${registered.teams.secret}${keys.enter}`);
    await terminal.answer('there is no tenant with this id', '');
    await terminal.answer('What next?', keys.enter);
    await terminal.answer(`Application id of the bot [${registered.teams.appId}]`, keys.enter);
    await terminal.answer(`Tenant id of the bot [${other}]`, `${registered.tenant}${keys.enter}`);
    await terminal.answer('MicrosoftAppPassword [as before]', keys.enter);
    await terminal.answer('Teams: ', '');
    await terminal.answer('Tenant id of Defender', `${registered.tenant}${keys.enter}`);
    await terminal.answer('Application id for Defender', `${registered.defender.appId}${keys.enter}`);
    await terminal.answer('AZURE_CLIENT_SECRET', `${registered.defender.secret}${keys.enter}`);
    await terminal.answer('FAIL defender.role.Machine.LiveResponse', '');
    stage.cloud.world.roles = allRoles;
    await terminal.answer('What next?', keys.enter);
    await terminal.answer('Defender: ', '');
    await terminal.answer('Device group that may be reached', keys.enter);
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).not.toContain('right-secret');
    expect(terminal.shown()).not.toMatch(/^\W*FAIL {2}/m);
    expect(parseEnv(stage.bench.read('.env'))).toMatchObject({
      MicrosoftAppTenantId: registered.tenant,
      MicrosoftAppPassword: registered.teams.secret,
      AZURE_CLIENT_SECRET: registered.defender.secret,
    });
  });

  test('with Slack left for later a whole credential of Defender is not looked at: without its chat the doctor could not, and would give a wrong reason', async () => {
    writeFileSync(join(stage.bench.home, 'more.env'), ports);
    const terminal = inTerminal(
      stage.bench,
      [
        '--chat',
        'slack-socket',
        '--person',
        person('riley', 'asks', '1'),
        '--person',
        person('avery', 'approves', '2'),
        '--place',
        'slack:C0123456',
        '--tenant',
        'secret',
        '--cloud',
        'commercial',
        '--settings',
        join(stage.bench.home, 'more.env'),
      ].map((word) => `'${word}'`),
      stage.cloud.environment,
    );
    await terminal.answer('SLACK_BOT_TOKEN', keys.enter);
    await terminal.answer('SLACK_APP_TOKEN', keys.enter);
    await terminal.answer('Tenant id of Defender', `${registered.tenant}${keys.enter}`);
    await terminal.answer('Application id for Defender', `${registered.defender.appId}${keys.enter}`);
    await terminal.answer('AZURE_CLIENT_SECRET', `${registered.defender.secret}${keys.enter}`);
    await terminal.answer('Device group that may be reached', keys.enter);
    await terminal.ended;
    expect(terminal.shown()).not.toContain('The doctor looks at Defender');
    expect(terminal.shown()).toContain(
      'It could not look at what was left for later, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, nor at what needs it.',
    );
  });

  test('Teams is looked at before the folder is made that the files go to', async () => {
    writeFileSync(join(stage.bench.home, 'more.env'), ports);
    const made = join(stage.bench.folder, 'srv', 'bot');
    const terminal = inTerminal(
      stage.bench,
      [
        ...base.slice(1),
        '--teams-type',
        'SingleTenant',
        '--teams-tenant',
        registered.tenant,
        '--tenant',
        'simulator',
        '--folder',
        made,
        '--settings',
        join(stage.bench.home, 'more.env'),
      ].map((word) => `'${word}'`),
      stage.cloud.environment,
    );
    await terminal.answer('MicrosoftAppPassword', `${registered.teams.secret}${keys.enter}`);
    await terminal.answer('Teams: ', '');
    await terminal.answer('Device group that may be reached', keys.enter);
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).not.toMatch(/could not be run|^\W*FAIL {2}/m);
    expect(parseEnv(readFileSync(join(made, '.env'), 'utf8'))).toMatchObject({
      MicrosoftAppPassword: registered.teams.secret,
    });
  });

  test('a certificate is looked for from the folder that the bot will run in, and not from the one at hand', async () => {
    writeFileSync(join(stage.bench.home, 'more.env'), `${ports}MicrosoftAppCertificatePath=teams.pem\n`);
    writeFileSync(join(stage.bench.folder, 'teams.pem'), 'one that the bot will not find');
    const terminal = inTerminal(
      stage.bench,
      [
        ...base.slice(1),
        '--teams-type',
        'SingleTenant',
        '--teams-tenant',
        registered.tenant,
        '--folder',
        'bot',
        '--settings',
        join(stage.bench.home, 'more.env'),
      ].map((word) => `'${word}'`),
      stage.cloud.environment,
    );
    await terminal.answer(join('bot', 'teams.pem'), '');
    await terminal.answer('What next?', keys.interrupt);
    expect(await terminal.ended).toBe(130);
    expect(stage.bench.files()).toEqual(['teams.pem']);
  });
});
