// Row 5.8: a link on a foreign host is handed to nobody, on no card and in no answer, and it is said why.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { approvedHouse, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

const minute = 60_000;
const foreign = 'https://results.evil.example';
const everything = (): string =>
  JSON.stringify([[...app.chat.cards.values()], app.chat.notes, app.chat.announced, app.chat.whispers]);

async function finished(
  plantAt: 'start' | 'finish',
  host = foreign,
  resultHosts: readonly string[] = [],
): Promise<void> {
  app = await approvedHouse('dump hosta notepad', { resultHosts }, ({ simulator }) => {
    const { faults } = simulator.tenant;
    const take = faults.take.bind(faults);
    let links = 0;
    faults.take = (what, place) => {
      if (what !== 'linkHost') return take(what, place);
      links += 1;
      // The readings of output and file went well; the link of the finished card is a new one.
      return plantAt === 'start' || links > 2 ? { what, value: host } : undefined;
    };
  });
  await app.until('finished');
  await app.run(minute);
}

describe.each(['start', 'finish'] as const)(
  'a Defender that answers links on a foreign https host (from the %s on)',
  (from) => {
    test('brings no Download button onto a card, and the card says why', async () => {
      await finished(from);
      expect(app.card().view.links).toEqual([]);
      expect(everything()).not.toMatch(/https?:\/\/results\.evil\.example/);
      expect(app.card().history.at(-1)).toMatch(
        /leads outside the allowed download hosts \(its host results\.evil\.example is not on the list\)/,
      );
    });

    test('brings no link into an answer, typed or pressed, and the answer says why and who can change it', async () => {
      await finished(from);
      const index = app.newest().subject.commands.findIndex(({ type }) => type === 'GetFile');
      const replies = [
        await app.say('responder1', `link ${app.newest().id} ${index}`),
        await app.press('responder1', 'link', { index }),
        await app.say('responder1', `link ${app.newest().id} 0`),
      ];
      for (const reply of replies) {
        expect(JSON.stringify(reply)).not.toMatch(/https?:\/\/results\.evil\.example/);
        expect(textOf(reply)).toMatch(
          /leads outside the allowed download hosts \(its host results\.evil\.example is not on the list\).*LR_RESULT_HOSTS/,
        );
      }
      await app.run(minute);
      expect(everything()).not.toMatch(/https?:\/\/results\.evil\.example/);
    });
  },
);

test('a host of the setting is handed out', async () => {
  app = await approvedHouse('dump hosta notepad', { resultHosts: ['.evil.example'] }, (of) =>
    of.simulator.tenant.faults.plant({ what: 'linkHost', on: 'link', value: foreign, times: 'always' }),
  );
  await app.until('finished');
  const index = app.newest().subject.commands.findIndex(({ type }) => type === 'GetFile');
  const reply = await app.say('responder1', `link ${app.newest().id} ${index}`);
  expect(reply).toMatchObject({
    kind: 'sentence',
    link: { url: expect.stringMatching(/^https:\/\/results\.evil\.example\//) },
  });
});

describe('a link where Azure or the tenant keeps results is handed out and stands on the card:', () => {
  test.each([
    ['a zone of Azure’s own DNS', 'https://stautoir1.z01.blob.storage.azure.net', ''],
    ['another zone', 'https://wcdstaticfilesprdweu.z47.blob.storage.azure.net', ''],
    ['the US government clouds', 'https://automatedirstr.blob.core.usgovcloudapi.net', ''],
    [
      'another sovereign cloud, by the setting',
      'https://automatedirstr.blob.core.chinacloudapi.cn',
      '*.blob.core.chinacloudapi.cn',
    ],
    [
      'a zone of another cloud, by the setting',
      'https://st1.z05.blob.storage.azure.us',
      'results.corp.example, *.blob.storage.azure.us',
    ],
    ['a host of the tenant’s own, by the setting', 'https://Results.Corp.Example', 'RESULTS.corp.example'],
  ])('%s', async (_name, host, setting) => {
    const read = readSettings({ LR_RESULT_HOSTS: setting });
    if (!('settings' in read)) throw new Error(read.problems.join());
    // What is read comes from the simulator: the host stands in the links of the finished card and of the
    // answers.
    await finished('finish', host, read.settings.resultHosts);
    const index = app.newest().subject.commands.findIndex(({ type }) => type === 'GetFile');
    expect(await app.say('responder1', `link ${app.newest().id} ${index}`)).toMatchObject({
      kind: 'sentence',
      link: { url: expect.stringContaining(`${host}/`) },
    });
    expect(app.card().view.links.map(({ url }) => new URL(url).hostname)).toEqual([new URL(host).hostname]);
    expect(app.card().history.at(-1)).not.toContain('outside the allowed download hosts');
  });

  test.each([
    ['a name that only ends like a zone', 'https://evilblob.storage.azure.net'],
    ['the zone itself', 'https://blob.storage.azure.net'],
    ['a zone below another name', 'https://st1.z01.blob.storage.azure.net.evil.example'],
  ])('%s is none', async (_name, host) => {
    await finished('finish', host);
    expect(app.card().view.links).toEqual([]);
    expect(app.card().history.at(-1)).toContain('outside the allowed download hosts');
  });
});
