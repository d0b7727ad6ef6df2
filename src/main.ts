// `npm start`: settings from the environment, one service, one address; a clear sentence and exit code 2 when
// something has to be fixed first.
import { readSettings } from './adapters/config/settings.ts';
import { commandFor } from './adapters/ownCommands.ts';
import { packageFile } from './adapters/packageFiles.ts';
import { whyItFailed } from './adapters/store/fileTrouble.ts';
import { useProxy } from './adapters/outbound/proxy.ts';
import { readDotEnv } from './adapters/config/dotEnv.ts';
import { optionsFrom } from './app/options.ts';
import { startService } from './app/compose.ts';
import type { Service } from './app/compose.ts';
import { ConfigError } from './adapters/config/environment.ts';

/**
 * What is still open after everything was closed, such as a socket whose other side is deaf, may hold the
 * process this long. Milliseconds.
 */
const lastGrace = 2_000;
/**
 * From being asked to stop to the end, whatever hangs, the start included. Below what supervisors are told to
 * allow (docs/health.md). Milliseconds.
 */
const longestStop = 18_500;
/** Exit codes: 0 asked to stop, 1 broken, 2 a setting or file has to be changed first. */
const misconfigured = 2;

const usage = (): string => `usage: ${commandFor('start')}
Starts the bot. It takes no options: settings come from the environment and from .env in this folder (LR_ENV_FILE names another file).
${packageFile('.env.example')} explains every one; ${commandFor('setup')} asks for those that are needed.
Exit code: 0 asked to stop, 1 broken or not possible now, 2 something has to be changed first.
`;

async function main(): Promise<void> {
  const [word] = process.argv.slice(2);
  if (word !== undefined) {
    // Not passed over: a person who types an option believes that it counts.
    const asked = word === '--help' || word === '-h';
    if (asked) process.stdout.write(usage());
    else
      process.stderr.write(
        `The bot cannot start: it takes no options, and ${JSON.stringify(word)} was given.\n${usage()}`,
      );
    process.exitCode = asked ? 0 : misconfigured;
    return;
  }
  let service: Service | undefined;
  let rereads = 0;
  // Before anything else: unheard, it would end the process.
  process.on('SIGHUP', () => {
    rereads += 1;
    process.stdout.write('SIGHUP: reading the policy again\n');
    service?.readAgain();
  });
  const file = readDotEnv(process.env);
  if (file.wrong !== undefined) {
    process.stderr.write(`The bot cannot start: ${file.wrong}\n`);
    process.exitCode = misconfigured;
    return;
  }
  for (const one of file.odd ?? []) process.stderr.write(`warning: ${one}\n`);
  const read = readSettings(process.env);
  for (const warning of read.warnings) process.stderr.write(`warning: ${warning}\n`);
  if ('problems' in read) {
    if (file.said !== undefined) process.stderr.write(`Settings: ${file.said}.\n`);
    process.stderr.write(
      `The bot cannot start:\n${read.problems.map((problem) => `  - ${problem}`).join('\n')}\n`,
    );
    process.exitCode = misconfigured;
    return;
  }
  const { proxy } = read.settings;
  if (proxy !== undefined) await useProxy(proxy, process.env);

  /** Exit code, once somebody asked for the end. */
  let asked: number | undefined;
  function end(code: number): void {
    if (asked !== undefined) return;
    asked = code;
    setTimeout(() => {
      process.stderr.write(
        'The bot ends although not everything has come to its end. What is left is done after the next start.\n',
      );
      process.exit(code);
    }, longestStop).unref();
    if (service !== undefined) close(service, code);
  }
  const stop = (signal: NodeJS.Signals): void => {
    process.stdout.write(`${signal}: finishing what is under way\n`);
    end(0);
  };
  // Before the start: what is sent to Defender while it still goes on must not be cut off, either.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const wanted = (): number | undefined => asked;
  try {
    service = await startService({
      ...optionsFrom(read.settings),
      onWarning: (sentence) => process.stdout.write(`${sentence}\n`),
      onBroken: (why) => {
        process.stderr.write(`${why}\nThe bot ends, to be started again.\n`);
        end(1);
      },
    });
  } catch (error) {
    process.stderr.write(`The bot cannot start: ${whyItFailed(error)}\n`);
    leave(error instanceof ConfigError ? misconfigured : 1);
    return;
  }
  if (rereads > 0) service.readAgain();
  const code = wanted();
  if (code !== undefined) {
    close(service, code);
    return;
  }
  process.stdout.write(
    `live-response-bot ${read.settings.console ? 'console' : 'service'} at ${service.url}/\n`,
  );
  process.stdout.write(
    service.adminUrl === undefined
      ? 'The admin port is off (LR_ADMIN_PORT): nobody can read why the bot is not well, nor metrics.\n'
      : `Why it is as it is, and metrics: ${service.adminUrl}/readyz and ${service.adminUrl}/metrics (docs/health.md).\n`,
  );
  if (proxy !== undefined)
    process.stdout.write(
      `Everything that leaves this machine goes through the proxy ${proxy.said}, but for ${proxy.direct.join(', ')}.\n`,
    );
  if (file.said !== undefined) process.stdout.write(`Settings: ${file.said}.\n`);
  if (!read.settings.console)
    process.stdout.write(
      'The local console is off: it lets one human play several people, so it never runs next to a real chat.\n',
    );
}

function close(service: Service, code: number): void {
  service.stop().then(
    () => {
      leave(code);
    },
    (error: unknown) => {
      process.stderr.write(
        `Not everything could be closed: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      leave(1);
    },
  );
}

/**
 * The process ends by itself; what holds it nevertheless may not keep a supervisor from starting the next
 * one.
 */
function leave(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), lastGrace).unref();
}

await main();
