// The bot as its chats see it: commands and presses in, replies out, and the loop behind it.
import type { Conversation } from './answers/conversation.ts';
import type { Deps } from './deps.ts';
import type { Freeze } from '../liveResponse/ports.ts';
import { freezeAtMachine } from './answers/freezing.ts';
import { rememberingGroups } from './rules/lastKnown.ts';
import { createRecentLibrary } from './rules/library.ts';
import { watchDefender } from './loop/defenderWatch.ts';
import { createLibraryAtHand } from './loop/libraryAtHand.ts';
import { createLoop } from './loop/loop.ts';
import type { Loop, LoopParts, Subscribe } from './loop/loop.ts';
import { createOutsiders } from './loop/outsiders.ts';
import { onCommand } from './answers/onCommand.ts';
import { onPress } from './answers/onPress.ts';
import type { Bot } from './ports.ts';
import { createRecentHistory } from './answers/panel.ts';
import { createRefusals } from './answers/refusals.ts';
import { createTurns } from './answers/turns.ts';

/** What is asked for at the machine itself, by no account of any chat. */
export interface AtMachine {
  /** Stops all submissions. Durable when it resolves; answers the freeze that was in force before. */
  freeze(by: string, why: string): Promise<Freeze | undefined>;
}

/** Nothing runs until `loop.start()`; tests drive `loop.tick()` instead. */
export function createBot(
  given: Deps,
  subscribe: Subscribe,
  parts: LoopParts & { readonly keepLibrary?: boolean } = {},
): Bot & AtMachine & { readonly loop: Loop } {
  const watch = watchDefender(given.defender, given.clock);
  const outsiders = createOutsiders(given);
  const deps: Deps = {
    ...given,
    outsiders,
    defender: watch.defender,
    groups: rememberingGroups(given.groups, given.lastKnown),
  };
  const recentLibrary = createRecentLibrary(deps);
  const loop = createLoop({ ...deps, watch }, subscribe, {
    ...parts,
    ...(parts.keepLibrary === true ? { libraryLook: createLibraryAtHand(deps, recentLibrary) } : {}),
  });
  const conversation: Conversation = {
    ...deps,
    loop,
    refusals: createRefusals(deps),
    recentLibrary,
    recentHistory: createRecentHistory(deps),
    turns: createTurns(deps, 'machines'),
  };
  return {
    loop,
    command: (input) => onCommand(conversation, input),
    press: (input) => onPress(conversation, input),
    freeze: (by, why) => freezeAtMachine(conversation, by, why),
    heard(surface, place) {
      loop.deck.heard(surface, place);
      if (given.policy.places.some((rule) => rule.place === `${surface}:${place}`))
        outsiders.askSoon(`${surface}:${place}`);
    },
  };
}
