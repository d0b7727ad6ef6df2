// The app manifests against the rules that Slack documents for them, and against what the adapter really
// uses. Slack's own schema is in `official`, as github.com/slackapi/manifest-schema has it
// (schemas/manifest.schema.2.0.0.json, MIT). It takes any word for a scope or an event, which
// manifestTypes.test.ts does not. The second schema is ours, written from
// docs.slack.dev/reference/app-manifest, and is closed.
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsPath, requiredScopes } from '../../../../src/adapters/slack/ids.ts';
import { channelEvents } from '../../../../src/adapters/slack/identity/channels.ts';
import { root } from '../../../support/root.ts';

const url = { type: 'string', pattern: '^https://' } as const;
const texts = { type: 'array', items: { type: 'string' }, uniqueItems: true } as const;
const yes = { type: 'boolean' } as const;

function closed(properties: Readonly<Record<string, object>>, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required };
}

const schema = closed(
  {
    _metadata: closed({
      major_version: { type: 'integer', enum: [1, 2] },
      minor_version: { type: 'integer' },
    }),
    display_information: closed(
      {
        name: { type: 'string', minLength: 1, maxLength: 35 },
        description: { type: 'string', maxLength: 140 },
        long_description: { type: 'string', minLength: 175, maxLength: 4_000 },
        background_color: { type: 'string', pattern: '^#([0-9a-fA-F]{3}){1,2}$' },
      },
      ['name'],
    ),
    features: closed({
      app_home: closed({
        home_tab_enabled: yes,
        messages_tab_enabled: yes,
        messages_tab_read_only_enabled: yes,
      }),
      bot_user: closed(
        { display_name: { type: 'string', minLength: 1, maxLength: 80 }, always_online: yes },
        ['display_name'],
      ),
      slash_commands: {
        type: 'array',
        maxItems: 50,
        items: closed(
          {
            command: { type: 'string', pattern: '^/', maxLength: 32 },
            description: { type: 'string', minLength: 1, maxLength: 2_000 },
            usage_hint: { type: 'string', maxLength: 1_000 },
            url,
            should_escape: yes,
          },
          ['command', 'description'],
        ),
      },
    }),
    oauth_config: closed({
      scopes: closed({ bot: texts, bot_optional: texts, user: texts, user_optional: texts }),
      redirect_urls: texts,
      pkce_enabled: yes,
    }),
    settings: closed({
      interactivity: closed({ is_enabled: yes, request_url: url, message_menu_options_url: url }, [
        'is_enabled',
      ]),
      event_subscriptions: closed({
        request_url: url,
        bot_events: { ...texts, maxItems: 100 },
        user_events: texts,
      }),
      org_deploy_enabled: yes,
      socket_mode_enabled: yes,
      token_rotation_enabled: yes,
      allowed_ip_address_ranges: texts,
    }),
  },
  ['display_information'],
);

interface Manifest {
  readonly features: {
    readonly slash_commands: readonly {
      readonly command: string;
      readonly url?: string;
      readonly should_escape: boolean;
    }[];
  };
  readonly oauth_config: {
    readonly scopes: { readonly bot: readonly string[]; readonly bot_optional: readonly string[] };
  };
  readonly settings: {
    readonly interactivity: { readonly request_url?: string };
    readonly event_subscriptions: { readonly request_url?: string; readonly bot_events: readonly string[] };
    readonly socket_mode_enabled: boolean;
    readonly token_rotation_enabled: boolean;
  };
}

function manifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'manifest', 'slack', `${name}.json`), 'utf8')) as Manifest;
}
const valid = new Ajv({ allErrors: true, strict: false }).compile(schema);
const officialAjv = new Ajv({ allErrors: true, strict: false });
formats.default(officialAjv);
const official = officialAjv.compile(
  JSON.parse(
    readFileSync(join(root, 'test', 'adapters', 'slack', 'official', 'manifest.schema.2.0.0.json'), 'utf8'),
  ) as object,
);

describe.each(['socket', 'http'])('the %s manifest', (name) => {
  test('is valid for Slack’s own schema', () => {
    official(manifest(name));
    expect(official.errors ?? []).toEqual([]);
  });

  test('keeps the documented rules', () => {
    const ok = valid(manifest(name));
    expect(valid.errors ?? []).toEqual([]);
    expect(ok).toBe(true);
  });

  test('asks for exactly the scopes that the adapter needs', () => {
    expect([...manifest(name).oauth_config.scopes.bot].sort()).toEqual([...requiredScopes].sort());
    expect(manifest(name).oauth_config.scopes.bot_optional).toEqual(['channels:history', 'groups:history']);
  });

  test('has the default command, unescaped, the events that the adapter reads, and no token that changes under a running bot', () => {
    const { features, settings } = manifest(name);
    expect(features.slash_commands.map(({ command, should_escape }) => [command, should_escape])).toEqual([
      ['/lr', false],
    ]);
    expect(settings.event_subscriptions.bot_events).toEqual(['app_mention', ...channelEvents]);
    expect(settings.token_rotation_enabled).toBe(false);
  });
});

test('only the http manifest names addresses, and all of them are the one path', () => {
  const addresses = ({ features, settings }: Manifest): readonly (string | undefined)[] => [
    features.slash_commands[0]?.url,
    settings.interactivity.request_url,
    settings.event_subscriptions.request_url,
  ];
  expect(addresses(manifest('socket'))).toEqual([undefined, undefined, undefined]);
  expect(manifest('socket').settings.socket_mode_enabled).toBe(true);
  expect(
    addresses(manifest('http')).every(
      (address) => address !== undefined && new URL(address).pathname === eventsPath,
    ),
  ).toBe(true);
  expect(manifest('http').settings.socket_mode_enabled).toBe(false);
});

test('the rules refuse what Slack would refuse', () => {
  const good = manifest('http');
  expect(valid({ ...good, surprise: true })).toBe(false);
  expect(valid({ ...good, display_information: { name: 'x'.repeat(36) } })).toBe(false);
  expect(valid({ ...good, features: { slash_commands: [{ command: 'lr', description: 'x' }] } })).toBe(false);
});

test.each<readonly [string, (good: Manifest) => object, RegExp]>([
  [
    'a key that no part has',
    (good) => ({ ...good, settings: { ...good.settings, socket_mode: true } }),
    /^\/settings must NOT have additional properties$/m,
  ],
  [
    'a command without its slash',
    (good) => ({
      ...good,
      features: { slash_commands: [{ command: 'lr', description: 'x', url: 'https://x.example/' }] },
    }),
    /^\/features\/slash_commands\/0\/command must match pattern/m,
  ],
  [
    'a name that is too long',
    (good) => ({ ...good, display_information: { name: 'x'.repeat(36) } }),
    /^\/display_information\/name must NOT have more than 35 characters$/m,
  ],
  ['no name', (good) => ({ ...good, display_information: {} }), /must have required property 'name'/],
  [
    'a text where a yes or no is wanted',
    (good) => ({ ...good, settings: { ...good.settings, interactivity: { is_enabled: 'true' } } }),
    /^\/settings\/interactivity\/is_enabled must be boolean$/m,
  ],
])('Slack’s own schema refuses %s', (_what, change, words) => {
  expect(official(change(manifest('http')))).toBe(false);
  expect(
    (official.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`).join('\n'),
  ).toMatch(words);
});

test('the setup page explains every scope', () => {
  const page = readFileSync(join(root, 'docs', 'slack-setup.md'), 'utf8');
  for (const scope of [...requiredScopes, 'channels:history', 'groups:history', 'connections:write'])
    expect(page).toContain(`\`${scope}\``);
});
