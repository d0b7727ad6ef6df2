// Watched run of the main job, by a bot that runs elsewhere: what is asked and approved in its chat shows up
// in Defender, and is looked at from outside.
import { createClock } from '../adapters/clock.ts';
import { quoted } from '../adapters/defender/readings.ts';
import { readAction } from '../adapters/defender/wire.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { chooseDevice } from '../bot/policy/devices/scope.ts';
import { explain, isRefusal } from '../bot/policy/refusals/refusal.ts';
import type { Action } from '../liveResponse/action.ts';
import { isTerminal } from '../liveResponse/action.ts';
import { field } from '../liveResponse/text/json.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import { ConfigError } from '../adapters/config/environment.ts';
import { firstLabel } from './hosted.ts';
import { devicesOf, lookingWith } from './looking.ts';
import { Observer } from './observing.ts';
import type { Looking } from './observing.ts';
import { commandsOf, statusOf } from './rawAction.ts';
import type { Options } from './options.ts';
import type { Outcome, Surroundings } from './outcome.ts';

/** While nothing has been asked for. Milliseconds. */
const waitingGap = 5_000;

/** @throws ConfigError, DefenderError */
export async function runWatched(
  options: Options,
  settings: Settings,
  { http, print, stop, real }: Surroundings,
): Promise<Outcome> {
  const { defender } = settings;
  if (defender.kind === 'simulator')
    throw new ConfigError(
      '--watch reads the Defender of a bot that runs elsewhere; the simulator inside a bot cannot be read. Set DEFENDER_API_URL and the settings of that bot.',
    );
  const clock = createClock();
  http.lookAt(defender.url);
  const looking = lookingWith(settings, {
    http,
    apiUrl: defender.url,
    clock,
    stop,
    patience: options.patience,
    print,
  });
  const chosen = chooseDevice(options.device, await devicesOf(looking.calls, options.device));
  if (isRefusal(chosen)) throw new ConfigError(explain(chosen));
  const { device } = chosen;
  const began = clock.now();
  const observer = new Observer({ ...looking, device });
  const outcome = (ok: boolean, how: string): Outcome => ({
    ok,
    how,
    began,
    apiUrl: defender.url,
    simulated: !real,
    secrets: [
      options.device,
      device.id,
      device.name,
      firstLabel(device.name),
      ...(defender.auth.kind === 'azure' ? [defender.tenant] : []),
    ],
    seen: { ...observer.seen(), exchanges: http.exchanges() },
  });
  print(
    `Ask for "dump ${options.device} ${options.process}" in the chat of the bot, and have somebody else approve it there. This program only reads.`,
  );
  const action = await nextSession(looking, device.id);
  if (action === undefined)
    return outcome(
      false,
      stop.aborted
        ? 'stopped. This program had seen no session, and sent none'
        : 'no session of a bot of ours appeared on the device in time',
    );
  print(`Seen: action ${action.id}. From here on this is measured.`);
  await observer.follow(action.id);
  const { ended } = observer.seen();
  if (ended === undefined)
    return outcome(
      false,
      `${stop.aborted ? 'stopped' : 'it did not end in time'}. The session runs on at Defender (action ${action.id}), and its bot follows it`,
    );
  await observer.examine(action.id);
  const { results, pairs } = observer.seen();
  const wanted = commandsOf(pairs.at(-1)?.single).filter(
    (one) => statusOf(field(one, 'command'), 'type') !== 'PutFile',
  ).length;
  if (ended.toLowerCase() !== 'succeeded') return outcome(false, 'the session ended, and not as a success');
  return results.length === wanted
    ? outcome(true, 'approved in the chat of the bot, succeeded, and its results could be read')
    : outcome(false, 'the session succeeded, and not all of its results could be read');
}

/** The next session of a bot of ours on the device; one that runs already counts. */
async function nextSession(
  { calls, clock, stop, patience, gap }: Omit<Looking, 'device'>,
  deviceId: string,
): Promise<Action | undefined> {
  const until = clock.elapsed() + patience;
  let known: ReadonlySet<string> | undefined;
  while (!stop.aborted && clock.elapsed() < until) {
    try {
      const items = field(
        await calls.get(
          'list',
          `/api/machineactions?$filter=${encodeURIComponent(`machineId eq ${quoted(deviceId)}`)}&$top=50`,
        ),
        'value',
      );
      const ours = (Array.isArray(items) ? items : [])
        .map(readAction)
        .filter((action) => action !== undefined)
        .filter((action) => action.type === 'LiveResponse' && action.comment.startsWith('lr:'));
      const found = ours.find((action) =>
        known === undefined ? !isTerminal(action.status) : !known.has(action.id),
      );
      if (found !== undefined) return found;
      known ??= new Set(ours.map((action) => action.id));
    } catch (error) {
      // A reading that failed is read again; what cannot be read at all ends by patience.
      if (!(error instanceof DefenderError) || error.code === 'unauthorized' || error.detail.status === 403)
        throw error;
    }
    await clock.sleep(Math.min(waitingGap, gap * 2), stop);
  }
  return undefined;
}
