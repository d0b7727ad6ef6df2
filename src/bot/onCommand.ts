// A typed command, from text to answer.
import { ask } from './asking.ts';
import { actorOf, answering, Refused, requestNamed, sentence } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { approve, cancel, deny } from './deciding.ts';
import { mayFreeze } from './decisions.ts';
import { explainGrammar } from './grammarProblem.ts';
import { parse } from './grammar.ts';
import type { Parsed } from './grammar.ts';
import { isIn } from './moving.ts';
import type { Actor } from './people.ts';
import { whoami } from './people.ts';
import type { CommandIn, Reply } from './ports.ts';
import { showId } from './requestId.ts';
import { cardOf, host, list, quota } from './telling.ts';
import { help, recipesText } from './topics.ts';
import { link, output } from './viewing.ts';

export function onCommand(bot: Conversation, input: CommandIn): Promise<Reply> {
  return answering(bot, { account: input.account, place: input.place, said: input.text }, async () => {
    const parsed = parse(input.text, bot.policy.recipes);
    if ('problem' in parsed) {
      const { text, block } = explainGrammar(parsed.problem, bot.settings.command);
      return sentence(text, block);
    }
    // What anybody may read, listed in the policy or not.
    if (parsed.kind === 'help') return sentence(...help(bot.settings.command, parsed.topic));
    if (parsed.kind === 'whoami') return sentence(...(await whoami(bot, input.account)));
    const actor = await actorOf(bot, input.account);
    return answer(bot, actor, input, parsed);
  });
}

async function answer(bot: Conversation, actor: Actor, input: CommandIn, parsed: Exclude<Parsed, { readonly kind: 'help' | 'whoami' }>): Promise<Reply> {
  switch (parsed.kind) {
    case 'recipes':
      return sentence(...recipesText(bot.policy, bot.settings.command));
    case 'ask':
      return ask(bot, actor, input, parsed);
    case 'host':
      return host(bot, parsed.name);
    case 'status': {
      if (parsed.id === undefined) return list(bot, actor, 'recent');
      const request = requestNamed(bot, parsed.id);
      return cardOf(bot, request, input.place, `${showId(request.id)} as it is now:`);
    }
    case 'list':
      return list(bot, actor, parsed.which);
    case 'approve': {
      const request = requestNamed(bot, parsed.id);
      if (parsed.fingerprint !== undefined) return approve(bot, actor, request.id, { fingerprint: parsed.fingerprint });
      if (!isIn(request, ['awaitingApproval'])) return cardOf(bot, request, input.place, `${showId(request.id)} does not wait for approval any more:`);
      const line = `${bot.settings.command} approve ${showId(request.id)} ${request.fingerprint}`;
      return cardOf(bot, request, input.place, `Read what will run, then type exactly: ${line}`);
    }
    case 'deny':
      return deny(bot, actor, requestNamed(bot, parsed.id).id, parsed.reason);
    case 'cancel':
      return cancel(bot, actor, requestNamed(bot, parsed.id).id, parsed.reason);
    case 'link':
      return link(bot, actor, requestNamed(bot, parsed.id), parsed.index, input.place, false);
    case 'output':
      return output(bot, actor, requestNamed(bot, parsed.id), parsed.index, parsed.page);
    case 'freeze':
      return freeze(bot, actor, parsed.why);
    case 'unfreeze':
      return unfreeze(bot, actor);
    case 'quota':
      return quota(bot);
  }
}

async function freeze(bot: Conversation, actor: Actor, why: string): Promise<Reply> {
  const no = mayFreeze({ policy: bot.policy, actor });
  if (no !== undefined) throw new Refused(no);
  await bot.store.note({ type: 'frozen', by: actor.person.name, why });
  bot.loop.redrawOpen();
  const queued = bot.store.open().filter((request) => request.state === 'queued').length;
  return sentence(`Frozen: nothing more is sent to Defender until somebody types ${bot.settings.command} unfreeze. ${queued} approved ${queued === 1 ? 'request waits' : 'requests wait'}; what already runs goes on.`);
}

async function unfreeze(bot: Conversation, actor: Actor): Promise<Reply> {
  const no = mayFreeze({ policy: bot.policy, actor });
  if (no !== undefined) throw new Refused(no);
  if (bot.store.freeze() === undefined) return sentence('Nothing is frozen.');
  await bot.store.note({ type: 'unfrozen', by: actor.person.name });
  bot.loop.redrawOpen();
  return sentence('Unfrozen: approved requests go to Defender again.');
}
