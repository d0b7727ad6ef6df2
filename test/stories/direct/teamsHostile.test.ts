// teamsHostile.test.ts again, through the door to Teams without botbuilder.
import '../../support/chats/direct.ts';
import '../teams/teamsHostile.test.ts';
