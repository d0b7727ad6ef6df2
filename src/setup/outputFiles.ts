// Files that the assistant writes: each is written once, or shown in a dry run, and what is there already
// stays as it is. With what was written so far, for a person who leaves in the middle.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { smallFile } from '../adapters/config/secretFiles.ts';
import { within } from '../adapters/ownCommands.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import { appPackages, packagedFor } from '../adapters/teams/appPackage.ts';
import { checkGuid } from './questions/answers.ts';
import type { Chat, ChatAnswers } from './questions/answers.ts';
import { say } from './layout.ts';
import type { TeamsApp } from './left.ts';
import { isThere, writeNew } from './writing.ts';

export interface OutputFile {
  readonly mode: number;
  readonly content: string | Uint8Array;
  /** What a dry run shows of it, where that is not the content. */
  readonly shown?: string;
}

export class OutputFiles {
  readonly #dryRun: boolean;
  readonly #written: string[] = [];
  readonly #owned: string[] = [];

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  /** The files that were written. */
  get written(): readonly string[] {
    return this.#written;
  }

  /** The same with the folders that were made for them, in the order in which a command can take them. */
  get owned(): readonly string[] {
    return this.#owned;
  }

  /** Writes one file, or says what would be written, or that it is there. */
  put(path: string, { mode, content, shown = String(content) }: OutputFile): void {
    if (this.#dryRun) {
      say(
        isThere(path)
          ? `${near(path)} is there already and stays as it is.\n`
          : `--- ${near(path)} (mode ${mode.toString(8)})\n${shown}`,
      );
      return;
    }
    const made = (folder: string): void => {
      this.#owned.push(near(folder));
    };
    if (writeNew(path, content, mode, made) === 'there already') {
      sayKept(path);
      return;
    }
    this.#written.push(near(path));
    this.#owned.push(near(path));
    say(`written  ${near(path)} (mode ${mode.toString(8)})`);
  }

  /**
   * Writes the app package for Teams, or finds out whether the one that is there is for this bot. Undefined
   * without an application id.
   */
  putTeamsApp(folder: string, { chats, teamsId }: ChatAnswers): TeamsApp | undefined {
    const appId = teamsId?.trim().toLowerCase() ?? '';
    if (!chats.includes('teams') || checkGuid(appId) !== undefined) return undefined;
    const [{ name, bytes }] = appPackages({ appId });
    const path = join(folder, 'teams-package', name);
    const shown = `the app package for Teams, of the application ${appId}\n`;
    this.put(path, { mode: 0o644, content: bytes, shown });
    const content = contentOf(path);
    return {
      path: near(path),
      fits: content === undefined ? this.#dryRun : packagedFor(content) === appId,
    };
  }
}

export function sayKept(path: string): void {
  say(`kept     ${near(path)} is there already: not a byte of it was changed.`);
}

/** Bytes of a file that is there already; a larger one is none of ours. */
const mostRead = 4 * 1024 * 1024;

/** Undefined for what is no file, cannot be read, or is too large to be ours: the doctor reports on it. */
function contentOf(path: string): Buffer | undefined {
  const found = smallFile(path, mostRead);
  return 'wrong' in found || found.bytes.length > mostRead ? undefined : found.bytes;
}

/** A path as it is shown: without the folder that the commands are typed in. */
export function near(path: string): string {
  return within(path, resolve('.')) ?? path;
}

/** Whether a file says that something is left. */
export function holds(path: string, words: string): boolean {
  return contentOf(path)?.includes(words) === true;
}

const placeholder = /REPLACE-ME\.example/g;

/**
 * The manifest that is pasted at api.slack.com/apps, with the public name of the bot in it where Slack has to
 * reach it.
 * @param host of the bot; not used for Socket Mode
 */
export function slackManifest(
  chat: Extract<Chat, 'slack-socket' | 'slack-http'>,
  host: string | undefined,
): string {
  const text = readFileSync(
    packageFile('manifest', 'slack', chat === 'slack-socket' ? 'socket.json' : 'http.json'),
    'utf8',
  );
  return host === undefined ? text : text.replaceAll(placeholder, host.toLowerCase());
}
