// Problems of a typed line, as values, and the one place that puts them into words with a pointer and a
// corrected example.
import type { Explained } from '../ports.ts';
import { maxReason } from '../../liveResponse/verbs.ts';
import type { CommandProblem } from '../../liveResponse/commands.ts';
import { maxCommandCharacters, maxCommands } from '../../liveResponse/commands.ts';
import { escapeInvisible } from '../policy/refusals/escapeInvisible.ts';
import type { RecipeProblem } from '../policy/recipes/recipes.ts';
import type { Spot, TextProblem } from './text.ts';
import { maxText } from './text.ts';

export type GrammarProblem =
  | TextProblem
  | {
      readonly problem: 'unknownVerb';
      readonly word: string;
      readonly suggestions: readonly string[];
      readonly spot: Spot;
    }
  | {
      readonly problem: 'missing';
      readonly what: string;
      readonly usage: string;
      readonly example: string;
      readonly spot: Spot;
    }
  /** `reasonLine`: the line as it should be where the rest was meant as the reason. */
  | {
      readonly problem: 'leftOver';
      readonly word: string;
      readonly example: string;
      readonly reasonLine?: string;
      readonly spot: Spot;
    }
  | { readonly problem: 'badHost'; readonly word: string; readonly example: string; readonly spot: Spot }
  | { readonly problem: 'badId'; readonly word: string; readonly example: string; readonly spot: Spot }
  | {
      readonly problem: 'badFingerprint';
      readonly word: string;
      readonly example: string;
      readonly spot: Spot;
    }
  | {
      readonly problem: 'badNumber';
      readonly what: 'index' | 'page';
      readonly word: string;
      readonly example: string;
      readonly reasonLine?: string;
      readonly spot: Spot;
    }
  | {
      readonly problem: 'badChoice';
      readonly word: string;
      readonly choices: readonly string[];
      readonly suggestions: readonly string[];
      readonly spot: Spot;
    }
  | {
      readonly problem: 'badPath';
      readonly why: 'quotes' | 'spaces';
      readonly example: string;
      readonly spot: Spot;
    }
  | { readonly problem: 'useOn'; readonly example: string; readonly spot: Spot }
  /** Two commands are separated by something other than a ";" between spaces. */
  | { readonly problem: 'joined'; readonly word: string; readonly example: string; readonly spot: Spot }
  | { readonly problem: 'emptyPart'; readonly example: string; readonly spot: Spot }
  | {
      readonly problem: 'badPart';
      readonly word: string;
      readonly recipe: boolean;
      readonly suggestions: readonly string[];
      readonly spot: Spot;
    }
  | {
      readonly problem: 'reason';
      readonly why: 'empty' | 'twice' | 'notLast' | 'tooLong' | 'separate';
      readonly example: string;
      readonly spot: Spot;
    }
  /** `example` is the line as it should be. `own`: what the word may have been meant for. */
  | {
      readonly problem: 'reason';
      readonly why: 'form' | 'misspelt' | 'noDashes' | 'apart';
      readonly example: string;
      readonly word: string;
      readonly own: 'ours' | 'script' | 'path';
      readonly spot: Spot;
    }
  | {
      readonly problem: 'recipe';
      readonly recipe: string;
      readonly usage: string;
      readonly found: RecipeProblem;
      readonly reasonLine?: string;
      readonly spot: Spot;
    }
  | {
      readonly problem: 'command';
      readonly found: CommandProblem;
      readonly example?: string;
      readonly spot: Spot;
    };

/** @param command The chat command's name, `/lr`, put before every example. */
export function explainGrammar(problem: GrammarProblem, command = '/lr'): Explained {
  const text = sentence(problem, command).trimEnd();
  return 'spot' in problem ? { text, block: pointer(problem.spot) } : { text };
}

/** With a corrected line, unless that is as long as a page: it helps nobody on a phone. */
function sentence(problem: GrammarProblem, command: string): string {
  const tryThis = (example: string): string =>
    example.length > 400 ? '' : `For example: ${command} ${example}`;
  switch (problem.problem) {
    case 'tooLong':
      return `That is ${problem.characters} characters, and at most ${maxText} are read. Put long arguments into a script of the library.`;
    case 'hidden':
      return hiddenSentence(problem.found);
    case 'unclosedQuote':
      return 'This quote is never closed. Close it, or take it away; a backslash does not escape a quote.';
    case 'unknownVerb':
      return unknownSentence(problem, command);
    case 'missing':
      return `${problem.what[0]?.toUpperCase()}${problem.what.slice(1)} is missing: ${command} ${problem.usage}. ${tryThis(problem.example)}`;
    case 'leftOver':
      return `"${visible(problem.word)}" is left over: nothing may stand there. ${orReason(problem.reasonLine, command) ?? tryThis(problem.example)}`;
    case 'badHost':
      return `"${visible(problem.word)}" is not a host name: letters, digits, ".", "-" and "_" only, or a device id of 40 hex digits.${deviceIdHint(problem.word)}${formattingHint(problem.word)} ${tryThis(problem.example)}`;
    case 'badId':
      return `"${visible(problem.word)}" is not a request id; those look like lr-7f3k2q.${formattingHint(problem.word)} ${tryThis(problem.example)}`;
    case 'badFingerprint':
      return `"${visible(problem.word)}" is not the code of an approval, and nothing else may stand behind the id; without it you are shown the line to type. ${tryThis(problem.example)}`;
    case 'badNumber':
      return problem.what === 'index'
        ? `"${visible(problem.word)}" is not a command index; the first command is 0, the last possible one ${maxCommands - 1}. ${orReason(problem.reasonLine, command) ?? tryThis(problem.example)}`
        : `"${visible(problem.word)}" is not a page; the first page is 1. ${tryThis(problem.example)}`;
    case 'badChoice': {
      const meant =
        problem.suggestions.length === 0 ? '' : ` Did you mean ${problem.suggestions.join(' or ')}?`;
      return `"${visible(problem.word)}" is not one of: ${problem.choices.join(', ')}.${meant}`;
    }
    case 'badPath':
      return problem.why === 'quotes'
        ? `A path is quoted as a whole or not at all. ${tryThis(problem.example)}`
        : `A path may not begin or end with a space: nobody could see that on the card. ${tryThis(problem.example)}`;
    case 'useOn':
      return `Several commands in one session begin with "on". ${tryThis(problem.example)}`;
    case 'joined':
      return `Between two commands of a session stands " ; ", with a space on either side, and not "${visible(problem.word)}". If it belongs to the script or the path, put that in quotes. ${tryThis(problem.example)}`;
    case 'emptyPart':
      return `Between two ";" there is nothing to do. ${tryThis(problem.example)}`;
    case 'badPart': {
      const meant =
        problem.suggestions.length === 0 ? '' : ` Did you mean ${problem.suggestions.join(' or ')}?`;
      const why = problem.recipe ? ' A recipe is a session of its own: type it without "on".' : meant;
      return `"${visible(problem.word)}" cannot be a part of a session; put, run and get can, with " ; " between them.${why}`;
    }
    case 'reason':
      return 'word' in problem
        ? `${notTheOption(problem)} Type: ${command} ${problem.example}`
        : `${reasonSentence(problem.why)} ${tryThis(problem.example)}`;
    case 'recipe': {
      return `${recipeSentence(problem.found)} Usage: ${command} ${problem.usage}. ${orReason(problem.reasonLine, command) ?? ''}`;
    }
    case 'command':
      return problem.example === undefined
        ? explainCommand(problem.found)
        : `${explainCommand(problem.found)} ${tryThis(problem.example)}`;
  }
}

function unknownSentence(
  { word, suggestions }: Extract<GrammarProblem, { readonly problem: 'unknownVerb' }>,
  command: string,
): string {
  const meant = suggestions.length === 0 ? '' : ` Did you mean ${suggestions.join(' or ')}?`;
  return `"${visible(word)}" is neither a command nor a recipe.${meant}${formattingHint(word)} "${command} help" lists the commands, "${command} recipes" the recipes.`;
}

function orReason(line: string | undefined, command: string): string | undefined {
  return line === undefined ? undefined : `If it is the reason, type: ${command} ${line}`;
}

/** The address of a device in the portal holds its id. */
function deviceIdHint(word: string): string {
  const id = /(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])/i.exec(word)?.[0];
  return id === undefined ? '' : ` The id of that device is ${id.toLowerCase()}: type it alone.`;
}

function hiddenSentence(found: string): string {
  if (found === 'U+000A' || found === 'U+000D')
    return `A request is one line, and this one has a line break in it (${found}). Type it as one line.`;
  if (found === 'U+00A0')
    return 'There is a no-break space (U+00A0) inside quotes. Type that space again: what runs must be what is seen.';
  return `There is a hidden character (${found}) in this line. Type the word again instead of pasting it: what runs must be what is seen.`;
}

function notTheOption({
  why,
  word,
  own,
}: Extract<GrammarProblem, { readonly problem: 'reason'; readonly word: string }>): string {
  const shown = visible(word);
  const mark = shown.includes('"') ? "'" : '"';
  const script = {
    ours: '',
    script: ` If it belongs to the script, put it in quotes: ${mark}${shown}${mark}.`,
    path: ' If it is part of the path, put the whole path in quotes.',
  }[own];
  switch (why) {
    case 'form':
      return `Between --reason and the reason there is a space, not "${word.charAt('--reason'.length)}".${script}`;
    case 'apart':
      return `To ask for the same once more, type --separate, not "${shown}".${script}`;
    case 'misspelt':
      return `The reason stands after --reason, not after "${shown}".${script}`;
    case 'noDashes':
      return `Before the reason stands --reason, with its two hyphens.${script}`;
  }
}

function reasonSentence(why: 'empty' | 'twice' | 'notLast' | 'tooLong' | 'separate'): string {
  switch (why) {
    case 'separate':
      return '--separate needs a reason: its approver must know why the same is asked for twice. If the script has an option of that name, put it in quotes: "--separate".';
    case 'empty':
      return 'After --reason the reason is missing.';
    case 'twice':
      return '--reason can stand once only. If the script has an option of that name, put it in quotes: "--reason".';
    case 'notLast':
      return 'After the quoted reason nothing may follow; --reason stands at the very end. If the script has an option of that name, put it in quotes: "--reason".';
    case 'tooLong':
      return `A reason has at most ${maxReason} characters.`;
  }
}

/** What is wrong with a recipe's argument. */
export function recipeSentence(problem: RecipeProblem): string {
  switch (problem.reason) {
    case 'missing':
      return `The argument <${problem.argument}> is missing.`;
    case 'tooMany':
      return `"${visible(problem.value)}" is one argument too many. A value with spaces stands in quotes.`;
    case 'empty':
      return `<${problem.argument}> may not be empty.`;
    case 'tooLong':
      return `<${problem.argument}> has at most ${problem.max} characters.`;
    case 'dash':
      return `<${problem.argument}> may not begin with "${problem.value.charAt(0)}": "${visible(problem.value)}" would be read as an option.`;
    case 'sign':
      return `<${problem.argument}> may not begin with "${problem.value.charAt(0)}": PowerShell would not read "${visible(problem.value)}" as one word. Who keeps the policy can put quotes round its place.`;
    case 'backslash':
      return `<${problem.argument}> may not end with a backslash: "${visible(problem.value)}" would take the quote after it for its own. Type it without the last one.`;
    case 'dots':
      return `<${problem.argument}> may not hold "..": "${visible(problem.value)}" could lead out of its folder.`;
    case 'characters':
      return `<${problem.argument}> may not hold "${visible(problem.found)}"; allowed are ${problem.chars}.${formattingHint(problem.found)}`;
  }
}

/** What is wrong with commands that parsed. */
export function explainCommand(problem: CommandProblem): string {
  switch (problem.reason) {
    case 'noCommands':
      return 'There is no command in this.';
    case 'tooManyCommands':
      return `That is ${problem.count} commands, and one session holds at most ${maxCommands}. Ask for two sessions.`;
    case 'tooLong':
      return `The commands are ${problem.characters} characters together, and at most ${maxCommandCharacters} fit on the card that is approved. Put long arguments into a script of the library.`;
    case 'order':
      return `${problem.type} cannot come after ${problem.after}: Defender takes PutFile first, then RunScript, then GetFile.`;
    case 'libraryName':
      return `"${visible(problem.name)}" is not a name of the library: letters, digits, ".", "-" and "_" only, no folder.${formattingHint(problem.name)}`;
    case 'emptyPath':
      return 'The path is empty.';
    case 'hiddenCharacters':
      return hiddenSentence(problem.found);
    case 'strayMark':
      return `A combining mark (${problem.found}) would be drawn over what stands next to it. Type the word without it: what runs must be what is seen.`;
  }
}

/**
 * Signs that chats read as formatting, left over in a word, and letters that only look like those of the
 * alphabet.
 */
function formattingHint(word: string): string {
  const other = /(?![a-z])\p{L}/iu.exec(word)?.[0];
  if (other !== undefined) {
    const plain = word.normalize('NFKC');
    if (/^[\x21-\x7e]+$/.test(plain)) return ` Its letters are wide or ornamental ones: type ${plain}.`;
    return ` “${other}” (U+${(other.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}) is a letter of another alphabet: type the word again.`;
  }
  if (word.includes('`')) return ' The back-tick (`) is the chat’s sign for code: type the word without it.';
  return /^[*~_]+\S|\S[*~_]+$/.test(word)
    ? ' The signs * _ and ~ are the chat’s formatting: type the word without them.'
    : '';
}

/**
 * Clipped, and with every hidden character drawn, so that a sentence about a word cannot be changed by the
 * word.
 */
function visible(text: string): string {
  const points = Array.from(escapeInvisible(text));
  return points.length <= 80 ? points.join('') : `${points.slice(0, 79).join('')}\u2026`;
}

const before = 40;
const after = 30;

/** The line around the word, and carets below it. */
function pointer({ line, at, length }: Spot): string {
  const from = at > before ? at - before : 0;
  const to = Math.min(line.length, at + Math.min(Math.max(length, 1), 40) + after);
  const lead = (from > 0 ? '\u2026' : '') + escapeInvisible(line.slice(from, at));
  const carets = '^'.repeat(Math.max(1, Math.min(length, 40, Math.max(1, line.length - at))));
  return `${lead}${escapeInvisible(line.slice(at, to))}${to < line.length ? '\u2026' : ''}\n${' '.repeat(Array.from(lead).length)}${carets}`;
}
