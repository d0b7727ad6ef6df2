// From a parsed ask to a stored request: policy, device, digest. Nothing is sent to Defender but the look-up of the device.
import { digestText, fingerprintOf } from '../liveResponse/commands.ts';
import type { Asked, Device, Request } from '../liveResponse/request.ts';
import { Refused } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { mayRequest } from './decisions.ts';
import type { Ask } from './grammar.ts';
import type { Actor } from './people.ts';
import { placesOf } from './places.ts';
import type { CommandIn, Reply } from './ports.ts';
import { idFrom, showId } from './requestId.ts';
import { inScope } from './scope.ts';

/** Candidates shown when a name is ambiguous. */
const candidates = 8;

export async function ask(bot: Conversation, actor: Actor, input: CommandIn, wanted: Ask): Promise<Reply> {
  const origin = `${input.surface}:${input.deliveryId}`;
  const before = bot.store.byOrigin(origin);
  if (before !== undefined) return told(bot, before);
  const freeze = bot.store.freeze();
  if (freeze !== undefined) throw new Refused({ reason: 'frozen', by: freeze.by, why: freeze.why });
  const terms = mayRequest({ policy: bot.policy, actor, place: input.place, ask: wanted });
  if ('reason' in terms) throw new Refused(terms);
  const device = await theDevice(bot, wanted.host);
  const outside = inScope(bot.policy, device);
  if (outside !== undefined) throw new Refused(outside);
  const now = bot.clock.now();
  const digest = bot.hash.sha256(digestText(bot.settings.tenant, device.id, wanted.commands));
  const asked: Asked = {
    id: newId(bot),
    origin,
    at: now,
    requester: { id: actor.person.id, name: actor.person.name },
    account: actor.account,
    place: `${input.place.surface}:${input.place.id}`,
    placeIsPrivate: input.place.direct || input.place.external,
    tenant: bot.settings.tenant,
    device,
    commands: wanted.commands,
    title: wanted.title,
    terms: { tier: terms.name, approveRole: terms.approve, expiresAt: now + terms.expireAfter, runWithin: terms.runWithin },
    digest,
    fingerprint: fingerprintOf(digest),
    ...(wanted.recipe === undefined ? {} : { recipe: wanted.recipe }),
    ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
  };
  const stored = await bot.store.add(asked);
  return told(bot, 'added' in stored ? stored.added : stored.existing);
}

/** Where its card stands is said too, for somebody who asked in a place that shows none. */
function told(bot: Conversation, request: Request): Reply {
  const places = placesOf(bot, request);
  const here = places.some((place) => `${place.surface}:${place.place}` === request.place);
  const where = places.map((place) => `${place.surface}:${place.place}`).join(', ');
  return { kind: 'asked', requestId: request.id, shown: here, text: `${showId(request.id)} is waiting for approval: ${request.title} on ${request.device.name}. Its card is in ${where}.` };
}

/** 30 bits and the journal's own check against a clash: ids are short because people type them. */
function newId(bot: Conversation): string {
  for (;;) {
    const id = idFrom(bot.random.hex(4));
    if (bot.store.get(id) === undefined) return id;
  }
}

/** @throws DefenderError */
export async function findDevices(bot: Conversation, name: string): Promise<readonly Device[]> {
  return bot.defender.findMachines(name);
}

/** Exactly one device, or a refusal that lists the candidates. @throws Refused, DefenderError */
async function theDevice(bot: Conversation, name: string): Promise<Device> {
  const found = await findDevices(bot, name);
  const [device] = found;
  if (device === undefined) throw new Refused({ reason: 'unknownHost', host: name });
  if (found.length === 1) return device;
  throw new Refused({ reason: 'ambiguousHost', host: name, candidates: found.slice(0, candidates), more: Math.max(0, found.length - candidates) });
}
