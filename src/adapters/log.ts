// The log: one JSON line per event on stderr. Secrets are not handed to it in the first place; whatever looks
// like one all the same is struck out of the finished line, so that no field, stack or nested cause can carry
// it past.
import { isNativeError } from 'node:util/types';
import { destination, pino } from 'pino';
import type { Log } from '../liveResponse/ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level?: LogLevel;
  /** Where a line (with its newline) goes; stderr by default. */
  readonly write?: (line: string) => void;
  /**
   * Secrets known from the settings, struck out wherever they appear. Shorter than 8 characters is not a
   * secret but a word.
   */
  readonly secrets?: readonly string[];
}

const struck = '[redacted]';

/**
 * Each pattern is linear: a log line may hold hostile text. They look at JSON text, where a backslash or
 * quote ends a value.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  // Signature of a shared access link: with it, anybody may read the collected file.
  [/(\b|%3F|%26)(sig(?:=|%3D|\\*"\s*:\s*\\*"))[^&\s"'\\<>]+/gi, `$1$2${struck}`],
  [/\b(Bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${struck}`],
  [/\bxox[a-z](\.xox[a-z])?-[A-Za-z0-9-]+/gi, struck],
  [/\bxapp-[A-Za-z0-9-]+/gi, struck],
  // No start inside a run of its own characters, or a run of dashes would be read over and over.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?/g, struck],
  [/\b(hooks\.slack\.com\/)[^\s"'\\<>]+/gi, `$1${struck}`],
  [
    /\b(client_secret|client_assertion|refresh_token|access_token|password|passwd|signing_secret)(\\*"\s*:\s*\\*"|\s*[:=]\s*)[^\s"'\\&,}]+/gi,
    `$1$2${struck}`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"\\]*(\\+n[^"\\]*)*/g, struck],
];

/** The text with everything that looks like a secret struck out. */
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
  // Whoever reads stderr has gone away. There is nowhere left to say so, and incident response must not end
  // because of it.
  out.on('error', () => out.removeAllListeners('drain'));
  return (line) => out.write(line);
}

/** JSON knows no errors: without this, the field that matters most would read `{}`. */
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
