// The assistant: asks what is needed to run the bot for real, writes the files, has the doctor look at them,
// and says what is left. It overwrites nothing.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { shellWord } from '../adapters/ownCommands.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import type { ChatAnswers } from './questions/answers.ts';
import type { Asker } from './questions/asker.ts';
import { askCredential } from './questions/credentials.ts';
import type { Parts } from './questions/credentials.ts';
import { checkWritten, lookWith, sayReport } from './doctorRuns.ts';
import { envText, hiddenEnvText } from './envText.ts';
import type { Given } from './questions/flags.ts';
import { foundIn } from './found.ts';
import type { Found } from './found.ts';
import { askChat, askPolicy, askTenant, simulated } from './questions/interview.ts';
import { AnswerRefused, keyBytes, keyPlace, namedKey, usualKey } from './keyPlace.ts';
import { columnsOf, numbered, say } from './layout.ts';
import { leftToDo } from './left.ts';
import type { LeftParts, TeamsApp } from './left.ts';
import type { DoctorLine } from './otherPrograms.ts';
import { OutputFiles, holds, near, sayKept, slackManifest } from './outputFiles.ts';
import { laterMark, policyText } from './policyText.ts';
import { isThere, removeDrafts } from './writing.ts';

export class Assistant {
  readonly #given: Given;
  readonly #asker: Asker | undefined;
  readonly #files: OutputFiles;
  readonly #envPath: string;
  readonly #policyPath: string;
  /** The commands are typed in the folder of the files. */
  readonly #here: boolean;
  /** Ends the doctor with the assistant. */
  readonly #leaving = new AbortController();

  /** @param asker undefined where nobody is asked */
  constructor(given: Given, asker: Asker | undefined) {
    this.#given = given;
    this.#asker = asker;
    this.#files = new OutputFiles(given.dryRun);
    this.#envPath = join(given.folder, '.env');
    this.#policyPath = join(given.folder, 'policy.yaml');
    this.#here = given.folder === resolve('.');
  }

  /** The files that were written so far. */
  get written(): readonly string[] {
    return this.#files.written;
  }

  leave(): void {
    this.#leaving.abort();
  }

  /**
   * The exit code: 1 when the doctor calls something broken.
   * @throws AnswerRefused, NoPolicy, NotWritten, or Left when somebody leaves
   */
  async run(): Promise<number> {
    const given = this.#given;
    if (!given.dryRun) removeDrafts(given.folder);
    const there = isThere(this.#envPath);
    this.#introduce(there);
    const found = there ? foundIn(this.#envPath) : undefined;
    const asked = found === undefined ? await askChat(given, this.#asker) : { ...given.chat, ...found.chat };
    if (!there && asked.chats.length === 0 && (given.tenant.tenant ?? 'simulator') !== 'simulator')
      throw new AnswerRefused(
        'A real Defender needs a chat: the local console lets one human play everybody. Give --chat, or --tenant simulator.',
      );
    const keyPath = this.#keyPath(asked, found);
    const manifestPath = this.#putManifest(asked, there);
    const known = await this.#askParts(asked, found);
    const policy = isThere(this.#policyPath) ? undefined : await this.#policy(known);
    this.#writeFiles(known, { keyPath, policy, there });
    const teamsApp = this.#files.putTeamsApp(given.folder, known.chat);
    if (given.dryRun) {
      say('Nothing was written.');
      return 0;
    }
    if (this.#files.written.length > 0 && process.getuid?.() === 0) this.#tellRoot();
    const lines = given.check ? await this.#check(known) : [];
    return this.#sayWhatIsLeft(known, { manifestPath, teamsApp, lines });
  }

  #introduce(there: boolean): void {
    this.#asker?.say(
      'This writes what the bot needs to run for real. In a list the arrow keys choose; Enter takes what is marked there, or what stands in [brackets]. "later" leaves a marked place to fill in. Ctrl-C leaves at any time.',
    );
    if (there)
      say(
        `${near(this.#envPath)} is there already and stays as it is; what it says of chat and tenant is taken from it.`,
      );
  }

  /** Undefined where no key file is written: the console makes its own, and a `.env` may name none. */
  #keyPath({ chats }: ChatAnswers, found: Found | undefined): string | undefined {
    const { key, folder } = this.#given;
    const named = found?.keyFile === undefined ? undefined : namedKey(found.keyFile, folder, this.#envPath);
    if (found !== undefined && key !== undefined && key !== named)
      say(
        `--key ${key} does not count: ${near(this.#envPath)} names ${named ?? 'no file of a key'} (LR_JOURNAL_KEY_FILE).`,
      );
    const own = (chats.length === 0 && key === undefined) || (found !== undefined && named === undefined);
    return own ? undefined : keyPlace(named ?? key ?? usualKey(), folder);
  }

  /** Before the tokens are asked for: there are none before the app is made from it. */
  #putManifest({ chats, host }: ChatAnswers, there: boolean): string | undefined {
    const slack = chats.find((one) => one !== 'teams');
    if (slack === undefined) return undefined;
    const path = join(this.#given.folder, 'slack-manifest.json');
    if (there && slack !== 'slack-socket') return path;
    this.#files.put(path, { mode: 0o644, content: slackManifest(slack, host) });
    if (!there)
      this.#asker?.say(
        `Make the app now, if there is none: api.slack.com/apps, "Create New App", "From a manifest", paste what is in ${near(path)}, "Install to Workspace". Its tokens are asked for next.`,
      );
    return path;
  }

  async #askParts(chat: ChatAnswers, found: Found | undefined): Promise<Parts> {
    const given = this.#given;
    const look = given.check && !given.dryRun ? lookWith(given, this.#leaving.signal) : undefined;
    if (found !== undefined) return { chat, tenant: found.tenant, secrets: found.secrets };
    let known: Parts = { chat, tenant: simulated, secrets: given.secrets };
    for (const part of ['SLACK', 'Microsoft'] as const)
      known = await askCredential(part, known, this.#asker, look);
    known = { ...known, tenant: await askTenant(given, chat, this.#asker) };
    return askCredential('AZURE', known, this.#asker, look);
  }

  async #policy({ chat, tenant }: Parts): Promise<string> {
    return policyText(
      readFileSync(packageFile('policy.example.yaml'), 'utf8'),
      await askPolicy(this.#given, chat, tenant, this.#asker),
      chat.chats,
    );
  }

  /** Everything is known: written in this order, so that what is missing after a kill is asked for again. */
  #writeFiles(
    { chat, tenant, secrets }: Parts,
    {
      keyPath,
      policy,
      there,
    }: {
      readonly keyPath: string | undefined;
      readonly policy: string | undefined;
      readonly there: boolean;
    },
  ): void {
    if (keyPath !== undefined) {
      const content = `${randomBytes(keyBytes).toString('base64')}\n`;
      this.#files.put(keyPath, { mode: 0o600, content, shown: '[secret]\n' });
    }
    if (policy === undefined) sayKept(this.#policyPath);
    else this.#files.put(this.#policyPath, { mode: 0o644, content: policy });
    if (there) {
      sayKept(this.#envPath);
      return;
    }
    const content = envText({
      chat,
      tenant,
      secrets,
      keyFile: keyPath,
      policyFile: this.#here ? './policy.yaml' : this.#policyPath,
      dataDir: this.#here ? './data' : join(this.#given.folder, 'data'),
      more: this.#given.more,
    });
    this.#files.put(this.#envPath, { mode: 0o600, content, shown: hiddenEnvText(content) });
  }

  /** The command has a line of its own, so that it can be copied. */
  #tellRoot(): void {
    say(
      'You are root, and these files and folders are root’s alone. For a bot that runs as another user, hand them over, the key to where that user can read it (LR_JOURNAL_KEY_FILE in .env):',
    );
    process.stdout.write(`  chown <user> ${this.#files.owned.map(shellWord).join(' ')}\n`);
  }

  async #check(known: Parts): Promise<readonly DoctorLine[]> {
    const { folder } = this.#given;
    const subject = { folder, envPath: this.#envPath, tenant: known.tenant };
    return sayReport(await checkWritten(subject, this.#asker, this.#leaving.signal), known);
  }

  #sayWhatIsLeft(
    { chat, tenant, secrets }: Parts,
    {
      manifestPath,
      teamsApp,
      lines,
    }: {
      readonly manifestPath: string | undefined;
      readonly teamsApp: TeamsApp | undefined;
      readonly lines: LeftParts['lines'];
    },
  ): number {
    const red = lines.some(({ verdict, check: name }) => verdict === 'FAIL' && name !== 'policy.places');
    const steps = leftToDo({
      chat,
      tenant,
      secrets,
      envFile: this.#here ? undefined : this.#envPath,
      envPath: near(this.#envPath),
      policyPath: near(this.#policyPath),
      slackManifest: manifestPath === undefined ? undefined : near(manifestPath),
      teamsApp,
      hostLater: manifestPath !== undefined && holds(manifestPath, 'REPLACE-ME'),
      idsLater: holds(this.#policyPath, `# ${laterMark}`),
      lines,
      red,
    });
    process.stdout.write(
      `\nWhat is left, in this order:\n${numbered(steps, columnsOf(process.stdout)).join('\n')}\n`,
    );
    if (!isThere(join('docs', 'setup.md')))
      process.stdout.write(`The guides (docs/...) and .env.example are in\n${packageFile()}\n`);
    return red ? 1 : 0;
  }
}
