// Ctrl-C at every question of the assistant, and while the doctor looks: it ends as interrupted, nothing is
// there in part, no secret was shown, and it is said how to go on. Every line that it writes on the way fits
// into 80 columns.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { codeOf } from '../../src/adapters/clock.ts';
import { SetupBench, hasScript, inTerminal, keys } from '../support/programs/setupBench.ts';

let bench: SetupBench;
beforeEach(() => {
  bench = new SetupBench();
});
afterEach(() => {
  bench.close();
});

const guid = '5f0c1d2e-0000-4000-8000-00000000000a';
const { enter, down } = keys;
/** The longest way: both chats, a real tenant, two people. */
const way: readonly (readonly [string, string])[] = [
  ['Which chat?', `${down}${down}${enter}`],
  ['How does Slack reach the bot?', `${down}${enter}`],
  ['Public name of the bot', `bot.example.com${enter}`],
  ['How is the bot registered in Azure?', enter],
  ['Application id of the bot', `${guid}${enter}`],
  ['Tenant id of the bot', `${guid}${enter}`],
  ['SLACK_BOT_TOKEN', `xoxb-canary-0001${enter}`],
  ['SLACK_SIGNING_SECRET', `canary-signing-0001${enter}`],
  ['MicrosoftAppPassword', `canary-password-0001${enter}`],
  ['Which Defender?', `${down}${down}${enter}`],
  ['Tenant id of Defender', `${guid}${enter}`],
  ['Application id for Defender', `${guid}${enter}`],
  ['Which cloud?', enter],
  ['AZURE_CLIENT_SECRET', `canary-secret-0001${enter}`],
  ['Name of person 1', `Jörg Müller${enter}`],
  ['Short id [jorg]', enter],
  ['What may Jörg Müller do?', enter],
  ['Slack member id of Jörg Müller', `U0123ABCD${enter}`],
  ['Entra object id of Jörg Müller', enter],
  ['Name of person 2', `Avery Lead${enter}`],
  ['Short id [avery]', enter],
  ['What may Avery Lead do?', enter],
  ['Slack member id of Avery Lead', enter],
  ['Entra object id of Avery Lead', enter],
  ['One more person?', enter],
  ['Channel where approvals are asked for', enter],
  ['Device group that may be reached', enter],
];
/** From this question on the manifest of Slack is there. */
const tokens = way.findIndex(([words]) => words === 'SLACK_BOT_TOKEN');

(hasScript ? describe : describe.skip)('Ctrl-C', () => {
  test.each(way.map(([words], index) => [words, index] as const))(
    'at "%s" leaves nothing in part, and says how to go on',
    async (words, index) => {
      const terminal = inTerminal(bench, ['--no-check'], {}, 80);
      for (const [question, answer] of way.slice(0, index)) await terminal.answer(question, answer);
      // A letter already answers a question with yes and no.
      await terminal.answer(words, `${words.startsWith('One more') ? '' : 'half-canary'}${keys.interrupt}`);
      expect(await terminal.ended).toBe(130);
      expect(bench.files()).toEqual(index < tokens ? [] : ['slack-manifest.json']);
      expect(readdirSync(bench.home)).toEqual([]);
      const shown = terminal.shown();
      expect(shown.replace(/\n/g, ' ')).toMatch(
        index < tokens
          ? /Left\. Nothing was written, and what you typed is not kept\. Go on: npm run setup/
          : /Left\. Written, whole: slack-manifest\.json\. What else you typed is not kept\. Go on: npm run setup/,
      );
      expect(shown).not.toMatch(/xoxb-canary|canary-signing|canary-password|canary-secret/);
    },
  );

  /** Resolves when no doctor works in the folder any more. */
  async function ended(folder: string): Promise<'ended'> {
    while (programsIn(folder, 'doctor').length > 0) await new Promise((resolve) => setImmediate(resolve));
    return 'ended';
  }

  /** Resolves when the process has taken no processor time for a while. */
  async function rests(pid: number): Promise<void> {
    // The fields behind the name, which may hold blanks: utime and stime are the 12th and 13th of them.
    const used = (): string =>
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .slice(11, 13)
        .join(' ');
    for (let before = ''; before !== used();) {
      before = used();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  test('while the doctor waits for an answer that never comes ends it too, with its own code', async () => {
    // Takes connections and says nothing; reads, so that it sees the other side end.
    const silent = createServer((socket) => {
      socket.on('error', () => undefined).resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      writeFileSync(
        join(bench.home, 'more.env'),
        `SLACK_API_URL=http://127.0.0.1:${(silent.address() as AddressInfo).port}/api/\n`,
      );
      const asked = new Promise<void>((resolve) =>
        silent.once('connection', () => {
          resolve();
        }),
      );
      const terminal = inTerminal(
        bench,
        ['--chat', 'slack-socket', '--settings', join(bench.home, 'more.env')],
        {},
        80,
      );
      await terminal.answer('SLACK_BOT_TOKEN', `xoxb-canary-0001${enter}`);
      await terminal.answer('SLACK_APP_TOKEN', `xapp-canary-0001${enter}`);
      await terminal.answer('The doctor looks at Slack', '');
      await asked;
      expect(programsIn(bench.folder, 'doctor')).toHaveLength(1);
      await terminal.answer('...', keys.interrupt);
      expect(await terminal.ended).toBe(130);
      expect(terminal.shown().replace(/\n/g, ' ')).toContain('Go on: npm run setup');
      expect(terminal.shown()).not.toContain('canary');
      expect(existsSync(join(bench.folder, '.env'))).toBe(false);
      await ended(bench.folder);
    } finally {
      silent.close();
    }
  });

  test('without a terminal, as a signal to the setup alone, ends the doctor as well', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      writeFileSync(
        join(bench.home, 'more.env'),
        `SLACK_API_URL=http://127.0.0.1:${(silent.address() as AddressInfo).port}/api/\nSLACK_BOT_TOKEN=xoxb-canary-0001\nSLACK_APP_TOKEN=xapp-canary-0001\n`,
      );
      const asked = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
      const setup = bench.start([
        '--yes',
        '--chat',
        'slack-socket',
        '--settings',
        join(bench.home, 'more.env'),
      ]);
      const code = new Promise((resolve) => setup.once('exit', resolve));
      await asked;
      const [doctor, ...others] = programsIn(bench.folder, 'doctor');
      expect([doctor === undefined, others]).toEqual([false, []]);
      // What it still had to print would end it by itself: nobody reads that any more.
      await rests(doctor ?? 0);
      setup.kill('SIGINT');
      expect(await code).toBe(130);
      // Left alone it would wait for Slack's answer, three times as long (`callTimeoutMs`).
      const goesOn = new Promise((resolve) => setTimeout(resolve, 5_000, 'goes on').unref());
      expect(await Promise.race([goesOn, ended(bench.folder)])).toBe('ended');
    } finally {
      silent.close();
    }
  });

  test('is taken while the doctor works, and what is typed then is not echoed', async () => {
    const held: Socket[] = [];
    let asked: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (asked = resolve));
    const holding = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      held.push(socket);
      asked();
    });
    await new Promise<void>((resolve) => holding.listen(0, '127.0.0.1', resolve));
    writeFileSync(
      join(bench.home, 'more.env'),
      `SLACK_API_URL=http://127.0.0.1:${(holding.address() as AddressInfo).port}/api/\n`,
    );
    const terminal = inTerminal(
      bench,
      ['--chat', 'slack-socket', '--settings', join(bench.home, 'more.env')],
      {},
      80,
    );
    await terminal.answer('SLACK_BOT_TOKEN', `xoxb-canary-0001${enter}`);
    await terminal.answer('SLACK_APP_TOKEN', `xapp-canary-0001${enter}`);
    await first;
    await terminal.answer('The doctor looks at Slack', 'xoxb-canary-ahead');
    // Nobody answers any more, so that the doctor comes to its end; a terminal that echoes has done so long
    // before.
    holding.close();
    for (const socket of held) socket.destroy();
    await terminal.answer('What next?', keys.interrupt);
    expect(await terminal.ended).toBe(130);
    expect(terminal.shown()).not.toContain('canary');
  });

  test('works in a terminal that does not know its size, with whole lines', async () => {
    const terminal = inTerminal(bench, ['--no-check'], {}, 0);
    await terminal.answer('Which chat?', keys.interrupt);
    expect(await terminal.ended).toBe(130);
    expect(terminal.shown()).toContain('People ask, approve and read results there.');
  });

  test('is not needed: on the whole way no line is longer than 80 columns, and what was typed of secrets is nowhere but in .env', async () => {
    const terminal = inTerminal(bench, ['--no-check'], {}, 80);
    for (const [question, answer] of way) await terminal.answer(question, answer);
    expect(await terminal.ended).toBe(0);
    const shown = terminal.shown();
    expect(shown).not.toContain('canary');
    expect(bench.read('.env').match(/canary/g)).toHaveLength(4);
    expect(bench.read('policy.yaml')).not.toContain('canary');
    // Without the lines in which one letter is drawn over the other while it is typed; the path of the key is
    // longer than a line here, and a command to be copied is not broken.
    const long = shown
      .split('\n')
      .filter((line) => line.length > 80 && !/[█▪]|^chown /.test(line) && !line.includes(bench.key));
    expect(long).toEqual([]);
    expect(shown).toMatch(/What is left, in this order:/);
  });
});

/** Processes of one of our programs whose working folder is this one. */
function programsIn(folder: string, program: 'doctor'): readonly number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && isProgram(pid, folder, program))
    .map(Number);
}

function isProgram(pid: string, folder: string, program: string): boolean {
  try {
    if (readlinkSync(join('/proc', pid, 'cwd')) !== folder) return false;
    // The terminal's own process names the program as well, in a command for a shell.
    const [executable, script = ''] = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
    return executable === process.execPath && script.includes(program);
  } catch (error) {
    // It ended between the two readings, or belongs to somebody else.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error))) return false;
    throw error;
  }
}
