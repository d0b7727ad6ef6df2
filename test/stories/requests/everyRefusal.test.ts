// Must hold of every card: whatever single call of a chat is refused, in whatever way, in the end every card
// of a request shows its end. Each story runs the whole product with its real workers on a moved clock, and
// is compared with the story that nothing disturbed. By default some 400 stories are told, which plan.ts
// chooses and one test here checks: each kind of failure meets each kind of call. EVERY_REFUSAL=all tells
// every failure at every call, about 5,000 stories in Slack and 3,000 in Teams; a story costs 0.1 to 0.2 s of
// processor time, all of them 28 minutes of it (measured on a busy machine). One kind alone:
// EVERY_REFUSAL=all node scripts/jest.js everyRefusal -t 'Slack .* content'.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { slackFailures, teamsFailures } from '../../support/everyRefusal/failures.ts';
import type { Failure } from '../../support/everyRefusal/failures.ts';
import { fewOf, halfOf, kindsOf, oneOfEach, planned } from '../../support/everyRefusal/plan.ts';
import { openSlackSide } from '../../support/everyRefusal/slackSide.ts';
import { openStage } from '../../support/everyRefusal/stage.ts';
import type { ChatSide, StageClock } from '../../support/everyRefusal/stage.ts';
import { tell } from '../../support/everyRefusal/story.ts';
import type { Course, Ending, Trouble } from '../../support/everyRefusal/story.ts';
import { openTeamsSide } from '../../support/everyRefusal/teamsSide.ts';
import type { Refusal } from '../../../src/demo/refusal.ts';

interface Told {
  readonly chat: string;
  readonly open: (clock: StageClock) => Promise<ChatSide>;
  readonly failures: readonly Failure[];
  /** Calls that draw and tell in the undisturbed stories, as they were before cards recovered. */
  readonly before: Readonly<Record<Ending, Readonly<Record<string, number>>>>;
  /** Failures that last, and those that a restart falls into. */
  readonly lasting: readonly string[];
}

const chats: readonly Told[] = [
  {
    chat: 'Slack',
    open: openSlackSide,
    failures: slackFailures,
    before: {
      approved: { 'conversations.info': 2, 'chat.postMessage': 3, 'chat.update': 20 },
      denied: { 'conversations.info': 2, 'chat.postMessage': 3, 'chat.update': 2 },
    },
    lasting: [
      '503 with a page',
      'a connection cut before taking it',
      'channel_not_found',
      '429 with JSON, Retry-After: 3',
      'invalid_auth',
    ],
  },
  {
    chat: 'Teams',
    open: openTeamsSide,
    failures: teamsFailures,
    before: { approved: { POST: 3, PUT: 18 }, denied: { POST: 3, PUT: 2 } },
    lasting: [
      '503 with a page',
      'a connection cut before taking it',
      '403 MessageWritesBlocked',
      '429 with JSON, Retry-After: 3',
      '401 with JSON',
    ],
  },
];

/**
 * A call that hangs is given up after so many milliseconds of real time, so that these stories are told
 * quickly.
 */
const shortTimeout = 400;
/** Real milliseconds that a story may take on a busy machine. */
const patience = 6_000;

async function course(chat: Told, ending: Ending, expected?: Course, trouble?: Trouble): Promise<Course> {
  const stage = await openStage(
    chat.open,
    trouble?.refusal.kind === 'silence' ? { timeout: shortTimeout } : {},
  );
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

const minute = 60_000;

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
        if (JSON.stringify(told.ran) !== JSON.stringify(told.unknown ? [] : ran))
          found.push(`${what}: ${told.ran.length} sessions ran`);
        if (told.asked !== asked) found.push(`${what}: ${told.asked} requests are stored`);
      } catch (error) {
        found.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  }

  function failure(name: string): Refusal {
    const found = chat.failures.find(({ refusal }) => refusal.name === name);
    if (found === undefined) throw new Error(`no failure is called "${name}"`);
    return found.refusal;
  }

  /** Those that last, each from other calls on; half of these. */
  function lasting(more: Partial<Trouble>, half: 'even' | 'odd'): readonly Trouble[] {
    // A press in Teams waits for its answer, and while it waits the clock moves at the pace of real seconds.
    const calls = expected('approved').calls.filter((call) => !call.startsWith('GET 19:team'));
    return halfOf(
      chat.lasting.flatMap((name, index) =>
        fewOf(calls, 2, index * 3).map((at) => ({ at, refusal: failure(name), ...more })),
      ),
      half,
    );
  }

  test.each(['approved', 'denied'] as const)(
    'the story that ends as %s makes the same calls each time, and no more of them draw than before cards recovered',
    async (ending) => {
      const again = await course(chat, ending);
      expect(again.calls.toSorted()).toEqual(expected(ending).calls.toSorted());
      expect(again.cards).toEqual(expected(ending).cards);
      const counts = countsOf(again.calls);
      for (const [method, most] of Object.entries(chat.before[ending]))
        expect([method, (counts[method] ?? 0) <= most]).toEqual([method, true]);
      expect(again.ran).toHaveLength(ending === 'approved' ? 1 : 0);
      expect(again.asked).toBe(1);
    },
  );

  test('the selection lets each kind of failure meet each kind of call of both stories, and the last card', () => {
    const [approved, denied] = [expected('approved').calls, expected('denied').calls];
    const troubles = [
      ...kindsOf(chat.failures).flatMap((kind) => planned(kind, chat.failures, approved)),
      ...oneOfEach(chat.failures, denied, approved),
    ];
    const kindOf = (refusal: Refusal): string | undefined =>
      chat.failures.find((failure) => failure.refusal === refusal)?.kind;
    const met = new Set(
      troubles.flatMap(({ at, refusal }) =>
        [at, at.split(' ')[0]].map((call) => `${kindOf(refusal) ?? ''} at ${call ?? ''}`),
      ),
    );
    const loud = kindsOf(chat.failures).filter((kind) => !kind.startsWith('silence'));
    const last = approved.findLast((call) => /^(PUT|chat\.update) /.test(call)) ?? '';
    expect(
      [...approved, ...denied]
        .flatMap((call) => kindsOf(chat.failures).map((kind) => `${kind} at ${call.split(' ')[0] ?? ''}`))
        .filter((one) => !met.has(one)),
    ).toEqual([]);
    expect(loud.map((kind) => `${kind} at ${last}`).filter((one) => !met.has(one))).toEqual([]);
  });

  describe('one call of the story is refused, and in the end every card shows the end (rows 1.1, 1.2, 1.3)', () => {
    test.each(kindsOf(chat.failures))(
      '%s',
      async (kind) => {
        expect(await wrong('approved', planned(kind, chat.failures, expected('approved').calls))).toEqual([]);
      },
      1_000 * patience,
    );

    test(
      'and nothing runs of a request that is denied',
      async () => {
        expect(
          await wrong(
            'denied',
            oneOfEach(chat.failures, expected('denied').calls, expected('approved').calls),
          ),
        ).toEqual([]);
      },
      1_000 * patience,
    );
  });

  test.each(['stopped', 'killed'] as const)(
    'a process that is %s right then shows the end on every card after its start',
    async (process) => {
      const { calls } = expected('approved');
      // Those by which the bot learns who typed or pressed: what was acknowledged is then not yet done, and
      // nobody repeats it.
      const asking = calls.filter((call) => /^(users\.info|GET) /.test(call));
      const troubles = ['a connection cut after taking it', '503 with a page'].flatMap((name, index) =>
        [...new Set([...asking, ...fewOf(calls, 4, index * 2)])].map((at) => ({
          at,
          refusal: failure(name),
          process,
        })),
      );
      expect(await wrong('approved', troubles)).toEqual([]);
    },
    1_000 * patience,
  );

  test(
    'a chat that refuses everything for 20 minutes has true cards soon after',
    async () => {
      expect(await wrong('approved', lasting({ lasting: 20 * minute }, 'odd'))).toEqual([]);
    },
    1_000 * patience,
  );

  test.each(['stopped', 'killed'] as const)(
    'the same with a process that is %s in the middle of it',
    async (process) => {
      expect(await wrong('approved', lasting({ lasting: 20 * minute, process }, 'even'))).toEqual([]);
    },
    1_000 * patience,
  );
});
