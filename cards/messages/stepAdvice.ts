// Advice for a command that failed, and for a script that ran and reports a failure: Defender's or the
// script's own text, what it means where a code, an id or its words show that, and the next step.
import type { Command } from '../../src/liveResponse/commands.ts';
import { errorKinds } from '../../src/liveResponse/codes/winErrors.ts';
import type { ErrorKind } from '../../src/liveResponse/codes/winErrors.ts';
import { malwareWords, controlWords, signatureWords, policyWords } from './advice.ts';
import { oneLine } from '../clip.ts';
import * as bound from '../platformLimits.ts';

interface StepHint {
  readonly types: readonly Command['type'][];
  /** What a code, a name or an id in the text says, in whatever language the text is. */
  readonly kinds?: readonly ErrorKind[];
  /** Texts without a code that anybody knows: words, taken tolerantly. */
  readonly text?: RegExp;
  readonly next: string;
}

const all: readonly Command['type'][] = ['PutFile', 'RunScript', 'GetFile'];

/**
 * The next step for a failed command, by a code or an id in its `errors`, else by their words, which no page
 * documents. The more exact come first, and the first match wins: a file that only the cloud has is "access
 * denied" too, and a blocked script "not signed". What GetFile cannot fetch:
 * learn.microsoft.com/defender-endpoint/live-response-command-examples.
 */
export const stepHints: Readonly<Record<string, StepHint>> = {
  scriptBlocked: {
    types: ['RunScript'],
    kinds: ['malware'],
    text: malwareWords,
    next: 'Next: the device’s antivirus (AMSI) took the script for malicious and blocked it; nothing or only a part of it ran. Look at the alert in the portal; change the script, or report it to Microsoft as a false positive.',
  },
  fileBlocked: {
    types: ['GetFile', 'PutFile'],
    kinds: ['malware'],
    text: malwareWords,
    next: 'Next: the device’s antivirus blocked or quarantined the file. Look at the alert in the portal; what is in quarantine is downloaded from the file’s page there.',
  },
  applicationControl: {
    types: all,
    kinds: ['appControl'],
    text: controlWords,
    next: 'Next: application control on the device (App Control, AppLocker or a group policy) does not let it run. Sign the script with a certificate that this policy trusts, or let its owner allow it.',
  },
  cloudOnly: {
    types: ['GetFile'],
    kinds: ['cloudOnly'],
    text: /cloud[-_ ]?(?:only|file|sync|provider|based|backed|hosted)|\b(?:in|on|from) the cloud\b|one ?drive|\bplace ?holder|dehydrat|\bhydrat|online[- ]only|only (?:available )?online|not (?:fully |completely )?(?:available|stored|present|cached) (?:locally|offline|on (?:the|this) (?:device|disk))|recall[- _]?on/i,
    next: 'Next: the content of this file is only in the cloud, as with OneDrive, and live response does not fetch such a file. Get it from the cloud storage, or have its user keep it on the device (“Always keep on this device”).',
  },
  link: {
    types: ['GetFile'],
    kinds: ['reparse'],
    text: /re-?parse|\bsym(?:bolic)?[- ]?links?\b|\bhard ?links?\b|\bjunction|mount(?:ed)? (?:point|folder)/i,
    next: 'Next: the path is a link to another place (a reparse point), and live response does not fetch through it. Get the file by the path that it leads to.',
  },
  sparse: {
    types: ['GetFile'],
    text: /\bsparse/i,
    next: 'Next: this is a sparse file, and live response fetches none. Let a script make a plain copy of it in TEMP, and get the copy.',
  },
  folder: {
    types: ['GetFile'],
    kinds: ['directory'],
    text: /\b(?:is|are) (?:an? )?(?:directory|directories|folders?)\b|\b(?:directory|directories|folders?) (?:is |are )?(?:can ?not|can.t|not supported)|\bEISDIR\b|\bis not a (?:regular )?file\b/i,
    next: 'Next: the path is a folder, and live response fetches single files. Let a script pack it into a zip in TEMP, and get that.',
  },
  emptyFile: {
    types: ['GetFile'],
    kinds: ['emptyFile'],
    text: /\b(?:file|it) (?:is|was|seems) empty\b|\bempty files?\b|\b(?:0|zero)[- ]?(?:bytes?|length|size)\b|\b(?:size|length)(?: is| of|:| =)? (?:0|zero)\b/i,
    next: 'Next: the file is empty (0 bytes), and live response fetches no empty file. If something should be in it, check that whatever writes it has finished.',
  },
  encrypted: {
    types: ['GetFile'],
    kinds: ['encrypted'],
    text: /\bEFS\b|encrypted (?:file|for)|file is encrypted/i,
    next: 'Next: the file is encrypted for a user of the device, and live response works as SYSTEM. Have that user make a plain copy of it.',
  },
  cancelled: {
    types: all,
    kinds: ['cancelled'],
    text: /cancel/i,
    next: 'It was stopped with the session; on the device it may have run on.',
  },
  fileInUse: {
    types: ['GetFile'],
    kinds: ['inUse'],
    text: /in use|being used|used by another|sharing violation|locked/i,
    next: 'Next: the file is in use. Let a script copy it to TEMP first, and get the copy.',
  },
  tooLarge: {
    types: ['GetFile', 'PutFile'],
    kinds: ['tooLarge'],
    text: /too (?:large|big)|exceed|size limit|maximum size|larger than|bigger than/i,
    next: 'Next: the file is too large (getting: 3 GB; putting: 300 MB on Windows, 10 MB elsewhere). Pack it or take a part of it.',
  },
  diskFull: {
    types: all,
    kinds: ['diskFull'],
    text: /not enough (?:free )?(?:disk )?space|disk (?:is )?full|no space left/i,
    next: 'Next: the device’s disk is full. Make room on it, then ask again.',
  },
  scriptNotSigned: {
    types: ['RunScript'],
    kinds: ['notSigned'],
    text: signatureWords,
    next: 'Next: sign the script and upload it again, or have an administrator allow unsigned scripts under Settings, Endpoints, Advanced features.',
  },
  scriptPolicy: {
    types: ['RunScript'],
    kinds: ['scriptPolicy'],
    text: policyWords,
    next: 'Next: PowerShell’s policy on the device does not let the script run: it wants a signature that it trusts, or application control forbids it. Sign the script, or let the policy’s owner allow it.',
  },
  accessDenied: {
    types: all,
    kinds: ['accessDenied'],
    text: /access (?:is |was )?denied|permission denied|unauthorized/i,
    next: 'Next: access was denied on the device. See what protects it; a file can first be copied to TEMP by a script.',
  },
  fileNotFound: {
    types: ['GetFile'],
    kinds: ['notFound', 'badPath'],
    text: /not (?:be )?found|does not exist|doesn.t exist|cannot find|no such file/i,
    next: 'Next: there is no such file on the device. Check the path, and that whatever writes it has finished.',
  },
  scriptTimedOut: {
    types: ['RunScript'],
    kinds: ['timedOut'],
    text: /tim(?:ed|e) ?-?out|10 minutes/i,
    next: 'Next: Defender ends a script after 10 min. Check on the device what was done, and make the script shorter.',
  },
  outOfMemory: {
    types: all,
    kinds: ['outOfMemory'],
    text: /out of memory|not enough memory|insufficient memory/i,
    next: 'Next: the device ran out of memory. Try again when less runs on it, or with a smaller target.',
  },
  notInLibrary: {
    types: ['PutFile', 'RunScript'],
    text: /not (?:be )?found|library|does not exist|doesn.t exist|no such/i,
    next: 'Next: upload it to the live response library under exactly this name, then ask again.',
  },
};

/**
 * Names and paths in a text say nothing of what went wrong: a file may be called "cloud access denied.txt".
 */
function withoutNames(text: string, command: Command): string {
  const own =
    command.type === 'GetFile'
      ? [command.path]
      : command.type === 'PutFile'
        ? [command.fileName]
        : [command.scriptName, ...(command.args === undefined ? [] : [command.args])];
  const lower = text.toLowerCase();
  let rest = text;
  for (const name of own
    .flatMap((one) => [one, one.split(/[\\/]/).at(-1) ?? ''])
    .filter((one) => one.length > 2)) {
    if (lower.includes(name.toLowerCase())) rest = rest.replace(new RegExp(escaped(name), 'gi'), ' ');
  }
  // Other paths as far as they are quoted or hold no blank.
  return rest.replace(/(['"“‘«])(?:[a-z]:\\|\\\\|\/)[^'"”’»]{0,400}['"”’»]|\b[a-z]:\\\S{0,400}/gi, ' ');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function hintFor(command: Command, texts: readonly string[]): StepHint | undefined {
  const kinds = new Set(texts.flatMap((text) => errorKinds(text)));
  const plain = texts.map((text) => withoutNames(text.slice(0, maxHinted), command));
  return Object.values(stepHints).find(
    (one) =>
      one.types.includes(command.type) &&
      (one.kinds?.some((kind) => kinds.has(kind)) === true ||
        plain.some((text) => one.text?.test(text) === true)),
  );
}

/** Characters of a text in which words are looked for. */
const maxHinted = 4000;

/**
 * A failed row: Defender's own error text, what usually helps for this kind of command, and what Defender
 * says of the session. @param reason what it says of the session's failure, in sentences
 */
export function stepFailure(
  command: Command,
  errors: readonly string[],
  reported: boolean,
  reason?: string,
): string {
  if (!reported)
    return 'The session ended without an end of this command: it may have run. Check the device before running it again.';
  const text = oneLine(errors.join('; '), bound.view.errorText);
  const said = text === '' ? undefined : `Defender says: “${text}”${/[.!?]$/.test(text) ? '' : '.'}`;
  const hint = hintFor(command, [...errors, ...(reason === undefined ? [] : [reason])]);
  const next = hint?.next ?? stepNext[command.type];
  // The next step before codes and notes, which are for support: on a phone the first lines are all one
  // reads.
  return said === undefined
    ? `${reason ?? 'Defender gives no reason.'} ${next}`
    : [said, next, reason].filter((part) => part !== undefined).join(' ');
}

/** Where Defender's text says nothing that is known. */
export const stepNext: Readonly<Record<Command['type'], string>> = {
  GetFile: 'Next: check the path; a file in use must first be copied to TEMP by a script (3 GB at most).',
  RunScript:
    'Next: check that the script is in the library, signed where the tenant wants it, and done within 10 min.',
  PutFile:
    'Next: check that the file is in the library and not too large (300 MB on Windows, 10 MB elsewhere).',
};

/** What is said of a script's own errors: what happened, and the next step. */
export const exitHints: Readonly<Partial<Record<ErrorKind, string>>> = {
  malware:
    'By its errors the device’s antivirus (AMSI) took it for malicious and blocked it. Look at the alert in the portal; change the script, or report it to Microsoft as a false positive.',
  appControl:
    'By its errors application control on the device (App Control, AppLocker or a group policy) held it back, as with PowerShell in constrained language mode. Sign the script with a certificate that this policy trusts, or let its owner allow it.',
  notSigned:
    'By its errors the device wants a signature that it trusts. Sign the script and upload it again.',
  scriptPolicy:
    'By its errors PowerShell’s policy on the device did not let it run: it wants a signature that it trusts, or application control forbids it. Sign the script, or let the policy’s owner allow it.',
  inUse: 'By its errors a file was in use by another program.',
  diskFull: 'By its errors the device’s disk is full. Make room on it, then ask again.',
  outOfMemory: 'By its errors the device ran out of memory. Try again when less runs on it.',
  accessDenied:
    'By its errors something on the device denied it access, such as a protected process or a security product.',
};

/** Of several the more exact one: what was blocked is often "access denied" too. */
const causes = Object.keys(exitHints) as readonly ErrorKind[];

/**
 * Words of the same, where PowerShell prints no ids: in a short view of errors, or in a script's own
 * sentence.
 */
const exitWords: readonly (readonly [RegExp, ErrorKind])[] = [
  [malwareWords, 'malware'],
  [controlWords, 'appControl'],
  [/\b(?:not|un)[- ]?(?:digitally )?signed\b|\bdigital signature\b/i, 'notSigned'],
  [policyWords, 'scriptPolicy'],
  [/\baccess (?:to .{0,200}? )?(?:is |was )?denied/i, 'accessDenied'],
];

/** Our own scripts say it by their exit code (manifest/defender). */
const ownScripts: ReadonlySet<string> = new Set(['minidump.ps1', 'collect.ps1']);
const ownCodes: ReadonlyMap<number, ErrorKind> = new Map([[12, 'appControl']]);

/**
 * The kind among `exitHints` that the errors of a script show; undefined where they show none. @param output
 * is looked at where it failed without errors: only an id of PowerShell counts there
 */
export function scriptCause(
  command: Command,
  {
    exitCode = 0,
    errors,
    output,
  }: { readonly exitCode?: number; readonly errors: string; readonly output: string },
): ErrorKind | undefined {
  const known =
    command.type === 'RunScript' && ownScripts.has(command.scriptName.toLowerCase())
      ? ownCodes.get(exitCode)
      : undefined;
  if (known !== undefined) return known;
  if (errors.trim() !== '') {
    const plain = withoutNames(errors.slice(0, maxHinted), command);
    const kinds = new Set<string>([
      ...errorKinds(errors),
      ...exitWords.flatMap(([words, kind]) => (words.test(plain) ? [kind] : [])),
    ]);
    return causes.find((kind) => kinds.has(kind));
  }
  return exitCode === 0
    ? undefined
    : errorKinds(output).find(
        (kind) => kind === 'malware' || kind === 'appControl' || kind === 'scriptPolicy',
      );
}

/**
 * A script that ran and said that it failed, or wrote errors. `which` begins the sentence: "Command 1
 * (minidump.ps1)".
 */
export function exitAdvice(which: string, exitCode: number | undefined, cause?: ErrorKind): string {
  const hint = cause === undefined ? undefined : exitHints[cause];
  const why = hint === undefined ? '' : ` ${hint}`;
  return exitCode !== undefined && exitCode !== 0
    ? `${which} ran and ended with exit code ${exitCode}, its own word for failure.${why} Read its output before relying on the result.`
    : `${which} ran and wrote errors.${why} Read its output before relying on the result.`;
}
