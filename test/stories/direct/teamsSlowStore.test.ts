// teamsSlowStore.test.ts again, through the door to Teams without botbuilder.
import '../../support/direct.ts';
import '../teamsSlowStore.test.ts';
