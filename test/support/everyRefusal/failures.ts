// Every way in which a chat can fail to answer one call: statuses with the bodies that platforms and proxies
// send, the platform's own words, and connections that end or stay silent, before and after the call was
// taken.
import type { Refusal } from '../../../src/demo/refusal.ts';

/**
 * A failure and what it is to our adapters: those of one kind are answered by the same code, so one of each
 * meets every call.
 */
export interface Failure {
  readonly kind: string;
  readonly refusal: Refusal;
}

const statuses = [
  400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 415, 429, 500, 501, 502, 503, 504,
] as const;
/** Statuses that may come after the call was taken. */
const afterTaking: readonly number[] = [408, 500, 502, 503, 504];
const page = '<html><body><h1>The server said no</h1></body></html>';

/**
 * Statuses with every body; `json` is what the platform itself would say. Those apart mean each something
 * else to the adapter.
 */
function byStatus(json: (status: number) => string, apart: readonly number[]): readonly Failure[] {
  return statuses.flatMap((status): readonly Failure[] => {
    const bodies = [
      ['JSON', json(status), 'application/json'],
      ['a page', page, 'text/html'],
      ['nothing', '', 'text/plain'],
    ] as const;
    const kind = apart.includes(status)
      ? `${status}`
      : status >= 500 || afterTaking.includes(status)
        ? '5xx'
        : 'another 4xx';
    return [
      ...bodies.map(([what, body, type]): Failure => ({
        kind,
        refusal: {
          name: `${status} with ${what}`,
          kind: 'answer',
          status,
          body,
          headers: { 'content-type': type },
        },
      })),
      ...(status === 429
        ? bodies.map(([what, body, type]): Failure => ({
            kind: '429 with a pause',
            refusal: {
              name: `429 with ${what}, Retry-After: 3`,
              kind: 'answer',
              status,
              body,
              headers: { 'content-type': type, 'retry-after': '3' },
            },
          }))
        : []),
      ...(afterTaking.includes(status)
        ? [
            {
              kind: '5xx after taking',
              refusal: {
                name: `${status} after taking it`,
                kind: 'answer',
                status,
                body: json(status),
                done: true,
              },
            } satisfies Failure,
          ]
        : []),
    ];
  });
}

/** Connections, and answers that are none. `empty` is a success without what it should hold. */
function byConnection(empty: string): readonly Failure[] {
  const unreadable = [
    ['half of a JSON', '{"ok":tr'],
    ['a page', page],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a success that says nothing', empty],
  ] as const;
  return [
    { kind: 'cut before', refusal: { name: 'a connection cut before taking it', kind: 'cut' } },
    { kind: 'cut after', refusal: { name: 'a connection cut after taking it', kind: 'cut', done: true } },
    { kind: 'silence', refusal: { name: 'no answer, not taken', kind: 'silence' } },
    { kind: 'silence after', refusal: { name: 'no answer, taken', kind: 'silence', done: true } },
    ...unreadable.map(([what, body]): Failure => ({
      kind: 'unreadable',
      refusal: { name: `200 with ${what}, taken`, kind: 'answer', status: 200, body, done: true },
    })),
  ];
}

const slackWords: Readonly<Record<string, readonly string[]>> = {
  gone: ['message_not_found', 'cant_update_message', 'thread_not_found'],
  'edit window': ['edit_window_closed'],
  closed: [
    'channel_not_found',
    'not_in_channel',
    'is_archived',
    'is_inactive',
    'restricted_action',
    'restricted_action_read_only_channel',
    'restricted_action_thread_only_channel',
    'restricted_action_non_threadable_channel',
    'restricted_action_thread_locked',
    'cannot_reply_to_message',
    'messages_tab_disabled',
    'access_denied',
    'ekm_access_denied',
    'no_permission',
    'team_not_found',
    'slack_connect_canvas_sharing_blocked',
    'slack_connect_file_link_sharing_blocked',
  ],
  content: [
    'invalid_blocks',
    'invalid_blocks_format',
    'msg_blocks_too_long',
    'msg_too_long',
    'block_mismatch',
    'no_text',
    'invalid_metadata_format',
    'metadata_too_large',
    'metadata_must_be_sent_from_app',
    'markdown_text_conflict',
    'attachment_payload_limit_exceeded',
    'too_many_attachments',
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
    'two_factor_setup_required',
  ],
  '5xx': ['fatal_error', 'internal_error', 'service_unavailable', 'request_timeout', 'server_error'],
  '429': ['ratelimited', 'rate_limited', 'message_limit_exceeded'],
  other: [
    'missing_scope',
    'enterprise_is_restricted',
    'team_access_not_granted',
    'method_deprecated',
    'deprecated_endpoint',
    'accesslimited',
    'as_user_not_supported',
    'duplicate_channel_not_found',
    'duplicate_message_not_found',
    'external_channel_migrating',
    'team_added_to_org',
    'invalid_arguments',
    'invalid_arg_name',
    'invalid_array_arg',
    'invalid_charset',
    'invalid_form_data',
    'invalid_post_type',
    'missing_post_type',
    'streaming_state_conflict',
    'message_not_in_streaming_state',
    'file_share_limit_reached',
    'update_failed',
    'too_many_contact_cards',
    'cant_broadcast_message',
    'cant_update_attachment',
    'external_team_mismatch',
    'unknown_method',
    'user_not_found',
    'user_not_visible',
    'no_such_subteam',
    'plan_upgrade_required',
    'user_not_in_channel',
    'expired_trigger_id',
    'exchanged_trigger_id',
    'invalid_trigger_id',
    'view_too_large',
    'hash_conflict',
    'not_found',
    'push_limit_reached',
    'limit_required',
    'a_word_of_next_year',
  ],
};

export const slackFailures: readonly Failure[] = [
  ...byStatus(
    (status) =>
      JSON.stringify({ ok: false, error: status >= 500 ? 'service_unavailable' : `http_${status}` }),
    [429],
  ),
  ...byConnection('{"ok":true}'),
  ...Object.entries(slackWords).flatMap(([kind, words]) =>
    words.map((word): Failure => ({
      kind,
      refusal: { name: word, kind: 'answer', status: 200, body: JSON.stringify({ ok: false, error: word }) },
    })),
  ),
  {
    kind: '5xx after taking',
    refusal: {
      name: 'fatal_error after taking it',
      kind: 'answer',
      status: 200,
      body: '{"ok":false,"error":"fatal_error"}',
      done: true,
    },
  },
];

/** The connector's own codes, by the status they come with. */
const teamsCodes: Readonly<Record<number, readonly string[]>> = {
  400: [
    'BadArgument',
    'BadSyntax',
    'ServiceError',
    'MissingProperty',
    'InvalidBotApiHost',
    'ActivityNotFoundInConversation',
    'ConversationNotFound',
    'BotNotInConversationRoster',
  ],
  401: ['Unauthorized', 'AuthorizationRequired'],
  403: [
    'ServiceError',
    'BotNotInConversationRoster',
    'ConversationBlockedByUser',
    'MessageWritesBlocked',
    'ForbiddenOperationException',
    'BotDisabledByAdmin',
    'BotNotInstalledForUser',
    'InvalidBotApiHost',
    'Forbidden',
    'NotEnoughPermissions',
  ],
  404: [
    'ActivityNotFoundInConversation',
    'ConversationNotFound',
    'BotNotInConversationRoster',
    'MemberNotFoundInConversation',
    'NotFound',
    'ServiceError',
    'BotNotRegistered',
  ],
  405: ['MethodNotAllowed'],
  409: ['Conflict', 'ConcurrencyConflict'],
  410: ['Gone'],
  412: ['PreconditionFailed'],
  413: ['MessageSizeTooBig', 'RequestEntityTooLarge'],
  415: ['UnsupportedMediaType'],
  429: ['TooManyRequests', 'Throttled'],
  500: ['ServiceError', 'InternalServerError'],
  502: ['BadGateway', 'BotError'],
  503: ['ServiceUnavailable'],
  504: ['GatewayTimeout'],
};

const apart: Readonly<Record<number, string>> = {
  400: '400',
  401: '401',
  403: '403',
  404: '404',
  412: '412',
  413: '413',
  429: '429',
};

export const teamsFailures: readonly Failure[] = [
  ...byStatus(
    (status) => JSON.stringify({ error: { code: 'ServiceError', message: `status ${status}` } }),
    Object.keys(apart).map(Number),
  ),
  ...byConnection('{}'),
  ...Object.entries(teamsCodes).flatMap(([status, codes]) =>
    codes.map((code): Failure => ({
      kind: apart[Number(status)] ?? (Number(status) >= 500 ? '5xx' : 'another 4xx'),
      refusal: {
        name: `${status} ${code}`,
        kind: 'answer',
        status: Number(status),
        body: JSON.stringify({ error: { code, message: `${code} (story)` } }),
      },
    })),
  ),
  // As older gateways nest it, and with what a blocked person's chat adds.
  {
    kind: '403',
    refusal: {
      name: '403 with a subCode',
      kind: 'answer',
      status: 403,
      body: '{"errorCode":209,"message":"{\\"subCode\\":\\"MessageWritesBlocked\\"}"}',
    },
  },
];
