// A Defender tenant in a terminal, as src/cli/simulator.ts starts it. The first line is JSON for programs,
// the rest is for people.
import { parseArgs } from 'node:util';
import { profileFrom } from './sessions/checks.ts';
import type { ProfileChange } from './profile.ts';
import { namedProfiles, profileNamed, profileNames } from './profiles.ts';
import { startSimulator } from './simulator.ts';

const usage = `  --port N            API port (4000; 0 takes a free one)
  --blob-port N       port of the result links (a free one)
  --speed N           devices work N times as fast (1)
  --data DIR          keep the state in DIR/simulator.json and go on with it
  --devices N         N ordinary devices in addition to the special ones (0)
  --latency MS        every answer comes MS later
  --lose-answers P    this share (0 to 1) of accepted live response POSTs gets no answer
  --auth token        check bearer tokens (audience, expiry, roles); default none
  --results MODE      links whenCompleted (default) or whenEnded
  --offline-queue H   hours a session waits for an offline device (72; fresh: 2)
  --sessions N        sessions that may run at once (25; fresh: 50)
  --profile NAME      fresh: a tenant in its first days (unsigned scripts off, 50 sessions, 2 hours, regional hosts); or any settings of
                      docs/simulator.md as JSON, for example '{"transcript":"hostile"}'; may be given several times`;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'blob-port': { type: 'string' },
    speed: { type: 'string' },
    data: { type: 'string' },
    devices: { type: 'string' },
    latency: { type: 'string' },
    'lose-answers': { type: 'string' },
    auth: { type: 'string' },
    results: { type: 'string' },
    'offline-queue': { type: 'string' },
    sessions: { type: 'string' },
    profile: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  },
});

/** A number above or equal to 0, or the fallback. */
function number(
  name:
    'port' | 'blob-port' | 'speed' | 'devices' | 'latency' | 'lose-answers' | 'offline-queue' | 'sessions',
  fallback: number,
): number {
  const text = values[name];
  if (text === undefined) return fallback;
  const read = Number(text);
  if (text.trim() === '' || !(read >= 0)) throw new RangeError(`--${name} ${text}: a number is needed.`);
  return read;
}

function choice<T extends string>(name: 'auth' | 'results', choices: readonly T[], fallback: T): T {
  const given = values[name] ?? fallback;
  const found = choices.find((candidate) => candidate === given);
  if (found === undefined)
    throw new RangeError(`--${name} ${given}: one of ${choices.join(', ')} is needed.`);
  return found;
}

/** The settings of each --profile: those of a name, and those written as JSON. */
function given(): { readonly named: ProfileChange; readonly written: ProfileChange } {
  let named: ProfileChange = {};
  let written: ProfileChange = {};
  for (const text of values.profile ?? []) {
    const name = profileNamed(text.trim());
    if (name !== undefined) named = namedProfiles[name];
    else written = { ...written, ...settingsIn(text) };
  }
  return { named, written };
}

function settingsIn(text: string): ProfileChange {
  try {
    const json: unknown = JSON.parse(text);
    return profileFrom(json);
  } catch (error) {
    const why = text.trim().startsWith('{')
      ? error instanceof Error
        ? error.message
        : String(error)
      : `there is no profile of that name; known are ${profileNames.join(', ')}, and settings as JSON`;
    throw new RangeError(`--profile ${text}: ${why}`);
  }
}

async function serve(command: string): Promise<void> {
  if (values.help === true) {
    console.log(`usage: ${command}\n${usage}`);
    return;
  }
  const { named, written } = given();
  const profile: ProfileChange = {
    ...named,
    auth: choice('auth', ['none', 'token'], 'none'),
    results: choice('results', ['whenCompleted', 'whenEnded'], 'whenCompleted'),
    ...(values['offline-queue'] === undefined
      ? {}
      : { offlineQueueMs: number('offline-queue', 0) * 3_600_000 }),
    ...(values.sessions === undefined ? {} : { maxSessions: number('sessions', 0) }),
    ...written,
  };
  const simulator = await startSimulator({
    port: number('port', 4_000),
    blobPort: number('blob-port', 0),
    deviceSpeed: number('speed', 1),
    extraDevices: number('devices', 0),
    profile,
    ...(values.data === undefined ? {} : { dataDir: values.data }),
  });
  const { tenant } = simulator;
  const latency = number('latency', 0);
  if (latency > 0) tenant.faults.plant({ what: 'delay', ms: latency, times: 'always' });
  const lost = number('lose-answers', 0);
  if (lost > 0) tenant.faults.plant({ what: 'loseAnswer', on: 'run', probability: lost, times: 'always' });

  console.log(JSON.stringify({ url: simulator.url, blobUrl: simulator.blobUrl }));
  console.log(`
A simulated Defender for Endpoint tenant. Point the bot at it with
  DEFENDER_API_URL=${simulator.url} DEFENDER_AUTH=none
Devices: ${tenant
    .devices()
    .slice(0, 11)
    .map((device) => device.name)
    .join(', ')}
What ran:       curl ${simulator.url}/simulator/submissions
Wake a device:  curl -X POST -H "content-type: application/json" -d '{"online":true}' ${simulator.url}/simulator/devices/laptop7.corp.example
Plant a fault:  curl -X POST -H "content-type: application/json" -d '{"what":"loseAnswer","on":"run"}' ${simulator.url}/simulator/faults
Stop with Ctrl-C. All options: --help`);

  const stop = (): void => {
    simulator.stop().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** @param command how it is called from here */
export async function runSimulator(command: string): Promise<void> {
  try {
    await serve(command);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
