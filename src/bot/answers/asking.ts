// From a parsed ask to a stored request: policy, device, digest. Nothing is sent to Defender but look-ups.
import type { Asked, Device, Request } from '../../liveResponse/request.ts';
import type { Continues } from '../../liveResponse/sequel.ts';
import { granted } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { mayRequest, termsOf } from '../rules/decisions.ts';
import { readPanel } from './panel.ts';
import { refOf } from '../rules/people.ts';
import type { Actor } from '../rules/people.ts';
import { placesOf } from '../rules/cardPlaces.ts';
import type { CommandIn, Reply } from '../ports.ts';
import { idFrom } from '../language/requestId.ts';
import { chooseDevice, inScope } from '../rules/scope.ts';
import { sealOf, seeContent } from '../rules/seal.ts';
import type { SessionAsk } from '../rules/sessionAsk.ts';

/** What a request made from an earlier one is recognised by, and holds of it. */
export interface From {
  readonly origin: string;
  readonly continues: Continues;
}

export async function ask(bot: Conversation, actor: Actor, input: Pick<CommandIn, 'surface' | 'place' | 'deliveryId'>, wanted: SessionAsk, from?: From): Promise<Extract<Reply, { readonly kind: 'asked' }>> {
  const origin = from?.origin ?? `${input.surface}:${input.deliveryId}`;
  const before = bot.store.byOrigin(origin);
  if (before !== undefined) return told(bot, before);
  const { tier } = granted(mayRequest(bot.policy, actor, input.place, wanted, bot.store.freeze()));
  const device = await theDevice(bot, wanted.host);
  granted(inScope(bot.policy, device));
  const [content, panel] = await Promise.all([seeContent(bot, wanted.commands), readPanel(bot, device)]);
  const now = bot.clock.now();
  const { tenant } = bot.settings;
  const asked: Asked = {
    id: newId(bot),
    origin,
    at: now,
    requester: refOf(actor.person),
    account: actor.account,
    place: `${input.place.surface}:${input.place.id}`,
    placeIsPrivate: input.place.direct || (input.place.external && !asksEachTime(bot, input.place.surface)),
    tenant,
    device,
    panel,
    commands: wanted.commands,
    title: wanted.title,
    terms: termsOf(tier, now),
    ...(content === undefined ? {} : { content }),
    ...sealOf(bot, { tenant, device, commands: wanted.commands, ...(content === undefined ? {} : { content }) }),
    ...recipeOf(wanted),
    ...(from === undefined ? {} : { continues: from.continues }),
    ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
  };
  const stored = await bot.store.add(asked);
  return told(bot, 'added' in stored ? stored.added : stored.existing);
}

/** Whether this chat is asked before each drawing who reads along: then one reading that failed now need not keep results off a card for good. */
function asksEachTime({ chats }: Conversation, surface: string): boolean {
  return chats.some((chat) => chat.surface === surface && chat.external !== undefined);
}

function recipeOf(wanted: SessionAsk): Pick<Asked, 'recipe' | 'recipeArgs' | 'recipeFrom'> {
  if (wanted.kind === 'recipe') return { recipe: wanted.recipe, recipeArgs: wanted.args };
  if (wanted.kind === 'sequence' || wanted.recipe === undefined) return {};
  const { name, args, from } = wanted.recipe;
  return { recipe: name, recipeArgs: args, ...(from === 0 ? {} : { recipeFrom: from }) };
}

/** Where its card stands is said too, for somebody who asked in a place that shows none. */
function told(bot: Conversation, request: Request): Extract<Reply, { readonly kind: 'asked' }> {
  const places = placesOf(bot, request);
  const here = places.some((place) => `${place.surface}:${place.place}` === request.place);
  const where = places.map((place) => `${place.surface}:${place.place}`).join(', ');
  return { kind: 'asked', requestId: request.id, shown: here, text: `${request.id} is waiting for approval: ${request.title} on ${request.device.name}. Its card is in ${where}.` };
}

/** 30 bits and the journal's own check against a clash: ids are short because people type them. */
function newId(bot: Conversation): string {
  for (;;) {
    const id = idFrom(bot.random.hex(4));
    if (bot.store.get(id) === undefined) return id;
  }
}

/** Exactly one device, or a refusal that lists the candidates. @throws Refused, DefenderError */
async function theDevice(bot: Conversation, name: string): Promise<Device> {
  return granted(chooseDevice(name, await bot.defender.findMachines(name)));
}
