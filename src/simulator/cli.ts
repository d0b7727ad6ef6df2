// `npm run simulator`: a Defender tenant in a terminal. The first line is JSON for programs, the rest is for people.
import { parseArgs } from 'node:util';
import { profileFrom } from './checks.ts';
import type { ProfileChange } from './profile.ts';
import { startSimulator } from './simulator.ts';

const usage = `npm run simulator -- [options]
  --port N            API port (4000; 0 takes a free one)
  --blob-port N       port of the result links (a free one)
  --speed N           devices work N times as fast (1)
  --data DIR          keep the state in DIR/simulator.json and go on with it
  --devices N         N ordinary devices in addition to the special ones (0)
  --latency MS        every answer comes MS later
  --lose-answers P    this share (0 to 1) of accepted live response POSTs gets no answer
  --auth token        check bearer tokens (audience, expiry, roles); default none
  --results MODE      links whenCompleted (default) or whenEnded
  --offline-queue H   hours a session waits for an offline device (72)
  --sessions N        sessions that may run at once (25)
  --profile JSON      any setting of docs/simulator.md, for example '{"transcript":"hostile"}'`;

const { values } = parseArgs({
  options: {
    port: { type: 'string' }, 'blob-port': { type: 'string' }, speed: { type: 'string' }, data: { type: 'string' }, devices: { type: 'string' },
    latency: { type: 'string' }, 'lose-answers': { type: 'string' }, auth: { type: 'string' }, results: { type: 'string' },
    'offline-queue': { type: 'string' }, sessions: { type: 'string' }, profile: { type: 'string' }, help: { type: 'boolean' },
  },
});

/** A number above or equal to 0, or the fallback. */
function number(name: 'port' | 'blob-port' | 'speed' | 'devices' | 'latency' | 'lose-answers' | 'offline-queue' | 'sessions', fallback: number): number {
  const text = values[name];
  if (text === undefined) return fallback;
  const read = Number(text);
  if (text.trim() === '' || !(read >= 0)) throw new RangeError(`--${name} ${text}: a number is needed.`);
  return read;
}

function choice<T extends string>(name: 'auth' | 'results', choices: readonly T[], fallback: T): T {
  const given = values[name] ?? fallback;
  const found = choices.find((candidate) => candidate === given);
  if (found === undefined) throw new RangeError(`--${name} ${given}: one of ${choices.join(', ')} is needed.`);
  return found;
}

/** The settings of --profile, which win over the flags of their own. */
function given(): ProfileChange {
  try {
    const json: unknown = JSON.parse(values.profile ?? '{}');
    return profileFrom(json);
  } catch (error) {
    throw new RangeError(`--profile ${values.profile ?? ''}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<void> {
  if (values.help === true) {
    console.log(usage);
    return;
  }
  const profile: ProfileChange = {
    auth: choice('auth', ['none', 'token'], 'none'),
    results: choice('results', ['whenCompleted', 'whenEnded'], 'whenCompleted'),
    offlineQueueMs: number('offline-queue', 72) * 3_600_000,
    maxSessions: number('sessions', 25),
    ...given(),
  };
  const simulator = await startSimulator({
    port: number('port', 4_000), blobPort: number('blob-port', 0), deviceSpeed: number('speed', 1), extraDevices: number('devices', 0), profile,
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
Devices: ${tenant.devices().slice(0, 11).map((device) => device.name).join(', ')}
What ran:       curl ${simulator.url}/simulator/submissions
Wake a device:  curl -X POST -H "content-type: application/json" -d '{"online":true}' ${simulator.url}/simulator/devices/laptop7.corp.example
Plant a fault:  curl -X POST -H "content-type: application/json" -d '{"what":"loseAnswer","on":"run"}' ${simulator.url}/simulator/faults
Stop with Ctrl-C. All options: npm run simulator -- --help`);

  const stop = (): void => {
    simulator.stop().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
