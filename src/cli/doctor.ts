// `npm run doctor`: says line by line what works and what to fix, with readings and one harmless probe. Exit
// code 0 when nothing FAILs, 1 when something does, 2 when it was called wrongly.
import { parseArgs } from 'node:util';
import { createClock } from '../adapters/clock.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { Http } from '../adapters/outbound/http.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { proxyFrom, useProxy } from '../adapters/outbound/proxy.ts';
import { examine } from '../doctor/examine.ts';
import { fail, ok, warn } from '../adapters/checks/line.ts';
import type { Line, Verdict } from '../adapters/checks/line.ts';
import { showCounts, showLine } from '../doctor/report.ts';
import type { Style } from '../doctor/report.ts';
import { secretsIn } from '../doctor/settings.ts';

const usage = `usage: ${commandFor('doctor', '[options]')}
  --json       one JSON object a line: {"verdict","check","found","next"}; the last one counts the verdicts
  --offline    only what this machine alone can tell: settings, policy, data folder, port
  --no-probe   leave out the one POST, which asks for a device that does not exist and takes one of the ten submissions a minute
The settings are those of the bot (.env.example). It only reads, except for the probe; a running bot is not disturbed.
Verdicts: ok, warn (works, look at it), FAIL (fix it), skip (not looked at). Exit code: 0 without a FAIL, 1 with one, 2 called wrongly.
`;

/** A connection that does not close must not keep the program. Milliseconds. */
const endWithin = 2_000;

interface Arguments {
  readonly json: boolean;
  readonly offline: boolean;
  readonly probe: boolean;
  readonly help: boolean;
}

function readArguments(): Arguments | undefined {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean' },
        offline: { type: 'boolean' },
        'no-probe': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    return {
      json: values.json === true,
      offline: values.offline === true,
      probe: values['no-probe'] !== true,
      help: values.help === true,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if (given === undefined || given.help) {
    (given === undefined ? process.stderr : process.stdout).write(usage);
    return given === undefined ? 2 : 0;
  }
  const { json, offline, probe } = given;
  const file = readDotEnv(process.env);
  const style: Style = {
    json,
    colours: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
    secrets: secretsIn(process.env),
  };
  const counts: Record<Verdict, number> = { ok: 0, warn: 0, FAIL: 0, skip: 0 };
  const found = proxyFrom(process.env);
  const proxy = found === undefined || 'wrong' in found ? undefined : found;
  if (proxy !== undefined) await useProxy(proxy, process.env);
  const http = new Http(proxy === undefined ? {} : { proxy });
  const tell = (line: Line): void => {
    counts[line.verdict] += 1;
    process.stdout.write(showLine(line, style));
  };
  try {
    if (file.said !== undefined) tell(ok('settings.file', file.said));
    for (const one of file.odd ?? [])
      tell(warn('settings.file', one, 'Correct the file; .env.example lists every setting.'));
    if (file.wrong !== undefined) tell(fail('settings.file', file.wrong, 'The bot does not start with it.'));
    if (proxy !== undefined)
      tell(
        ok(
          'settings.proxy',
          `everything that leaves this machine goes through ${proxy.said}, but for ${proxy.direct.join(', ')}`,
        ),
      );
    await examine({ variables: process.env, http, clock: createClock(), offline, probe }, tell);
  } finally {
    await http.close();
  }
  process.stdout.write(showCounts(counts, style));
  return counts.FAIL === 0 ? 0 : 1;
}

process.exitCode = await main();
setTimeout(() => process.exit(), endWithin).unref();
