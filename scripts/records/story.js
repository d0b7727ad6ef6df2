// Story of a recording: requests that come to each state and each end, with several cards each
import { Bench, minute, policyOf } from './bench.js';
import { answersLost, deviceTroubles, waits } from './troubles.js';

const hour = 60 * minute;

/** A dump from question to download, asked in Slack and approved in Teams, and what people look up then. */
async function mainJob(bench) {
  await bench.ask('finished', 'dump load001 OfficeClickToRun --reason "beacon seen at 02:40"');
  bench.keepPresses('finished');
  await bench.press('riley', 'approve', 'finished');
  await bench.press('ola', 'approve', 'finished');
  await bench.approve('finished', 'teams');
  await bench.reach('finished', 'finished');
  await bench.run(10_000);
  await bench.say('riley', `output ${bench.story.finished} 0`);
  await bench.say('avery', `link ${bench.story.finished} 1`, 'teams');
  await bench.approved('exitCode', 'run load002 exit3.ps1', { where: 'group' });
  await bench.reach('exitCode', 'finished');
  await bench.run(5_000);
}

/** Decisions of people, and time that runs out. */
async function decisions(bench) {
  await bench.ask('denied', 'dump load003 notepad --reason "wrong host?"', { where: 'group' });
  await bench.press('avery', 'deny', 'denied', { input: 'not this host, ask for load004' });
  await bench.ask('withdrawn', 'collect load004', { where: 'group' });
  await bench.press('riley', 'withdraw', 'withdrawn', { where: 'group' });
  await bench.ask('withdrawnTyped', 'collect load004', { as: 'sam' });
  await bench.say('sam', `cancel ${bench.story.withdrawnTyped} found it elsewhere`, 'slack');
  await bench.ask('expired', 'dump load005 teams', { where: 'slackPrivate' });
  await bench.ask('shownStale', 'dump load006 notepad');
  bench.keepPresses('shownStale', 'expired');
  await bench.later(31 * minute, 2);
  await bench.say('riley', 'list recent');
}

/** Results where they stay private, output that takes a while, links that are refused. */
async function results(bench) {
  await bench.approved('private', 'dump load007 notepad --reason "private matter"', { where: 'private' });
  await bench.reach('private', 'finished');
  await bench.run(5_000);
  await bench.press('riley', 'link', 'private', { where: 'private', index: 1 });
  bench.faults.plant({ what: 'notReady', times: 3 });
  await bench.approved('resultsLate', 'dump load008 notepad');
  await bench.reach('resultsLate', 'finished');
  await bench.run(minute);
  bench.faults.plant({ what: 'notReady', times: 20 });
  await bench.say('riley', `link ${bench.story.resultsLate} 1`);
  await bench.press('avery', 'link', 'resultsLate', { index: 1 });
  bench.faults.clear();
  await bench.run(10_000);
  // Links on cards end, and the cards say so.
  await bench.later(40 * minute, 2);
}

/** Sessions that are cancelled, parked, strange, lost sight of, or never end. */
async function sessions(bench) {
  await bench.approved('cancelled', 'dump laptop7 notepad', { approvedIn: 'teams' });
  await bench.reach('cancelled', 'running');
  await bench.press('riley', 'cancel', 'cancelled');
  await bench.reach('cancelled', 'finished');
  await bench.approved('parkedWoke', 'dump laptop8 notepad', { where: 'group' });
  await bench.reach('parkedWoke', 'running');
  await bench.later(22 * minute, 3);
  await bench.reach('parkedWoke', 'finished');
  await bench.run(5_000);
  await bench.approved('strange', 'dump load009 notepad');
  await bench.reach('strange', 'running');
  bench.faults.plant({ what: 'unknownStatus', times: 'always', value: 'Hibernating' });
  await bench.run(10_000);
  bench.faults.clear();
  await bench.reach('strange', 'finished');
  await bench.approved('lostTrack', 'dump laptop7 explorer');
  await bench.reach('lostTrack', 'running');
  bench.faults.plant({ what: 'staleList', on: 'list', ms: 24 * hour, times: 'always' });
  bench.faults.plant({ what: 'status', on: 'get', status: 404, times: 'always' });
  await bench.reach('lostTrack', 'unknown');
  bench.faults.clear();
  bench.device('laptop7', { online: true });
  await bench.reach('lostTrack', 'finished');
  bench.device('laptop7', { online: false });
  bench.device('load010', { stuck: true });
  await bench.approved('overdue', 'dump load010 notepad');
  await bench.reach('overdue', 'running');
  for (let hours = 0; hours < 90 && bench.state('overdue') === 'running'; hours += 6)
    await bench.later(6 * hour);
  await bench.later(30 * minute, 8);
  await bench.press('avery', 'drop', 'overdue');
  await bench.tick();
}

/** Trying again: the rest of a failed session, and a request whose time was over. */
async function again(bench) {
  await bench.approved('brokenDevice', 'dump broken1 notepad --reason "first try"');
  await bench.reach('brokenDevice', 'finished');
  await bench.run(5_000);
  await bench.approved('fileMissing', 'on load012 run collect.ps1 ; get C:\\Users\\Public\\late.txt', {
    where: 'group',
  });
  await bench.reach('fileMissing', 'finished');
  await bench.run(5_000);
  for (const [label, index] of [
    ['fileMissing', 1],
    ['brokenDevice', 0],
    ['expired', 0],
  ]) {
    const reply = await bench.press('sam', 'again', label, { index });
    if (reply.kind !== 'asked') throw new Error(`${label} again: ${bench.program.textOf(reply)}`);
    bench.story[`${label}Again`] = reply.requestId;
    await bench.tick();
  }
  await bench.approve('fileMissingAgain');
  await bench.reach('fileMissingAgain', 'finished');
  await bench.run(5_000);
}

/** What only later versions know: a forgotten person, a request held for a court, a session that differs. */
async function laterRecords(bench) {
  const { house } = bench;
  await bench.ask('forgotten', 'dump load016 notepad --reason "of a person who is forgotten"', { as: 'kim' });
  await bench.press('avery', 'deny', 'forgotten', { input: 'not today, Kim' });
  await bench.tick();
  await house.store.note({
    type: 'legalHold',
    kind: 'request',
    on: bench.story.finished,
    by: 'operator at the machine',
    why: 'case 7',
  });
  await house.store.forget(house.store.personsNamed('responder3'), 'operator at the machine');
  await bench.house.restart();
  bench.faults.plant({ what: 'loseAnswer', on: 'run' });
  await bench.approved('differs', 'dump load017 notepad');
  await bench.reach('differs', 'unknown');
  const undo = house.field.changeActions((action) =>
    action.requestorComment?.includes(bench.story.differs)
      ? {
          ...action,
          commands: action.commands.map((one, at) =>
            at === 0
              ? {
                  ...one,
                  command: { type: 'RunScript', params: [{ key: 'ScriptName', value: 'other.ps1' }] },
                }
              : one,
          ),
        }
      : action,
  );
  await bench.reach('differs', 'finished');
  await bench.run(5_000);
  undo();
}

/** The same: contents seen again, redaction, another policy, requests kept apart, a restore. */
async function laterInventions(bench) {
  const { house } = bench;
  await bench.ask('contentSeen', 'dump load013 notepad');
  const [file] = house.simulator.tenant.library().filter((one) => one.fileName === 'minidump.ps1');
  house.simulator.tenant.keepFile({
    ...file,
    sha256: 'ab'.repeat(32),
    lastUpdatedTime: new Date(bench.clock.now()).toISOString(),
  });
  await bench.press('avery', 'approve', 'contentSeen');
  await bench.tick();
  await bench.approve('contentSeen');
  await bench.reach('contentSeen', 'finished');
  const redacting = (text) =>
    policyOf(text).replace('standard: { request', 'standard: { redactAfter: 30m, request');
  await house.changePolicy(redacting);
  await bench.later(40 * minute, 2);
  await house.changePolicy(policyOf);
  await bench.ask('apartFirst', 'dump load014 notepad');
  await bench.say('sam', 'dump load014 notepad', 'slack');
  await bench.ask('apart', 'dump load014 notepad --separate --reason "second dump after the reboot"', {
    as: 'sam',
  });
  await bench.approved('beforeRestore', 'dump srv-portal notepad');
  await bench.run(10_000);
  await house.store.note({
    type: 'accepted',
    ...house.store.head(),
    by: 'operator at the machine',
    why: 'the record was restored',
  });
  bench.clock.move(minute);
  await bench.tick();
  await bench.say('riley', `cancel ${bench.story.beforeRestore}`, 'slack');
  await bench.say('avery', 'unfreeze', 'slack');
  await bench.tick();
}

/** The end of the recording: what is open when the older version is stopped for good. */
async function leftOpen(bench) {
  await bench.ask('awaiting', 'dump load020 OfficeClickToRun --reason "beacon seen at 02:40"');
  await bench.ask('awaitingTeams', 'collect load021', { where: 'group' });
  await bench.ask('awaitingOther', 'hosts load022', { as: 'sam' });
  await bench.ask('awaitingPrivate', 'dump load023 lsass --reason "private matter"', { where: 'private' });
  await bench.approved('stillParked', 'dump laptop7 teams');
  await bench.reach('stillParked', 'running');
  await bench.later(11 * minute, 2);
  bench.device('load024', { stuck: true });
  await bench.approved('stillRunning', 'dump load024 notepad', { where: 'group' });
  await bench.reach('stillRunning', 'running');
  await bench.approved('behindRunning', 'collect load024', { as: 'sam' });
  await bench.tick();
  bench.faults.plant({ what: 'reset', on: 'run', times: 1 });
  await bench.approved('stillUnknown', 'dump load025 notepad');
  await bench.reach('stillUnknown', 'unknown');
  await bench.later(10 * minute, 10);
  await bench.approved('queuedLast', 'dump srv-portal explorer');
  await bench.tick();
  bench.keepPresses(
    'awaiting',
    'awaitingTeams',
    'awaitingOther',
    'stillRunning',
    'stillUnknown',
    'queuedLast',
    'finished',
    'brokenDevice',
  );
}

/** Plays the story with a program; `keep` copies the data folder while it is as a kill would leave it. */
export async function play(program, name, keep) {
  const keyed = name !== 'unkeyed';
  const bench = await Bench.open(program, { keyed });
  try {
    await mainJob(bench);
    await decisions(bench);
    await results(bench);
    await answersLost(bench);
    await deviceTroubles(bench);
    await sessions(bench);
    await again(bench);
    await waits(bench);
    // The snapshot of a clean stop; what comes after it is in the journal alone.
    await bench.house.restart();
    if (keyed) {
      await laterRecords(bench);
      await laterInventions(bench);
    }
    await leftOpen(bench);
    const { seq } = bench.house.store.health();
    keep(bench.house.dir);
    return {
      story: { lines: seq, stoppedAt: bench.clock.now(), requests: bench.story },
      presses: bench.presses,
      policy: bench.policy,
    };
  } finally {
    await bench.house.close();
  }
}
