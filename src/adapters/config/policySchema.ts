// The shape of each entry of the policy file. What the entries say of each other is checked in policyFile.
import { z } from 'zod';
import { defaultPending } from '../../bot/policy/pending.ts';
import { parkedAfterMs } from '../../liveResponse/pacing/schedules.ts';
import { systems } from '../../liveResponse/device/systems.ts';
import { readDuration } from './duration.ts';

const name = /^[a-z][a-z0-9_-]{0,39}$/;
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const slackUser = /^[UW][A-Z0-9]{4,20}$/;
const slackGroup = /^S[A-Z0-9]{4,20}$/;
const slackPlace = /^[CGD][A-Z0-9]{4,20}$/;
const simple = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Platforms that hold people and places. */
export const surfaces = ['slack', 'teams', 'console'] as const;
export type Surface = (typeof surfaces)[number];

const text = (max: number): z.ZodString =>
  z
    .string('must be text; put it in quotes if it looks like a number')
    .min(1, 'may not be empty')
    .max(max, `has at most ${max} characters`);
const list = <T extends z.ZodType>(of: T): z.ZodUnion<[T, z.ZodArray<T>]> => z.union([of, z.array(of)]);

export const nameSchema = text(40).regex(
  name,
  'must be a name: small letters, digits, "-" and "_", a letter first',
);

export const personSchema = z.strictObject({
  id: text(64).regex(simple, 'must be small letters, digits, ".", "-" and "_"'),
  name: text(80),
  slack: list(
    text(40).regex(slackUser, 'must be a Slack member id such as U0123ABCD; "whoami" prints it'),
  ).optional(),
  teams: list(text(40).regex(guid, 'must be an Entra object id (a GUID); "whoami" prints it')).optional(),
  console: list(text(64).regex(simple, 'must be small letters, digits, ".", "-" and "_"')).optional(),
});

export const roleSchema = z.array(
  text(80).refine(
    (member) =>
      simple.test(member) ||
      (member.startsWith('slack:') && slackGroup.test(member.slice(6))) ||
      (member.startsWith('entra:') && guid.test(member.slice(6))),
    {
      error:
        'must be a person’s id, a Slack user group as "slack:S0614TZR7", or an Entra group as "entra:<object id>"',
    },
  ),
  'must be a list of people and groups, such as [responder1]',
);

const commandSchema = z
  .strictObject({
    RunScript: text(200).optional(),
    Args: text(3000).optional(),
    GetFile: text(1000).optional(),
    PutFile: text(200).optional(),
  })
  .refine(
    (one) =>
      [one.RunScript, one.GetFile, one.PutFile].filter((command) => command !== undefined).length === 1,
    { error: 'must be exactly one of RunScript, GetFile and PutFile' },
  )
  .refine((one) => one.Args === undefined || one.RunScript !== undefined, {
    error: 'Args belong to RunScript only',
  });

const systemWords =
  'must be windows, linux or macos, or a list of them such as [linux, macos]; leave it out for a recipe that is for every system';

export const recipeSchema = z.strictObject({
  usage: text(200).optional(),
  description: text(300).optional(),
  example: text(300).optional(),
  args: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'an argument’s name is small letters, digits and "_"'),
      z.strictObject({
        chars: text(200),
        max: z.int('must be a whole number').min(1, 'must be at least 1').max(1000, 'must be at most 1000'),
      }),
    )
    .optional(),
  commands: z.array(commandSchema, 'must be a list of commands').min(1, 'must hold at least one command'),
  systems: z
    .union(
      [z.enum(systems, systemWords), z.array(z.enum(systems, systemWords), systemWords).min(1, systemWords)],
      systemWords,
    )
    .optional(),
  tier: text(40),
});

const durationUpTo7d = (why: string) =>
  z.string('must be a number and a unit, such as 30m, 2h or 3d').transform((written, context) => {
    const ms = readDuration(written);
    if (ms !== undefined && ms <= 7 * 86_400_000) return ms;
    context.issues.push({
      code: 'custom',
      input: written,
      message:
        ms === undefined ? 'must be a number and a unit, such as 30m, 2h or 3d' : `may be at most 7d: ${why}`,
    });
    return z.NEVER;
  });
const duration = durationUpTo7d('an old approval is no approval');

/** A session is not called parked before `parkedAfterMs`. */
const parkedFor = durationUpTo7d('Defender keeps no session that long').refine((ms) => ms >= parkedAfterMs, {
  error: 'must be at least 10m: an online device may take that long to start',
});

const waiting = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(1000, 'must be at most 1000: more cards than that are read by nobody');
/** Output is kept a month unless set otherwise; a card that never forgets needs no setting. */
const redactAfter = z
  .string('must be a number and a unit, such as 30m, 2h or 3d')
  .transform((written, context) => {
    const ms = readDuration(written);
    if (ms !== undefined && ms >= 60_000 && ms <= 365 * 86_400_000) return ms;
    context.issues.push({
      code: 'custom',
      input: written,
      message:
        ms === undefined
          ? 'must be a number and a unit, such as 30m, 2h or 3d'
          : 'must be between 1m and 365d; leave it out where output may stay on the cards',
    });
    return z.NEVER;
  });

/** Words of `visibility` that are no roles. */
export const viewers = ['requester', 'approvers'] as const;
const visibilityWords =
  'must be "everyone", or a list of requester, approvers and roles, such as [requester, approvers]';
const visibility = z
  .union(
    [
      z.literal('everyone', visibilityWords),
      z
        .array(text(40), visibilityWords)
        .min(
          1,
          'may not be an empty list: [requester, approvers] is the strictest, since those two always see their requests',
        ),
    ],
    visibilityWords,
  )
  .optional();

export const tierSchema = z.strictObject({
  request: text(40),
  approve: text(40),
  expireAfter: duration.default(30 * 60_000),
  runWithin: duration.default(30 * 60_000),
  reason: z.enum(['optional', 'required'], 'must be "optional" or "required"').default('optional'),
  cancelParkedAfter: parkedFor.optional(),
  pending: z
    .strictObject({
      person: waiting.default(defaultPending.person),
      device: waiting.default(defaultPending.device),
    })
    .optional(),
  visibility,
  redactAfter: redactAfter.optional(),
});

const strings = z.array(text(200), 'must be a list').default([]);
const devicesSide = z
  .strictObject({ groups: strings, tags: strings, names: strings })
  .default({ groups: [], tags: [], names: [] });

export const devicesSchema = z.strictObject({ allow: devicesSide, never: devicesSide });
export const rawSchema = z.strictObject({ tier: text(40) });
export const resultsSchema = z.strictObject({ read: z.array(text(40), 'must be a list of roles') });
export const freezeSchema = z.array(text(40), 'must be a list of roles');

const placeId = (key: string): boolean => {
  const colon = key.indexOf(':');
  const id = key.slice(colon + 1);
  switch (key.slice(0, colon)) {
    case 'slack':
      return slackPlace.test(id);
    case 'teams':
      return /^[0-9]{1,3}:[\x21-\x7e]{8,200}$/.test(id);
    case 'console':
      return simple.test(id);
    default:
      return false;
  }
};

export const placeSchema = z.strictObject({
  place: text(260).refine(placeId, {
    error:
      'must be a place such as slack:C0123456, "teams:19:...@thread.tacv2" or console:incidents; "whoami" prints it',
  }),
  approvals: z.boolean('must be true or false').default(false),
  notify: text(80)
    .refine(
      (key) => {
        const [surface, id = ''] = key.split(':', 2);
        if (surface === 'slack') return slackGroup.test(id) || slackUser.test(id);
        return surface === 'teams' ? guid.test(id) : surface === 'console' && simple.test(id);
      },
      {
        error:
          'must be a Slack group or member (slack:S0614TZR7), a Teams member (teams:<object id>) or console:<name>',
      },
    )
    .optional(),
  results: z.enum(['card', 'private'], 'must be "card" or "private"').default('private'),
  visibility,
  redactAfter: redactAfter.optional(),
});

export type PersonEntry = z.infer<typeof personSchema>;
export type RecipeEntry = z.infer<typeof recipeSchema>;
export type TierEntry = z.infer<typeof tierSchema>;
export type PlaceEntry = z.infer<typeof placeSchema>;
