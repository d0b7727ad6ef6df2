// The line that asks for given commands, so that a refusal can end with one that works.
import type { Command } from '../../liveResponse/commands.ts';

/** `run hosta collect.ps1 -Deep --reason "why"`, without the chat command's name. */
export function writtenAs(host: string, commands: readonly Command[], reason?: string): string {
  const parts = commands.map(partOf);
  const [verb, rest] = parts[0] ?? ['help', ''];
  const line =
    parts.length === 1
      ? `${verb} ${host} ${rest}`
      : `on ${host} ${parts.map(([word, text]) => `${word} ${text}`).join(' ; ')}`;
  return reason === undefined
    ? line
    : `${line} --reason "${reason.replaceAll('"', "'").replace(/\s+/g, ' ')}"`;
}

function partOf(command: Command): readonly [verb: string, rest: string] {
  switch (command.type) {
    case 'PutFile':
      return ['put', command.fileName];
    case 'GetFile':
      return ['get', command.path.includes(' ') ? `"${command.path}"` : command.path];
    case 'RunScript':
      return [
        'run',
        command.args === undefined ? command.scriptName : `${command.scriptName} ${command.args}`,
      ];
  }
}
