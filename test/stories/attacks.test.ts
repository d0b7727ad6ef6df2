// One test for each attack on approval in chats that is known from other products (the sheet of peers,
// section 6) or from the field (rows 2.12 to 2.14 and 5.1 to 5.12; 5.4, which comes through no chat, is in
// attacksOnData.test.ts), in every chat where it exists, over the wire. What each of them is answered by is
// taken out by `npm run check-guards` (test/guards/attacks.json), and fails here.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { bindingOf } from '../../src/liveResponse/commands.ts';
import { consoleDoor, openConsoleStage } from '../support/attacks/consoleDoor.ts';
import { openSlackStage, slackDoor, slackIds } from '../support/attacks/slackDoor.ts';
import {
  approverOf,
  approving,
  asked,
  dump,
  journal,
  newest,
  reached,
  replaceScript,
  sent,
  stored,
} from '../support/attacks/stage.ts';
import type { Door, Stage } from '../support/attacks/stage.ts';
import { openTeamsStage, teamsDoor, teamsPeople } from '../support/attacks/teamsDoor.ts';
import { createManualClock } from '../support/manualClock.ts';
import { manyPending } from '../support/manyPending.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { openSlackHarness } from '../support/slack/slackHarness.ts';
import { ben, channel, group, memberOf, team } from '../support/chats/teamsHarness.ts';
import { dataOf } from '../support/chats/teamsTestApp.ts';

let stage: Stage;
let after: () => Promise<void>;
afterEach(() => after());

async function opened<S extends Stage>(opening: Promise<S>): Promise<S> {
  const one = await opening;
  stage = one;
  after = () => one.close();
  return one;
}

/** The request still waits, and Defender was asked for nothing. */
function untouched(): void {
  expect([stageOf(newest(stage)).state, sent(stage)]).toEqual(['awaitingApproval', 0]);
}

const doors: readonly Door[] = [slackDoor, teamsDoor, consoleDoor];

describe.each(doors)('in $chat', (door) => {
  describe('self-approval', () => {
    test('the requester, who holds the role of an approver too, presses and types', async () => {
      await opened(door.open());
      const request = await asked(stage);
      await stage.press('riley', 'approve');
      await stage.told('riley', /nobody approves their own/i);
      await stage.say('riley', approving(request));
      await stage.told('riley', /nobody approves their own/i);
      untouched();
    });

    test('from a second account of the same person', async () => {
      await opened(door.open());
      const request = await asked(stage);
      await stage.press('rileyAgain', 'approve');
      await stage.told('rileyAgain', /nobody approves their own.*from no account/is);
      await stage.say('rileyAgain', approving(request));
      await stage.told('rileyAgain', /nobody approves their own/i);
      untouched();
    });

    test('asked twice in two names: each of two who may do both approves the other’s, never their own', async () => {
      await opened(door.open());
      await asked(stage);
      await stage.press('sam', 'approve');
      await reached(stage, 'queued', 'submitting', 'running', 'finished');
      expect(newest(stage)).toMatchObject({
        asked: { requester: { id: 'responder1' } },
        sessions: [{ grant: { votes: [{ by: { id: 'responder2' } }] } }],
      });
    });
  });

  describe('a forged payload', () => {
    test('a button that carries another fingerprint, another revision or another request decides nothing', async () => {
      await opened(door.open());
      await asked(stage);
      await stage.press('avery', 'approve', {
        fingerprint: `${bindingOf(newest(stage).subject.digest).slice(0, 8)}00000000`,
      });
      await stage.told('avery', /the fingerprint is not that of lr-/i);
      await stage.press('avery', 'approve', { revision: 0 });
      await stage.told('avery', /older state/i);
      await stage.press('avery', 'approve', { request: 'lr-zzzzzz' });
      await stage.told('avery', /no request lr-zzzzzz/i);
      untouched();
    });

    test('a typed approval with the 8 digits of the card, with other bits or of another revision decides nothing (row 5.2)', async () => {
      await opened(door.open());
      const { id, revision, subject } = await asked(stage);
      const { fingerprint, digest } = subject;
      const bits = bindingOf(digest);
      for (const [code, words] of [
        [fingerprint, /are for eyes only, so nothing was approved/],
        [bits, /not|approve/],
        [`r${revision}-${bits.slice(0, 8)}00000000`, /the fingerprint is not that of lr-/i],
        [`r${revision + 1}-${bits}`, /older state/],
        [`r${revision - 1}-${bits}`, /older state/],
      ] as const) {
        await stage.say('avery', `approve ${id} ${code}`);
        await stage.told('avery', words);
        untouched();
      }
    });
  });

  test('a replayed click: the press that approved, sent once more, runs nothing again', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.press('avery', 'approve');
    const again = stage.again();
    await Promise.all([again, stage.again(), stage.again()]);
    await reached(stage, 'finished');
    await stage.again();
    expect(sent(stage)).toBe(1);
    expect(journal(stage).match(/"type":"approved"/g)).toHaveLength(1);
  });

  describe('two decide at the same moment', () => {
    test('of two approvers one is first, and the other is told who', async () => {
      await opened(door.open());
      await asked(stage);
      await Promise.all([stage.press('avery', 'approve'), stage.press('sam', 'approve')]);
      await reached(stage, 'finished');
      const [first, second] =
        approverOf(stage).id === 'approver1'
          ? (['(?:Avery|Ben)', 'sam'] as const)
          : (['Sam', 'avery'] as const);
      await stage.told(second, new RegExp(`approved already by ${first}`, 'i'));
      expect(sent(stage)).toBe(1);
      expect(journal(stage).match(/"type":"approved"/g)).toHaveLength(1);
    });

    test('of an approval and a withdrawal one holds, and a request withdrawn never runs', async () => {
      await opened(door.open());
      await asked(stage);
      await Promise.all([stage.press('riley', 'withdraw'), stage.press('avery', 'approve')]);
      await reached(stage, 'closed', 'finished');
      const lines = journal(stage);
      expect((lines.match(/"type":"withdrawn"/g) ?? []).length + (sent(stage) > 0 ? 1 : 0)).toBe(1);
    });
  });

  test('changed after approval: a script that is another one when its turn comes is not sent', async () => {
    await opened(door.open());
    // Defender takes nothing for a moment, so that what is approved waits.
    const tenant = stage.service().simulator?.tenant;
    tenant?.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
    await asked(stage);
    await stage.press('avery', 'approve');
    await reached(stage, 'queued', 'submitting');
    await replaceScript(stage);
    await reached(stage, 'closed');
    expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { code: 'scriptChanged' } });
    expect(sent(stage)).toBe(0);
  });

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

  describe('a stolen chat account can do what its person may; what holds', () => {
    test('it cannot ask and agree by itself', async () => {
      await opened(door.open());
      await stage.say('sam', dump);
      await stage.shows(/Waiting for approval/);
      await stage.press('sam', 'approve');
      await stage.told('sam', /nobody approves their own/i);
      untouched();
    });

    test('a freeze stops it, whatever it approves', async () => {
      await opened(door.open());
      await asked(stage);
      await stage.say('avery', 'freeze account of Sam is stolen');
      await stage.told('avery', /frozen|stopped/i);
      await stage.press('sam', 'approve');
      await stage.told('sam', /frozen by .*account of Sam is stolen/is);
      untouched();
    });

    test('taken out of the role, it approves nothing more, and what it approved is not sent', async () => {
      await opened(door.open());
      await asked(stage);
      const without = (text: string): string =>
        text.replace('approver: [approver1, responder2, responder1]', 'approver: [approver1, responder1]');
      stage.service().simulator?.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
      await stage.press('sam', 'approve');
      await reached(stage, 'queued', 'submitting');
      await stage.restart(without);
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { kind: 'refused' } });
      await stage.say('riley', dump.replace('hosta', 'hostb'));
      await stage.shows(/Waiting for approval[\s\S]*hostb|hostb[\s\S]*Waiting for approval/);
      await stage.press('sam', 'approve');
      await stage.told('sam', /need the role approver/i);
      expect(sent(stage)).toBe(0);
    });
  });

  test('a weak join of identities: the name of an approver on another account opens nothing', async () => {
    await opened(door.open());
    await asked(stage);
    await stage.press('nobody', 'approve');
    await stage.told('nobody', /not listed/i);
    await stage.say('nobody', approving(newest(stage)));
    await stage.told('nobody', /not listed/i);
    untouched();
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

  test('someone else’s prompt: buttons of others’ requests do nothing, and each such press is on record', async () => {
    await opened(door.open());
    await asked(stage);
    for (const verb of ['approve', 'withdraw'] as const) {
      await stage.press('ola', verb);
      await stage.told('ola', /role/i);
    }
    untouched();
    const refusals = journal(stage)
      .split('\n')
      .filter((line) => line.includes('pressRefused'));
    expect(refusals.filter((line) => line.includes('missingRole')).length).toBeGreaterThan(0);
    expect(refusals.length).toBe(2);
    expect(await stage.cards()).toBe(1);
  });

  test('a timer that says yes: time only denies', async () => {
    await opened(door.open((text) => text.replaceAll('expireAfter: 24h', 'expireAfter: 5m')));
    stage.service().scaledClock?.setSpeed(200);
    await asked(stage);
    await stage.shows(/Expired/i);
    expect(stageOf(newest(stage))).toMatchObject({ state: 'closed', ending: { kind: 'expired' } });
    await stage.say('avery', approving(newest(stage)));
    await stage.told('avery', /expired/i);
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

  describe('a policy that became stricter (row 5.1)', () => {
    const collect = 'collect hosta --reason "beacon at 02:40"';
    test('and takes the role from the requester ends what waits, so that a press lets nothing run', async () => {
      await opened(door.open());
      await asked(stage, collect);
      await stage.reload((text) =>
        text.replace('responder: [responder1, responder2]', 'responder: [responder2]'),
      );
      await stage.press('avery', 'approve');
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({
        ending: { kind: 'refused', code: 'requesterRoleGone' },
      });
      expect(sent(stage)).toBe(0);
    });

    test('and puts the recipe into a stricter tier stops what was approved before it, over a restart', async () => {
      await opened(door.open());
      stage.service().simulator?.tenant.faults.plant({ what: 'throttle', on: 'run', times: 'always' });
      await asked(stage, collect);
      await stage.press('avery', 'approve');
      await reached(stage, 'queued', 'submitting');
      await stage.restart((text) => text.replace(/(  collect:\n[^]*?tier: )standard/, '$1high'));
      await reached(stage, 'closed');
      expect(stageOf(newest(stage))).toMatchObject({ ending: { kind: 'refused', code: 'tierStricter' } });
      expect(sent(stage)).toBe(0);
    });
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

  test('one human listed twice is warned of it (row 5.5)', async () => {
    await opened(
      door.open((text) =>
        text.replace(
          'name: Sam Second',
          `name: ${/id: responder1, name: ([^,]+),/.exec(text)?.[1]?.toUpperCase() ?? ''}`,
        ),
      ),
    );
    await stage.say('riley', 'whoami');
    await stage.told(
      'riley',
      /The policy also lists .* If that is you too, tell the people who keep the policy/s,
    );
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

describe('in Slack alone', () => {
  const press = (id: string, fingerprint: string, revision: number): string =>
    new URLSearchParams({
      payload: JSON.stringify({
        type: 'block_actions',
        user: { id: slackIds.avery, team_id: 'T0HOME' },
        api_app_id: 'A0APP',
        token: 'x',
        container: { type: 'message', message_ts: '1.1', channel_id: incidents },
        team: { id: 'T0HOME' },
        channel: { id: incidents },
        actions: [
          {
            type: 'button',
            action_id: 'lr.approve.v1',
            value: JSON.stringify({ r: id, v: revision, f: fingerprint }),
          },
        ],
      }),
    }).toString();

  test('a press that Slack did not sign, signed with another secret or six minutes ago is refused', async () => {
    const { slack } = await opened(openSlackStage());
    const { id, subject, revision } = await asked(stage);
    const body = press(id, bindingOf(subject.digest), revision);
    const now = Math.floor(Date.now() / 1_000);
    const answers = [
      await slack.send(body, { secret: 'a guess' }),
      await slack.send(body, { headers: { 'x-slack-signature': '' } }),
      await slack.send(body, { timestamp: now - 360 }),
      await slack.send(body, { timestamp: now + 360 }),
    ];
    expect(answers.map(({ acknowledged }) => acknowledged)).toEqual([false, false, false, false]);
    untouched();
  });

  test('3,000 requests without a signature cost one line of the log (row 5.7)', async () => {
    const room = await openSlackHarness({ clock: createManualClock(Date.now()) });
    after = () => room.close();
    const knock = async (): Promise<number> => {
      const answer = await fetch(`${room.http.url}/slack/events`, { method: 'POST', body: 'payload=%7B%7D' });
      await answer.body?.cancel();
      return answer.status;
    };
    const answers = new Set<number>();
    for (let n = 0; n < 3_000; n += 50)
      for (const status of await Promise.all(Array.from({ length: 50 }, knock))) answers.add(status);
    expect([...answers]).toEqual([401]);
    expect(room.log.lines.filter(({ event }) => event.startsWith('slackRequestRefused'))).toHaveLength(1);
  });

  test('a signed delivery that somebody kept is taken once: an "unfreeze" of yesterday releases nothing', async () => {
    const { slack } = await opened(openSlackStage());
    await stage.say('avery', 'freeze first');
    await stage.told('avery', /\bFrozen:/);
    const kept = new URLSearchParams({
      token: 'x',
      team_id: 'T0HOME',
      team_domain: 'home',
      channel_id: incidents,
      channel_name: 'x',
      user_id: slackIds.avery,
      user_name: 'x',
      command: '/lr',
      text: 'unfreeze',
      api_app_id: 'A0APP',
      is_enterprise_install: 'false',
      response_url: `${slack.api.origin}/respond/kept`,
      trigger_id: '1.kept',
    }).toString();
    const timestamp = Math.floor(Date.now() / 1_000);
    await slack.send(kept, { timestamp });
    await slack.until('the release', () => (stage.service().store.freeze() === undefined ? true : undefined));
    await stage.say('avery', 'freeze second');
    // Not "Unfrozen": the answer to the kept delivery may be later than its effect.
    await stage.told('avery', /\bFrozen:/);
    await slack.send(kept, { timestamp });
    // Taken after it: what the kept delivery would have changed is changed by now.
    await stage.say('avery', 'whoami');
    await stage.told('avery', /You are/);
    expect(stage.service().store.freeze()?.why).toBe('second');
    expect(journal(stage).match(/"type":"unfrozen"/g)).toHaveLength(1);
  });

  test.each([
    ['a guest', { is_restricted: true }],
    ['a single-channel guest', { is_ultra_restricted: true }],
    ['a stranger of Slack Connect', { is_stranger: true }],
    ['a bot', { is_bot: true }],
    ['a deactivated account', { deleted: true }],
    ['an account of another workspace', { team_id: 'T0OTHER1' }],
  ])('%s, listed or not, pressed or typed, decides nothing', async (_who, flags) => {
    const { slack } = await opened(openSlackStage());
    const request = await asked(stage);
    slack.world.user(slackIds.avery, flags);
    await stage.press('avery', 'approve');
    await stage.told('avery', /can only read help here, whatever the policy lists/);
    await stage.say('avery', approving(request));
    await stage.told('avery', /can only read help here, whatever the policy lists/);
    untouched();
  });

  test('a stale permission: taken out of the group that gave the role, an approver approves nothing, however lately it was read', async () => {
    const { slack } = await opened(
      openSlackStage((text) =>
        text.replace('approver: [approver1, responder2, responder1]', "approver: ['slack:S0APPROVE']"),
      ),
    );
    await asked(stage);
    await stage.say('avery', 'whoami');
    await stage.told('avery', /approver/);
    slack.world.groups.set('S0APPROVE', []);
    await stage.press('avery', 'approve');
    await stage.told('avery', /need the role approver/);
    untouched();
  });

  test('a card carried to another channel decides nothing there', async () => {
    const one = await opened(openSlackStage());
    await asked(stage);
    one.slack.world.channel('C0ELSEWHERE', { members: Object.values(slackIds) });
    const [card] = one.slack.cards(incidents);
    if (card === undefined) throw new Error('there is no card');
    await one.person('avery').press({ ...card, channel: 'C0ELSEWHERE' }, 'Approve');
    await stage.told('avery', /not listed in the policy|superseded/);
    untouched();
  });

  test('what one person alone was shown is no card for another: the private copy decides by who presses it', async () => {
    const one = await opened(openSlackStage());
    const { id } = await asked(stage);
    await stage.say('avery', `status ${id}`);
    await stage.told('avery', /as it is now/);
    const copy = one.slack.world.ephemerals.findLast(({ user }) => user === slackIds.avery);
    if (copy === undefined) throw new Error('nothing was shown');
    await one.person('ola').press(copy, 'Approve');
    await stage.told('ola', /need the role approver/);
    await one.person('riley').press(copy, 'Approve');
    await stage.told('riley', /nobody approves their own/i);
    untouched();
  });
});

describe('in Teams alone', () => {
  test('an activity without a token of the platform’s, or for another bot, is refused', async () => {
    // botbuilder prints every refused token; there is no switch for it.
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    const forged = app.press(ben, channel, dataOf(card, 'approve'), { replyToId: card.id });
    const answers = [
      await app.deliver(forged, { header0: null }),
      await app.deliver(forged, { header0: 'Bearer nonsense' }),
      await app.deliver(forged, { claims: { aud: '99999999-9999-9999-9999-999999999999' } }),
      await app.deliver(forged, { claims: { exp: Math.floor(Date.now() / 1_000) - 3_600 } }),
    ];
    printed.mockRestore();
    expect(answers.map(({ status }) => status).filter((status) => status !== 401 && status !== 403)).toEqual(
      [],
    );
    untouched();
  });

  test.each([
    ['a guest', { userRole: 'guest' }, {}, /^Guests can only read help here/],
    [
      'a member of another tenant',
      {},
      {
        conversation: {
          id: channel,
          conversationType: 'channel',
          tenantId: '99999999-9999-9999-9999-999999999999',
        },
        channelData: { tenant: { id: '99999999-9999-9999-9999-999999999999' } },
      },
      /^People of other tenants can only read help here/,
    ],
    [
      'an anonymous participant',
      {},
      { from: { id: '29:anon', name: 'Ben Approver' } },
      /^Anonymous participants can only read help here/,
    ],
  ])('%s decides nothing, whatever the policy lists', async (_who, more, activity, words) => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    for (const place of [group, channel, team])
      app.connector.install(
        place,
        Object.values(teamsPeople).map((one) => memberOf(one, one.id === ben.id ? more : {})),
      );
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    expect(await app.click(ben, channel, card, { verb: 'approve', activity })).toMatch(words);
    untouched();
  });

  test('a stale permission: an approver made a guest since the last press approves nothing, however lately the roster was read', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    await stage.say('avery', 'whoami');
    await stage.told('avery', /approver/);
    for (const place of [group, channel, team])
      app.connector.install(
        place,
        Object.values(teamsPeople).map((one) =>
          memberOf(one, one.id === ben.id ? { userRole: 'guest' } : {}),
        ),
      );
    await stage.press('avery', 'approve');
    await stage.told('avery', /^Guests can only read help here/);
    untouched();
  });

  test('a kept press comes with a new id: it decides nothing a second time', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    const kept = app.press(ben, channel, dataOf(card, 'approve'), { replyToId: card.id });
    await app.deliver(kept);
    await app.deliver({ ...kept, id: 'f:kept' });
    await reached(stage, 'finished');
    expect(sent(stage)).toBe(1);
  });

  test('a card carried to a chat that the policy does not list decides nothing there', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    app.connector.install(
      '19:elsewhere@thread.v2',
      Object.values(teamsPeople).map((one) => memberOf(one)),
    );
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    expect(await app.click(ben, '19:elsewhere@thread.v2', card, 'approve')).toMatch(
      /not listed in the policy|superseded/,
    );
    untouched();
  });
});

describe('in the console alone', () => {
  test('a page of another origin, or a form, presses nothing', async () => {
    const { page } = await opened(openConsoleStage());
    const { id, subject, revision } = await asked(stage);
    const body = JSON.stringify({
      as: 'approver1',
      place: 'incidents',
      request: id,
      verb: 'approve',
      revision,
      fingerprint: bindingOf(subject.digest),
    });
    const answers = [
      await page.raw(
        'POST',
        '/console/api/presses',
        { 'content-type': 'application/json', origin: 'http://evil.example' },
        body,
      ),
      await page.raw(
        'POST',
        '/console/api/presses',
        { 'content-type': 'application/json', host: 'evil.example' },
        body,
      ),
      await page.raw('POST', '/console/api/presses', { 'content-type': 'text/plain' }, body),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 415]);
    untouched();
  });
});
