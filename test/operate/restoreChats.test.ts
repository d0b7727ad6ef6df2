// Restore with people in Slack and Teams: the chats show more than the copy knows. What stands on their cards
// then, what a press does, and that nothing runs twice.
import type { Request } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { wordsOf } from '../../src/demo/teams/fakeConnector.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../support/slack/slackProgram.ts';
import { ana, ben, channel, group } from '../support/chats/teamsHarness.ts';
import { TeamsProgram } from '../support/chats/teamsProgram.ts';
import { testKeyText } from '../support/store/testKeys.ts';
import { runBlock } from './guide.ts';

/** Several starts, on a machine that does much else. Milliseconds. */
const patience = 240_000;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** It is queued, and Defender has said not now. */
function waitsForSomething(request: Request | undefined): boolean {
  const stage = request === undefined ? undefined : stageOf(request);
  return stage?.state === 'queued' && stage.waitsFor !== undefined;
}

/** What an operator has outside the data folder, made there. */
function outside(folder: string): Readonly<Record<string, string>> {
  const key = join(folder, 'journal.key');
  writeFileSync(key, `${testKeyText}\n`, { mode: 0o600 });
  mkdirSync(join(folder, 'backups'));
  return {
    LR_JOURNAL_KEY_FILE: key,
    LR_ANCHOR_FILE: join(folder, 'anchors.ndjson'),
    LR_ANCHOR_EVERY_LINES: '1',
    LR_POLL_MS: '500',
  };
}

/** The blocks of docs/operate.md on that folder. */
function blocks(folder: string, settings: Readonly<Record<string, string>>) {
  const env = { ...settings, LR_DATA_DIR: join(folder, 'data'), BACKUP_DIR: join(folder, 'backups') };
  return {
    async backup(): Promise<string> {
      const { code, out } = await runBlock('backup', env);
      expect({ code, out }).toMatchObject({ code: 0 });
      return out.trim();
    },
    async restore(copy: string): Promise<void> {
      expect(await runBlock('restore', { ...env, BACKUP: copy })).toMatchObject({
        code: 0,
        out: expect.stringContaining('the bot starts frozen') as unknown,
      });
    },
  };
}

/** A refusal by Defender's limits is waited out for up to a minute. Milliseconds. */
const waitedOut = 100_000;

/** Refused once, for longer than the copy takes; sent then. Refused again and again, the wait would grow. */
const throttled = { what: 'throttle', on: 'run', times: 1, retryAfter: 15 } as const;

test(
  'Slack: cards go back to what the copy knows and say that it is frozen; a card of the lost lines takes no press; nothing is sent again',
  async () => {
    const settings: Record<string, string> = {};
    const desk = await openSlackProgram({ settings });
    closers.push(() => desk.close());
    Object.assign(settings, outside(desk.folder));
    const { slack, riley, avery, simulator } = desk;
    const machine = blocks(desk.folder, settings);
    const card = (dump: string) => slack.cards(incidents).find((one) => read(one).includes(`Dump ${dump}`));
    const says = (dump: string, words: RegExp) =>
      slack.until(
        `${String(words)} on the card of ${dump}`,
        () => {
          const one = card(dump);
          return one !== undefined && words.test(read(one)) ? one : undefined;
        },
        waitedOut,
      );
    const ask = async (dump: string) => {
      await riley.command(incidents, `dump hosta ${dump}`);
      return says(dump, /Waiting for approval/);
    };

    await desk.start();
    simulator.tenant.faults.plant(throttled);
    await avery.press(await ask('alpha'), 'Approve');
    await slack.until('alpha was refused once', () => {
      const one = desk.requests().find(({ asked }) => asked.title.includes('alpha'));
      return waitsForSomething(one) ? true : undefined;
    });
    const beta = await ask('beta');
    await slack.until('the card of beta in the journal', () =>
      desk.request().cards.every(({ ref }) => ref !== undefined) ? true : undefined,
    );
    const copy = await machine.backup();
    // What people typed and pressed is not in it: nobody wants that done after a restore.
    expect(readdirSync(join(desk.folder, 'data'))).toContain('slack-deliveries.ndjson');
    expect(readdirSync(join(copy, 'record')).filter((name) => /deliver|replay/.test(name))).toEqual([]);

    await says('alpha', /Finished/);
    await avery.press(beta, 'Approve');
    await says('beta', /Finished/);
    await avery.press(await ask('gamma'), 'Approve');
    await says('gamma', /Finished/);
    const delta = await ask('delta');
    expect(simulator.tenant.submissions).toHaveLength(3);
    // Before the folder goes back in time: what is read of it is read on from where it was.
    const [alpha] = desk.requests();
    await desk.kill();

    await machine.restore(copy);
    await desk.start();
    // Of the lost lines nobody knows: no card says that nothing ran.
    for (const dump of ['alpha', 'beta']) {
      const text = read(await says(dump, /frozen/));
      expect(text).toMatch(
        /Whether it ran is not known: the record was restored at \d\d:\d\d UTC, and what was written after that copy is lost/,
      );
      expect(text).toMatch(/Index 0: not known/);
      expect(text).not.toMatch(/Nothing has run|not run|not sent yet|\[Approve\]/);
    }
    await desk.drawn();
    // Asked in the lost lines: the chat shows what nobody takes a press of.
    expect(read(await says('gamma', /Finished/))).not.toMatch(/frozen/);
    await avery.press(delta, 'Approve');
    await slack.until('the press was answered', () => (avery.told() === '' ? undefined : true));
    expect(avery.told()).toMatch(/^There is no request \S+\. "\/lr list recent" shows the latest ones\.$/);

    await avery.command(incidents, `link ${alpha?.id ?? ''}`);
    await slack.until('that nobody knows what ran', () =>
      /^It is not known yet whether \S+ ran/.test(avery.told()) ? true : undefined,
    );
    await riley.command(incidents, `cancel ${alpha?.id ?? ''}`);
    expect(read(await says('alpha', /Withdrawn/))).toMatch(/Whether it ran is not known/);
    await avery.command(incidents, 'unfreeze');
    const after = await slack.until('beta can be approved again', () =>
      JSON.stringify(card('beta')?.blocks).includes('"Approve"') ? card('beta') : undefined,
    );
    // The warning stays for as long as it is open.
    expect(read(after)).toMatch(/Whether it ran is not known: the record was restored/);
    await avery.press(after, 'Deny');
    await avery.press(await ask('epsilon'), 'Approve');
    await says('epsilon', /Finished/);
    expect(simulator.tenant.submissions).toHaveLength(4);
    expect(await desk.stop()).toBe(0);
  },
  patience,
);

test(
  'Teams: places are known from the copy, cards say that it is frozen and that nobody knows what ran, and nothing is sent again',
  async () => {
    const app = new TeamsProgram();
    closers.push(() => app.close());
    app.settings = outside(app.folder);
    const machine = blocks(app.folder, app.settings);
    await app.open();
    const says = (dump: string, words: RegExp, place = channel) =>
      app.connector.until(
        () =>
          app.cards(place).find((one) => wordsOf(one).includes(`Dump ${dump}`) && words.test(wordsOf(one))),
        waitedOut,
      );
    await app.say(ben, channel, 'lr help');

    app.simulator.tenant.faults.plant(throttled);
    await app.say(ana, group, 'lr dump hosta alpha');
    await app.click(ben, channel, await says('alpha', /Waiting for approval/), 'approve');
    await app.connector.until(() => {
      const [one] = app.requests();
      return waitsForSomething(one) ? true : undefined;
    }, 30_000);
    const copy = await machine.backup();
    await says('alpha', /Finished/);
    await app.say(ana, group, 'lr dump hosta beta');
    const lost = await says('beta', /Waiting for approval/);
    // Before the folder goes back in time: what is read of it is read on from where it was.
    const [alpha] = app.requests();
    await app.kill();

    await machine.restore(copy);
    await app.run();
    for (const place of [group, channel]) {
      const card = wordsOf(await says('alpha', /frozen/, place));
      expect(card).toMatch(/Whether it ran is not known: the record was restored at \d\d:\d\d UTC/);
      expect(card).not.toMatch(/Nothing has run|not sent yet/);
      expect(app.cards(place).filter((one) => wordsOf(one).includes('Dump alpha'))).toHaveLength(1);
    }
    expect(await app.click(ben, channel, lost, 'approve')).toMatch(/There is no request/);
    await app.say(ana, group, `lr cancel ${alpha?.id ?? ''}`);
    await says('alpha', /Withdrawn/);
    await app.say(ben, channel, 'lr unfreeze');
    await app.connector.until(
      () =>
        app.connector
          .in(channel)
          .some((one) => JSON.stringify(one.body).includes('can be asked for and approved again'))
          ? true
          : undefined,
      30_000,
    );
    await app.say(ana, group, 'lr dump hosta gamma');
    await app.click(ben, channel, await says('gamma', /Waiting for approval/), 'approve');
    await says('gamma', /Finished/);
    expect(app.simulator.tenant.submissions).toHaveLength(2);
    expect(await app.end()).toBe(0);
  },
  patience,
);
