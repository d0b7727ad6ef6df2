// Reads a guide as its reader does: which commands it says to type, which settings to set, which output to expect. What cannot run here is
// marked by an HTML comment, which no renderer shows; everything without one is run, a new block too.

/** Why a command is not run: it needs the real platform, `.ci/run` runs it as a step of its own, another guide executes it, or it takes too long. */
export type MarkKind = 'real-platform' | 'own-step' | 'elsewhere' | 'long';

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
}

export type Piece =
  | Command
  | { readonly kind: 'settings'; readonly line: number; readonly settings: readonly (readonly [name: string, value: string])[] }
  /** The page goes on where another one ends: with its settings and its policy. */
  | { readonly kind: 'after'; readonly line: number; readonly page: string }
  | { readonly kind: 'output'; readonly line: number; readonly lines: readonly string[] }
  /** A heading or the beginning of a block of commands: what a command before it left running is stopped. */
  | { readonly kind: 'boundary'; readonly line: number }
  | { readonly kind: 'problem'; readonly line: number; readonly text: string };

/** Fences whose content nobody types. */
const data = new Set(['yaml', 'json', 'mermaid', 'ini', 'nginx', 'caddyfile', 'diff', 'http', 'promql', 'dockerfile', 'ts', 'js']);
const shells = new Set(['', 'sh', 'bash', 'shell', 'powershell']);
/** First words by which code within a sentence is known as a command. Alone they are only named. */
const programs = /^(?:npm|npx|node|live-response-bot|cp|mv|rm|mkdir|chmod|chown|tar|git|curl|openssl|sudo|az|azd|docker|podman|buildah|kubectl|systemctl|systemd-\w+|journalctl|caddy|nginx|cloudflared|ngrok|devtunnel|psexec)\s+\S/;
const setting = /^([A-Za-z][A-Za-z0-9_]*)=((?:"[^"]*"|[^#])*?)\s*(?:\s#.*)?$/;
const markPattern = /<!--\s*(real-platform|own-step|elsewhere|long|exits|keeps-running)(\s+section|\s+\d+)?:\s*([\s\S]*?)\s*-->/;

interface Said {
  readonly mark?: Mark;
  readonly exits?: number;
  readonly keepsRunning?: boolean;
}

function said(comment: string): (Said & { readonly section: boolean }) | undefined {
  const found = markPattern.exec(comment);
  if (found === null) return undefined;
  const [, kind, word = '', why = ''] = found;
  if (kind === 'exits') return { exits: Number(word), section: false };
  if (kind === 'keeps-running') return { keepsRunning: true, section: false };
  return { mark: { kind: kind as MarkKind, why }, section: word.trim() === 'section' };
}

/** Lines of a block, those that belong together joined: ends with a backslash, a pipe or `&&`, or begins a here-document. */
function joined(lines: readonly string[], from: number): readonly { readonly line: number; readonly text: string }[] {
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

function blockPieces(language: string, lines: readonly string[], line: number, marked: Said): readonly Piece[] {
  if (data.has(language)) return [];
  if (language === 'text') return marked.mark === undefined ? [{ kind: 'output', line, lines: lines.filter((text) => text.trim() !== '') }] : [];
  if (!shells.has(language) && language !== 'dotenv') return [{ kind: 'problem', line, text: `a block of the language "${language}", of which nobody here knows whether it is typed` }];
  const typed = lines.filter((text) => !/^\s*(?:#|$)/.test(text));
  const settings = typed.map((text) => setting.exec(text.trim()));
  // A value with a command behind it ("A=b npm start") holds a space outside quotes and is none.
  if (typed.length > 0 && settings.every((found) => found !== null && (/^["<]/.test(found[2] ?? '') || !/[\s(]/.test(found[2] ?? '')))) {
    return [{ kind: 'settings', line, settings: settings.map((found) => [found?.[1] ?? '', found?.[2] ?? '']) }];
  }
  if (language === 'powershell' && marked.mark === undefined) return [{ kind: 'problem', line, text: 'PowerShell, which is not here: mark it' }];
  return joined(lines, line + 1).map((one) => ({ kind: 'command', inline: false, ...one, ...marked }));
}

/** All that a guide has its reader do, in reading order. */
export function readPage(markdown: string): readonly Piece[] {
  const lines = markdown.split('\n');
  const pieces: Piece[] = [];
  const prose: string[] = [];
  let pending: (Said & { readonly line: number }) | undefined;
  let section: { readonly level: number; readonly mark: Mark } | undefined;
  let level = 0;
  let start = 1;

  function flush(): void {
    inlinePieces(prose.join('\n'), start, section?.mark, pieces);
    prose.length = 0;
  }
  function unused(): void {
    if (pending !== undefined) pieces.push({ kind: 'problem', line: pending.line, text: 'a mark that stands before no block and behind no command' });
    pending = undefined;
  }

  for (let index = 0; index < lines.length; index += 1) {
    const text = lines[index] ?? '';
    const fence = /^(\s*)(`{3,})\s*(\S*)/.exec(text);
    const heading = /^(#{1,6}) /.exec(text);
    const alone = /^\s*<!--.*-->\s*$/.test(text) ? said(text) : undefined;
    const after = /^\s*<!--\s*after:\s*(\S+)\s*-->\s*$/.exec(text)?.[1];
    if (after !== undefined) {
      flush();
      pieces.push({ kind: 'after', line: index + 1, page: after });
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
        if (alone.mark?.why === '') pieces.push({ kind: 'problem', line: index + 1, text: 'a mark that does not say why' });
        if (alone.section && alone.mark !== undefined) section = { level, mark: alone.mark };
        else pending = { ...alone, line: index + 1 };
        continue;
      } else if (text.trim() !== '') unused();
      if (prose.length === 0) start = index + 1;
      prose.push(text);
      continue;
    }
    flush();
    const [, indent = '', ticks = '```', language = ''] = fence;
    const end = lines.findIndex((other, at) => at > index && other.trim() === ticks);
    const body = lines.slice(index + 1, end === -1 ? lines.length : end).map((one) => (one.startsWith(indent) ? one.slice(indent.length) : one));
    const { mark = section?.mark, exits, keepsRunning } = pending ?? {};
    pending = undefined;
    const found = blockPieces(language, body, index + 1, { ...(mark === undefined ? {} : { mark }), ...(exits === undefined ? {} : { exits }), ...(keepsRunning === undefined ? {} : { keepsRunning }) });
    if (found.some(({ kind }) => kind === 'command')) pieces.push({ kind: 'boundary', line: index + 1 });
    pieces.push(...found);
    index = end === -1 ? lines.length : end;
  }
  flush();
  unused();
  return pieces;
}

/** Commands within sentences, lists and tables. A mark stands right behind its command. */
function inlinePieces(prose: string, from: number, sectionMark: Mark | undefined, pieces: Piece[]): void {
  for (const found of prose.matchAll(/(?<!`)`([^`]+)`(?!`)(?:\s*(<!--[\s\S]*?-->))?/g)) {
    const text = (found[1] ?? '').replaceAll('\\|', '|').replace(/\s+/g, ' ').trim();
    const mark = said(found[2] ?? '');
    const line = from + prose.slice(0, found.index).split('\n').length - 1;
    if (!programs.test(text.replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, '')) && !text.startsWith('.\\')) {
      if (mark !== undefined) pieces.push({ kind: 'problem', line, text: `a mark behind "${text}", which is not taken for a command` });
      continue;
    }
    if (mark?.mark?.why === '') pieces.push({ kind: 'problem', line, text: 'a mark that does not say why' });
    const effective = mark?.mark ?? sectionMark;
    pieces.push({ kind: 'command', inline: true, line, text, ...(effective === undefined ? {} : { mark: effective }), ...(mark?.exits === undefined ? {} : { exits: mark.exits }), ...(mark?.keepsRunning === undefined ? {} : { keepsRunning: mark.keepsRunning }) });
  }
}
