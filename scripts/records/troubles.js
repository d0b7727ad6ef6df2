// Troubles in the recorded story: what goes wrong on the way to Defender, and what keeps a request waiting
import { minute } from './bench.js';

/** Answers that never came: found, sent once more, given up, and found after that. */
export async function answersLost(bench) {
  bench.faults.plant({ what: 'loseAnswer', on: 'run' });
  await bench.approved('adopted', 'dump load030 notepad');
  await bench.reach('adopted', 'unknown');
  await bench.reach('adopted', 'finished');
  await bench.run(5_000);
  bench.faults.plant({ what: 'reset', on: 'run' });
  await bench.approved('resent', 'dump load031 notepad', { where: 'group' });
  await bench.reach('resent', 'unknown');
  await bench.later(10 * minute, 10);
  bench.keepPresses('resent');
  await bench.press('sam', 'resend', 'resent');
  await bench.reach('resent', 'finished');
  bench.faults.plant({ what: 'reset', on: 'run' });
  await bench.approved('dropped', 'dump load032 notepad');
  await bench.reach('dropped', 'unknown');
  await bench.later(10 * minute, 10);
  await bench.press('riley', 'drop', 'dropped');
  await bench.tick();
  bench.faults.plant({ what: 'loseAnswer', on: 'run' });
  bench.faults.plant({ what: 'status', on: 'list', status: 503, times: 'always' });
  await bench.approved('foundLate', 'dump load033 notepad');
  await bench.reach('foundLate', 'unknown');
  await bench.press('riley', 'drop', 'foundLate');
  await bench.tick();
  bench.faults.clear();
  await bench.later(20 * minute, 20);
}

/** Refused for good, and a card that somebody deleted. */
export async function deviceTroubles(bench) {
  bench.device('load034', { refusal: 'DisabledFeature' });
  await bench.approved('refused', 'dump load034 notepad');
  await bench.until('refused', () => bench.state('refused') === 'over');
  await bench.ask('cardDeleted', 'dump load035 notepad');
  bench.chats.slack.cards.clear();
  await bench.say('riley', `cancel ${bench.story.cardDeleted}`, 'slack');
  await bench.later(minute, 3);
  bench.chats.teams.down = new bench.program.ChatError('closed', 'is_archived');
  await bench.ask('placeClosed', 'dump load036 notepad');
  await bench.press('riley', 'withdraw', 'placeClosed');
  await bench.tick();
  bench.chats.teams.down = undefined;
  await bench.later(2 * minute, 4);
}

/** One request for each cause that keeps an approved one waiting, each sent or ended in the end. */
export async function waits(bench) {
  const { faults } = bench;
  await bench.approved('busyPortal', 'dump srv-portal notepad');
  await bench.run(5_000);
  await bench.later(31 * minute, 3);
  faults.plant({ what: 'throttle', on: 'run', times: 1, retryAfter: 7 });
  await bench.approved('throttled', 'dump load040 notepad');
  await bench.run(3_000);
  await bench.reach('throttled', 'finished');
  await bench.approved('frozen', 'dump load041 notepad');
  await bench.say('avery', 'freeze odd approvals', 'slack');
  await bench.later(10_000, 2);
  await bench.say('avery', 'unfreeze', 'slack');
  await bench.reach('frozen', 'finished');
  await bench.approved('unavailable', 'dump load042 notepad');
  faults.plant({ what: 'status', on: 'any', status: 503, times: 'always' });
  await bench.later(minute, 4);
  faults.clear();
  await bench.reach('unavailable', 'finished');
  await bench.approved('unauthorized', 'dump load043 notepad');
  faults.plant({ what: 'unauthorized', on: 'machines', times: 'always' });
  await bench.later(minute, 4);
  faults.clear();
  await bench.later(2 * minute, 4);
  await bench.approved('library', 'dump load044 notepad');
  faults.plant({ what: 'status', on: 'library', status: 503, times: 'always' });
  await bench.later(minute, 4);
  faults.clear();
  await bench.approved('directory', 'dump load045 notepad');
  bench.groupsDown = true;
  await bench.later(minute, 4);
  bench.groupsDown = false;
  await bench.later(5 * minute, 20);
  await manyAtOnce(bench);
}

/** More than the rate of submissions and than the sessions at once. */
async function manyAtOnce(bench) {
  await bench.house.restart({ sessions: 2 });
  for (const n of [46, 47, 48]) await bench.approved(`many${n}`, `collect load0${n}`);
  await bench.later(10_000, 3);
  await bench.house.restart();
  await bench.later(5 * minute, 20);
  // Defender takes ten sessions a minute, and these ten count although it refuses them.
  const refused = Array.from({ length: 10 }, (_, n) => `load0${50 + n}`);
  for (const device of refused) bench.device(device, { refusal: 'DisabledFeature' });
  for (const device of [...refused, 'load049']) await bench.approved(`slot ${device}`, `hosts ${device}`);
  await bench.later(10_000, 2);
  await bench.later(5 * minute, 20);
}
