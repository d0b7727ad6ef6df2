// The bot as its chats see it: commands and presses in, replies out, and the loop behind it.
import { surfaceKey } from '../liveResponse/request/request.ts';
import type { HandlerContext } from './handlers/context.ts';
import type { Deps } from './deps.ts';
import type { Freeze } from '../liveResponse/ports.ts';
import { freezeAtMachine } from './handlers/freeze.ts';
import { rememberingGroups } from './workers/reads/lastKnown.ts';
import { createRecentLibrary, createLibraryCache } from './workers/reads/approvalDigest.ts';
import { DefenderWatch } from './workers/upkeep/defenderWatch.ts';
import { RequestMemory } from './workers/requestMemory.ts';
import { Workers } from './workers/workers.ts';
import type { WorkersParts, Subscribe } from './workers/workers.ts';
import { createSharedPlaces } from './workers/cards/closedPlaces.ts';
import { onCommand, onPress } from './handlers/onCommand.ts';
import type { Bot } from './ports.ts';
import { createRecentHistory } from './handlers/requests/deviceContext.ts';
import { createRefusals } from './handlers/refusalJournal.ts';
import { createAskQueue } from './handlers/requests/askQueue.ts';

/** What is asked for at the machine itself, by no account of any chat. */
export interface AtMachine {
  /** Stops all submissions. Durable when it resolves; answers the freeze that was in force before. */
  freeze(by: string, why: string): Promise<Freeze | undefined>;
}

/** Nothing runs until `loop.start()`; tests drive `loop.tick()` instead. */
export function createBot(
  given: Deps,
  subscribe: Subscribe,
  parts: WorkersParts & { readonly keepLibrary?: boolean } = {},
): Bot & AtMachine & { readonly loop: Workers } {
  const watch = new DefenderWatch(given.defender, given.clock);
  const outsiders = createSharedPlaces(given);
  const deps: Deps = {
    ...given,
    outsiders,
    memory: new RequestMemory(),
    defender: watch.defender,
    groups: rememberingGroups(given.groups, given.lastKnown),
  };
  const recentLibrary = createRecentLibrary(deps);
  const loop = new Workers({ ...deps, watch }, subscribe, {
    ...parts,
    ...(parts.keepLibrary === true ? { libraryLook: createLibraryCache(deps, recentLibrary) } : {}),
  });
  const conversation: HandlerContext = {
    ...deps,
    loop,
    refusals: createRefusals(deps),
    recentLibrary,
    recentHistory: createRecentHistory(deps),
    turns: createAskQueue(deps, 'machines'),
  };
  return {
    loop,
    command: (input) => onCommand(conversation, input),
    press: (input) => onPress(conversation, input),
    freeze: (by, why) => freezeAtMachine(conversation, by, why),
    heard(surface, place) {
      loop.cardSync.heard(surface, place);
      if (given.policy.places.some((rule) => rule.place === surfaceKey(surface, place)))
        outsiders.askSoon(surfaceKey(surface, place));
    },
  };
}
