// Row 5.8: a link on a foreign host is handed to nobody, on no card and in no answer, and it is said why.
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvedHouse, textOf } from '../support/house.ts';
import type { House } from '../support/house.ts';

let house: House;
afterEach(() => house.close());

const minute = 60_000;
const foreign = 'https://results.evil.example';
const everything = (): string => JSON.stringify([[...house.chat.cards.values()], house.chat.notes, house.chat.announced, house.chat.whispers]);

async function finished(plantAt: 'start' | 'finish'): Promise<void> {
  house = await approvedHouse('dump hosta notepad', {}, ({ simulator }) => {
    const { faults } = simulator.tenant;
    const take = faults.take.bind(faults);
    let links = 0;
    faults.take = (what, place) => {
      if (what !== 'linkHost') return take(what, place);
      links += 1;
      // The readings of output and file went well; the link of the finished card is a new one.
      return plantAt === 'start' || links > 2 ? { what, value: foreign } : undefined;
    };
  });
  await house.until('finished');
  await house.run(minute);
}

describe.each(['start', 'finish'] as const)('a Defender that answers links on a foreign https host (from the %s on)', (from) => {
  test('brings no Download button onto a card, and the card says why', async () => {
    await finished(from);
    expect(house.card().view.links).toEqual([]);
    expect(everything()).not.toMatch(/https?:\/\/results\.evil\.example/);
    expect(house.card().history.at(-1)).toMatch(/leads outside the allowed download hosts \(its host results\.evil\.example is not on the list\)/);
  });

  test('brings no link into an answer, typed or pressed, and the answer says why and who can change it', async () => {
    await finished(from);
    const index = house.newest().commands.findIndex(({ type }) => type === 'GetFile');
    const replies = [await house.say('responder1', `link ${house.newest().id} ${index}`), await house.press('responder1', 'link', { index }), await house.say('responder1', `link ${house.newest().id} 0`)];
    for (const reply of replies) {
      expect(JSON.stringify(reply)).not.toMatch(/https?:\/\/results\.evil\.example/);
      expect(textOf(reply)).toMatch(/leads outside the allowed download hosts \(its host results\.evil\.example is not on the list\).*LR_RESULT_HOSTS/);
    }
    await house.run(minute);
    expect(everything()).not.toMatch(/https?:\/\/results\.evil\.example/);
  });
});

test('a host of the setting is handed out', async () => {
  house = await approvedHouse('dump hosta notepad', { resultHosts: ['.evil.example'] }, (of) => of.simulator.tenant.faults.plant({ what: 'linkHost', on: 'link', value: foreign, times: 'always' }));
  await house.until('finished');
  const index = house.newest().commands.findIndex(({ type }) => type === 'GetFile');
  const reply = await house.say('responder1', `link ${house.newest().id} ${index}`);
  expect(reply).toMatchObject({ kind: 'sentence', link: { url: expect.stringMatching(/^https:\/\/results\.evil\.example\//) } });
});
