// Attacks on what an approver is shown and on who reads along, in every chat, over the wire (rows 2.12 to 2.14
// and 5.1 to 5.12, as in attacks.test.ts).
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { describe, expect, test } from '@jest/globals';
import { bindingOf } from '../../src/liveResponse/commands.ts';
import { approverOf, asked, dump, journal, newest, reached, sent, stored } from '../support/attacks/stage.ts';
import { opened, stage, untouched } from '../support/attacks/openedStage.ts';
import { manyPending } from '../support/requests/manyPending.ts';
import { doors } from '../support/attacks/doors.ts';

describe.each(doors)('in $chat', (door) => {
  describe('a truncated view', () => {
    test('every character that would run stands on the card', async () => {
      await opened(door.open());
      const args = Array.from({ length: 280 }, (_, n) => `arg${n}xyz`)
        .join(' ')
        .slice(0, 2_900);
      await asked(stage, `run hosta collect.ps1 ${args}`);
      const card = await stage.shows(/Waiting for approval/);
      // Chats break lines and escape signs; letters and digits of every word stand there in order.
      expect(card.replace(/[^a-z0-9]/gi, '')).toContain(args.replace(/[^a-z0-9]/gi, ''));
    });

    test('what would not fit is refused before anybody could agree to it', async () => {
      await opened(door.open());
      await stage.say('riley', `run hosta collect.ps1 ${'x'.repeat(3_200)}`);
      await stage.told('riley', /at most 3000 fit on the card/);
      expect(stage.service().store.all()).toHaveLength(0);
    });
  });

  test('a look-alike host: a name with foreign letters is refused, and a device that resembles another says so on the card', async () => {
    await opened(door.open());
    await stage.say('riley', 'dump hоsta OfficeClickToRun');
    await stage.told('riley', /not a host name|letter of another alphabet/);
    expect(stage.service().store.all()).toHaveLength(0);
    const [{ device }] = (await asked(stage)).targets;
    const card = await stage.shows(/Waiting for approval/);
    expect(card).toContain(device.name);
    expect(card).toContain(device.id.slice(-8));
    expect(await stage.wire()).toMatch(new RegExp(`\\(id ending ${device.id.slice(-8)}\\)`));
  });

  test('markup and mentions in a reason stay text', async () => {
    await opened(door.open());
    await asked(
      stage,
      'dump hosta OfficeClickToRun --reason "<!channel> <@U0AVERY1> <at>all</at> [here](https://evil.example) <https://evil.example|ok>"',
    );
    await stage.say('riley', 'run hosta collect.ps1 "<!here>" "[here](https://evil.example)"');
    await stage.shows(/!here/);
    expect(await stage.alive()).toEqual([]);
    // And it is still there to be read.
    expect(await stage.shows(/Waiting for approval/)).toMatch(/evil\\?\.example/);
  });

  test('prompt fatigue: the same line again makes no second card', async () => {
    await opened(door.open());
    const { id } = await asked(stage);
    for (let n = 0; n < 3; n += 1) await stage.say('riley', dump);
    await stage.told('riley', new RegExp(id));
    expect(stage.service().store.all()).toHaveLength(1);
    expect(await stage.cards()).toBe(1);
  });

  test('a link that is merely opened, as scanners and previews do, changes nothing', async () => {
    await opened(door.open());
    const { id, subject } = await asked(stage);
    for (const path of [
      ...stage.links,
      '/',
      '/healthz',
      '/readyz',
      '/metrics',
      `/approve/${id}`,
      `/approve?id=${id}&fingerprint=${bindingOf(subject.digest)}`,
    ]) {
      for (const method of ['GET', 'HEAD']) await fetch(`${stage.service().url}${path}`, { method });
    }
    expect(journal(stage)).not.toMatch(
      /"type":"(?:approved|denied|withdrawn|frozen|unfrozen|pressRefused|commandRefused)"/,
    );
    untouched();
  });

  test('a download link stands on a button alone, and in no text that a chat would unfurl or a search would find', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.press('avery', 'approve');
    await stage.shows(/Finished[\s\S]*expires/);
    const wire = await stage.wire();
    const links = [...wire.matchAll(/"(\w+)":"(?:[^"\\]|\\.)*?sig=/g)].map(([, key]) => key);
    expect(links.length).toBeGreaterThan(0);
    expect(new Set(links)).toEqual(new Set(['url']));
    expect(await stage.alive()).toEqual([]);
    expect(journal(stage)).not.toContain('sig=');
  });

  test('the card says what the record says: approved while Defender takes nothing is not "sent"', async () => {
    await opened(door.open());
    stage.service().simulator?.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
    await asked(stage);
    await stage.press('avery', 'approve');
    const card = await stage.shows(/Approved, /);
    expect(card).not.toMatch(/\bRunning\b|\bFinished\b|Sent to Defender/);
    expect(['queued', 'submitting']).toContain(stageOf(newest(stage)).state);
    expect(sent(stage)).toBe(0);
  });

  test('a constant requester at Defender: its own record names who asked, who agreed, what and why', async () => {
    await opened(door.open());
    const { id, subject, asked: what } = await asked(stage);
    await stage.press('avery', 'approve');
    await reached(stage, 'finished');
    const [submission] = stage.service().simulator?.tenant.submissions ?? [];
    for (const words of [
      id,
      subject.fingerprint,
      `requested by ${what.requester.name}`,
      `approved by ${approverOf(stage).name}`,
      'reason: beacon at 02:40',
    ])
      expect(submission?.comment).toContain(words);
  });

  test('what was asked in a private place: reason, output and link stand on no card elsewhere, and no list names it (row 5.3)', async () => {
    // Of the two places of the policy the one that gets no approvals, where the approvals place shows
    // results.
    const limited = (text: string): string =>
      text
        .replace(
          /(place: .*?, )(?:approvals: false, )?results: (?:private|card) \}/,
          (line, start: string) =>
            line.includes('approvals: true')
              ? line
              : `${start}results: private, visibility: [requester, approvers] }`,
        )
        .replace(
          /(soc-private|C0PRIVATE1)', results: private \}/,
          "$1', results: private, visibility: [requester, approvers] }",
        )
        .replace('approver: [approver1, responder2, responder1]', 'approver: [approver1]');
    await opened(door.open(limited));
    await stage.say('riley', dump, 'elsewhere');
    const card = await stage.shows(/Waiting for approval/);
    const { id } = newest(stage);
    expect(card).not.toContain('beacon');
    await stage.say('sam', 'list recent');
    expect(await stage.told('sam', /./)).not.toContain(id);
    await stage.say('sam', `status ${id}`);
    await stage.told('sam', /there is no request/i);
    await stage.press('avery', 'approve');
    await stage.shows(/Finished/);
    expect(newest(stage)).toMatchObject({
      asked: { requester: { id: 'responder1' } },
      sessions: [{ stage: { state: 'finished' } }],
    });
    const stood = await stage.stood();
    expect(stood).toContain(id);
    expect(stood).not.toMatch(/beacon|sig=/);
    expect(await stage.wire()).not.toContain('sig=');
    await stage.say('sam', `output ${id} 0`);
    await stage.told('sam', /there is no request/i);
  });

  test('a stranger reads no words and no figures on the public port (row 5.6)', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.say('avery', 'freeze account of Sam is stolen');
    await stage.told('avery', /frozen/i);
    const read = async (path: string): Promise<string> =>
      (await fetch(`${stage.service().url}${path}`)).text();
    expect(await read('/readyz')).toBe('{"status":"ready"}');
    expect(await read('/metrics')).toMatch(/LR_ADMIN_PORT/);
    for (const path of ['/healthz', '/readyz', '/metrics', '/'])
      expect([path, /stolen|Avery|\bBen\b|hosta|lr-|live_response_\w+ \d/i.exec(await read(path))]).toEqual([
        path,
        null,
      ]);
    // On the admin port, of this machine alone, they are there.
    expect(await (await fetch(`${stage.service().adminUrl ?? ''}/readyz`)).text()).toContain('stolen');
  });

  test('a result link on a foreign host is handed to nobody (row 5.8)', async () => {
    await opened(door.open());
    stage.service().simulator?.tenant.faults.plant({
      what: 'linkHost',
      on: 'link',
      times: 'always',
      value: 'https://results.evil.example',
    });
    await asked(stage);
    await stage.press('avery', 'approve');
    await stage.shows(/Finished[\s\S]*leads outside the allowed download hosts/);
    await stage.say('riley', `link ${newest(stage).id} 1`);
    await stage.told('riley', /leads outside the allowed download hosts/);
    expect(await stage.wire()).not.toMatch(/https?:\/\/results\.evil\.example|sig=/);
  });

  test('45 requests in a row by one person: what waits is bounded, for the device and for the person, and the rest is refused with the reason (row 5.9)', async () => {
    await opened(door.open());
    const say = (n: number, host: string): Promise<void> => stage.say('riley', `dump ${host} process${n}`);
    for (let n = 0; n < 12; n += 1) await say(n, 'hosta');
    await stage.told('riley', /10 requests for hosta\S* wait already.*lets one device have 10/is);
    for (let n = 12; n < 22; n += 1) await say(n, 'hostb');
    await stage.told('riley', /lr-/);
    for (let n = 22; n < 45; n += 1) await say(n, n % 2 === 0 ? 'hostb' : 'hosta');
    await stage.told('riley', /You have 20 requests that wait: .*lets one person have 20/is);
    expect(stage.service().store.open()).toHaveLength(20);
    expect(stage.service().store.all()).toHaveLength(20);
  });

  test('36 asks within a minute are all asked for: a burst waits for its turn, and none fails (row 5.12)', async () => {
    await opened(door.open((text) => manyPending(text)));
    await Promise.all(
      Array.from({ length: 36 }, (_, n) =>
        stage.say(n % 2 === 0 ? 'riley' : 'sam', `dump host${n % 3 === 0 ? 'b' : 'a'} process${n}`),
      ),
    );
    await stored(stage, 36);
    expect(await stage.wire()).not.toMatch(/our own limit/);
  });

  describe('text that runs otherwise than it reads (rows 2.12 to 2.14)', () => {
    test('letters from right to left are spelt out in the order in which they run', async () => {
      await opened(door.open());
      await asked(stage, 'run hosta collect.ps1 -Days א 1 ב 22');
      expect(newest(stage).subject.commands).toEqual([
        { type: 'RunScript', scriptName: 'collect.ps1', args: '-Days א 1 ב 22' },
      ]);
      expect(await stage.shows(/Waiting for approval/)).toContain('-Days ‹U+05D0› 1 ‹U+05D1› 22');
      expect(await stage.wire()).not.toMatch(/א 1 ב 22/);
    });

    test.each([
      ['an object that is not there', '\ufffc'],
      ['private use', '\ue000'],
      ['a sign that embraces digits', '\u0605'],
      ['sixty marks', 'a' + '\u0301'.repeat(60)],
    ])('%s is refused', async (_what, hidden) => {
      await opened(door.open());
      await stage.say('riley', `run hosta collect.ps1 -Days ${hidden}1`);
      await stage.told('riley', /what runs must be what is seen/);
      expect(stage.service().store.all()).toHaveLength(0);
    });

    test('a value of a recipe becomes no other parameter', async () => {
      const recipe =
        "  logs:\n    usage: logs <host> <folder>\n    args:\n      folder: { chars: 'A-Za-z0-9:\\ –-', max: 64 }\n    commands:\n      - { RunScript: collect.ps1, Args: '-Path \"{folder}\"' }\n    tier: high\n";
      await opened(door.open((text) => text.replace('recipes:\n', `recipes:\n${recipe}`)));
      await stage.say('riley', 'logs hosta "–Force"');
      await stage.told('riley', /may not begin with "–"/);
      expect(stage.service().store.all()).toHaveLength(0);
      await asked(stage, 'logs hosta "C:\\x -Force -Recurse"');
      expect(newest(stage).subject.commands).toMatchObject([{ args: '-Path "C:\\x -Force -Recurse"' }]);
    });
  });
});
