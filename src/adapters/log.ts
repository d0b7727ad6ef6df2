// The log: one JSON line per event on stderr. Secrets are not passed to it in the first place. Anything that
// still looks like a secret is removed from the finished line, so that no field, stack or nested cause can
// carry one.
import { isNativeError } from 'node:util/types';
import { destination, pino } from 'pino';
import type { Log } from '../liveResponse/ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level?: LogLevel;
  /** Takes a line with its newline; stderr by default. */
  readonly write?: (line: string) => void;
  /**
   * Secrets known from the settings, removed wherever they appear. Anything shorter than 8 characters is
   * treated as an ordinary word.
   */
  readonly secrets?: readonly string[];
}

const struck = '[redacted]';

/**
 * Each pattern takes linear time, since a log line may contain hostile text. They are applied to JSON text,
 * where a backslash or quote ends a value.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  // The signature of a shared access link: anyone who has it can read the collected file.
  [/(\b|%3F|%26)(sig(?:=|%3D|\\*"\s*:\s*\\*"))[^&\s"'\\<>]+/gi, `$1$2${struck}`],
  [/\b(Bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${struck}`],
  [/\bxox[a-z](\.xox[a-z])?-[A-Za-z0-9-]+/gi, struck],
  [/\bxapp-[A-Za-z0-9-]+/gi, struck],
  // The match must not start inside a run of its own characters, or a run of dashes would be read again and
  // again.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?/g, struck],
  [/\b(hooks\.slack\.com\/)[^\s"'\\<>]+/gi, `$1${struck}`],
  [
    /\b(client_secret|client_assertion|refresh_token|access_token|password|passwd|signing_secret)(\\*"\s*:\s*\\*"|\s*[:=]\s*)[^\s"'\\&,}]+/gi,
    `$1$2${struck}`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"\\]*(\\+n[^"\\]*)*/g, struck],
];

/** The text with everything removed that looks like a secret. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = secrets
    .filter((secret) => secret.length >= 8)
    .flatMap((secret) => [JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .reduce((rest, secret) => rest.replaceAll(secret, struck), text);
  return patterns.reduce((rest, [pattern, by]) => rest.replace(pattern, by), known);
}

export function createLog({ level = 'info', write = stderr(), secrets = [] }: LogOptions = {}): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(redact(line, secrets)) },
  );
  return {
    info: (event, fields) => logger.info({ ...plain(fields), event }),
    warn: (event, fields) => logger.warn({ ...plain(fields), event }),
    error: (event, fields) => logger.error({ ...plain(fields), event }),
  };
}

function stderr(): (line: string) => void {
  const out = destination({ dest: 2, sync: true });
  // The reader of stderr is gone. There is nowhere left to report it, and incident response must not stop
  // because of it.
  out.on('error', () => out.removeAllListeners('drain'));
  return (line) => out.write(line);
}

/** JSON has no errors: without this, the field that matters most would read `{}`. */
function plain(fields: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, isNativeError(value) ? errorFields(value) : value]),
  );
}

function errorFields(error: Error, depth = 0): Readonly<Record<string, unknown>> {
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...(isNativeError(error.cause) && depth < 4 ? { cause: errorFields(error.cause, depth + 1) } : {}),
  };
}
