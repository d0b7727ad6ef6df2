// The whole product with Teams as its chat, through the door that the tests of this file have chosen.
import { dataOf, teamsPolicy, TeamsHouse as House } from '../../../src/demo/teams/house.ts';
import type { TeamsHouseOptions } from '../../../src/demo/teams/house.ts';
import { teamsDoor } from './teamsDoor.ts';

export { dataOf, teamsPolicy };
export type { TeamsHouseOptions };

export class TeamsHouse extends House {
  override open(options: TeamsHouseOptions = {}): Promise<void> {
    return super.open({ door: teamsDoor(), ...options });
  }
}
