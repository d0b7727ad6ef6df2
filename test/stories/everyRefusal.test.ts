// Must hold of every card: whatever single call of a chat is refused, in whatever way, in the end every card of a request shows its end.
// Each story runs the whole product with its real workers on a moved clock, and is compared with the story that nothing disturbed.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { slackFailures, teamsFailures } from '../support/everyRefusal/failures.ts';
import type { Failure } from '../support/everyRefusal/failures.ts';
import { planned } from '../support/everyRefusal/plan.ts';
import { openSlackSide } from '../support/everyRefusal/slackSide.ts';
import { openStage } from '../support/everyRefusal/stage.ts';
import type { ChatSide, StageClock } from '../support/everyRefusal/stage.ts';
import { tell } from '../support/everyRefusal/story.ts';
import type { Course, Ending, Trouble } from '../support/everyRefusal/story.ts';
import { openTeamsSide } from '../support/everyRefusal/teamsSide.ts';

interface Told {
  readonly chat: string;
  readonly open: (clock: StageClock) => Promise<ChatSide>;
  readonly failures: readonly Failure[];
  /** Calls of the undisturbed stories by method, as they were before cards recovered: drawing a card costs no more now. */
  readonly before: Readonly<Record<Ending, Readonly<Record<string, number>>>>;
  /** The calls of the undisturbed stories; compared with the stories themselves. */
  readonly calls: Readonly<Record<Ending, readonly string[]>>;
}

/** Calls of a method about something, as often as said. */
function times(method: string, about: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_unused, index) => `${method} ${about} ${index + 1}`);
}

const group = '19:group@thread.v2';
const channel = '19:channel@thread.tacv2';
const team = '19:team@thread.tacv2';

const chats: readonly Told[] = [
  {
    chat: 'Slack',
    open: openSlackSide,
    failures: slackFailures,
    before: {
      approved: { 'users.info': 2, 'conversations.info': 2, 'chat.postMessage': 3, 'chat.update': 20 },
      denied: { 'users.info': 3, 'conversations.info': 2, 'chat.postMessage': 3, 'views.open': 1, 'views.update': 1, 'chat.update': 2 },
    },
    calls: {
      approved: [
        ...times('users.info', 'U0RILEY1', 1), ...times('users.info', 'U0AVERY1', 1), ...times('conversations.info', 'C0PRIVATE1', 1), ...times('conversations.info', 'C0INCIDENT', 1),
        ...times('chat.postMessage', 'C0PRIVATE1', 2), ...times('chat.postMessage', 'C0INCIDENT', 1), ...times('chat.update', 'C0PRIVATE1', 10), ...times('chat.update', 'C0INCIDENT', 10),
      ],
      denied: [
        ...times('users.info', 'U0RILEY1', 1), ...times('users.info', 'U0AVERY1', 2), ...times('conversations.info', 'C0PRIVATE1', 1), ...times('conversations.info', 'C0INCIDENT', 1),
        ...times('chat.postMessage', 'C0PRIVATE1', 2), ...times('chat.postMessage', 'C0INCIDENT', 1), ...times('views.open', '', 1), ...times('views.update', '', 1),
        ...times('chat.update', 'C0PRIVATE1', 1), ...times('chat.update', 'C0INCIDENT', 1),
      ],
    },
  },
  {
    chat: 'Teams',
    open: openTeamsSide,
    failures: teamsFailures,
    before: { approved: { GET: 2, POST: 3, PUT: 18 }, denied: { GET: 2, POST: 3, PUT: 2 } },
    calls: {
      approved: [...times('GET', group, 1), ...times('GET', team, 1), ...times('POST', group, 2), ...times('POST', channel, 1), ...times('PUT', group, 9), ...times('PUT', channel, 9)],
      denied: [...times('GET', group, 1), ...times('GET', team, 1), ...times('POST', group, 2), ...times('POST', channel, 1), ...times('PUT', group, 1), ...times('PUT', channel, 1)],
    },
  },
];

/** A call that hangs is given up after so many milliseconds of real time, so that these stories are told quickly. */
const shortTimeout = 400;
/** Real milliseconds that a story may take on a busy machine. */
const patience = 6_000;

async function course(chat: Told, ending: Ending, expected?: Course, trouble?: Trouble): Promise<Course> {
  const stage = await openStage(chat.open, trouble?.refusal.kind === 'silence' ? { timeout: shortTimeout } : {});
  try {
    return await tell(stage, ending, expected, trouble);
  } finally {
    await stage.close();
  }
}

function countsOf(calls: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const call of calls) {
    const method = call.split(' ')[0] ?? '';
    counts[method] = (counts[method] ?? 0) + 1;
  }
  return counts;
}

describe.each(chats)('$chat', (chat) => {
  const undisturbed = new Map<Ending, Course>();
  beforeAll(async () => {
    for (const ending of ['approved', 'denied'] as const) undisturbed.set(ending, await course(chat, ending));
  });

  function expected(ending: Ending): Course {
    const told = undisturbed.get(ending);
    if (told === undefined) throw new Error('the undisturbed story was not told');
    return told;
  }

  /** What went wrong in these stories, one line for each that did not end as the undisturbed one. */
  async function wrong(ending: Ending, troubles: readonly Trouble[]): Promise<readonly string[]> {
    const found: string[] = [];
    const { ran, asked } = expected(ending);
    for (const trouble of troubles) {
      const what = `${trouble.refusal.name} at ${trouble.at}`;
      try {
        const told = await course(chat, ending, expected(ending), trouble);
        if (JSON.stringify(told.ran) !== JSON.stringify(ran)) found.push(`${what}: ${told.ran.length} sessions ran`);
        if (told.asked !== asked) found.push(`${what}: ${told.asked} requests are stored`);
      } catch (error) {
        found.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  }

  describe.each(['approved', 'denied'] as const)('a story that ends as %s', (ending) => {
    test('makes the calls that are known, and no more of any method than before cards recovered', async () => {
      const again = await course(chat, ending);
      expect(expected(ending).calls.toSorted()).toEqual(chat.calls[ending].toSorted());
      expect(again.calls.toSorted()).toEqual(expected(ending).calls.toSorted());
      expect(again.cards).toEqual(expected(ending).cards);
      expect(countsOf(again.calls)).toEqual(Object.fromEntries(Object.entries(countsOf(again.calls)).map(([method, count]) => [method, Math.min(count, chat.before[ending][method] ?? 0)])));
      expect(again.ran).toHaveLength(ending === 'approved' ? 1 : 0);
      expect(again.asked).toBe(1);
    });
  });

  describe('one refused call leaves no card untrue (rows 1.1, 1.2, 1.3): refused with', () => {
    test.each(planned(chat.failures, chat.calls.approved).map((one) => [one.kind, one] as const))('%s', async (_kind, { troubles }) => {
      expect(await wrong('approved', troubles)).toEqual([]);
    }, 1_000 * patience);
  });
});
