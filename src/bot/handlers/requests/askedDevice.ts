// The device that is asked for: exactly one record that can take a session, or a refusal that lists those that
// may be meant.
import { searchPrefixes } from '../../../liveResponse/device/confusables.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { LookUp } from '../../../liveResponse/ports.ts';
import { splitSurfaceKey } from '../../../liveResponse/request/request.ts';
import { candidateOf } from '../../policy/devices/candidates.ts';
import type { Candidate } from '../../policy/devices/candidates.ts';
import { chooseDevice, inScope, named } from '../../policy/devices/scope.ts';
import type { Chosen } from '../../policy/devices/scope.ts';
import type { Actor } from '../../policy/people/people.ts';
import { RefusalError } from '../context.ts';
import type { Caller, HandlerContext } from '../context.ts';
import { notFound, requestAsDevice } from '../wrongKind.ts';
import type { Asker } from './askQueue.ts';

export type AskedDevice = Chosen & { readonly found: LookUp };

/** The account's own id on its surface. */
function accountId({ account }: Actor): string {
  const [, id] = splitSurfaceKey(account);
  return id;
}

/**
 * Exactly one device that can take a session, or a refusal that lists the candidates. Waits for its turn
 * where devices are looked up too fast. @throws Refused, DefenderError
 */
export async function theDevice(bot: HandlerContext, caller: Caller, name: string): Promise<AskedDevice> {
  const wrong = requestAsDevice(bot, caller, name);
  if (wrong !== undefined) throw new RefusalError(wrong);
  const asker = {
    person: caller.person.id,
    surface: caller.place.surface,
    place: caller.place.id,
    account: accountId(caller),
    host: name,
  };
  // Usually a device that is asked for by its id was asked for before: then the same call finds its look-alikes.
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
  // Nobody gets the advice to onboard a device that the policy keeps out anyway.
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
 * Where the only record of a name was merged into another one: that one, as far as it can be read. The
 * answer names it and does not take it: it may have another name.
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
