// Teams and Entra groups: the bot's own token, the keys of the channel, and Microsoft Graph, each behind a
// loopback server or a credential that answers as Entra does.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../../src/adapters/entra/settings.ts';
import { EntraTokens } from '../../src/adapters/entra/credentials.ts';
import type { Examination } from '../../src/doctor/examine.ts';
import { ChannelKeys } from '../../src/demo/teams/channelKeys.ts';
import {
  clientId,
  clientSecret,
  examined,
  jwt,
  tenantId,
  tokenSource,
} from '../support/programs/doctorBench.ts';
import type { Examined, Variables } from '../support/programs/doctorBench.ts';
import { json, serve } from '../support/defender/defenderFakes.ts';
import type { Loopback } from '../support/defender/defenderFakes.ts';
import { root } from '../support/root.ts';

const appId = '77777777-7777-4888-8999-aaaaaaaaaaaa';
const group = '12345678-0000-4000-8000-000000000000';
const place = '19:0123456789abcdef@thread.tacv2';
const keys = new ChannelKeys();
let dir: string;
let graph: Loopback;
let graphStatus: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-doctor-'));
  await keys.start();
  keys.down = undefined;
  graphStatus = 200;
  graph = await serve((_ask, response) => json(response, graphStatus, { value: [group] }));
  writeFileSync(join(dir, 'policy.yaml'), policy());
});
afterEach(async () => {
  await keys.stop();
  await graph.close();
  rmSync(dir, { recursive: true, force: true });
});

function policy(): string {
  return readFileSync(join(root, 'policy.example.yaml'), 'utf8')
    .replace(/console: (\w+) }/g, (_all, id: string) => `teams: ${objectIds[id] ?? ''} }`)
    .replace('approver: [approver1', `approver: ['entra:${group}', approver1`)
    .replace(
      "'console:incidents', approvals: true, notify: 'console:approver1'",
      `'teams:${place}', approvals: true`,
    )
    .replace('console:soc-private', 'teams:19:abc@thread.tacv2');
}
const objectIds: Readonly<Record<string, string>> = Object.fromEntries(
  ['responder1', 'responder2', 'approver1', 'onlooker1'].map((id, index) => [
    id,
    `5f0c1d2e-0000-4000-8000-00000000000${index}`,
  ]),
);

function settings(more: Variables = {}): Variables {
  return {
    PORT: '0',
    LR_DATA_DIR: dir,
    LR_POLICY: join(dir, 'policy.yaml'),
    LR_DEFENDER: 'simulator',
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    MicrosoftAppId: appId,
    MicrosoftAppPassword: 'canary-teams-password',
    MicrosoftAppTenantId: tenantId,
    ...more,
  };
}

/** Tokens for the Bot Framework are of the bot's application, those for Graph of Defender's. */
const tokensOf: NonNullable<Examination['tokensOf']> = (credentials) =>
  tokenSource(jwt({ appid: 'clientId' in credentials ? credentials.clientId : undefined }))();

async function look(variables: Variables = settings(), parts: Partial<Examination> = {}): Promise<Examined> {
  const found = await examined(variables, {
    tokensOf,
    graph: graph.origin,
    openIdMetadata: keys.metadataUrl(),
    ...parts,
  });
  expect(found.text + JSON.stringify(found.lines)).not.toMatch(/canary|eyJ/);
  return found;
}

test('all green: token, keys, and a group that Graph lets the bot read', async () => {
  const found = await look();
  expect([found.red, found.yellow]).toEqual([[], []]);
  for (const check of ['teams.app', 'teams.token', 'teams.keys', 'graph.group'])
    expect(found.lines.find((line) => line.check === check)?.verdict).toBe('ok');
  expect(found.text).toContain(`SingleTenant, application ${appId} of the tenant ${tenantId}`);
});

test('the door without botbuilder is named, and looked at in the same way', async () => {
  const found = await look(settings({ LR_TEAMS_DOOR: 'direct' }));
  expect([found.red, found.yellow]).toEqual([[], []]);
  expect(found.text).toContain('without botbuilder (LR_TEAMS_DOOR)');
});

test.each<readonly [string, Variables, object]>([
  ['SingleTenant', {}, { kind: 'secret', tenantId, clientId: appId }],
  [
    'MultiTenant',
    { MicrosoftAppType: 'MultiTenant', TEAMS_ALLOWED_TENANTS: tenantId },
    { kind: 'secret', tenantId: 'botframework.com' },
  ],
  [
    'UserAssignedMSI',
    { MicrosoftAppType: 'UserAssignedMSI', MicrosoftAppPassword: '' },
    { kind: 'managedIdentity', clientId: appId },
  ],
])('a bot of type %s signs in as botbuilder would', async (_type, more: Variables, expected) => {
  const asked: { readonly credentials: Credentials; readonly authority: string }[] = [];
  await look(settings(more), {
    tokensOf: (credentials, authority) => {
      asked.push({ credentials, authority });
      return tokensOf(credentials, authority);
    },
  });
  expect(asked).toContainEqual(
    expect.objectContaining({
      credentials: expect.objectContaining(expected),
      authority: 'https://login.microsoftonline.com',
    }),
  );
});

describe('a planted fault shows the one right red line:', () => {
  test('a secret that is wrong, in the words of Teams’ settings', async () => {
    const found = await look(settings(), {
      tokensOf: (credentials, authority) =>
        'clientId' in credentials && credentials.clientId === appId
          ? new EntraTokens({ credentials, authority }, () =>
              Promise.resolve({ getToken: () => Promise.reject(new Error('AADSTS700016: canary')) }),
            )
          : tokensOf(credentials, authority),
    });
    expect(found.red).toEqual([
      expect.stringMatching(
        /^teams\.token: .*check MicrosoftAppId and MicrosoftAppTenantId \[AADSTS700016\]/,
      ),
    ]);
  });

  test('a managed identity of another application', async () => {
    const found = await look(settings(), { tokensOf: tokenSource(jwt({ appid: clientId })) });
    expect(found.red).toEqual([
      `teams.token: the token is of the application ${clientId}, not of MicrosoftAppId`,
    ]);
  });

  test('keys of the channel that cannot be had', async () => {
    keys.down = 'error';
    expect((await look()).red).toEqual([expect.stringMatching(/^teams\.keys: 127\.0\.0\.1:\d+ answers 500/)]);
  });

  test('a certificate file without a key', async () => {
    writeFileSync(join(dir, 'bot.pem'), 'no certificate at all');
    const { MicrosoftAppPassword: _password, ...rest } = settings({
      MicrosoftAppCertificatePath: join(dir, 'bot.pem'),
    });
    expect((await look(rest)).red).toEqual([
      expect.stringMatching(
        /^teams\.certificate: the file of MicrosoftAppCertificatePath holds no certificate/,
      ),
    ]);
  });

  test('Graph without the permission to read members', async () => {
    graphStatus = 403;
    const found = await look();
    expect(found.red).toEqual([
      expect.stringMatching(new RegExp(`^graph\\.group: entra:${group} cannot be read: Graph answered 403`)),
    ]);
    expect(found.text).toMatch(/User\.Read\.All and GroupMember\.Read\.All/);
  });

  test('groups of Entra without a credential to read them with', async () => {
    const {
      AZURE_CLIENT_ID: _id,
      AZURE_CLIENT_SECRET: _secret,
      AZURE_TENANT_ID: _tenant,
      ...rest
    } = settings();
    expect((await look(rest)).red).toEqual([
      expect.stringMatching(/^graph\.group: .*no credential to read it with/),
    ]);
  });
});

test('people who cannot do their work in the chats that are set up are warned of by name', async () => {
  writeFileSync(
    join(dir, 'policy.yaml'),
    policy()
      .replace(`approver: ['entra:${group}', approver1, responder2]`, 'approver: [responder2]')
      .replace('responder: [responder1, responder2]', 'responder: [responder1, responder2, onlooker1]'),
  );
  const single = await look();
  expect(single.red).toEqual([]);
  expect(single.yellow.length).toBeGreaterThan(0);
  writeFileSync(
    join(dir, 'policy.yaml'),
    policy()
      .replace(`approver: ['entra:${group}', approver1, responder2]`, 'approver: [approver1]')
      .replace(
        `name: Avery Approver, teams: ${objectIds['approver1'] ?? ''}`,
        'name: Avery Approver, slack: U0AVERY1',
      ),
  );
  const nobody = await look();
  expect(
    nobody.yellow.filter((line) => /nobody with the role approver has an account in teams/.test(line)),
  ).toHaveLength(2);
});

describe('the places of the policy', () => {
  test('one never heard from is said as such, one the bot is in is ok, one it was removed from is red with the next step', async () => {
    const unheard = await look();
    expect(unheard.lines.filter((line) => line.check === 'teams.place').map((line) => line.verdict)).toEqual([
      'skip',
      'skip',
    ]);
    expect(unheard.text).toContain(`no message of ${place} has reached the bot yet`);
    const connector = await serve((ask, response) =>
      json(
        response,
        ask.path.includes('0123456789') ? 200 : 403,
        ask.path.includes('0123456789') ? { members: [] } : { error: { code: 'BotNotInConversationRoster' } },
      ),
    );
    try {
      const known = {
        serviceUrl: `${connector.origin}/`,
        kind: 'channel',
        bot: '28:x',
        external: false,
        targeted: false,
      };
      writeFileSync(
        join(dir, 'teams-conversations.json'),
        JSON.stringify({ version: 1, places: { [place]: known, '19:abc@thread.tacv2': known }, people: {} }),
      );
      const heard = await look(settings(), { origins: [connector.origin] });
      expect(heard.lines.filter((line) => line.check === 'teams.place').map((line) => line.verdict)).toEqual([
        'ok',
        'FAIL',
      ]);
      expect(heard.red.join()).toContain(
        'the bot is not in 19:abc@thread.tacv2 (Teams answers 403 BotNotInConversationRoster)',
      );
      const elsewhere = await look();
      expect(elsewhere.red.join()).toContain('an address that is not Microsoft’s');
    } finally {
      await connector.close();
    }
  });
});
