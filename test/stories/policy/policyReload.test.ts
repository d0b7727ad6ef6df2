// The policy's file, read again while the bot runs: checked first, journaled with its hash, told in the
// approvals places in words, what lets more happen first. A file that cannot be used changes nothing and is
// told of once.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createLog } from '../../../src/adapters/log.ts';
import { ChatError } from '../../../src/bot/ports.ts';
import { startWithPolicy } from '../../../src/bot/handlers/policyChange.ts';
import { PolicyReload, policyLookEvery, policySettles } from '../../../src/app/policyReload.ts';
import type { PolicyReloadOptions } from '../../../src/app/policyReload.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import { journalLines } from '../../support/store/journal.ts';
import { createFailingDisk } from '../../support/store/failingDisk.ts';
import { examplePolicy, openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import { threadsDuring } from '../../support/eventLoop.ts';
import { broken, largePolicy, looser, policyInFolder } from '../../support/stories/policyFile.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const stricter = examplePolicy.replace('responder: [responder1, responder2]', 'responder: [responder2]');

let app: TestApp;
let dir: string;
let file: string;
let reload: PolicyReload;
const lines: string[] = [];

/** A house whose policy is a file. */
async function open(
  options: TestAppOptions = {},
  sleep: Clock['sleep'] = () => new Promise(() => undefined),
  find?: PolicyReloadOptions['find'],
): Promise<void> {
  app = await openTestApp(options);
  const log = createLog({ level: 'info', write: (line) => void lines.push(line) });
  await startWithPolicy({ store: app.store, loop: app.loop, log, todays: app.todays }, sha(examplePolicy));
  reload = new PolicyReload({
    file,
    sha256: sha(examplePolicy),
    todays: app.todays,
    store: app.store,
    loop: () => app.loop,
    clock: { sleep },
    log,
    ...(find === undefined ? {} : { find }),
  });
  await app.loop.tick();
}

/** The file is looked at until it says the same twice, and what comes of it is told. */
async function looked(): Promise<void> {
  if ((await reload.look()) === policySettles) expect(await reload.look()).toBe(policyLookEvery);
  await app.loop.tick();
}

function journal(): readonly Readonly<Record<string, unknown>>[] {
  return journalLines(app.dir)
    .map((line) => (line as { readonly event: Readonly<Record<string, unknown>> }).event)
    .filter((event) => String(event['type']).startsWith('policy'));
}

const told = (): readonly string[] => app.chat.announced.map(({ text }) => text);

beforeEach(() => {
  ({ dir, file } = policyInFolder());
});
beforeEach(() => {
  lines.length = 0;
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('a file that changes', () => {
  afterEach(() => app.close());

  test('is taken once it looks the same twice, journaled with its hash, and judged by at once', async () => {
    await open();
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    writeFileSync(file, stricter);
    expect(await reload.look()).toBe(policySettles);
    expect(app.policy.roles.get('responder')).toContain('responder1');
    expect(await reload.look()).toBe(policyLookEvery);
    expect(app.policy.roles.get('responder')).toEqual(['responder2']);
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'requesterRoleGone' } });
    expect(textOf(await app.say('responder1', 'dump hostb notepad'))).toContain('you need the role');
    const facts = [{ effect: 'narrows', what: 'role member removed', name: 'responder' }];
    expect(journal().slice(-2)).toEqual([
      { type: 'policyChanged', sha256: sha(stricter), before: sha(examplePolicy), how: 'file', facts },
      { type: 'policyTold', sha256: sha(stricter) },
    ]);
    expect(JSON.stringify(journal())).not.toMatch(/Riley|responder1/);
    expect(told()).toEqual([
      expect.stringContaining(
        'The policy file has changed and is in force now. It narrows: Riley Responder no longer has the role responder.',
      ),
    ]);
  });

  test('is told by what it widens first', async () => {
    await open();
    writeFileSync(
      file,
      stricter.replace('groups: [Workstations, Servers]', 'groups: [Workstations, Servers, Kiosks]'),
    );
    await looked();
    expect(told().at(-1)).toMatch(
      /It WIDENS: devices in the group Kiosks are allowed\. It narrows: Riley Responder no longer has the role responder\./,
    );
  });

  test('twice while a chat takes nothing is told with both changes: the first is in no later words', async () => {
    await open();
    app.chat.refuse = (call) =>
      call.startsWith('announce') ? new ChatError('unavailable', 'down') : undefined;
    writeFileSync(file, looser);
    await looked();
    writeFileSync(file, `${examplePolicy}\n# as it was`);
    await looked();
    expect(told()).toEqual([]);
    app.chat.refuse = () => undefined;
    await app.run(120_000);
    expect(told()).toEqual([
      expect.stringMatching(
        /in force now\. It narrows: .*Kiosks.* Before that, and not told here yet: .*It WIDENS: .*Kiosks/,
      ),
    ]);
  });

  test('is read by a thread of its own, once, so that nobody waits for a large one', async () => {
    await open();
    writeFileSync(file, largePolicy(500, 200));
    expect(await threadsDuring(() => reload.look())).toEqual({ value: policySettles, threads: 1 });
    expect(await threadsDuring(() => reload.look())).toEqual({ value: policyLookEvery, threads: 0 });
    expect(app.policy.people).toHaveLength(500);
  });

  test('in words alone is told to change nothing', async () => {
    await open();
    writeFileSync(file, `${examplePolicy}\n# a remark\n`);
    await looked();
    expect(told().at(-1)).toContain('Nothing changes in who may do what.');
  });

  test('is told in the approvals places of the old policy and of the new', async () => {
    await open();
    writeFileSync(file, examplePolicy.replace("place: 'console:incidents'", "place: 'console:elsewhere'"));
    await looked();
    expect(app.chat.announced.map(({ place }) => place).sort()).toEqual(['elsewhere', 'incidents']);
  });

  test('by a link that points elsewhere, as in a mounted configuration map, is seen', async () => {
    mkdirSync(join(dir, '..1'));
    mkdirSync(join(dir, '..2'));
    writeFileSync(join(dir, '..1', 'policy.yaml'), examplePolicy);
    writeFileSync(join(dir, '..2', 'policy.yaml'), looser);
    symlinkSync('..1', join(dir, '..data'));
    rmSync(file);
    symlinkSync(join('..data', 'policy.yaml'), file);
    await open();
    expect(await reload.look()).toBe(policyLookEvery);
    symlinkSync('..2', join(dir, '..tmp'));
    renameSync(join(dir, '..tmp'), join(dir, '..data'));
    await looked();
    expect(app.policy.devices.allow.groups).toContain('Kiosks');
  });

  test('is taken at once where somebody asks for it', async () => {
    await open();
    writeFileSync(file, looser);
    reload.ask();
    expect(await reload.look()).toBe(policyLookEvery);
    expect(app.policy.devices.allow.groups).toContain('Kiosks');
    expect(journal().at(-1)).toMatchObject({ type: 'policyChanged', how: 'signal' });
  });

  test('and changes again before it was told is told as it is then', async () => {
    await open();
    app.chat.failNext(new ChatError('unavailable', 'down'));
    writeFileSync(file, looser);
    await looked();
    writeFileSync(file, stricter);
    await looked();
    app.clock.move(60_000);
    await app.loop.tick();
    expect(told()).toHaveLength(1);
    expect(app.store.lastPolicy()).toEqual({ sha256: sha(stricter), told: sha(stricter) });
  });

  test('is in force though the journal cannot be written, and is journaled as soon as it can', async () => {
    const disk = createFailingDisk();
    await open({ disk: disk.disk });
    disk.code = 'ENOSPC';
    writeFileSync(file, stricter);
    await reload.look();
    await reload.look();
    expect(app.policy.roles.get('responder')).toEqual(['responder2']);
    writeFileSync(file, looser);
    await reload.look();
    await reload.look();
    expect(app.policy.devices.allow.groups).toContain('Kiosks');
    disk.code = undefined;
    await app.store.recover();
    await reload.look();
    // Both, in their order.
    expect(journal().filter(({ type }) => type === 'policyChanged')).toMatchObject([
      { sha256: sha(stricter) },
      { sha256: sha(looser), before: sha(stricter) },
    ]);
  });
});

describe('a file that cannot be used', () => {
  afterEach(() => app.close());

  test.each<readonly [string, () => void, RegExp]>([
    [
      'with a mistake',
      () => {
        writeFileSync(file, broken);
      },
      /it has a mistake, the first in line \d+/,
    ],
    [
      'that is gone',
      () => {
        rmSync(file);
      },
      /it cannot be read/,
    ],
    [
      'that is half a file',
      () => {
        writeFileSync(file, examplePolicy.slice(0, 2_000));
      },
      /it has/,
    ],
    [
      'that is far too large',
      () => {
        writeFileSync(file, `${examplePolicy}#${'x'.repeat(2_000_000)}`);
      },
      /larger than 1024 KiB/,
    ],
  ])(
    '%s leaves the policy of before in force, says so once, and once more when it is well',
    async (_name, breaks, why) => {
      await open();
      const before = app.policy.people;
      breaks();
      await looked();
      await looked();
      expect(app.policy.people).toBe(before);
      expect(reload.trouble()).toMatch(why);
      expect(told()).toEqual([
        expect.stringMatching(
          /The policy file cannot be used, so the policy that was in force stays in force/,
        ),
      ]);
      expect(journal().filter(({ type }) => type === 'policyNotTaken')).toHaveLength(1);
      writeFileSync(file, examplePolicy);
      await looked();
      expect(reload.trouble()).toBeUndefined();
      expect(told().at(-1)).toContain('has no mistake any more');
      expect(told()).toHaveLength(2);
    },
  );

  test('that its file system does not hand out is told too, and nothing is waited for longer than the bound', async () => {
    const waits: number[] = [];
    await open(
      {},
      (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      () => new Promise(() => undefined),
    );
    await looked();
    expect(reload.trouble()).toContain('the file system does not answer');
    expect(new Set(waits)).toEqual(new Set([5_000]));
  });

  (process.platform === 'win32' ? test.skip : test)(
    'that became a pipe is no file, and is not waited for',
    async () => {
      await open();
      rmSync(file);
      expect(spawnSync('mkfifo', [file]).status).toBe(0);
      await looked();
      expect(reload.trouble()).toContain('it is not a file');
      rmSync(file);
      writeFileSync(file, looser);
      await looked();
      expect(reload.trouble()).toBeUndefined();
      expect(app.policy.devices.allow.groups).toContain('Kiosks');
    },
  );

  test('names its mistakes in the log, line by line', async () => {
    await open();
    writeFileSync(file, broken);
    await looked();
    expect(lines.join('\n')).toMatch(/there is no role approvr.*policyNotTaken/);
  });

  test('and is then another one is taken and told as that', async () => {
    await open();
    writeFileSync(file, broken);
    await looked();
    writeFileSync(file, looser);
    await looked();
    expect(reload.trouble()).toBeUndefined();
    expect(told().at(-1)).toContain('devices in the group Kiosks are allowed');
  });
});

describe('a start', () => {
  afterEach(() => app.close());

  test('with another policy than the last is journaled and told', async () => {
    await open();
    await app.restart();
    await startWithPolicy(
      {
        store: app.store,
        loop: app.loop,
        log: createLog({ level: 'error', write: () => undefined }),
        todays: app.todays,
      },
      sha(looser),
    );
    await app.loop.tick();
    expect(told().at(-1)).toContain('The bot has started with another policy than before');
    expect(journal().slice(-3)).toEqual([
      { type: 'policyChanged', sha256: sha(looser), before: sha(examplePolicy), how: 'start' },
      { type: 'policyRead', sha256: sha(looser) },
      { type: 'policyTold', sha256: sha(looser) },
    ]);
  });

  test('with the same one tells nothing, nor does the first of all', async () => {
    await open();
    await app.restart();
    await startWithPolicy(
      {
        store: app.store,
        loop: app.loop,
        log: createLog({ level: 'error', write: () => undefined }),
        todays: app.todays,
      },
      sha(examplePolicy),
    );
    await app.loop.tick();
    expect(told()).toEqual([]);
  });

  test('tells what an end kept from being told', async () => {
    await open();
    app.chat.refuse = (call) =>
      call.startsWith('announce') ? new ChatError('unavailable', 'down') : undefined;
    writeFileSync(file, looser);
    await looked();
    app.chat.refuse = () => undefined;
    await app.restart();
    await startWithPolicy(
      {
        store: app.store,
        loop: app.loop,
        log: createLog({ level: 'error', write: () => undefined }),
        todays: app.todays,
      },
      sha(looser),
    );
    await app.loop.tick();
    expect(told().at(-1)).toContain('another policy than before');
  });
});
