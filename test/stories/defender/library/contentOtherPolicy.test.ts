// A policy that another start has brought, between an approval and the POST: what it no longer allows is not
// sent.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { lastText, sent } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { asked } from '../../../support/defender/contentStory.ts';

let app: TestApp;
afterEach(() => app.close());

function takesCapitalsOnly(text: string): string {
  return text
    .replace('process: { chars: A-Za-z0-9._-, max: 64 }', 'process: { chars: A-Z, max: 64 }')
    .replace('dump hosta OfficeClickToRun', 'dump hosta LSASS');
}

describe('a policy that another start has brought', () => {
  async function restartedWith(policy: (text: string) => string): Promise<void> {
    app = await asked();
    await app.press('approver1', 'approve');
    await app.restart({}, policy);
    await app.run(10_000);
  }

  test.each<readonly [string, string, (text: string) => string]>([
    [
      'without the requester',
      'requesterNotListed',
      (text) =>
        text
          .replace(/ {2}- \{ id: responder1,.*\n/, '')
          .replace('responder: [responder1, responder2]', 'responder: [responder2]'),
    ],
    [
      'without the approver',
      'approverNotListed',
      (text) =>
        text
          .replace(/ {2}- \{ id: approver1,.*\n/, '')
          .replaceAll('approver1, ', '')
          .replace("notify: 'console:approver1', ", ''),
    ],
    [
      'that took the role from the approver',
      'approverNotListed',
      (text) => text.replace('approver: [approver1, responder2]', 'approver: [responder2]'),
    ],
    [
      'without the tier',
      'tierGone',
      (text) => text.replaceAll('tier: high', 'tier: standard').replace(/ {2}high: .*\n/, ''),
    ],
    [
      'without the recipe',
      'recipeChanged',
      (text) =>
        text
          .replace('\n  dump:\n', '\n  memory:\n')
          .replaceAll('dump <host>', 'memory <host>')
          .replace('example: dump', 'example: memory'),
    ],
    [
      'whose recipe runs something else',
      'recipeChanged',
      (text) => text.replace('RunScript: minidump.ps1, Args', 'RunScript: fulldump.ps1, Args'),
    ],
    ['whose recipe no longer takes that argument', 'recipeChanged', takesCapitalsOnly],
  ])('%s refuses what was approved before it', async (_name, code, policy) => {
    await restartedWith(policy);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
    expect(sent(app)).toBe(0);
    expect(lastText(app)).toMatch(/Nothing was run\./);
  });

  test('without raw commands of that kind refuses one that was approved before it', async () => {
    app = await asked('get hosta C:\\Windows\\win.ini');
    await app.press('approver1', 'approve');
    await app.restart({}, (text) => text.replace('  get: { tier: high }\n', ''));
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'commandNotAllowed', detail: 'GetFile' },
    });
    expect(sent(app)).toBe(0);
  });

  test('that changes nothing of all this lets it go on', async () => {
    await restartedWith((text) =>
      text.replace('responder2, name: Sam Second', 'responder2, name: Sam Third'),
    );
    await app.until('running');
    expect(sent(app)).toBe(1);
  });

  test.each<readonly [string, () => Promise<boolean>, unknown, number]>([
    [
      'the approver is in lets the approval stand',
      () => Promise.resolve(true),
      { stage: { state: 'running' } },
      1,
    ],
    [
      'the approver is not in refuses it',
      () => Promise.resolve(false),
      {
        stage: {
          state: 'closed',
          ending: {
            kind: 'refused',
            code: 'approverNotListed',
            detail: 'Avery Approver lacks the role approver',
          },
        },
      },
      0,
    ],
    [
      'cannot be read holds it in the queue',
      () => Promise.reject(new Error('503')),
      { stage: { state: 'queued', waitsFor: 'directory' }, attempts: [] },
      0,
    ],
  ])('that gives the role by a group which %s', async (_name, includes, becomes, posts) => {
    app = await asked('dump hosta notepad', { groups: { includes } });
    await app.press('approver1', 'approve');
    await app.restart({}, (text) =>
      text.replace(
        'approver: [approver1, responder2]',
        'approver: ["entra:5f0c1d2e-0000-4000-8000-000000000000", responder2]',
      ),
    );
    await app.run(10_000);
    expect(app.newest()).toMatchObject({ sessions: [becomes] });
    expect(sent(app)).toBe(posts);
  });
});
