// Imported before anything else: the tests of this file go through the door to Teams without botbuilder.
import { throughDirectDoor } from './teamsDoor.ts';

throughDirectDoor();
