// Reads a guide as its reader does: which commands it says to type, which settings to set, which output to
// expect. What cannot run here is marked by an HTML comment, which no renderer shows; everything without one
// is run, a new block too.

/**
 * Why a command is not run: it needs the real platform, `.ci/run` runs it as a step of its own, another guide
 * executes it, a test of `npm test` reads it from the page and runs it, or it takes too long.
 */
export type MarkKind = 'real-platform' | 'own-step' | 'elsewhere' | 'tested' | 'long';

export interface Mark {
  readonly kind: MarkKind;
  readonly why: string;
}

export interface Command {
  readonly kind: 'command';
  /** Line of the page, from 1. */
  readonly line: number;
  readonly text: string;
  readonly inline: boolean;
  readonly mark?: Mark;
  /** The exit code that the guide says it has here; 0 when absent. */
  readonly exits?: number;
  /** Until the page ends or the same program is started again. */
  readonly keepsRunning?: boolean;
  /**
   * It asks its reader in a terminal: `words of a question = what is typed`, one after the other with `;`.
   * Enter for all others.
   */
  readonly answers?: string;
  /** Writes into folders of the whole machine, or gives files to others. */
  readonly asRoot?: boolean;
  /** A block with `set -e`: all of it in one shell, as it is pasted. */
  readonly script?: boolean;
  /** The comment with which its block begins. */
  readonly title?: string;
}

export type Piece =
  | Command
  | {
      readonly kind: 'settings';
      readonly line: number;
      readonly settings: readonly (readonly [name: string, value: string])[];
    }
  /** The page goes on where another one ends: with its settings and its policy. */
  | { readonly kind: 'after'; readonly line: number; readonly page: string }
  /** What the reader has done by then without being told to type it here; `stop` ends what runs. */
  | { readonly kind: 'before'; readonly line: number; readonly text: string }
  | { readonly kind: 'output'; readonly line: number; readonly lines: readonly string[] }
  /** A heading or the beginning of a block of commands: what a command before it left running is stopped. */
  | { readonly kind: 'boundary'; readonly line: number }
  | { readonly kind: 'problem'; readonly line: number; readonly text: string };

/** Fences whose content nobody types. */
const data = new Set([
  'yaml',
  'json',
  'mermaid',
  'ini',
  'nginx',
  'caddyfile',
  'diff',
  'http',
  'promql',
  'dockerfile',
  'ts',
  'js',
]);
const shells = new Set(['', 'sh', 'bash', 'shell', 'powershell']);
/** First words by which code within a sentence is known as a command. Alone they are only named. */
const programs =
  /^(?:npm|npx|node|live-response-bot|cp|mv|rm|mkdir|chmod|chown|tar|git|curl|openssl|sudo|az|azd|docker|podman|buildah|kubectl|systemctl|systemd-\w+|journalctl|caddy|nginx|cloudflared|ngrok|devtunnel|psexec)\s+\S/;
const setting = /^([A-Za-z][A-Za-z0-9_]*)=((?:"[^"]*"|[^#])*?)\s*(?:\s#.*)?$/;
const markPattern =
  /<!--\s*(real-platform|own-step|elsewhere|tested|long|exits|keeps-running|terminal|as-root)(\s+section|\s+\d+)?:\s*([\s\S]*?)\s*-->/;

type Said = Pick<Command, 'mark' | 'exits' | 'keepsRunning' | 'answers' | 'asRoot'>;

function said(comment: string): (Said & { readonly section: boolean }) | undefined {
  const found = markPattern.exec(comment);
  if (found === null) return undefined;
  const [, kind, word = '', why = ''] = found;
  if (kind === 'exits') return { exits: Number(word), section: false };
  if (kind === 'keeps-running') return { keepsRunning: true, section: false };
  if (kind === 'terminal')
    return { answers: why, ...(word === '' ? {} : { exits: Number(word) }), section: false };
  if (kind === 'as-root') return { asRoot: true, section: false };
  return { mark: { kind: kind as MarkKind, why }, section: word.trim() === 'section' };
}

/**
 * Lines of a block, those that belong together joined: ends with a backslash, a pipe or `&&`, or begins a
 * here-document.
 */
function joined(
  lines: readonly string[],
  from: number,
): readonly { readonly line: number; readonly text: string }[] {
  const commands: { line: number; text: string }[] = [];
  let open = false;
  let until: string | undefined;
  lines.forEach((text, index) => {
    const last = commands.at(-1);
    if ((open || until !== undefined) && last !== undefined) last.text += `\n${text}`;
    else if (/^\s*(?:#|$)/.test(text)) return;
    else commands.push({ line: from + index, text: text.trim() });
    if (until !== undefined) {
      if (text.trim() === until) until = undefined;
      return;
    }
    until = /<<-?\s*['"]?(\w+)['"]?/.exec(text)?.[1];
    open = /(?:\\|\||&&)\s*$/.test(text);
  });
  return commands;
}

function blockPieces(
  language: string,
  lines: readonly string[],
  line: number,
  marked: Said,
): readonly Piece[] {
  if (data.has(language)) return [];
  if (language === 'text')
    return marked.mark === undefined
      ? [{ kind: 'output', line, lines: lines.filter((text) => text.trim() !== '') }]
      : [];
  if (!shells.has(language) && language !== 'dotenv')
    return [
      {
        kind: 'problem',
        line,
        text: `a block of the language "${language}", of which nobody here knows whether it is typed`,
      },
    ];
  const typed = lines.filter((text) => !/^\s*(?:#|$)/.test(text));
  const settings = typed.map((text) => setting.exec(text.trim()));
  // A value with a command behind it ("A=b npm start") holds a space outside quotes and is none.
  if (
    typed.length > 0 &&
    settings.every(
      (found) => found !== null && (/^["<]/.test(found[2] ?? '') || !/[\s(]/.test(found[2] ?? '')),
    )
  ) {
    return [
      { kind: 'settings', line, settings: settings.map((found) => [found?.[1] ?? '', found?.[2] ?? '']) },
    ];
  }
  if (language === 'powershell' && marked.mark === undefined)
    return [{ kind: 'problem', line, text: 'PowerShell, which is not here: mark it' }];
  const title = /^\s*#\s*(.*\S)/.exec(lines[0] ?? '')?.[1];
  const more = { ...(title === undefined ? {} : { title }), ...marked };
  if (typed.some((text) => /^set -\w*e/.test(text.trim())))
    return [
      {
        kind: 'command',
        inline: false,
        line: line + 1,
        text: lines.join('\n').trim(),
        script: true,
        ...more,
      },
    ];
  return joined(lines, line + 1).map((one) => ({ kind: 'command', inline: false, ...one, ...more }));
}

/** The block whose fence stands in that line, as far as the page goes. */
function blockAt(
  lines: readonly string[],
  index: number,
  [, indent = '', ticks = '```', language = '']: RegExpExecArray,
): { readonly language: string; readonly body: readonly string[]; readonly end: number } {
  const closing = lines.findIndex((other, at) => at > index && other.trim() === ticks);
  const end = closing === -1 ? lines.length : closing;
  const body = lines
    .slice(index + 1, end)
    .map((one) => (one.startsWith(indent) ? one.slice(indent.length) : one));
  return { language, body, end };
}

/** All that a guide has its reader do, in reading order. */
export function readPage(markdown: string): readonly Piece[] {
  const lines = markdown.split('\n');
  const pieces: Piece[] = [];
  const prose: string[] = [];
  let pending: { readonly said: Said; readonly line: number } | undefined;
  let section: { readonly level: number; readonly mark: Mark } | undefined;
  let level = 0;
  let start = 1;

  function flush(): void {
    inlinePieces(prose.join('\n'), start, section?.mark, pieces);
    prose.length = 0;
  }
  function unused(): void {
    if (pending !== undefined)
      pieces.push({
        kind: 'problem',
        line: pending.line,
        text: 'a mark that stands before no block and behind no command',
      });
    pending = undefined;
  }

  for (let index = 0; index < lines.length; index += 1) {
    const text = lines[index] ?? '';
    const fence = /^(\s*)(`{3,})\s*(\S*)/.exec(text);
    const heading = /^(#{1,6}) /.exec(text);
    const alone = /^\s*<!--.*-->\s*$/.test(text) ? said(text) : undefined;
    const after = /^\s*<!--\s*after:\s*(\S+)\s*-->\s*$/.exec(text)?.[1];
    const before = /^\s*<!--\s*before:\s*(.*?)\s*-->\s*$/.exec(text)?.[1];
    if (after !== undefined || before !== undefined) {
      flush();
      pieces.push(
        after === undefined
          ? { kind: 'before', line: index + 1, text: before ?? '' }
          : { kind: 'after', line: index + 1, page: after },
      );
      continue;
    }
    if (fence === null) {
      if (prose.length === 0) start = index + 1;
      if (heading !== null || alone !== undefined) flush();
      if (heading !== null) {
        unused();
        level = heading[1]?.length ?? 1;
        if (section !== undefined && level <= section.level) section = undefined;
        pieces.push({ kind: 'boundary', line: index + 1 });
      } else if (alone !== undefined) {
        unused();
        if (alone.mark?.why === '')
          pieces.push({ kind: 'problem', line: index + 1, text: 'a mark that does not say why' });
        const { section: holds, ...rest } = alone;
        if (holds && alone.mark !== undefined) section = { level, mark: alone.mark };
        else pending = { said: rest, line: index + 1 };
        continue;
      } else if (text.trim() !== '') unused();
      if (prose.length === 0) start = index + 1;
      prose.push(text);
      continue;
    }
    flush();
    const { language, body, end } = blockAt(lines, index, fence);
    const found = blockPieces(language, body, index + 1, {
      ...(section === undefined ? {} : { mark: section.mark }),
      ...pending?.said,
    });
    pending = undefined;
    if (found.some(({ kind }) => kind === 'command')) pieces.push({ kind: 'boundary', line: index + 1 });
    pieces.push(...found);
    index = end;
  }
  flush();
  unused();
  return pieces;
}

/** Commands within sentences, lists and tables. A mark stands right behind its command. */
function inlinePieces(prose: string, from: number, sectionMark: Mark | undefined, pieces: Piece[]): void {
  for (const found of prose.matchAll(/(?<!`)`([^`]+)`(?!`)(?:\s*(<!--[\s\S]*?-->))?/g)) {
    const text = (found[1] ?? '').replaceAll('\\|', '|').replace(/\s+/g, ' ').trim();
    const { section: _, ...mark } = said(found[2] ?? '') ?? { section: false };
    const line = from + prose.slice(0, found.index).split('\n').length - 1;
    if (!programs.test(text.replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, '')) && !text.startsWith('.\\')) {
      if (Object.keys(mark).length > 0)
        pieces.push({
          kind: 'problem',
          line,
          text: `a mark behind "${text}", which is not taken for a command`,
        });
      continue;
    }
    if (mark.mark?.why === '') pieces.push({ kind: 'problem', line, text: 'a mark that does not say why' });
    pieces.push({
      kind: 'command',
      inline: true,
      line,
      text,
      ...(sectionMark === undefined ? {} : { mark: sectionMark }),
      ...mark,
    });
  }
}
