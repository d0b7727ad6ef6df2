// Meanings of Slack's error words for the call that was answered with them: the one table, which
// docs/chat-failures.md shows.

/**
 * `gone`: that message is not there or may not be changed. `closed`: this place takes nothing of ours now.
 * `content`: not these blocks or fields. `token`: our token is not accepted. `setup`: the app or its
 * workspace has to be set up otherwise. `passing`: not now, and not because of us. `throttled`: later.
 * `lost`: parts of it may have happened.
 */
export type Meaning = 'gone' | 'closed' | 'content' | 'token' | 'setup' | 'passing' | 'throttled' | 'lost';

const words = {
  gone: ['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found'],
  closed: [
    'not_in_channel',
    'channel_not_found',
    'user_not_in_channel',
    'is_archived',
    'is_inactive',
    'restricted_action',
    'restricted_action_read_only_channel',
    'restricted_action_thread_only_channel',
    'restricted_action_non_threadable_channel',
    'restricted_action_thread_locked',
    'cannot_reply_to_message',
    'messages_tab_disabled',
    'ekm_access_denied',
    'access_denied',
    'no_permission',
    'team_not_found',
  ],
  content: [
    'invalid_blocks',
    'invalid_blocks_format',
    'msg_blocks_too_long',
    'msg_too_long',
    'block_mismatch',
    'no_text',
    'invalid_attachments',
    'too_many_attachments',
    'invalid_metadata_format',
    'invalid_metadata_schema',
    'metadata_too_large',
    'metadata_must_be_sent_from_app',
    'markdown_text_conflict',
    'invalid_arguments',
    'invalid_arg_name',
    'invalid_array_arg',
    'invalid_charset',
    'invalid_form_data',
    'invalid_post_type',
    'missing_post_type',
    'cant_broadcast_message',
    'no_dual_broadcast_content_update',
    'slack_connect_canvas_sharing_blocked',
    'slack_connect_file_link_sharing_blocked',
  ],
  token: [
    'invalid_auth',
    'not_authed',
    'account_inactive',
    'token_revoked',
    'token_expired',
    'user_removed_from_team',
    'team_disabled',
    'org_login_required',
    'not_allowed_token_type',
  ],
  setup: [
    'missing_scope',
    'team_access_not_granted',
    'enterprise_is_restricted',
    'two_factor_setup_required',
    'accesslimited',
    'method_deprecated',
    'deprecated_endpoint',
    'unknown_method',
    'as_user_not_supported',
    'is_bot',
  ],
  passing: ['team_added_to_org', 'external_channel_migrating', 'update_failed', 'streaming_state_conflict'],
  throttled: ['ratelimited', 'rate_limited', 'message_limit_exceeded'],
  lost: ['fatal_error', 'internal_error', 'service_unavailable', 'request_timeout', 'server_error'],
} as const satisfies Readonly<Record<Meaning, readonly string[]>>;

export const errorWords: Readonly<Record<Meaning, readonly string[]>> = words;

const meanings = new Map<string, Meaning>(
  Object.entries(errorWords).flatMap(([meaning, list]) =>
    list.map((word): [string, Meaning] => [word, meaning as Meaning]),
  ),
);

/** Undefined of a word that nobody has seen yet: a no to this call. */
export function meaningOf(word: string): Meaning | undefined {
  return meanings.get(word);
}

/** For people, the journal and the log: what is the matter, and what an administrator can do about it. */
export const advice: Readonly<Record<string, string>> = {
  not_in_channel: 'Slack: the bot is not in this channel. Invite it there.',
  channel_not_found:
    'Slack: the bot cannot see this channel. Invite it there, or correct its id in the policy.',
  is_archived: 'Slack: this channel is archived.',
  is_inactive: 'Slack: this channel is archived, frozen or deleted.',
  access_denied: 'Slack: access_denied. Look whether the bot is still in this channel.',
  no_permission: 'Slack: no_permission. Look whether the bot is still in this channel.',
  edit_window_closed: 'Slack: this workspace does not let messages of this age be changed.',
  message_not_found: 'Slack: the card was deleted.',
  cant_update_message: 'Slack: this card cannot be changed.',
  restricted_action: 'Slack: a workspace rule keeps the bot from posting here.',
  restricted_action_read_only_channel: 'Slack: this channel is read-only.',
  restricted_action_thread_only_channel: 'Slack: this channel takes answers in threads only.',
  missing_scope: 'Slack: the app lacks a scope. Add the scopes of its manifest and install it again.',
};
