// Creation of a request from a parsed ask: policy, device, digest. Nothing is sent to Defender but look-ups.
import { stageOf, surfaceKey } from '../../../liveResponse/request/request.ts';
import { tailOf } from '../../../../cards/clip.ts';
import { misfitWords } from '../../../../cards/messages/misfits.ts';
import { leftOutWords } from '../../../../cards/messages/deviceContext.ts';
import { libraryNames } from '../../../liveResponse/request/content.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import type { Asked, Continues, NewRequest, Request } from '../../../liveResponse/request/request.ts';
import { inOrder } from '../../../liveResponse/text/visible.ts';
import { twinAmong } from '../../../liveResponse/request/retry.ts';
import { foundBy, unwrapOrThrow, RefusalError, rulesNow } from '../context.ts';
import type { Caller, HandlerContext } from '../context.ts';
import { mayRequest, termsOf, tierOf } from '../../policy/decisions.ts';
import { theDevice } from './askedDevice.ts';
import type { AskedDevice } from './askedDevice.ts';
import { notChecked, notInLibrary, readDeviceContext } from './deviceContext.ts';
import { approvalDigest, askMemory, contentSeen } from '../../workers/reads/approvalDigest.ts';
import type { LibraryReading } from '../../workers/reads/approvalDigest.ts';
import { placeKey, tooManyPending } from '../../policy/places.ts';
import type { Tier } from '../../policy/policy.ts';
import { isRestricted, privacyOf } from '../../policy/needToKnow.ts';
import { actorNow, refOf } from '../../policy/people/people.ts';
import type { Actor } from '../../policy/people/people.ts';
import { cardPlacesOf } from '../../workers/reads/cardPlaces.ts';
import type { Reply } from '../../ports.ts';
import { idFrom } from '../../commands/requestId.ts';
import { judgeSystem, recipeOfAsk } from '../../policy/recipes/recipeSystems.ts';
import { inScope } from '../../policy/devices/scope.ts';
import type { SessionAsk } from '../../policy/recipes/sessionAsk.ts';

/** What a request made from an earlier one is recognised by, and what it keeps of that one. */
export interface RequestOrigin {
  readonly origin: string;
  readonly continues: Continues;
  readonly first: NonNullable<Asked['first']>;
}

/**
 * What this very delivery asked for before: the platform may repeat it, and after a crash the bot handles it
 * again.
 */
export function askedBy(bot: HandlerContext, delivery: string): AskedReply | undefined {
  const request = bot.store.byOrigin(delivery);
  return request === undefined ? undefined : askedReply(bot, request);
}

type AskedReply = Extract<Reply, { readonly kind: 'asked' }>;

interface Ask {
  readonly wanted: SessionAsk;
  /** What was typed, or would be: the answer about a twin repeats it, for asking separately. */
  readonly line: string;
  /** Only of a request made from an earlier one. */
  readonly from?: RequestOrigin;
}

/** @throws Refused `twin` where the same is open and this is not asked for separately */
export async function createRequest(bot: HandlerContext, caller: Caller, ask: Ask): Promise<AskedReply> {
  const before = bot.store.byOrigin(originOf(caller, ask));
  if (before !== undefined) return askedReply(bot, before);
  const { tier } = unwrapOrThrow(mayRequest(rulesNow(bot), caller, caller.place, ask.wanted));
  // Before anything is asked of Defender: anyone who floods costs no calls.
  mayWait(bot, caller, tier);
  const chosen = await theDevice(bot, caller, ask.wanted.host);
  return await askFor(bot, unwrapOrThrow<Caller>(actorNow(bot.policy, caller)), ask, chosen);
}

/** What the store knows a request by: of two with the same, it takes the first. */
function originOf({ delivery }: Caller, { from }: Ask): string {
  return from?.origin ?? delivery;
}

/** By the policy of this moment, which may have been read again since it was asked. @throws Refused */
async function askFor(
  bot: HandlerContext,
  caller: Caller,
  ask: Ask,
  chosen: AskedDevice,
): Promise<AskedReply> {
  const { wanted, line } = ask;
  const { device, leftOut, found } = chosen;
  // It may have waited for its turn.
  unwrapOrThrow(mayRequest(rulesNow(bot), caller, caller.place, wanted));
  const tier = unwrapOrThrow<Tier>(tierOf(bot.policy, wanted));
  unwrapOrThrow(inScope(bot.policy, device));
  const unsure = fitsSystem(bot, wanted, device);
  const { commands } = wanted;
  const compared = {
    id: newId(bot),
    origin: originOf(caller, ask),
    targets: [{ device }] as const,
    subject: { commands },
    asked: madeFrom(ask),
  };
  // A request that the asker may not find is not named as a twin either; it still holds the device.
  const twin = twinAmong(foundBy(bot, caller, bot.store.open()), compared);
  // Before the library and the rest of the device are read: calls are scarce.
  if (twin !== undefined && wanted.separate !== true) throw twinRefusal(bot, caller, twin, line);
  mayWait(bot, caller, tier, device);
  const [reading, context] = await Promise.all([
    libraryFor(bot, wanted),
    readDeviceContext(bot, device, {
      mayName: (other) => !isRestricted(bot.policy, other),
      found,
      leftOut,
    }),
  ]);
  const missing = reading === undefined ? undefined : notInLibrary(wanted, reading);
  if (missing !== undefined) throw new RefusalError(missing);
  const seen = reading === undefined ? {} : { content: contentSeen(commands, reading) };
  const { tenant } = bot.settings;
  const made: NewRequest = {
    id: compared.id,
    origin: compared.origin,
    ...(ask.from === undefined ? {} : { delivery: caller.delivery }),
    asked: askedNow(bot, caller, ask, { tier, twin }),
    targets: [{ device, context }],
    subject: { commands, ...seen, ...approvalDigest(bot, { tenant, device, commands, ...seen }) },
  };
  const request = await stored(bot, caller, { made, tier, ask });
  return askedReply(bot, request, [
    reading === undefined ? undefined : notChecked(wanted, reading),
    leftOutSentence(request),
    misfitSentence(request),
    unsure,
  ]);
}

function madeFrom({ from }: Ask): Pick<Asked, 'continues' | 'first'> {
  return from === undefined ? {} : { continues: from.continues, first: from.first };
}

/** Who asked for it, where, why, and under which terms. */
function askedNow(
  bot: HandlerContext,
  { person, account, place }: Caller,
  ask: Ask,
  { tier, twin }: { readonly tier: Tier; readonly twin: Request | undefined },
): Asked {
  const { wanted } = ask;
  const now = bot.clock.now();
  return {
    at: now,
    requester: refOf(person),
    account,
    place: placeKey(place),
    placeIsPrivate: place.direct || (place.external && !asksEachTime(bot, place.surface)),
    ...privacyOf(bot.policy, place, tier),
    tenant: bot.settings.tenant,
    title: wanted.title,
    terms: termsOf(tier, now),
    ...recipeOf(wanted),
    ...madeFrom(ask),
    ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
    ...(twin === undefined ? {} : { apartFrom: twin.id }),
  };
}

/**
 * Twins and the bound are looked at once more where it is written: of two deliveries of one line at the same
 * moment, the second is shown the first, and no burst passes the bound. @throws Refused
 */
async function stored(
  bot: HandlerContext,
  caller: Caller,
  { made, tier, ask }: { readonly made: NewRequest; readonly tier: Tier; readonly ask: Ask },
): Promise<Request> {
  const kept = await bot.store.add(made, () => {
    const open = bot.store.open();
    const same = ask.wanted.separate === true ? undefined : twinAmong(foundBy(bot, caller, open), made);
    return same === undefined
      ? tooManyPending(open, tier, caller.person.id, made.targets[0].device.id)
      : { same };
  });
  if ('no' in kept)
    throw 'same' in kept.no ? twinRefusal(bot, caller, kept.no.same, ask.line) : new RefusalError(kept.no);
  return 'added' in kept ? kept.added : kept.existing;
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
 * The open request for the same, its status and where its card is; and what to type to ask separately.
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
 * keep results off a card forever.
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

/** Says where its card is too, for somebody who asked in a place that shows none. */
function askedReply(
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
 * The library as those who ask see it; undefined where none of its files is named. A file that was not there
 * a moment ago is looked for again.
 */
async function libraryFor(bot: HandlerContext, wanted: SessionAsk): Promise<LibraryReading | undefined> {
  if (libraryNames(wanted.commands).length === 0) return undefined;
  return await bot.recentLibrary(askMemory, (reading) => notInLibrary(wanted, reading) === undefined);
}
