// The bot scopes that the manifests ask for, and what stops working without each: said by the start, the
// doctor and docs/slack-setup.md.

/** Everything the bot cannot work without (docs.slack.dev/reference/scopes). */
export const scopes = {
  commands: 'nobody can type the slash command',
  'chat:write': 'no card can be posted or kept up to date',
  'users:read': 'guests, bots and deactivated accounts cannot be told from members, so everybody is refused',
  'usergroups:read': 'user groups of the policy give no role',
  'channels:read':
    'whether a public channel is shared with outsiders cannot be read, so results stay private there',
  'groups:read':
    'whether a private channel is shared with outsiders cannot be read, so results stay private there',
  'im:read': 'a conversation with the bot is told from one between two people in a roundabout way only',
  'app_mentions:read': 'the bot does not hear mentions in threads',
} as const satisfies Readonly<Record<string, string>>;

export type Scope = keyof typeof scopes;
export const requiredScopes = Object.keys(scopes) as readonly Scope[];
