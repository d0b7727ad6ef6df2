// The kinds of arguments of a typed line: what each is called in a usage and where it is missing, what
// completes it, and what it gives to the meaning of the line. How each is read is in readers.ts.
import type { Command } from '../../../liveResponse/commands.ts';

export const listNames = ['mine', 'pending', 'running', 'recent'] as const;
export type ListName = (typeof listNames)[number];

/** What an argument of each kind gives. Where it may be left out, it gives nothing, or what `Absent` says. */
export interface Gives {
  /** Lower-cased, without what ends a sentence. */
  readonly host: { readonly host: string };
  readonly device: { readonly name: string };
  /** In its stored form. */
  readonly id: { readonly id: string };
  readonly code: { readonly fingerprint: string; readonly revision?: number };
  /** Counted from 0, as Defender does. */
  readonly index: { readonly index: number };
  /** Counted from 1. */
  readonly page: { readonly page: number };
  readonly list: { readonly which: ListName };
  readonly topic: { readonly topic: string };
  /** A word of digits alone is a page: no script has such a name. */
  readonly libraryFile: { readonly name?: string; readonly page?: number };
  /** Absent where nothing but quotes was typed. */
  readonly reason: { readonly reason?: string };
  readonly why: { readonly why: string };
  readonly script: { readonly scriptName: string };
  readonly scriptArgs: { readonly args: string };
  readonly file: { readonly fileName: string };
  readonly path: { readonly path: string };
  /** Commands of one session, with " ; " between them. */
  readonly parts: { readonly commands: readonly Command[] };
}
export type Kind = keyof Gives;

/** What an optional argument gives when it is left out, where that is more than nothing. */
export interface Absent {
  readonly list: Gives['list'];
}
export const absent: Readonly<Absent> = { list: { which: 'pending' } };

/** `id`, or `id?` where it may be left out. */
export type Arg = Kind | `${Kind}?`;

/** What a client can offer for an argument; what it has of each is its own knowledge. */
export type Completes =
  'hosts' | 'requests' | 'codes' | 'topics' | 'lists' | 'library' | 'scripts' | 'example';

interface KindRow {
  /** Its name in a usage, without brackets. */
  readonly usage: string;
  /** What is missing where there is none. */
  readonly what: string;
  readonly completes?: Completes;
  /** Takes the words to the end of the line, or refuses them itself: nothing can be left over behind it. */
  readonly rest?: true;
}

export const kinds: Readonly<Record<Kind, KindRow>> = {
  host: { usage: 'host', what: 'the host', completes: 'hosts' },
  device: { usage: 'name', what: 'the host', completes: 'hosts' },
  id: { usage: 'id', what: 'the request id', completes: 'requests' },
  code: { usage: 'code', what: 'the code', completes: 'codes', rest: true },
  index: { usage: 'index', what: 'the index' },
  page: { usage: 'page', what: 'the page' },
  list: { usage: listNames.join('|'), what: 'which requests', completes: 'lists', rest: true },
  topic: { usage: 'topic', what: 'the topic', completes: 'topics', rest: true },
  libraryFile: { usage: 'name|page', what: 'the file or page', completes: 'library' },
  reason: { usage: 'reason', what: 'the reason', rest: true },
  why: { usage: 'why', what: 'the reason for the freeze', rest: true },
  script: { usage: 'script', what: 'the script', completes: 'scripts' },
  scriptArgs: { usage: 'args', what: 'the arguments', rest: true },
  file: { usage: 'file', what: 'the file', completes: 'library' },
  path: { usage: 'path', what: 'the path', rest: true },
  parts: { usage: 'command ; command', what: 'what to do', rest: true },
};

export function kindOf(arg: Arg): Kind {
  return (arg.endsWith('?') ? arg.slice(0, -1) : arg) as Kind;
}

export function isOptional(arg: Arg): boolean {
  return arg.endsWith('?');
}

/** `<id>`, or `[id]` where it may be left out. */
export function usageOf(arg: Arg): string {
  const { usage } = kinds[kindOf(arg)];
  return isOptional(arg) ? `[${usage}]` : `<${usage}>`;
}

type GivenBy<A extends Arg> = A extends `${infer K extends Kind}?`
  ? K extends keyof Absent
    ? Absent[K]
    : Partial<Gives[K]>
  : A extends Kind
    ? Gives[A]
    : never;

/** What a list of arguments gives together. */
export type Given<Args extends readonly Arg[]> = Args extends readonly [
  infer First extends Arg,
  ...infer More extends readonly Arg[],
]
  ? GivenBy<First> & Given<More>
  : object;
