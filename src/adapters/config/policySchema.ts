// Schemas of the entries of the policy file. Whether entries fit each other is checked in policyFile.
import { z } from 'zod';
import { defaultPending } from '../../bot/policy/places.ts';
import { parkedAfterMs } from '../../liveResponse/pacing/callRates.ts';
import { systems } from '../../liveResponse/device/records.ts';
import { splitSurfaceKey } from '../../liveResponse/request/request.ts';
import type { GroupKind, IdKind, SurfaceIds } from '../chatPlatform.ts';
import { chatPlatforms } from '../chats.ts';
import { consoleIds, simpleId, simpleWords, surface as consoleSurface } from '../console/people.ts';
import { entraGroups } from '../entra/groupIds.ts';
import { readDuration } from './environment.ts';

const name = /^[a-z][a-z0-9_-]{0,39}$/;

/** The ids of each surface that has people and places. */
const surfaceIds: ReadonlyMap<string, SurfaceIds> = new Map([
  ...chatPlatforms.map(({ surface, ids }) => [surface, ids] as const),
  [consoleSurface, consoleIds],
]);
export const surfaces: readonly string[] = [...surfaceIds.keys()];

/** Groups that may give roles: those of the chats, and those of Entra. */
export const groupKinds: readonly GroupKind[] = [
  ...chatPlatforms.flatMap(({ groups }) => groups ?? []),
  entraGroups,
];

/** An id as the platform compares it. */
export function foldedId(kind: IdKind | undefined, id: string): string {
  return kind?.foldsCase === true ? id.toLowerCase() : id;
}

export function accountKind(surface: string): IdKind | undefined {
  return surfaceIds.get(surface)?.account;
}

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
  id: text(64).regex(simpleId, `must be ${simpleWords}`),
  name: text(80),
  ...accountsShape(),
});

/** The accounts of a person: one field per surface. */
function accountsShape(): Readonly<Record<string, z.ZodOptional<ReturnType<typeof accounts>>>> {
  return Object.fromEntries(
    [...surfaceIds].map(([surface, { account }]) => [surface, accounts(account).optional()]),
  );
}

function accounts({
  pattern,
  most,
  words,
}: SurfaceIds['account']): z.ZodUnion<[z.ZodString, z.ZodArray<z.ZodString>]> {
  return list(text(most).regex(pattern, `must be ${words}`));
}

/** The ids of a person's accounts on one surface. */
export function accountsIn(entry: PersonEntry, surface: string): readonly string[] {
  const ids: unknown = Object.entries(entry).find(([field]) => field === surface)?.[1];
  return [ids].flat().filter((id) => typeof id === 'string');
}

export const roleSchema = z.array(
  text(80).refine(
    (member) => {
      const [prefix, id] = splitSurfaceKey(member);
      const kind = groupKinds.find((one) => one.prefix === prefix);
      return kind === undefined ? simpleId.test(member) : kind.pattern.test(id);
    },
    {
      error: `must be a person’s id, ${groupKinds.map(({ words }, at) => `${at === groupKinds.length - 1 ? 'or ' : ''}${words}`).join(', ')}`,
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

/** A session counts as parked only after `parkedAfterMs`. */
const parkedFor = durationUpTo7d('Defender keeps no session that long').refine((ms) => ms >= parkedAfterMs, {
  error: 'must be at least 10m: an online device may take that long to start',
});

const waiting = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(1000, 'must be at most 1000: more cards than that are read by nobody');
/** Output is kept for a month unless set otherwise; a card that never forgets needs no setting. */
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

/** Words of `visibility` that are not roles. */
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

const isIdOf = (kind: 'place' | 'notify') => (key: string) => {
  const [surface, id] = splitSurfaceKey(key);
  return surfaceIds.get(surface)?.[kind].pattern.test(id) === true;
};

const alternatives = (words: readonly string[]): string =>
  `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
const wordsOf = (kind: 'place' | 'notify'): string =>
  alternatives([...surfaceIds.values()].map((ids) => ids[kind].words));
/** The names of the surfaces, as a person’s accounts are named. */
export const surfaceWords = alternatives(surfaces);

export const placeSchema = z.strictObject({
  place: text(260).refine(isIdOf('place'), {
    error: `must be a place such as ${wordsOf('place')}; "whoami" prints it`,
  }),
  approvals: z.boolean('must be true or false').default(false),
  notify: text(80)
    .refine(isIdOf('notify'), { error: `must be ${wordsOf('notify')}` })
    .optional(),
  results: z.enum(['card', 'private'], 'must be "card" or "private"').default('private'),
  visibility,
  redactAfter: redactAfter.optional(),
});

export type PersonEntry = z.infer<typeof personSchema>;
export type RecipeEntry = z.infer<typeof recipeSchema>;
export type TierEntry = z.infer<typeof tierSchema>;
export type PlaceEntry = z.infer<typeof placeSchema>;
