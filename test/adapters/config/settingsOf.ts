// Variables of working set-ups, and the settings or the problems that the reader makes of some variables.
import { readSettings } from '../../../src/adapters/config/settings.ts';
import type { Settings } from '../../../src/adapters/config/settings.ts';
import { testKeyText } from '../../support/store/testKeys.ts';

export type Variables = Readonly<Record<string, string>>;

/** With the key that a real tenant needs, so that the tests see only what else is wrong. */
const withKey = (variables: Variables): Variables =>
  variables['AZURE_TENANT_ID'] === undefined ? variables : { LR_JOURNAL_KEY: testKeyText, ...variables };

export function settings(variables: Variables): Settings {
  const read = readSettings(withKey(variables));
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.settings;
}

export function problems(variables: Variables): readonly string[] {
  const read = readSettings(withKey(variables));
  if ('settings' in read) throw new Error('it was accepted');
  return read.problems;
}

export const tenant = '11111111-2222-4333-8444-555555555555';
export const app = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const azure = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: app, AZURE_CLIENT_SECRET: 'hush' };
export const socket = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
export const teams = { MicrosoftAppId: app, MicrosoftAppPassword: 'hush', MicrosoftAppTenantId: tenant };
export const local = { DEFENDER_API_URL: 'http://127.0.0.1:4000/', DEFENDER_AUTH: 'none' };
