// Every chat that an attack is tried in.
import { consoleDoor } from './consoleDoor.ts';
import { slackDoor } from './slackDoor.ts';
import type { Door } from './stage.ts';
import { teamsDoor } from './teamsDoor.ts';

export const doors: readonly Door[] = [slackDoor, teamsDoor, consoleDoor];
