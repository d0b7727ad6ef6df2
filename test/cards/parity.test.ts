// All renderers show the same: whoever approves in Teams reads what the requester reads in Slack.
import { describe, expect, test } from '@jest/globals';
import { adaptiveCard } from '../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../cards/renderers/blockKit.ts';
import { plainText } from '../../cards/renderers/plainText.ts';
import { examples, viewOf } from './examples/examples.ts';
import { readAdaptive, readSlack } from './examples/reading.ts';

/** Spaces at line ends are not seen: an empty line may be drawn as one space. */
function lineEnds(text: string): string {
  return text.replace(/ +$/gm, '');
}

describe.each(examples)('$name', (one) => {
  const view = viewOf(one);
  const adaptive = readAdaptive(adaptiveCard(view));
  const slack = readSlack(blockKit(view).blocks);
  const plain = plainText(view, { urls: 'shown' });
  const renderings = [
    ['Teams', adaptive.text],
    ['Slack', slack.text],
    ['plain text', plain.replaceAll(/^ {4}\| ?/gm, '')],
  ] as const;

  test.each(renderings)('%s shows everything the view says', (_name, text) => {
    const said = [
      view.title,
      view.status,
      view.lead,
      ...view.facts.flatMap((fact) => [fact.label, fact.value]),
      ...view.steps.flatMap((step) => [
        step.command,
        step.status,
        `Index ${step.index}: ${step.status}`,
        ...(step.detail === undefined ? [] : [step.detail]),
      ]),
      ...view.excerpts.flatMap((excerpt) => [
        excerpt.title,
        excerpt.text,
        ...(excerpt.more === undefined ? [] : [excerpt.more]),
      ]),
      ...view.links.flatMap((link) => [link.label, link.expiry]),
      ...view.notes,
      ...view.buttons.map((button) => button.label),
      ...view.buttons.flatMap((button) =>
        button.confirm === undefined ? [] : [button.confirm.title, button.confirm.text],
      ),
    ];
    for (const piece of said) expect(lineEnds(text)).toContain(lineEnds(piece));
  });

  test('Teams and Slack carry the same presses, in the same order', () => {
    const expected = view.buttons.map((button) => ({
      verb: button.verb,
      requestId: view.requestId,
      revision: view.revision,
      fingerprint: view.fingerprint,
      ...(button.index === undefined ? {} : { index: button.index }),
    }));
    expect(adaptive.presses).toEqual(expected);
    expect(slack.presses).toEqual(expected);
    for (const button of view.buttons) expect(plain).toContain(`(${button.verb}) ${button.label}`);
  });

  test('all open the same addresses', () => {
    const expected = view.links.map((link) => link.url);
    expect(adaptive.urls).toEqual(expected);
    expect(slack.urls).toEqual(expected);
    for (const url of expected) expect(plain).toContain(url);
  });

  test('plain text keeps addresses to itself unless asked for them', () => {
    for (const link of view.links) expect(plainText(view)).not.toContain(link.url);
  });
});
