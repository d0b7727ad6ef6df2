// privateAnswers.test.ts again, through the door to Teams without botbuilder.
import '../../../support/chats/direct.ts';
import '../outbound/privateAnswers.test.ts';
