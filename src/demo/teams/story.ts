// `npm run demo -- --chat teams`: the main job through the real program, spoken over HTTP to our fake Teams
// connector. Every card state is printed as people read it; the exit code is 0 only if every step was seen.
import { cardOf, wordsOf } from './fakeConnector.ts';
import type { FakeMessage } from './fakeConnector.ts';
import { ana, ben, channel, group } from './stage.ts';
import { TeamsApp } from './app.ts';

/** Simulated seconds per real second. */
const speed = 100;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seen(step: string, is: boolean): void {
  if (!is) throw new Error(`never seen: ${step}`);
  print(`   [seen] ${step}`);
}

/** Prints each state of each card once, as it is drawn. */
function watch(app: TeamsApp): void {
  const shown = new Map<string, number>();
  void app.connector
    .until(() => {
      for (const message of app.connector.messages) {
        const before = shown.get(message.id) ?? 0;
        if (message.history.length === before) continue;
        shown.set(message.id, message.history.length);
        const where =
          message.to === undefined ? message.conversation : `${message.conversation}, to ${message.to} alone`;
        print(
          `\n---- ${cardOf(message) === undefined ? 'message' : before === 0 ? 'card posted' : 'the same card, updated'} in ${where}\n${indented(message)}`,
        );
      }
      return undefined;
    }, 3_600_000)
    .catch(() => undefined);
}

function indented(message: FakeMessage): string {
  return wordsOf(message)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function linkOf(card: FakeMessage): string {
  const found = /"type":"Action\.OpenUrl"[^}]*?"url":"([^"]+)"/.exec(JSON.stringify(cardOf(card)))?.[1];
  if (found === undefined) throw new Error('never seen: a download link on the card');
  return found;
}

async function story(app: TeamsApp): Promise<void> {
  const command = 'lr dump hosta OfficeClickToRun --reason "beacon seen at 02:40"';
  print(`\n${ana.name} in the group chat: @Live Response ${command}`);
  await app.say(ana, group, command);
  const here = await app.card(group, /Waiting for approval/);
  const there = await app.card(channel, /Waiting for approval/);
  seen('an approval card in the group chat and in the approvals channel', true);
  seen('the approver mentioned there', JSON.stringify(cardOf(there)).includes(ben.objectId));

  print(`\n${ana.name} presses Approve`);
  const refusal = await app.click(ana, group, here, 'approve');
  print(`   Teams shows her: ${refusal}`);
  seen(
    'her own approval refused, as a message and not as an error',
    app.newest().stage.state === 'awaitingApproval',
  );

  print(`\n${ben.name} presses Approve in the channel`);
  print(`   Teams shows him: ${await app.click(ben, channel, there, 'approve')}`);
  const finished = await app.card(group, /Finished[\s\S]*expires/, 60_000);
  await app.card(channel, /Finished/, 60_000);
  seen(
    'both cards finished, in place',
    finished.id === here.id && app.cards(group).length === 1 && app.cards(channel).length === 1,
  );
  seen('the excerpt of index 0', wordsOf(finished).includes('51 MB'));
  const link = linkOf(finished);
  seen('a link that works', (await fetch(link)).status === 200);
  seen('both commands in one session, sent once', app.service.simulator?.tenant.submissions.length === 1);
  const note = await app.connector.until(() =>
    app.connector.in(group).find((message) => cardOf(message) === undefined),
  );
  seen('the requester mentioned at the end', JSON.stringify(note.body['entities']).includes(ana.id));

  await app.card(group, /Get download link|New link/, 60_000);
  await app.connector.until(
    () => (JSON.stringify(cardOf(here)).includes('Action.OpenUrl') ? undefined : true),
    60_000,
  );
  seen('the link replaced by a button before it dies', true);
  print(`\n${ben.name} presses the button for a new link`);
  print(`   Teams shows him: ${await app.click(ben, channel, there, 'link')}`);
  const fresh = await app.connector.until(
    () => (JSON.stringify(cardOf(there)).includes('Action.OpenUrl') ? there : undefined),
    60_000,
  );
  seen('a new link that works', linkOf(fresh) !== link && (await fetch(linkOf(fresh))).status === 200);
}

/** Ends the process: the watch waits forever by design. */
export async function playInTeams(): Promise<void> {
  const began = performance.now();
  const app = new TeamsApp();
  try {
    await app.open({ speed });
    watch(app);
    await story(app);
    print(
      `\nEvery step was seen, in ${((performance.now() - began) / 1000).toFixed(1)} s at ${speed} times real speed.`,
    );
  } catch (error) {
    print(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await app.close();
    process.exit();
  }
}
