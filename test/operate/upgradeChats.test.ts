// Upgrade with people in Slack and Teams: the cards that a real earlier version posted are gone on with where
// they stand, and nothing is posted or run twice.
import { afterEach, describe, expect, test } from '@jest/globals';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { slackPolicy } from '../../src/demo/slack/workspace.ts';
import { wordsOf } from '../../src/demo/teams/fakeConnector.ts';
import { incidents, privateRoom } from '../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../support/slack/slackProgram.ts';
import { ana, ben, channel, group } from '../support/chats/teamsHarness.ts';
import { TeamsProgram } from '../support/chats/teamsProgram.ts';
import { earlierVersions, layOut } from './earlier.ts';
import { join } from 'node:path';

/** Two programs and their sessions, on a machine that does much else. Milliseconds. */
const patience = 150_000;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const held = { what: 'unknownStatus', value: 'InProgress', times: 'always' } as const;

describe.each(earlierVersions)('from the version "%s"', (version) => {
  test.each(['stopped', 'killed'])(
    'in Slack, %s',
    async (how) => {
      const earlier = layOut(version);
      closers.push(earlier.remove);
      const desk = await openSlackProgram({
        policyText: slackPolicy(earlier.policy),
        settings: { LR_POLL_MS: '500' },
      });
      closers.push(() => desk.close());
      const { slack, riley, avery, simulator } = desk;
      await desk.start(undefined, join(earlier.programs, 'main.js'));

      simulator.tenant.faults.plant(held);
      await riley.command(privateRoom, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
      await avery.press(await desk.shows(/Waiting for approval/, incidents), 'Approve');
      await desk.reaches('running');
      const running = [
        await desk.shows(/OfficeClickToRun[^]*Running|Running[^]*OfficeClickToRun/i, privateRoom),
        await desk.shows(/Running/i, incidents),
      ];
      await riley.command(privateRoom, 'dump hosta notepad --reason "and this one"');
      const waiting = [
        await desk.shows(/notepad[^]*Waiting for approval|Waiting for approval[^]*notepad/, privateRoom),
        await desk.shows(/notepad/, incidents),
      ];
      await slack.until('both cards in the journal', () =>
        desk.request().cards.length === 2 && desk.request().cards.every(({ ref }) => ref !== undefined)
          ? true
          : undefined,
      );
      if (how === 'stopped') expect(await desk.stop()).toBe(0);
      else await desk.kill();

      await desk.start();
      simulator.tenant.faults.clear();
      /** The card with that time stamp, as it is now. */
      const card = (place: string, ts: string | undefined) => slack.cards(place).find((one) => one.ts === ts);
      const says = (place: string, ts: string | undefined, words: RegExp) =>
        slack.until(`${String(words)} on the card of then in ${place}`, () => {
          const one = card(place, ts);
          return one !== undefined && words.test(read(one)) ? one : undefined;
        });
      await says(privateRoom, running[0]?.ts, /Finished/);
      await says(incidents, running[1]?.ts, /Finished/);
      // Something in it was approved, which nothing proves, so a person looks first.
      if (version === 'unkeyed') await avery.command(incidents, 'unfreeze');
      await slack.until('the card of then has its button', () =>
        JSON.stringify(card(incidents, waiting[1]?.ts)?.blocks).includes('"Approve"') ? true : undefined,
      );
      await avery.press(await says(incidents, waiting[1]?.ts, /Waiting for approval/), 'Approve');
      await says(privateRoom, waiting[0]?.ts, /Finished/);
      await says(incidents, waiting[1]?.ts, /Finished/);
      for (const place of [privateRoom, incidents])
        expect(desk.live(place).filter((one) => /notepad|OfficeClickToRun/.test(read(one)))).toHaveLength(2);
      expect(simulator.tenant.submissions).toHaveLength(2);
      expect(await desk.stop()).toBe(0);
    },
    patience,
  );

  test(
    'in Teams',
    async () => {
      const earlier = layOut(version);
      closers.push(earlier.remove);
      const app = new TeamsProgram();
      closers.push(() => app.close());
      app.file = join(earlier.programs, 'main.js');
      app.policyExample = earlier.policy;
      app.settings = { LR_POLL_MS: '500' };
      await app.open();

      app.simulator.tenant.faults.plant(held);
      // The bot learns how to reach the channel.
      await app.say(ben, channel, 'lr help');
      await app.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"');
      await app.click(ben, channel, await app.card(channel, /Waiting for approval/), 'approve');
      await app.reaches('running');
      const running = [
        await app.card(group, /OfficeClickToRun/),
        await app.card(channel, /OfficeClickToRun/),
      ];
      await app.say(ana, group, 'lr dump hosta notepad --reason "and this one"');
      const waiting = [await app.card(group, /notepad/), await app.card(channel, /notepad/)];
      await app.connector.until(() =>
        app
          .requests()
          .at(-1)
          ?.cards.filter(({ ref }) => ref !== undefined).length === 2
          ? true
          : undefined,
      );
      expect(await app.end()).toBe(0);

      app.file = 'src/main.js';
      await app.run();
      app.simulator.tenant.faults.clear();
      const says = (place: string, id: string | undefined, words: RegExp) =>
        app.connector.until(
          () => app.cards(place).find((one) => one.id === id && words.test(wordsOf(one))),
          30_000,
        );
      await says(group, running[0]?.id, /Finished/);
      await says(channel, running[1]?.id, /Finished/);
      if (version === 'unkeyed') await app.say(ben, channel, 'lr unfreeze');
      await app.connector.until(
        () =>
          app
            .cards(channel)
            .some((one) => one.id === waiting[1]?.id && JSON.stringify(one.body).includes('lr.approve.v1'))
            ? true
            : undefined,
        30_000,
      );
      await app.click(ben, channel, await says(channel, waiting[1]?.id, /Waiting for approval/), 'approve');
      await says(group, waiting[0]?.id, /Finished/);
      await says(channel, waiting[1]?.id, /Finished/);
      for (const place of [group, channel])
        expect(app.cards(place).filter((one) => /notepad|OfficeClickToRun/.test(wordsOf(one)))).toHaveLength(
          2,
        );
      expect(app.simulator.tenant.submissions).toHaveLength(2);
      expect(await app.end()).toBe(0);
    },
    patience,
  );
});
