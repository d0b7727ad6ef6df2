// Rows 2.2, 2.3 and 2.5 to 2.7 on the whole product: what is refused names the true cause and a line that
// works, and what is odd is said.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { plainText } from '../../cards/renderers/plainText.ts';
import type { Reply } from '../../src/bot/ports.ts';
import { openTestApp, textOf } from '../support/apps/testApp.ts';
import type { TestApp } from '../support/apps/testApp.ts';
import { runOf } from '../support/requests/requests.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
});
afterEach(() => app.close());

async function say(text: string, as = 'responder1'): Promise<string> {
  return textOf(await app.say(as, text));
}

function noteOf(reply: Reply): string | undefined {
  return reply.kind === 'asked' ? reply.note : undefined;
}

describe('row 2.2', () => {
  test('a command in back-ticks is asked for, the asker is told how it was read, and the card shows what runs', async () => {
    const reply = await app.say('responder1', '`/lr dump hosta OfficeClickToRun`');
    expect(noteOf(reply)).toBe('Read without the chat’s formatting: /lr dump hosta OfficeClickToRun');
    await app.loop.tick();
    expect(plainText(app.card().view)).toContain('RunScript minidump.ps1 OfficeClickToRun');
  });
});

describe('row 2.3', () => {
  test('a reason of two lines with an emoji of three parts stands on the card and in Defender’s comment as one line', async () => {
    await app.say('responder1', 'dump hosta OfficeClickToRun --reason "beacon 👨‍👩‍👧\nsecond line"');
    await app.loop.tick();
    expect(app.newest().asked.reason).toBe('beacon 👨‍👩‍👧\nsecond line');
    expect(plainText(app.card().view)).toContain('beacon 👨‍👩‍👧 second line');
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(app.simulator.tenant.submissions[0]?.comment).toContain('reason: beacon 👨‍👩‍👧 second line');
  });
});

describe('row 2.5: a name the library does not hold', () => {
  test.each([
    ['run hosta colect.ps1 -Deep --reason "x"', 'run hosta collect.ps1 -Deep --reason "x"'],
    ['on hosta run colect.ps1 ; get "C:\\a b.zip"', 'on hosta run collect.ps1 ; get "C:\\a b.zip"'],
    ['put hosta triag.zip', 'put hosta triage.zip'],
  ])('%j is refused with the line as it should be', async (line, right) => {
    const said = await say(line);
    expect(said).toContain('Did you mean');
    expect(said).toContain(`Type "/lr ${right}".`);
    expect(app.store.all()).toHaveLength(0);
  });

  test('one that resembles nothing is refused with where to look', async () => {
    expect(await say('put hosta nope.exe')).toBe(
      'The live response library holds no nope.exe, so nothing was asked for. "/lr scripts" lists what is there.',
    );
  });

  test('another case is the same file', async () => {
    await say('run hosta Collect.PS1');
    expect(app.newest().subject.commands).toEqual([{ type: 'RunScript', scriptName: 'Collect.PS1' }]);
  });

  test('where the library cannot be read, the request goes on, and asker and card say that nobody checked', async () => {
    app.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 403, times: 'always' });
    const reply = await app.say('responder1', 'run hosta colect.ps1');
    expect(noteOf(reply)).toMatch(/^Nobody checked that the library holds colect\.ps1/);
    await app.loop.tick();
    expect(plainText(app.card().view)).toContain('script content not verified');
  });
});

describe('row 2.5: another system than the device’s', () => {
  test.each([
    ['run web1 minidump.ps1 bash', 'minidump.ps1 (index 0) is a script for Windows'],
    ['get web1 C:\\Windows\\a.log', 'is a Windows path'],
    ['get hosta /etc/passwd', 'is a path for Linux and macOS'],
    ['run hosta hello.sh', 'hello.sh (index 0) is a script for Linux and macOS'],
    ['get web1 %ProgramFiles(x86)%\\a.log', 'is a Windows path'],
    ['get web1 $env:TEMP\\a.log', 'is a Windows path'],
    ['get web1 \\Windows\\a.log', 'is a Windows path'],
    ['get web1 file:///C:/a.log', 'is a Windows path'],
    ['get hosta ~root/.bashrc', 'is a path for Linux and macOS'],
    ['get hosta ${HOME}/a.log', 'is a path for Linux and macOS'],
    ['get hosta HKLM:\\SOFTWARE\\a', 'is a key of the registry and no file'],
  ])('%j is said to the asker and on the card', async (line, words) => {
    const reply = await app.say('responder1', line);
    expect(noteOf(reply)).toContain(words);
    await app.loop.tick();
    expect(app.card().view.facts.find((fact) => fact.label === 'Wrong system')?.value).toContain(words);
  });

  test('what fits is not remarked on', async () => {
    expect(noteOf(await app.say('responder1', 'run web1 hello.sh'))).toBeUndefined();
    expect(noteOf(await app.say('responder1', 'get web1 /etc/passwd'))).toBeUndefined();
    expect(noteOf(await app.say('responder1', 'dump hosta OfficeClickToRun'))).toBeUndefined();
  });
});

describe('row 2.6: a thing of the wrong kind', () => {
  test.each(['status', 'cancel', 'deny', 'approve', 'link', 'output', 'retry'])(
    '%s hosta names the device and where to look',
    async (verb) => {
      const said = await say(
        `${verb} hosta`,
        verb === 'approve' || verb === 'deny' ? 'approver1' : 'responder1',
      );
      expect(said).toContain('"hosta" is not a request id');
      expect(said).toContain('"/lr host hosta" shows the device');
      expect(said).not.toContain('h0sta');
    },
  );

  test.each(['link', 'output'])('%s of a request that waits says that it was not sent', async (verb) => {
    await say('dump hosta OfficeClickToRun');
    const { id } = app.newest();
    expect(await say(`${verb} ${id}`)).toBe(
      `${id} has not been sent to Defender yet, so it has no result. "/lr status ${id}" shows what it is waiting for.`,
    );
  });

  test('a full name is no less a device', async () => {
    expect(await say('status hosta.corp.example')).toContain(
      '"/lr host hosta.corp.example" shows the device',
    );
  });

  test('the open requests on that device are named with the line that works', async () => {
    await say('dump hosta OfficeClickToRun');
    const { id } = app.newest();
    expect(await say('cancel hosta')).toContain(`${id} (Waiting for approval); type "/lr cancel ${id}"`);
    expect(await say('approve hosta', 'approver1')).toContain(`type "/lr approve ${id}"`);
    expect(await say('output hosta')).not.toContain(id);
    expect(await say('cancel hosta', 'nobody')).not.toContain(id);
  });

  test('a request where a device is meant, a recipe, a file, a fingerprint: each is called what it is', async () => {
    await say('dump hosta OfficeClickToRun');
    const { id, subject } = app.newest();
    const { fingerprint } = subject;
    expect(await say(`host ${id}`)).toContain(`"/lr status ${id}" shows it`);
    expect(await say(`dump ${id.toUpperCase()} x`)).toContain(
      `${id} is a request, on the device hosta.corp.example`,
    );
    expect(await say('status dump')).toContain('It is a recipe: "/lr help dump"');
    expect(await say('cancel collect.ps1')).toContain('"/lr scripts collect.ps1"');
    expect(await say(`approve ${fingerprint}`, 'approver1')).toContain(
      `is the fingerprint of ${id}, not its id`,
    );
    const unknown = await say('cancel 0badf00d');
    expect(unknown).toContain('looks like a fingerprint, and no request here has it');
    expect(unknown).not.toContain('host 0badf00d');
    expect(await say('run collect.ps1 hosta')).toContain('"/lr run <host> collect.ps1"');
    expect(await say('dump dump x')).toContain('dump is a recipe: the device comes after it');
    expect(await say('host lr-zzzzzz')).toContain('"/lr status lr-zzzzzz" shows it');
    expect(app.store.all()).toHaveLength(1);
  });

  test('an id without its prefix is still an id, in brackets and with another hyphen too', async () => {
    await say('dump hosta OfficeClickToRun');
    const bare = app.newest().id.slice(3);
    for (const typed of [
      bare,
      `(lr-${bare})`,
      `[LR-${bare.toUpperCase()}].`,
      `<lr-${bare}>`,
      `#lr-${bare}`,
      `lr\u2011${bare}`,
      `lr–${bare}`,
      `lr_${bare}`,
      `lr${bare}`,
      `"lr-${bare}",`,
    ])
      expect(await say(`status ${typed}`)).toContain('as it is now');
    expect(await say('status lr_web1')).toContain('"/lr host lr_web1" shows the device');
    expect(await say('status lr\u2011zzzzzz')).toContain('There is no request lr-zzzzzz');
  });

  test('several at once, Defender’s own id of an action, and the fingerprint first: each is called what it is', async () => {
    expect(await say('status mine')).toContain('"/lr list mine" shows them');
    expect(await say('approve all', 'approver1')).toContain('"/lr list pending" shows them');
    await say('dump hosta OfficeClickToRun');
    await app.loop.tick();
    const { id, subject } = app.newest();
    const { fingerprint } = subject;
    expect(await say(`approve ${fingerprint} ${id}`, 'approver1')).toContain(`/lr approve ${id}`);
    expect(await say('status 8c4f2a6e-8d10-4a3e-9a77-2c6c3e1f0b11')).toContain('no request here has it');
    await app.press('approver1', 'approve');
    const { actionId } = runOf(await app.until('running'));
    expect(await say(`cancel ${actionId.toUpperCase()}`)).toContain(
      `is Defender's id of the action of ${id}`,
    );
    expect(await say(`cancel ${actionId}`, 'nobody')).not.toContain(id);
  });

  test('a session whose commands are parted by something else is answered with the line as it should be, and nothing of it is asked for', async () => {
    const right = '/lr on hosta run collect.ps1 -A ; get C:\\a.zip';
    for (const parting of ['-A; ', '-A && ', '-A | ', '-A, ', '-A ； '])
      expect(await say(`on hosta run collect.ps1 ${parting}get C:\\a.zip`)).toContain(right);
    expect(await say('run hosta collect.ps1 -A; get C:\\a.zip')).toContain(right);
    expect(await say('get hosta C:\\a.zip; put tool.exe')).toContain('begin with "on"');
    expect(app.store.all()).toHaveLength(0);
  });

  test('what printed or collected nothing is told so with the line that works', async () => {
    await say('hosts hosta');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    const { id } = await app.until('finished');
    expect(await say(`output ${id}`)).toContain(
      `${id} prints nothing, because only a script does. "/lr link ${id}" gives`,
    );
  });
});

describe('row 2.7: a decision that comes too late or too early names the one that works', () => {
  async function running(): Promise<string> {
    await say('dump hosta OfficeClickToRun');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    return (await app.until('running')).id;
  }

  test('deny, approve, retry and withdraw of what runs', async () => {
    const id = await running();
    expect(await say(`deny ${id}`, 'approver1')).toContain(`"/lr cancel ${id}" asks Defender to stop it`);
    expect(textOf(await app.press('approver1', 'deny'))).toContain(`"/lr cancel ${id}"`);
    expect(textOf(await app.press('responder1', 'withdraw'))).toContain(`"/lr cancel ${id}"`);
    expect(await say(`approve ${id}`, 'approver1')).toContain(`"/lr status ${id}" shows it`);
    expect(await say(`retry ${id}`)).toContain(`"/lr cancel ${id}" stops it`);
  });

  test('deny of what is approved and waits', async () => {
    await say('freeze test', 'approver1');
    await say('unfreeze', 'approver1');
    await say('dump hosta OfficeClickToRun');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    const { id } = app.newest();
    expect(await say(`deny ${id}`, 'approver1')).toContain(
      `"/lr cancel ${id}" takes it back before it is sent`,
    );
  });

  test('cancel, deny and approve of what has ended', async () => {
    const id = await running();
    await app.until('finished');
    expect(await say(`cancel ${id}`)).toContain(`"/lr status ${id}" shows how it ended`);
    expect(await say(`deny ${id}`, 'approver1')).toContain(`"/lr status ${id}" shows how it ended`);
    await say('dump hostb OfficeClickToRun');
    const expired = app.newest().id;
    await app.run(31 * 60_000);
    expect(await say(`approve ${expired}`, 'approver1')).toContain(
      `"/lr retry ${expired}" asks for it again`,
    );
    await say('dump hostb OfficeClickToRun');
    const denied = app.newest().id;
    await say(`deny ${denied} no`, 'approver1');
    expect(await say(`approve ${denied}`, 'approver1')).toContain('type it again');
  });
});
