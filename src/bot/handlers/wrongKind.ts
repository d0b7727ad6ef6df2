// Arguments of the wrong kind: a device where a request id is expected, a request where a device is, a
// recipe, a file, a fingerprint. The answer says what it is, with the line that works.
import { bindingOf } from '../../liveResponse/commands.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { isOpen, stageOf } from '../../liveResponse/request/request.ts';
import { actionIdOf } from '../../liveResponse/request/retry.ts';
import { foundBy, RefusalError, requestFor } from './context.ts';
import type { Caller, HandlerContext } from './context.ts';
import { isCommandWord, listNames } from '../commands/forms.ts';
import type { IdVerb } from '../commands/forms.ts';
import { readCode, bareWord, isSurelyId, normaliseId } from '../commands/requestId.ts';
import { maySee } from '../policy/decisions.ts';
import { mayFind } from '../policy/needToKnow.ts';
import type { Actor } from '../policy/people/people.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import { wordsOf } from '../workers/cards/cardViews.ts';

/** Requests that are named where a device was typed: enough to choose from. */
const mostNamed = 3;
/** Words for requests that nobody names one by one. */
const several: ReadonlySet<string> = new Set([
  ...listNames,
  'all',
  'everything',
  'last',
  'latest',
  'newest',
  'it',
  'this',
  'that',
]);
/** As Defender numbers its actions. */
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const fileName = /\.(?:ps1|psm1|sh|py|exe|dll|zip|cmd|bat|txt)$/i;

/** The request of a typed id, or what the word is instead. @throws Refused */
export function requestTyped(
  bot: HandlerContext,
  caller: Caller,
  verb: IdVerb,
  { id, line }: { readonly id: string; readonly line: string },
): Request {
  const typed = bareWord(line.trim().split(/\s+/)[1] ?? id);
  // Without "lr-" it may be a device's name that only looks like an id.
  const known = bot.store.get(id);
  if (!isSurelyId(typed) && (known === undefined || !mayFind(bot.policy, caller, known)))
    throw noRequest(bot, caller, verb, typed);
  return requestFor(bot, caller, id);
}

export function noRequest(bot: HandlerContext, caller: Caller, verb: IdVerb, word: string): RefusalError {
  const common = { refused: 'noRequestId', verb, word } as const;
  const lower = word.toLowerCase();
  if (bot.policy.recipes.has(lower)) return new RefusalError({ ...common, meant: 'recipe', requests: [] });
  if (isCommandWord(lower)) return new RefusalError({ ...common, meant: 'command', requests: [] });
  if (fileName.test(word)) return new RefusalError({ ...common, meant: 'file', requests: [] });
  if (several.has(lower)) return new RefusalError({ ...common, meant: 'list', requests: [] });
  // Somebody who may not see requests learns of none here.
  const all =
    maySee(bot.policy, caller, caller.place) === undefined ? foundBy(bot, caller, bot.store.all()) : [];
  const code = readCode(lower)?.fingerprint;
  const printed =
    code === undefined
      ? undefined
      : all.find(
          (request) => request.subject.fingerprint === code || bindingOf(request.subject.digest) === code,
        );
  if (printed !== undefined)
    return new RefusalError({ ...common, meant: 'fingerprint', requests: [named(bot, printed)] });
  if (guid.test(word)) {
    const sent = all.find((request) => actionIdOf(stageOf(request))?.toLowerCase() === lower);
    return new RefusalError({
      ...common,
      meant: 'action',
      requests: sent === undefined ? [] : [named(bot, sent)],
    });
  }
  const there = all.filter((request) => isDevice(request, lower));
  if (there.length === 0 && code !== undefined)
    return new RefusalError({ ...common, meant: 'fingerprint', requests: [] });
  const fitting = there.filter((request) => fits(verb, request));
  return new RefusalError({
    ...common,
    meant: 'device',
    requests: fitting.slice(0, mostNamed).map((request) => named(bot, request)),
  });
}

function named(bot: HandlerContext, request: Request): { readonly id: string; readonly status: string } {
  return { id: request.id, status: wordsOf(bot, request).status };
}

function isDevice({ targets }: Request, word: string): boolean {
  const { device } = targets[0];
  const name = device.name.toLowerCase();
  return name === word || name.startsWith(`${word}.`) || device.id.toLowerCase() === word;
}

/** The requests on which the verb can do something. */
function fits(verb: IdVerb, request: Request): boolean {
  const stage = stageOf(request);
  switch (verb) {
    case 'approve':
    case 'deny':
      return stage.state === 'awaitingApproval';
    case 'status':
    case 'cancel':
      return isOpen(request);
    case 'retry':
      return !isOpen(request);
    case 'link':
    case 'output':
      return stage.state === 'running' || stage.state === 'finished';
  }
}

/** A request typed as a device; undefined while it is none that is known here. */
export function requestAsDevice(
  { store, policy }: Pick<HandlerContext, 'store' | 'policy'>,
  actor: Actor,
  name: string,
): Refusal | undefined {
  const id = name.startsWith('lr-') ? normaliseId(name) : undefined;
  const request = id === undefined ? undefined : store.get(id);
  return request === undefined || !mayFind(policy, actor, request)
    ? undefined
    : { refused: 'requestAsDevice', id: request.id, device: request.targets[0].device.name };
}

/** Defender knows no such device: what else the word may be. */
export function notFound(bot: Pick<HandlerContext, 'policy'>, name: string): Refusal {
  const meant = bot.policy.recipes.has(name)
    ? 'recipe'
    : isCommandWord(name)
      ? 'command'
      : fileName.test(name)
        ? 'file'
        : name.startsWith('lr-')
          ? 'request'
          : undefined;
  return { refused: 'unknownDevice', name, ...(meant === undefined ? {} : { meant }) };
}
