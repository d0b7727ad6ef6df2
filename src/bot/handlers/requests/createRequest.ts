// From a parsed ask to a stored request: policy, device, digest. Nothing is sent to Defender but look-ups.
import { stageOf, surfaceKey } from '../../../liveResponse/request/request.ts';
import { tailOf } from '../../../../cards/clip.ts';
import { misfitWords } from '../../../../cards/messages/misfits.ts';
import { leftOutWords } from '../../../../cards/messages/deviceContext.ts';
import { libraryNames } from '../../../liveResponse/request/content.ts';
import { searchPrefixes } from '../../../liveResponse/device/confusables.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { LookUp } from '../../../liveResponse/ports.ts';
import type { LeftOut, Device } from '../../../liveResponse/device/records.ts';
import type { Asked, Continues, NewRequest, Request } from '../../../liveResponse/request/request.ts';
import { inOrder } from '../../../liveResponse/text/visible.ts';
import { twinAmong } from '../../../liveResponse/request/retry.ts';
import { foundBy, unwrapOrThrow, RefusalError } from '../context.ts';
import type { HandlerContext } from '../context.ts';
import { mayRequest, termsOf, tierOf } from '../../policy/decisions.ts';
import { notChecked, notInLibrary, readDeviceContext } from './deviceContext.ts';
import { approvalDigest, askMemory, contentSeen } from '../../workers/reads/approvalDigest.ts';
import type { LibraryReading } from '../../workers/reads/approvalDigest.ts';
import { tooManyPending } from '../../policy/places.ts';
import type { Tier } from '../../policy/policy.ts';
import { isRestricted, privacyOf } from '../../policy/needToKnow.ts';
import { actorNow, refOf } from '../../policy/people/people.ts';
import type { Actor } from '../../policy/people/people.ts';
import { cardPlacesOf } from '../../workers/reads/cardPlaces.ts';
import type { CommandIn, Reply } from '../../ports.ts';
import { idFrom } from '../../commands/requestId.ts';
import { candidateOf } from '../../policy/devices/candidates.ts';
import type { Candidate } from '../../policy/devices/candidates.ts';
import { judgeSystem, recipeOfAsk } from '../../policy/recipes/recipeSystems.ts';
import { chooseDevice, inScope, named } from '../../policy/devices/scope.ts';
import type { Chosen } from '../../policy/devices/scope.ts';
import type { SessionAsk } from '../../policy/recipes/sessionAsk.ts';
import type { Asker } from './askQueue.ts';
import { notFound, requestAsDevice } from '../wrongKind.ts';

/** What a request made from an earlier one is recognised by, and holds of it. */
export interface RequestOrigin {
  readonly origin: string;
  readonly continues: Continues;
  readonly first: NonNullable<Asked['first']>;
}

/**
 * What this very delivery asked for before, where it comes again: repeated by the platform, or taken up after
 * a crash.
 */
export function askedBy(
  bot: HandlerContext,
  input: Pick<CommandIn, 'surface' | 'deliveryId'>,
): Extract<Reply, { readonly kind: 'asked' }> | undefined {
  const request = bot.store.byOrigin(deliveryOf(input));
  return request === undefined ? undefined : told(bot, request);
}

function deliveryOf({ surface, deliveryId }: Pick<CommandIn, 'surface' | 'deliveryId'>): string {
  return surfaceKey(surface, deliveryId);
}

/**
 * `line` is what was typed, or would be: what asks for it separately is told with it. @throws Refused `twin`
 * where the same is open and this is not asked for separately
 */
export async function createRequest(
  bot: HandlerContext,
  actor: Actor,
  input: Pick<CommandIn, 'surface' | 'place' | 'deliveryId'>,
  wanted: SessionAsk,
  line: string,
  from?: RequestOrigin,
): Promise<Extract<Reply, { readonly kind: 'asked' }>> {
  const origin = from?.origin ?? deliveryOf(input);
  const before = bot.store.byOrigin(origin);
  if (before !== undefined) return told(bot, before);
  const { tier } = unwrapOrThrow(mayRequest(bot.policy, actor, input.place, wanted, bot.store.freeze()));
  // Before anything is asked of Defender: anyone who floods costs no calls.
  mayWait(bot, actor, tier);
  const { device, leftOut, found } = await theDevice(bot, actor, wanted.host, {
    person: actor.person.id,
    surface: input.place.surface,
    place: input.place.id,
    account: accountId(actor),
    host: wanted.host,
  });
  return await askFor(bot, unwrapOrThrow<Actor>(actorNow(bot.policy, actor)), input, {
    wanted,
    line,
    from,
    origin,
    device,
    leftOut,
    found,
  });
}

interface Ask {
  readonly wanted: SessionAsk;
  readonly line: string;
  readonly from: RequestOrigin | undefined;
  readonly origin: string;
  readonly device: Device;
  readonly leftOut: readonly LeftOut[];
  readonly found: LookUp;
}

/** By the policy of this moment, which may have been read again since it was asked. @throws Refused */
async function askFor(
  bot: HandlerContext,
  actor: Actor,
  input: Pick<CommandIn, 'surface' | 'place' | 'deliveryId'>,
  { wanted, line, from, origin, device, leftOut, found }: Ask,
): Promise<Extract<Reply, { readonly kind: 'asked' }>> {
  // It may have waited for its turn.
  unwrapOrThrow(mayRequest(bot.policy, actor, input.place, wanted, bot.store.freeze()));
  const tier = unwrapOrThrow<Tier>(tierOf(bot.policy, wanted));
  unwrapOrThrow(inScope(bot.policy, device));
  const unsure = fitsSystem(bot, wanted, device);
  const { commands } = wanted;
  const madeFrom = from === undefined ? {} : { continues: from.continues, first: from.first };
  const compared = {
    id: newId(bot),
    origin,
    targets: [{ device }] as const,
    subject: { commands },
    asked: madeFrom,
  };
  // What the asker may not find is no hint either; its device is still held for it.
  const twin = twinAmong(foundBy(bot, actor, bot.store.open()), compared);
  // Before the library and the rest of the device are read: calls are scarce.
  if (twin !== undefined && wanted.separate !== true) throw twinRefusal(bot, actor, twin, line);
  mayWait(bot, actor, tier, device);
  const [reading, context] = await Promise.all([
    libraryFor(bot, wanted),
    readDeviceContext(bot, device, (other) => !isRestricted(bot.policy, other), found, leftOut),
  ]);
  const missing = reading === undefined ? undefined : notInLibrary(wanted, reading);
  if (missing !== undefined) throw new RefusalError(missing);
  const seen = reading === undefined ? {} : { content: contentSeen(commands, reading) };
  const now = bot.clock.now();
  const { tenant } = bot.settings;
  const asked: Asked = {
    at: now,
    requester: refOf(actor.person),
    account: actor.account,
    place: surfaceKey(input.place.surface, input.place.id),
    placeIsPrivate: input.place.direct || (input.place.external && !asksEachTime(bot, input.place.surface)),
    ...privacyOf(bot.policy, input.place, tier),
    tenant,
    title: wanted.title,
    terms: termsOf(tier, now),
    ...recipeOf(wanted),
    ...madeFrom,
    ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
    ...(twin === undefined ? {} : { apartFrom: twin.id }),
  };
  const made: NewRequest = {
    id: compared.id,
    origin,
    ...(from === undefined ? {} : { delivery: deliveryOf(input) }),
    asked,
    targets: [{ device, context }],
    subject: { commands, ...seen, ...approvalDigest(bot, { tenant, device, commands, ...seen }) },
  };
  // Looked at once more where it is written: of two deliveries of one line at the same moment, the second is
  // shown the first, and no burst passes the bound.
  const stored = await bot.store.add(made, () => {
    const open = bot.store.open();
    const same = wanted.separate === true ? undefined : twinAmong(foundBy(bot, actor, open), made);
    return same === undefined ? tooManyPending(open, tier, actor.person.id, device.id) : { same };
  });
  if ('no' in stored)
    throw 'same' in stored.no ? twinRefusal(bot, actor, stored.no.same, line) : new RefusalError(stored.no);
  const request = 'added' in stored ? stored.added : stored.existing;
  return told(bot, request, [
    reading === undefined ? undefined : notChecked(wanted, reading),
    leftOutSentence(request),
    misfitSentence(request),
    unsure,
  ]);
}

/**
 * What is not known of the device's system, for the asker to look at. @throws Refused `wrongSystem` where it
 * is known and another than the recipe's
 */
function fitsSystem(bot: HandlerContext, wanted: SessionAsk, device: Device): string | undefined {
  const found = recipeOfAsk(bot.policy, wanted);
  const verdict =
    found === undefined
      ? undefined
      : judgeSystem(bot.policy, found.recipe, device, {
          host: wanted.kind === 'again' ? device.name : wanted.host,
          args: found.args,
          ...(wanted.kind === 'again' ? {} : { reason: wanted.reason }),
        });
  if (found === undefined || verdict === undefined) return undefined;
  const { name } = found.recipe;
  if (verdict.is === 'no')
    throw new RefusalError({
      refused: 'wrongSystem',
      recipe: name,
      systems: verdict.systems,
      device: device.name,
      os: device.os,
      family: verdict.family,
      fits: verdict.fits,
    });
  return `${name} is for ${verdict.systems}, and whether ${device.name} runs that is not known here: Defender calls its system ${device.os === '' ? 'by no name' : `“${inOrder(device.os)}”`}.`;
}

/** @throws Refused `tooManyPending` */
function mayWait(bot: HandlerContext, actor: Actor, tier: Tier, device?: Device): void {
  const no = tooManyPending(bot.store.open(), tier, actor.person.id, device?.id);
  if (no !== undefined) throw new RefusalError(no);
}

/** What the asker should look at again; the card says it too. */
function misfitSentence(request: Request): string | undefined {
  const words = misfitWords({
    device: request.targets[0].device,
    commands: request.subject.commands,
  });
  return words === undefined
    ? undefined
    : `Look again at what you asked for: ${words}. "Withdraw" on its card takes it back.`;
}

/** Why this record and not another one of the name. */
function leftOutSentence({ targets }: Request): string | undefined {
  const { device, context } = targets[0];
  const words =
    context?.leftOut === undefined
      ? undefined
      : leftOutWords(context.leftOut.records, context.leftOut.more, [device.name]);
  return words === undefined
    ? undefined
    : `It is for ${device.name}, the record with the id ending ${tailOf(device.id)}. Left out: ${words}.`;
}

/**
 * The open request for the same, how it stands and where its card is; and what to type for asking all the
 * same.
 */
function twinRefusal(bot: HandlerContext, actor: Actor, twin: Request, line: string): RefusalError {
  return new RefusalError(
    {
      refused: 'twin',
      twin: twin.id,
      device: twin.targets[0].device.name,
      status: bot.loop.views.words(twin).status,
      by: twin.asked.requester.id === actor.person.id ? 'you' : twin.asked.requester.name,
      ago: bot.clock.now() - twin.asked.at,
      places: cardPlacesOf(bot, twin).map((place) => surfaceKey(place.surface, place.place)),
      line: separateLine(line),
    },
    twin.id,
  );
}

/** The same line with what asks for it separately at its end. */
function separateLine(line: string): string {
  return /\s--reason\s/i.test(line) ? `${line} --separate` : `${line} --reason "..." --separate`;
}

/**
 * Whether this chat is asked before each drawing who reads along: then one reading that failed now need not
 * keep results off a card for good.
 */
function asksEachTime({ chats }: HandlerContext, surface: string): boolean {
  return chats.some((chat) => chat.surface === surface && chat.external !== undefined);
}

function recipeOf(wanted: SessionAsk): Pick<Asked, 'recipe' | 'recipeArgs' | 'recipeFrom'> {
  if (wanted.kind === 'recipe') return { recipe: wanted.recipe, recipeArgs: wanted.args };
  if (wanted.kind === 'sequence' || wanted.recipe === undefined) return {};
  const { name, args, from } = wanted.recipe;
  return { recipe: name, recipeArgs: args, ...(from === 0 ? {} : { recipeFrom: from }) };
}

/** Where its card stands is said too, for somebody who asked in a place that shows none. */
function told(
  bot: HandlerContext,
  request: Request,
  notes: readonly (string | undefined)[] = [],
): Extract<Reply, { readonly kind: 'asked' }> {
  const places = cardPlacesOf(bot, request);
  const here = places.some((place) => surfaceKey(place.surface, place.place) === request.asked.place);
  const note = notes.filter((one) => one !== undefined).join(' ');
  const where = places.map((place) => surfaceKey(place.surface, place.place)).join(', ');
  // A delivery that comes again may come after the decision.
  const standing =
    stageOf(request).state === 'awaitingApproval'
      ? `${request.id} is waiting for approval`
      : `${request.id} was asked for by this already (${bot.loop.views.words(request).status})`;
  return {
    kind: 'asked',
    requestId: request.id,
    shown: here,
    text: `${standing}: ${inOrder(request.asked.title)} on ${request.targets[0].device.name}. Its card is in ${where}.`,
    ...(note === '' ? {} : { note }),
  };
}

/** 30 bits and the journal's own check against a clash: ids are short because people type them. */
function newId(bot: HandlerContext): string {
  for (;;) {
    const id = idFrom(bot.random.hex(4));
    if (bot.store.get(id) === undefined) return id;
  }
}

/**
 * The library as those see it who ask; undefined where nothing of it is named. A file that was not there a
 * moment ago is looked for afresh.
 */
async function libraryFor(bot: HandlerContext, wanted: SessionAsk): Promise<LibraryReading | undefined> {
  if (libraryNames(wanted.commands).length === 0) return undefined;
  return await bot.recentLibrary(askMemory, (reading) => notInLibrary(wanted, reading) === undefined);
}

/** The account's own id on its surface. */
function accountId({ account }: Actor): string {
  return account.slice(account.indexOf(':') + 1);
}

/**
 * Exactly one device that can take a session, or a refusal that lists the candidates. Waits for its turn
 * where devices are looked up too fast. @throws Refused, DefenderError
 */
async function theDevice(
  bot: HandlerContext,
  actor: Actor,
  name: string,
  asker: Asker,
): Promise<Chosen & { readonly found: LookUp }> {
  const wrong = requestAsDevice(bot, actor, name);
  if (wrong !== undefined) throw new RefusalError(wrong);
  // By its id a device has been asked for before, as a rule: then its look-alikes are found by the same call.
  const known = bot.store.all().find(({ targets }) => targets[0].device.id === name)?.targets[0].device.name;
  const found = await bot.turns.take(asker, () =>
    bot.defender.lookUp(name, searchPrefixes(known ?? name), known),
  );
  const chosen = chooseDevice(name, found.devices);
  // What was not read may hold another device of this name; several of it are ambiguous all the same.
  if (!found.whole && !('refused' in chosen && chosen.refused === 'ambiguousDevice')) {
    throw new RefusalError({
      refused: 'devicesPartlyRead',
      name,
      candidates: named(name, found.devices).map(candidateOf),
    });
  }
  if (!('refused' in chosen)) return { ...chosen, found };
  if (chosen.refused === 'unknownDevice') throw new RefusalError(notFound(bot, name));
  // Nobody is told to onboard a device that the policy keeps out anyway.
  const [outside, ...inside] =
    chosen.refused === 'unfitDevice'
      ? named(name, found.devices).map((device) => inScope(bot.policy, device))
      : [];
  if (outside !== undefined && inside.every((one) => one !== undefined)) throw new RefusalError(outside);
  throw new RefusalError(
    chosen.refused === 'unfitDevice'
      ? { ...chosen, ...(await mergedRecord(bot, asker, found.devices, chosen.records)) }
      : chosen,
  );
}

/** A record may have been merged more than once. */
const mostMerges = 3;

/**
 * Where the only record of a name was merged into another one: that one, as far as it can be read. It is
 * pointed to, not taken: it may have another name.
 */
async function mergedRecord(
  bot: HandlerContext,
  asker: Asker,
  found: readonly Device[],
  [only, ...others]: readonly Candidate[],
): Promise<{ readonly into?: Candidate }> {
  let at = others.length === 0 ? found.find(({ id }) => id === only?.id) : undefined;
  const first = at;
  for (let merges = 0; merges < mostMerges && at?.mergedInto !== undefined; merges += 1) {
    const next: Device | undefined = await readRecord(bot, asker, at.mergedInto);
    if (next === undefined || next.id === first?.id) break;
    at = next;
  }
  return at === undefined || at === first ? {} : { into: candidateOf(at) };
}

async function readRecord(bot: HandlerContext, asker: Asker, id: string): Promise<Device | undefined> {
  try {
    return await bot.turns.take(asker, () => bot.defender.machine(id));
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    bot.log.info('mergedRecordNotRead', { device: id, code: error.code, status: error.detail.status });
    return undefined;
  }
}
