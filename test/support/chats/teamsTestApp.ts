// The whole product with Teams as its chat, through the door that the tests of this file have chosen.
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
