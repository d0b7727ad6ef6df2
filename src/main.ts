// `npm start`: settings from the environment, one service, one address. A clear sentence and exit code 2 when
// something has to be fixed first.
import { readSettings } from './adapters/config/settings.ts';
import type { Settings } from './adapters/config/settings.ts';
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
 * What is still open after everything was closed, such as a socket whose other side does not answer, may hold
 * the process this long. Milliseconds.
 */
const lastGrace = 2_000;
/**
 * From being asked to stop to the end, whatever hangs, the start included. Below what supervisors have to
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

/** Undefined when the arguments are none; else the exit code. */
function answerArguments([word]: readonly string[]): number | undefined {
  if (word === undefined) return undefined;
  // Not passed over: a person who types an option believes that it counts.
  const asked = word === '--help' || word === '-h';
  if (asked) process.stdout.write(usage());
  else
    process.stderr.write(
      `The bot cannot start: it takes no options, and ${JSON.stringify(word)} was given.\n${usage()}`,
    );
  return asked ? 0 : misconfigured;
}

interface Configured {
  readonly settings: Settings;
  /** Where the settings come from. */
  readonly said: string | undefined;
}

/** Undefined where something has to be fixed first, which is then said. */
function readConfiguration(): Configured | undefined {
  const file = readDotEnv(process.env);
  if (file.wrong !== undefined) {
    process.stderr.write(`The bot cannot start: ${file.wrong}\n`);
    return undefined;
  }
  for (const one of file.odd ?? []) process.stderr.write(`warning: ${one}\n`);
  const read = readSettings(process.env);
  for (const warning of read.warnings) process.stderr.write(`warning: ${warning}\n`);
  if ('settings' in read) return { settings: read.settings, said: file.said };
  if (file.said !== undefined) process.stderr.write(`Settings: ${file.said}.\n`);
  process.stderr.write(
    `The bot cannot start:\n${read.problems.map((problem) => `  - ${problem}`).join('\n')}\n`,
  );
  return undefined;
}

/** The process with its one service: started, asked to read the policy again, and ended once. */
class Program {
  #service: Service | undefined;
  #rereads = 0;
  /** Exit code, once somebody asked for the end. */
  #asked: number | undefined;

  readAgain(): void {
    this.#rereads += 1;
    process.stdout.write('SIGHUP: reading the policy again\n');
    this.#service?.readAgain();
  }

  end(code: number): void {
    if (this.#asked !== undefined) return;
    this.#asked = code;
    setTimeout(() => {
      process.stderr.write(
        'The bot ends although not everything has come to its end. What is left is done after the next start.\n',
      );
      process.exit(code);
    }, longestStop).unref();
    if (this.#service !== undefined) close(this.#service, code);
  }

  async start({ settings, said }: Configured): Promise<void> {
    let service: Service;
    try {
      service = await startService({
        ...optionsFrom(settings),
        onWarning: (sentence) => process.stdout.write(`${sentence}\n`),
        onBroken: (why) => {
          process.stderr.write(`${why}\nThe bot ends, to be started again.\n`);
          this.end(1);
        },
      });
    } catch (error) {
      process.stderr.write(`The bot cannot start: ${whyItFailed(error)}\n`);
      leave(error instanceof ConfigError ? misconfigured : 1);
      return;
    }
    this.#service = service;
    if (this.#rereads > 0) service.readAgain();
    if (this.#asked === undefined) sayStarted(service, settings, said);
    else close(service, this.#asked);
  }
}

function sayStarted(
  { url, adminUrl }: Service,
  { console, proxy }: Settings,
  said: string | undefined,
): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`live-response-bot ${console ? 'console' : 'service'} at ${url}/`);
  say(
    adminUrl === undefined
      ? 'The admin port is off (LR_ADMIN_PORT): nobody can read why the bot is not well, nor metrics.'
      : `Why it is as it is, and metrics: ${adminUrl}/readyz and ${adminUrl}/metrics (docs/health.md).`,
  );
  if (proxy !== undefined)
    say(
      `Everything that leaves this machine goes through the proxy ${proxy.said}, but for ${proxy.direct.join(', ')}.`,
    );
  if (said !== undefined) say(`Settings: ${said}.`);
  if (!console)
    say(
      'The local console is off: it lets one human play several people, so it never runs next to a real chat.',
    );
}

async function main(): Promise<void> {
  const answered = answerArguments(process.argv.slice(2));
  if (answered !== undefined) {
    process.exitCode = answered;
    return;
  }
  const program = new Program();
  // Before anything else: a signal that nothing listens for would end the process.
  process.on('SIGHUP', () => program.readAgain());
  const configured = readConfiguration();
  if (configured === undefined) {
    process.exitCode = misconfigured;
    return;
  }
  const { proxy } = configured.settings;
  if (proxy !== undefined) await useProxy(proxy, process.env);
  const stop = (signal: NodeJS.Signals): void => {
    process.stdout.write(`${signal}: finishing what is under way\n`);
    program.end(0);
  };
  // Before the start: what is sent to Defender during it must not be cut off, either.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await program.start(configured);
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

/** The process ends by itself; what still holds it must not keep a supervisor from starting the next one. */
function leave(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), lastGrace).unref();
}

await main();
