// A compromised device prints mentions, links, markup, controls and five megabytes: on the card as Teams got
// it, and on the private pages of Full output, all of it is text, within the limits.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { utf8Length } from '../../../cards/renderers/adaptiveCard.ts';
import { clean } from '../../../cards/clip.ts';
import { teams } from '../../../cards/platformLimits.ts';
import { hostileLines } from '../../../src/simulator/results/hostile.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { nodesIn, undrawnIn } from '../../support/chats/hostile.ts';
import { ana, ben, channel, directOf, group } from '../../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

let app: TeamsTestApp;
beforeEach(async () => {
  app = new TeamsTestApp();
  await app.open();
});
afterEach(() => app.close());

/** Whom we mention ourselves: the policy's approver, who is called Approvers there, and the requester. */
const people = [ana, ben];
const ours = (text: string): string =>
  ['Approvers', ...people.map(({ name }) => name)].reduce(
    (rest, name) => rest.replaceAll(`<at>${name}</at>`, ''),
    text,
  );

/** Everything Teams ever got as one message: nothing in it comes alive. */
function expectInert(body: FakeMessage['body']): void {
  const text = body['text'] as string | undefined;
  if (text !== undefined) expect(body['textFormat']).toMatch(/^(?:plain|xml)$/);
  if (body['textFormat'] === 'xml') expect(ours(text ?? '')).not.toMatch(/[<>]|&(?!lt;|gt;|amp;)/);
  for (const node of nodesIn(body)) {
    // Markdown is read in text blocks alone.
    if (node['type'] === 'TextBlock') expect(ours(String(node['text']))).not.toMatch(/(?<!\\)[*_[\]<]/);
    if (node['type'] === 'mention')
      expect([...people.map(({ id }) => id), ...people.map(({ objectId }) => objectId)]).toContain(
        (node['mentioned'] as { readonly id: string }).id,
      );
    if (node['url'] !== undefined) expect(node['url']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    expect(['Image', 'Media', 'ImageSet']).not.toContain(node['type']);
  }
  for (const { content } of (body['attachments'] ?? []) as readonly { readonly content: unknown }[])
    expect(utf8Length(JSON.stringify(content))).toBeLessThanOrEqual(teams.cardBytes);
  expect(undrawnIn(body)).toEqual([]);
}

/** The output on a page, without our frame; of two spaces one is a no-break one there. */
function bodyOf(message: FakeMessage): string {
  const container = nodesIn(cardOf(message)?.['body']).find((node) => node['type'] === 'Container');
  const lines = (
    (container?.['items'] ?? []) as readonly { readonly inlines: readonly { readonly text: string }[] }[]
  ).map(({ inlines }) => inlines.map(({ text }) => text).join(''));
  return lines.map((line) => (line === '\u00a0' ? '' : line.replaceAll('\u00a0', ' '))).join('\n');
}

it.each([
  // With errors the card shows the end of the output, else the beginning.
  [
    'hostile',
    '![pixel](https://evil/pixel.png) <img src="https://evil/pixel.png"> <script>alert(1)</script>',
  ],
  ['hostileText', '<at>x</at> <at id="0">Everyone</at> @channel @everyone'],
] as const)(
  'output of the kind "%s" is inert text within the limits, on the cards and on every page',
  async (transcript, shown) => {
    app.service.simulator?.tenant.change({ transcript });
    await app.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"');
    const asked = await app.card(group, /Waiting for approval/);
    await app.click(ben, channel, await app.card(channel, /Waiting for approval/), 'approve');
    for (const place of [group, channel]) {
      const card = await app.card(place, /Finished[\s\S]*Approve here/);
      // The truth, as text: somebody who reads the card reads what the device printed.
      expect(wordsOf(card)).toContain(shown);
    }
    expect(app.cards(group).map(({ id }) => id)).toEqual([asked.id]);
    await app.connector.until(() => app.connector.in(group).find((message) => cardOf(message) === undefined));

    const told = (page: number): Promise<FakeMessage> =>
      app.connector.until(() =>
        app.alone(ana).find((message) => wordsOf(message).includes(`page ${page} of`)),
      );
    await app.click(ana, group, await app.card(group, /Finished/), 'output');
    const pages = Number(/page 1 of (\d+)/.exec(wordsOf(await told(1)))?.[1]);
    expect(pages).toBeGreaterThan(20);
    const bodies = [bodyOf(await told(1))];
    // The attack is at the beginning, with its line of 10,000 characters, and again at the end.
    for (const page of [2, 3, 4, 5, 6, pages]) {
      await app.say(ana, directOf(ana), `lr output ${app.newest().id} 0 ${page}`);
      bodies.push(bodyOf(await told(page)));
    }
    const whole = bodies.slice(0, 6).join('');
    expect(
      clean(hostileLines.join('\n'))
        .split('\n')
        .filter((line) => !whole.includes(line))
        .map((line) => line.slice(0, 60)),
    ).toEqual([]);

    for (const message of app.connector.messages) for (const body of message.history) expectInert(body);
    // The fake refuses what is over a limit of Teams'; nothing was.
    expect(app.connector.calls.filter((call) => call.status >= 400)).toEqual([]);
  },
);
