// Other programs, as the assistant calls them: the doctor as a process of its own, for one step or for all
// that was written, and the commands that it names for what is left.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandFor as ownCommand, shellWord } from '../adapters/ownCommands.ts';
import type { Word } from '../adapters/ownCommands.ts';
import { parseJson, recordOf } from '../liveResponse/text/json.ts';

const doctorFile = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'doctor.js');

/** What is handed to Node to run the doctor. In a bundle there is one file with a first word. */
function doctorArguments(): readonly string[] {
  return existsSync(doctorFile) ? [doctorFile] : [process.argv[1] ?? '', 'doctor'];
}

/** @param envFile when it is not the one of the folder that the command is typed in */
export function commandFor(word: Word, envFile: string | undefined, rest = ''): string {
  return `${envFile === undefined ? '' : `LR_ENV_FILE=${shellWord(envFile)} `}${ownCommand(word, rest)}`;
}

export interface DoctorLine {
  readonly verdict: 'ok' | 'warn' | 'FAIL' | 'skip';
  readonly check: string;
  readonly found: string;
  readonly next?: string;
}

/**
 * Longer than the doctor takes at most (90 s, src/doctor/examine.ts), and than it takes to start on a loaded
 * machine. Milliseconds.
 */
const doctorWithin = 120_000;
/** Bytes of its report; a report has some kilobytes. */
const mostOutput = 1024 * 1024;

type Variables = Readonly<Record<string, string | undefined>>;

export interface Asked {
  /** The doctor's whole environment: secrets go there, and never into its arguments. */
  readonly variables: Variables;
  /** In which it runs. */
  readonly folder: string;
  /** Whether it also sends the one request that shows the right to run, for a device that does not exist. */
  readonly probe: boolean;
  /** Kills it. */
  readonly signal: AbortSignal;
}

/** Never rejects. */
export function askDoctor({
  variables,
  folder,
  probe,
  signal,
}: Asked): Promise<readonly DoctorLine[] | { readonly wrong: string }> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [...doctorArguments(), '--json', ...(probe ? [] : ['--no-probe'])],
      {
        env: { ...variables },
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: doctorWithin,
        signal,
      },
    );
    let out = '';
    let err = '';
    const kept = (text: string, chunk: Buffer): string =>
      text.length < mostOutput ? text + chunk.toString('utf8') : text;
    child.stdout.on('data', (chunk: Buffer) => (out = kept(out, chunk)));
    child.stderr.on('data', (chunk: Buffer) => (err = kept(err, chunk)));
    child.once('error', (error) => {
      resolve({ wrong: `The doctor could not be run: ${error.message}` });
    });
    child.once('close', (code) => {
      const lines = out.split('\n').flatMap(lineOf);
      if (code === null || lines.length === 0)
        resolve({
          wrong:
            code === null
              ? 'The doctor was not finished in time.'
              : `The doctor ended with ${code} and said nothing${err === '' ? '' : `: ${err.slice(0, 400).trim()}`}.`,
        });
      else resolve(lines);
    });
  });
}

function lineOf(text: string): readonly DoctorLine[] {
  if (!text.startsWith('{')) return [];
  // A line that was cut off by a kill counts for nothing.
  const line = recordOf(parseJson(text)?.value) as Partial<DoctorLine>;
  if (typeof line.check !== 'string' || typeof line.found !== 'string' || line.verdict === undefined)
    return [];
  return [
    {
      verdict: line.verdict,
      check: line.check,
      found: line.found,
      ...(typeof line.next === 'string' ? { next: line.next } : {}),
    },
  ];
}
