// selfTest.test.ts again, through the door to Teams without botbuilder.
import '../../../support/chats/direct.ts';
import '../inbound/selfTest.test.ts';
