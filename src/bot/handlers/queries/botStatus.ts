// State of the bot itself: the answer to `status` without an id, and the words that precede every other
// answer while something is wrong.
import { stageOf, surfaceKey } from '../../../liveResponse/request/request.ts';
import { frozenSentence, frozenToOutsiders, outageSentence } from '../../../../cards/messages/outage.ts';
import { stamp } from '../../../../cards/clip.ts';
import { isParked, maxSearchAttempts } from '../../../liveResponse/pacing/callRates.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Sight } from '../../workers/upkeep/defenderWatch.ts';
import { sessionsIn } from '../../workers/transition.ts';
import type { CommandIn, Reply } from '../../ports.ts';
import { mayUse } from '../../policy/places.ts';
import type { Actor } from '../../policy/people/people.ts';
import { foundBy, sentence } from '../context.ts';
import type { HandlerContext } from '../context.ts';
import { columns, requestRows } from './queries.ts';

/** Newest requests below the bot's own state. */
const recentRows = 8;
/** Ids named in a line. */
const idsShown = 6;

const sights: Readonly<Record<Sight, string>> = {
  follow: 'running sessions',
  search: 'recent sessions',
  machines: 'devices',
  library: 'the script library',
  results: 'results',
  submit: 'starting sessions',
  cancel: 'cancelling',
};

/**
 * The freeze, and what Defender does not answer: the beginning of every answer that shows the state of
 * things. Empty while all is well.
 */
export function troubleWords(bot: HandlerContext): string {
  const freeze = bot.store.freeze();
  const outages = outageWords(bot)
    .slice(0, 2)
    .map((words) => `Defender has been failing since ${words}`);
  return [...(freeze === undefined ? [] : [frozenSentence(freeze, bot.settings.command)]), ...outages].join(
    ' ',
  );
}

/**
 * One for each cause, the longest first, with all that fails for it: one outage of Defender is not repeated for
 * each kind of call.
 */
function outageWords({ loop }: HandlerContext): readonly string[] {
  const causes = new Map<string, { readonly since: number; readonly what: string[] }>();
  for (const outage of loop.watch.outages()) {
    const sentence = outageSentence(outage);
    const known = causes.get(sentence);
    if (known === undefined) causes.set(sentence, { since: outage.since, what: [sights[outage.what]] });
    else known.what.push(sights[outage.what]);
  }
  return [...causes].map(
    ([sentence, { since, what }]) => `${stamp(since)} (${what.join(', ')}): ${sentence}`,
  );
}

/** Help is read by strangers too: only places of the policy learn who froze it and why. */
export function troubleNotice(
  bot: HandlerContext,
  { account, place }: Pick<CommandIn, 'account' | 'place'>,
): string {
  if (bot.store.freeze() === undefined) return '';
  return account.trust === 'member' && mayUse(bot.policy, place) === undefined
    ? troubleWords(bot)
    : frozenToOutsiders;
}

/** The reply with `words` in front of its text. */
export function after(words: string, reply: Reply): Reply {
  return words === '' || !('text' in reply) ? reply : { ...reply, text: `${words} ${reply.text}` };
}

export function botStatus(bot: HandlerContext, actor: Actor): Reply {
  const recent = foundBy(bot, actor, bot.store.all()).slice(0, recentRows);
  const below =
    recent.length === 0 ? ['No requests yet.'] : ['Recent requests', columns(requestRows(bot, recent))];
  return sentence(
    `The bot itself. One request: ${bot.settings.command} status <id>`,
    [columns(stateRows(bot, actor)), '', ...below].join('\n'),
  );
}

function stateRows(bot: HandlerContext, actor: Actor): readonly (readonly [string, string])[] {
  const { settings, loop } = bot;
  const freeze = bot.store.freeze();
  const open = bot.store.open();
  const { live, cap } = loop.submission.sessions();
  const parked = sessionsIn(open, ['running']).filter(({ session }) =>
    isParked(session.stage.run, bot.clock.now()),
  ).length;
  const trouble = bot.store.trouble();
  const found = foundBy(bot, actor, open);
  const undecided = found.filter((request) => {
    const stage = stageOf(request);
    return stage.state === 'unknown' && stage.searches >= maxSearchAttempts;
  });
  const behind = loop.cardSync.behind();
  return [
    [
      'Submissions',
      freeze === undefined ? 'not frozen' : `FROZEN by ${freeze.by} since ${stamp(freeze.at)}: ${freeze.why}`,
    ],
    ...defenderRows(bot),
    ['Tenant', settings.simulated ? 'SIMULATED: no real device is touched' : `real, ${settings.tenant}`],
    [
      'Sessions',
      `${live} of ${cap}${parked === 0 ? '' : `, and ${parked} parked for devices that do not answer`}`,
    ],
    ['Queue', queueWords(open)],
    ['For approval', count(found.filter((request) => stageOf(request).state === 'awaitingApproval'))],
    ...(undecided.length === 0
      ? []
      : [
          [
            'To be decided',
            `${count(undecided)}: not known whether ${undecided.length === 1 ? 'it' : 'they'} ran`,
          ] as const,
        ]),
    [
      'Cards',
      behind === 0
        ? 'all up to date'
        : `${behind} ${behind === 1 ? 'request has a card' : 'requests have cards'} behind`,
    ],
    ...bot.loop.cardSync
      .closed()
      .map(
        ({ surface, place, since, why }) =>
          ['Place closed', `${surfaceKey(surface, place)} since ${stamp(since)}: ${why}`] as const,
      ),
    ...(trouble === undefined
      ? []
      : [['Journal', `CANNOT BE WRITTEN: ${trouble}. Nothing is approved or sent until it can.`] as const]),
  ];
}

function defenderRows(bot: HandlerContext): readonly (readonly [string, string])[] {
  const outages = outageWords(bot);
  const readable = bot.loop.watch.readable();
  if (outages.length > 0) return outages.map((words) => ['Defender', `FAILING since ${words}`]);
  return [
    [
      'Defender',
      readable === undefined
        ? 'not asked yet since the start'
        : `readable since ${stamp(readable.since)}, last read ${stamp(readable.last)}`,
    ],
  ];
}

/** How many wait, and for what. */
function queueWords(open: readonly Request[]): string {
  const waiting = sessionsIn(open, ['queued']);
  if (waiting.length === 0) return 'empty';
  const causes = new Map<string, number>();
  for (const { session } of waiting) {
    const cause = waitWords[session.stage.waitsFor ?? 'slot'];
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  return `${waiting.length} approved and waiting: ${[...causes].map(([cause, many]) => `${many} for ${cause}`).join(', ')}`;
}

const waitWords = {
  slot: 'its turn',
  sessions: 'a free session',
  deviceBusy: 'a busy device',
  throttled: 'Defender, which is throttling',
  frozen: 'the end of the freeze',
  library: 'the script library to be readable',
  directory: 'a group that gives roles to be readable',
  unavailable: 'Defender to be reachable',
  unauthorized: 'Defender to let the bot in',
} as const;

function count(requests: readonly Request[]): string {
  const ids = requests.slice(0, idsShown).map((request) => request.id);
  return requests.length === 0
    ? 'none'
    : `${requests.length} (${ids.join(', ')}${requests.length > ids.length ? ', ...' : ''})`;
}
