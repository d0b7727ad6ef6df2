// Transcripts, the form in which a script's result is in its blob: the real shape, the documentation's
// sample, and everything a reader of it must survive.
import { hostileLines, hostileOutput } from './hostile.ts';
import type { TranscriptMode } from '../profile.ts';
import type { ScriptResult } from '../shapes.ts';

const folder =
  'C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Temp\\PSScriptOutputs\\';
const nuls = '\u0000\u0000\u0000';
const hugeBytes = 5 * 1024 * 1024;

/** The blob's text. `transcriptId` is the GUID in the transcript's file name. */
export function transcriptText(
  mode: TranscriptMode,
  scriptName: string,
  result: ScriptResult,
  transcriptId: string,
): string {
  const started = `Transcript started, output file is ${folder}PSScript_Transcript_${transcriptId}.txt\n`;
  const full = `${started}${result.output}${nuls}`;
  const modern = (output: string, errors = result.errors): string =>
    JSON.stringify(
      { script_name: scriptName, exit_code: result.exitCode, script_output: output, script_errors: errors },
      undefined,
      4,
    );
  switch (mode) {
    case 'transcript':
      return modern(full);
    case 'clean':
    case 'bash':
      return modern(result.output);
    case 'empty':
      return modern('');
    case 'huge':
      return modern(started + 'A line of a long listing.\n'.repeat(Math.ceil(hugeBytes / 26)));
    case 'oldNames':
      return JSON.stringify({
        name: scriptName,
        exit_code: result.exitCode,
        script_output: full,
        script_error: result.errors,
      });
    // In the documentation's sample the string holds one raw newline, right after the transcript line, which
    // JSON forbids.
    case 'seed':
      return modern(full).replace('"script_errors"', '"script_error"').replace('.txt\\n', '.txt\n');
    case 'rawNuls':
      return modern(started + result.output).replace(
        '",\n    "script_errors"',
        `${nuls}",\n    "script_errors"`,
      );
    case 'hostile':
      return modern(`${started}${hostileOutput()}${nuls}`, hostileLines.join('\n'));
    case 'hostileText':
      return hostileOutput();
    case 'notJson':
      return `${scriptName} ended with ${result.exitCode}\n${result.output}`;
  }
}
