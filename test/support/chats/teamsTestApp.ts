// The whole product with Teams as its chat, through the door that the tests of this file have chosen.
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { ana, channel, group } from '../../../src/demo/teams/stage.ts';
import { dataOf, teamsPolicy, TeamsApp } from '../../../src/demo/teams/app.ts';
import type { TeamsAppOptions } from '../../../src/demo/teams/app.ts';
import { teamsDoor } from './teamsDoor.ts';

export { dataOf, teamsPolicy };
export type { TeamsAppOptions };

export class TeamsTestApp extends TeamsApp {
  override open(options: TeamsAppOptions = {}): Promise<void> {
    return super.open({ door: teamsDoor(), ...options });
  }
}

export const command = 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"';

/** Ana's request, and its cards in the group where she asked and in the channel of the approvers. */
export async function asked(app: TeamsTestApp): Promise<readonly [FakeMessage, FakeMessage]> {
  await app.say(ana, group, command);
  return [await app.card(group, /Waiting for approval/), await app.card(channel, /Waiting for approval/)];
}
