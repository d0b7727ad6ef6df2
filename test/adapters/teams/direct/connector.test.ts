// connector.test.ts again, through the door to Teams without botbuilder.
import '../../../support/direct.ts';
import '../connector.test.ts';
