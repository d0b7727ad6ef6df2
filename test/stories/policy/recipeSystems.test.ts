// Recipes that name their operating systems: a device of another one is refused with the recipe that fits,
// when it is asked for and once more right before the POST; a system that nobody knows goes on with a note.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

const web1 = 'web1.corp.example';
const runs = (device: string, osPlatform: string, os: 'windows' | 'linux' = 'linux'): void =>
  void app.simulator.tenant.changeDevice(device, { osPlatform, os });

async function asked(
  line: string,
  options: Parameters<typeof openTestApp>[0] = {},
  arrange: () => void = () => undefined,
): Promise<string> {
  app = await openTestApp(options);
  arrange();
  const reply = await app.say('responder1', line);
  return [textOf(reply), reply.kind === 'asked' ? reply.note : undefined]
    .filter((part) => part !== undefined)
    .join(' ');
}

describe('a device of another system is refused before anything is asked of anybody,', () => {
  test.each([
    [
      'collect web1',
      'Ubuntu',
      'collect is for Windows; web1.corp.example runs Ubuntu 22.04, so nothing was asked for. For Linux: “/lr collect-unix web1”.',
    ],
    [
      'collect web1 --reason "beacon at 02:40"',
      'RedHatEnterpriseLinux',
      'For Linux: “/lr collect-unix web1 --reason "beacon at 02:40"”.',
    ],
    [
      'dump web1.corp.example sshd',
      'macOS',
      'dump is for Windows; web1.corp.example runs macOS 22.04, so nothing was asked for. For macOS: “/lr collect-unix web1.corp.example”.',
    ],
    ['eventlog web1 Security', 'Android', 'There is no live response for this device'],
  ])('%s on %s', async (line, osPlatform, words) => {
    expect(await asked(line, {}, () => runs(web1, osPlatform))).toContain(words);
    expect(app.store.all()).toEqual([]);
    expect(app.simulator.tenant.submissions).toEqual([]);
  });

  test('the other way round as well, with every recipe of that system, the likest first', async () => {
    expect(await asked('collect-unix hosta')).toContain(
      'collect-unix is for Linux and macOS; hosta.corp.example runs Windows11 23H2, so nothing was asked for. For Windows: “/lr collect hosta” or “/lr hosts hosta” or “/lr dump hosta <process>”.',
    );
  });

  test('and the line that it names can be typed as it stands', async () => {
    const told = await asked('collect web1 --reason "beacon at 02:40"', {}, () => runs(web1, 'Ubuntu'));
    const line = /For Linux: “\/lr (.*)”\.$/m.exec(told)?.[1] ?? '';
    expect((await app.say('responder1', line)).kind).toBe('asked');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    expect(await app.until('finished')).toMatchObject({
      asked: { recipe: 'collect-unix', reason: 'beacon at 02:40' },
      sessions: [{ stage: { outcome: 'succeeded' } }],
    });
  });

  test('values go over to a recipe that takes one of that name, and only where it takes them', async () => {
    const more = (text: string): string =>
      text.replace(
        '\n  hosts:\n',
        "\n  gcore:\n    usage: gcore <host> <process>\n    args:\n      process: { chars: a-z, max: 20 }\n    commands:\n      - { RunScript: hello.sh, Args: '{process}' }\n    systems: linux\n    tier: high\n  hosts:\n",
      );
    expect(await asked('dump web1 nginx', { policy: more }, () => runs(web1, 'Debian'))).toContain(
      'For Linux: “/lr gcore web1 nginx” or “/lr collect-unix web1”.',
    );
    expect(textOf(await app.say('responder1', 'dump web1 Nginx.1'))).toContain(
      'For Linux: “/lr gcore web1 <process>” or “/lr collect-unix web1”.',
    );
  });
});

describe('a system that nobody knows goes on, and the asker is told', () => {
  test.each([
    ['Haiku', '“Haiku 22.04”'],
    ['SomethingNew2031', '“SomethingNew2031 22.04”'],
    ['Solaris', '“Solaris 22.04”'],
  ])('%s', async (osPlatform, shown) => {
    expect(await asked('collect web1', {}, () => runs(web1, osPlatform))).toContain(
      `collect is for Windows, and whether web1.corp.example runs that is not known here: Defender calls its system ${shown}.`,
    );
    await app.loop.tick();
    expect(app.card().view.facts.find(({ label }) => label === 'Condition')?.value).toContain(osPlatform);
  });
});

describe('commands outside recipes, and recipes for every system,', () => {
  test('are told about and not refused', async () => {
    expect(await asked('run web1 collect.ps1', {}, () => runs(web1, 'Ubuntu'))).toContain(
      'is a script for Windows',
    );
    expect(app.store.all()).toHaveLength(1);
  });

  test('without systems in the policy nothing is refused', async () => {
    expect(
      await asked('collect web1', { policy: (text) => text.replaceAll('    systems: [windows]\n', '') }, () =>
        runs(web1, 'Ubuntu'),
      ),
    ).toContain('waiting for approval');
  });
});

describe('right before the POST the device is read again:', () => {
  test.each([
    ['Ubuntu', 'collect is for Windows, the device runs Ubuntu 22.04'],
    ['macOS', 'collect is for Windows, the device runs macOS 22.04'],
    ['iOS', 'collect is for Windows, the device runs iOS 22.04'],
  ])(
    'one that runs %s by then is not touched, and the card says so in words of its own',
    async (osPlatform, detail) => {
      await asked('collect hosta');
      await app.loop.tick();
      await app.press('approver1', 'approve');
      runs('hosta.corp.example', osPlatform);
      await app.run(5_000);
      expect(stageOf(app.newest())).toMatchObject({
        state: 'closed',
        ending: { kind: 'refused', code: 'otherSystem', detail },
      });
      expect(app.card().view.lead).toContain(
        'is not for the operating system that the device runs now. Nothing was run. Ask again with a recipe for that system',
      );
      expect(app.simulator.tenant.submissions).toEqual([]);
      // “Ask again” is held to it as well.
      expect(textOf(await app.say('responder1', `retry ${app.newest().id}`))).toMatch(
        osPlatform === 'iOS'
          ? /There is no live response for this device/
          : /collect is for Windows; hosta\.corp\.example runs/,
      );
      expect(app.simulator.tenant.submissions).toEqual([]);
    },
  );

  test('a policy that takes the system away ends what waits, and what is approved', async () => {
    await asked('hosts hosta');
    await app.loop.tick();
    await app.changePolicy((text) => text.replaceAll('systems: [windows]', 'systems: [linux]'));
    await app.loop.tick();
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'otherSystem' },
    });
    expect(app.chat.announced.map(({ text }) => text).join('\n')).toContain(
      'the recipe hosts is for Linux, was for Windows',
    );
  });
});
