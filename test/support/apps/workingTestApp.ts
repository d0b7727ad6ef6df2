// A test app whose workers run by themselves, on a clock that a story moves, sets and suspends: what nobody
// wakes stays asleep, as in production.
import type { Reply } from '../../../src/bot/ports.ts';
import type { State } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { openTestApp, storyStart } from './testApp.ts';
import type { TestApp, TestAppOptions } from './testApp.ts';
import { createManualClock } from '../manualClock.ts';
import type { ManualClock } from '../manualClock.ts';
import { quiet } from '../quiet.ts';

export interface WorkingTestApp extends Omit<TestApp, 'clock' | 'restart'> {
  readonly clock: ManualClock;
  /** Moves time on; workers run when they want to, and only then. */
  run(ms: number): Promise<void>;
  /** Moves time on, sleeper by sleeper, until `holds`; fails when it does not within `ms`. */
  when(what: string, holds: () => boolean, ms?: number): Promise<void>;
  /** The process is asked to stop, and starts again on the same folder. */
  restart(): Promise<void>;
}

const twoHours = 2 * 3_600_000;

export async function openWorkingTestApp(
  options: Omit<TestAppOptions, 'clock'> = {},
): Promise<WorkingTestApp> {
  const clock = createManualClock(storyStart, quiet);
  // Defender's own clock is not ours, and nobody sets it.
  const theirs = {
    now: () => storyStart + clock.elapsed(),
    elapsed: () => clock.elapsed(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
  };
  const inner = await clock.during(
    openTestApp({
      ...options,
      simulator: { ...options.simulator, clock: theirs },
      clock: {
        ...clock,
        move: (ms) => {
          clock.suspend(ms, true);
        },
      },
    }),
  );
  inner.loop.start();
  await clock.settle();

  return {
    ...inner,
    ...driven(inner, clock),
    get field() {
      return inner.field;
    },
    clock,
    get store() {
      return inner.store;
    },
    get bot() {
      return inner.bot;
    },
    get loop() {
      return inner.loop;
    },
  };
}

type Driven = Pick<
  WorkingTestApp,
  'say' | 'press' | 'changePolicy' | 'run' | 'when' | 'until' | 'restart' | 'close'
>;

/** What people and time do there: each waits until all that follows at once has happened. */
function driven(inner: TestApp, clock: ManualClock): Driven {
  async function when(what: string, holds: () => boolean, ms = twoHours): Promise<void> {
    await clock.settle();
    const end = clock.elapsed() + ms;
    while (!holds()) {
      const next = clock.sleepers().at(0);
      if (next === undefined || clock.elapsed() >= end) throw new Error(`${what}: not within ${ms / 1000} s`);
      await clock.advance(Math.min(Math.max(0, next - clock.now()), end - clock.elapsed()));
    }
  }

  return {
    say: (...ask): Promise<Reply> => clock.during(inner.say(...ask)),
    press: (...ask): Promise<Reply> => clock.during(inner.press(...ask)),
    changePolicy: (policy) => clock.during(inner.changePolicy(policy)),
    run: (ms) => clock.advance(ms),
    when,
    async until(state: State) {
      await when(`a request that is ${state}`, () => stageOf(inner.newest()).state === state);
      return inner.newest();
    },
    async restart() {
      await clock.during(inner.loop.stop());
      await clock.during(inner.loop.lastCards());
      await clock.during(inner.restart());
      inner.loop.start();
      await clock.settle();
    },
    async close() {
      await clock.during(inner.loop.stop());
      await clock.during(inner.loop.lastCards());
      await clock.during(inner.close());
    },
  };
}
