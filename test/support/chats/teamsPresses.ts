// What a press on a card carries in the tests of Teams, and what the person who pressed is answered.
import { expect } from '@jest/globals';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import type { Human, TeamsHarness } from './teamsHarness.ts';

export const data = (verb: string, more: object = {}) => ({
  lr: { verb, requestId: 'r1', revision: 3, fingerprint: 'a1b2' },
  ...more,
});

/** The type of an answer that is a sentence. */
export const sentence = 'application/vnd.microsoft.activity.message';

/** The first answer that this person alone got. */
export const answerFor = (bench: TeamsHarness, human: Human): Promise<FakeMessage> =>
  bench.connector.until(() => bench.alone(human)[0]);

/** The sentence that a press is answered with. */
export async function refused(
  bench: TeamsHarness,
  activity: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { status, json } = await bench.deliver(activity);
  expect(status).toBe(200);
  expect(json).toMatchObject({ statusCode: 200, type: sentence });
  return (json as { readonly value: unknown }).value;
}
