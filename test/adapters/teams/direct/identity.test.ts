// identity.test.ts again, through the door to Teams without botbuilder.
import '../../../support/chats/direct.ts';
import '../identity/identity.test.ts';
