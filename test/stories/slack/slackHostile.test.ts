// A compromised device prints mentions, links, markup, controls and five megabytes: on the card as Slack got
// it, and on the private pages of Full output, all of it is text, within the limits.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { clean } from '../../../cards/clip.ts';
import { hostileLines } from '../../../src/simulator/results/hostile.ts';
import { live, nodesIn, undrawnIn } from '../../support/chats/hostile.ts';
import type { Node } from '../../support/chats/hostile.ts';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackTestApp } from '../../support/slack/slackTestApp.ts';
import type { SlackTestApp } from '../../support/slack/slackTestApp.ts';

let app: SlackTestApp;
beforeEach(async () => {
  app = await openSlackTestApp();
});
afterEach(() => app.close());

/** Whom we mention ourselves: the policy's approvers and the requester. */
const ours = ['<!subteam^S0APPROVE>', '<@U0RILEY1>'];

function withoutOurs(text: string): string {
  return ours.reduce((rest, mention) => rest.replaceAll(mention, ''), text);
}

/** One message as Slack got it: nothing in it comes alive. */
function expectInert(sent: { readonly text: string; readonly blocks: readonly Node[] }): void {
  expect(withoutOurs(sent.text)).not.toMatch(/[<>]/);
  const nodes = nodesIn(sent.blocks);
  expect(nodes.filter((node) => live.has(String(node['type'])))).toEqual([]);
  for (const node of nodes) {
    if (node['type'] === 'mrkdwn') expect(withoutOurs(String(node['text']))).not.toMatch(/[<>]/);
    // The sign beside a card's status.
    if (node['type'] === 'emoji')
      expect(['bell', 'white_check_mark', 'warning', 'red_circle']).toContain(node['name']);
    if (node['type'] === 'plain_text') expect(node['emoji']).toBe(false);
    if (node['url'] !== undefined) expect(node['url']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
  }
  expect(undrawnIn([sent.text, sent.blocks])).toEqual([]);
}

/** The preformatted part of a page: the output itself, without our frame. */
function bodyOf(blocks: readonly Node[]): string {
  const [pre] = nodesIn(blocks).filter((node) => node['type'] === 'rich_text_preformatted');
  return nodesIn(pre?.['elements'])
    .map((node) => String(node['text']))
    .join('');
}

test.each([
  // With errors the card shows the end of the output, else the beginning.
  ['hostile', '<https://evil|https://portal.example> [Approve here](https://evil) <https://evil>'],
  ['hostileText', 'Attention <!channel> <!here> <!everyone> <@U123> <#C123> <!subteam^S123>'],
] as const)(
  'output of the kind "%s" is inert text within the limits, on the card and on every page',
  async (transcript, shown) => {
    app.service.simulator?.tenant.change({ transcript });
    const { slack } = app;
    const asked = await app.asked();
    await app.avery.press(asked, 'Approve');
    const card = await app.shows(/Finished[\s\S]*Approve here/);
    expect(card.ts).toBe(asked.ts);
    // The truth, as text: somebody who reads the card reads what the device printed.
    expect(read(card)).toContain(shown);
    await slack.until('the note', () =>
      slack.world.in(incidents).find((message) => message.thread === card.ts),
    );

    await app.riley.press(card, 'lr.output.v1');
    const first = await app.told(app.riley, 'page 1 of');
    const pages = Number(/page 1 of (\d+)/.exec(first)?.[1]);
    expect(pages).toBeGreaterThan(20);
    const bodies = [bodyOf(slack.world.ephemerals.at(-1)?.blocks ?? [])];
    // The attack is at the beginning, with its line of 10,000 characters, and again at the end.
    for (const page of [2, 3, 4, 5, 6, pages]) {
      await app.riley.command(incidents, `output ${app.request().id} 0 ${page}`);
      await app.told(app.riley, `page ${page} of`);
      bodies.push(bodyOf(slack.world.ephemerals.at(-1)?.blocks ?? []));
    }
    const whole = bodies.slice(0, 6).join('');
    expect(
      clean(hostileLines.join('\n'))
        .split('\n')
        .filter((line) => !whole.includes(line))
        .map((line) => line.slice(0, 60)),
    ).toEqual([]);
    await app.riley.command(incidents, `output ${app.request().id} 0 ${pages + 1}`);
    await app.told(app.riley, new RegExp(`${pages} page`));

    for (const message of [...slack.world.in(incidents), ...slack.world.ephemerals]) expectInert(message);
    for (const call of slack.world.calls.filter(({ method }) => method.startsWith('chat.')))
      expect(call.args).toMatchObject({ parse: 'none', link_names: 'false' });
    // The fake refuses what is over a limit of Slack's; nothing was.
    expect(slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
  },
);
