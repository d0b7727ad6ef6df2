// One Teams adapter for all tests of a file on the door: what it logged is kept, and before each test its keys
// are as they were at first.
import { afterAll, beforeAll, beforeEach, jest } from '@jest/globals';
import { ana, directOf, keepingLog, TeamsHarness } from './teamsHarness.ts';

export interface DoorBench {
  readonly bench: TeamsHarness;
  readonly log: ReturnType<typeof keepingLog>;
  /** A line that Ana typed to the bot alone. */
  readonly message: (more?: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

/** To be called once in the file. */
export function doorBench(): DoorBench {
  const bench = new TeamsHarness();
  const log = keepingLog();
  beforeAll(async () => {
    // botbuilder prints every refused token; there is no switch for it.
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await bench.start({ log });
  });
  afterAll(async () => {
    await bench.stop();
    jest.restoreAllMocks();
  });
  beforeEach(() => {
    bench.keys.endorsements = ['msteams'];
    bench.keys.down = undefined;
  });
  return { bench, log, message: (more = {}) => bench.message(ana, directOf(ana), 'lr help', more) };
}
