// `npm run acceptance` as people run it: the built program, lines typed to it, and a simulated tenant behind
// real HTTP.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { approve, device, measured, openAcceptanceBench } from '../support/programs/acceptanceBench.ts';
import type { AcceptanceBench } from '../support/programs/acceptanceBench.ts';
import { fixtureIn } from '../support/programs/acceptanceRun.ts';
import type { Fixture } from '../support/programs/acceptanceRun.ts';

let bench: AcceptanceBench;
beforeEach(() => {
  bench = openAcceptanceBench();
});
afterEach(() => bench.close());

describe('two people at the terminal', () => {
  test('do the main job: the asker cannot approve, one submission is made, and the table and the fixture are there', async () => {
    const { url, tenant: at } = await bench.tenant();
    const days = [0, 1].map((day) => new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10));
    for (const day of days) writeFileSync(join(bench.out, `acceptance-${day}.json`), 'earlier');
    const anchors = join(bench.folder, 'anchors.ndjson');
    const run = bench.start(
      ['--device', 'hosta'],
      bench.settings(url, { LR_ANCHOR_FILE: anchors, LR_ANCHOR_EVERY_LINES: '1' }),
    );
    await run.seen(/Two people of the policy sit here/);
    run.type('analyst: ask');
    await run.seen(/RunScript minidump\.ps1 notepad/);
    run.type('analyst: approve');
    await run.seen(/\(to analyst\) .*(own request|somebody else|another person|not approve)/i);
    expect(at.submissions).toHaveLength(0);
    run.type('lead: approve');
    // The line is told as this terminal takes it; typed as a chat tells it, it is taken as well.
    const [, code = ''] = await run.seen(/type exactly: lead: approve (r\d+-[0-9a-f]{16})/);
    const [, id = ''] = await run.seen(/Request +(lr-\w+)/);
    run.type(`lead: /lr approve ${id} ${code}`);
    expect(await run.ended).toBe(0);

    expect(run.text()).toMatch(
      /The main job went through: approved by another person, sent once, succeeded, and its results could be read/,
    );
    expect(run.text()).toMatch(/assumption +simulator +this tenant/);
    expect(at.submissions).toHaveLength(1);
    // The bot's anchors are of the bot's journal.
    expect(existsSync(anchors)).toBe(false);
    // Never over an earlier one, and for its owner alone.
    for (const day of days)
      expect(readFileSync(join(bench.out, `acceptance-${day}.json`), 'utf8')).toBe('earlier');
    const [name = ''] = readdirSync(bench.out).filter((one) => /-2\.json$/.test(one));
    expect(statSync(join(bench.out, name)).mode & 0o777).toBe(0o600);
    const fixture = JSON.parse(readFileSync(join(bench.out, name), 'utf8')) as Fixture;
    expect(fixture.mainJob.ok).toBe(true);
    expect(fixture.simulated).toBe(true);
    // Devices work fifty times as fast here; that the program says so is what it is for. All else is as the
    // simulator has it.
    expect(
      fixture.measures
        .filter((one) => one.verdict === 'differs')
        .map((one) => one.name)
        .sort(),
    ).toEqual(['time.settle', 'time.start']);
    expect(measured(fixture, 'comment.kept')).toMatch(/^same: yes, \d+ characters$/);
    expect(measured(fixture, 'link.next')).toMatch(/^same: yes/);
    expect(measured(fixture, 'list.fresh')).toMatch(/^same: as new, in \d+ pairs$/);
    expect(measured(fixture, 'limit.busy')).toMatch(/^unmeasured: .*a second POST is a second submission/);
  });

  test('take only the lines of the main job, from people who are named', async () => {
    const { url, tenant: at } = await bench.tenant();
    const run = bench.start(['--device', device], bench.settings(url));
    await run.seen(/Two people of the policy sit here/);
    for (const line of [
      'analyst: run hosta collect.ps1',
      'analyst: freeze now',
      'ask',
      'lead: approve',
      'stranger: ask',
      'as lead> unfreeze',
    ])
      run.type(line);
    run.leave();
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(
      /"run" is not for this terminal\. It takes: ask, approve[^]*"freeze" is not for this terminal[^]*Type who says it first[^]*people of this policy: analyst, lead[^]*Nothing has been asked for yet[^]*\(to stranger\) [^]*"unfreeze" is not for this terminal/,
    );
    expect(run.text()).toMatch(
      /did NOT go through: nobody approved it in time, or it was not sent\. Nothing was asked for, and nothing ran\./,
    );
    expect(at.submissions).toHaveLength(0);
    expect(readdirSync(bench.out)).toEqual([]);
  });

  test('may deny, and may leave before anybody approved: nothing ran, which is said', async () => {
    const { url, tenant: at } = await bench.tenant();
    const run = bench.start(['--device', device], bench.settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.type('analyst: ask');
    await run.seen(/\(approve\) Approve/);
    run.type('lead: deny not on this device');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/It ended without a session: denied; nothing ran\./);

    const other = bench.start(['--device', device], bench.settings(url));
    await other.seen(/Two people of the policy sit here/);
    other.type('analyst: ask');
    await other.seen(/\(approve\) Approve/);
    other.leave();
    expect(await other.ended).toBe(1);
    expect(other.text()).toMatch(/Nobody has approved it, and nothing ran\./);
    expect(at.submissions).toHaveLength(0);
    // A bench.folder for each run: what one left waiting is sent by no other.
    expect(readdirSync(join(bench.folder, 'data'))).toHaveLength(2);
  });

  test('who interrupt it while the device works are told what runs on, and keep what was measured', async () => {
    const { url, tenant: at } = await bench.tenant({
      commandMs: [3_000_000, 3_000_000],
      scriptTimeoutMs: 6_000_000,
    });
    const run = bench.start(['--device', device], bench.settings(url));
    await approve(run);
    await run.seen(/Defender: InProgress/);
    run.signal('SIGINT');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(
      /stopped\. The session runs on at Defender, which says InProgress \(action [0-9a-f-]{36}\); nothing here follows or stops it any more\./,
    );
    expect(at.submissions).toHaveLength(1);
    expect(at.actions()[0]?.status).toBe('InProgress');
    expect(fixtureIn(bench.out).json.mainJob).toMatchObject({ ok: false });
  });

  test('who interrupt it before anything was asked for are told so', async () => {
    const { url, tenant: at } = await bench.tenant();
    const run = bench.start(['--device', device], bench.settings(url));
    await run.seen(/Two people of the policy sit here/);
    run.signal('SIGINT');
    // As a shell or npm hands it on: still the same Ctrl+C. Another signal, because two of the same may
    // become one on their way.
    run.signal('SIGTERM');
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/stopped\. Nothing was asked for, and nothing ran\./);
    expect(at.submissions).toHaveLength(0);
  });
});

test('a cancel that somebody asks for is measured, and is what was wanted', async () => {
  const { url, tenant: at } = await bench.tenant();
  const run = bench.start(['--device', device, '--play', '--cancel'], bench.settings(url));
  expect(await run.ended).toBe(0);
  expect(run.text()).toMatch(/went through: cancelled, as was asked for/);
  expect(measured(fixtureIn(bench.out).json, 'cancel.word')).toBe('same: Cancelled');
  expect(at.submissions).toHaveLength(1);
});

test('played people whose line the bot does not take are not waited for: nobody else is there', async () => {
  const { url, tenant: at } = await bench.tenant();
  const run = bench.start(
    ['--device', device, '--play', '--process=-x', '--patience', '1'],
    bench.settings(url),
  );
  expect(await run.ended).toBe(1);
  expect(run.text()).toMatch(
    /did NOT go through: the bot did not take what was asked for, or approved\. Nothing was asked for, and nothing ran\./,
  );
  expect(at.submissions).toHaveLength(0);
});

test('a device that stays offline is told as what still waits at Defender', async () => {
  const run = bench.start(['--device', 'laptop7', '--play', '--patience', '8'], {
    LR_SPEED: '200',
    LR_POLICY: bench.policy('laptop7.corp.example'),
  });
  expect(await run.ended).toBe(1);
  expect(run.text()).toMatch(
    /it did not end in time\. The session runs on at Defender, which says Pending \(action [0-9a-f-]{36}\)/,
  );
  expect(fixtureIn(bench.out).json.mainJob.ok).toBe(false);
});

test('a script that fails is no success of the main job', async () => {
  const { url, tenant: at } = await bench.tenant();
  at.changeDevice(device, { broken: true });
  const run = bench.start(['--device', device, '--play'], bench.settings(url));
  expect(await run.ended).toBe(1);
  expect(run.text()).toMatch(/did NOT go through: the session ended: failed/);
});
