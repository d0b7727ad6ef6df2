// Row 5.5: one human listed twice is told at the start, and to the person.
import { afterEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplePolicy, openTestApp, textOf } from '../../support/apps/testApp.ts';
import { startProgram } from '../../support/programs/program.ts';

const twice = (text: string): string => text.replace('name: Sam Second', 'name: "Riley  RESPONDER"');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('the start says who may be one human, and what to do; it starts all the same', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lr-same-'));
  folders.push(dir);
  writeFileSync(join(dir, 'policy.yaml'), twice(examplePolicy));
  const program = await startProgram('src/main.js', [], {
    PORT: '0',
    LR_DATA_DIR: join(dir, 'data'),
    LR_POLICY: join(dir, 'policy.yaml'),
    LR_LOG_LEVEL: 'warn',
  });
  try {
    expect(program.firstLine).toMatch(
      /^warning: the policy .*, line \d+ \(people\[\d\]\): Riley Responder \(responder1\) and Riley {2}RESPONDER \(responder2\) have the same name\. If they are one human/,
    );
    await program.adminUrl();
    expect(program.stderr()).toMatch(/"where":"people\[1\]","event":"policyWarning"/);
  } finally {
    await program.kill('SIGTERM');
  }
});

test('whoami tells the person of the other entry, and nobody else', async () => {
  const app = await openTestApp({ policy: twice });
  try {
    expect(textOf(await app.say('responder1', 'whoami'))).toMatch(
      /^You are Riley Responder \(responder1\)\. The policy also lists Riley {2}RESPONDER \(responder2\)\. If that is you too, tell the people who keep the policy/,
    );
    expect(textOf(await app.say('approver1', 'whoami'))).not.toContain('also lists');
  } finally {
    await app.close();
  }
});
