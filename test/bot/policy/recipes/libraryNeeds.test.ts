// What the recipes need of the live response library, and what a reading of it tells.
import { describe, expect, test } from '@jest/globals';
import { keptOutput } from '../../../../src/bot/workers/reads/keptOutput.ts';
import {
  approvalDigest,
  askMemory,
  contentSeen,
  libraryMemory,
  tellsOf,
} from '../../../../src/bot/workers/reads/approvalDigest.ts';
import { neededFiles, parametersOf } from '../../../../src/bot/policy/recipes/libraryFiles.ts';
import type { Policy, Recipe } from '../../../../src/bot/policy/policy.ts';
import { createCurrentPolicy, lostAt } from '../../../../src/bot/policy/places.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { dump, policy } from '../../../support/policy.ts';
import { asked, flat, requests, sessionIn } from '../../../support/requests/requests.ts';

const a = 'a'.repeat(64);

function recipe(name: string, ...commands: Recipe['commands']): readonly [string, Recipe] {
  return [name, { ...dump, name, commands }];
}

describe('the recipes', () => {
  const today: Policy = {
    ...policy,
    recipes: new Map([
      recipe(
        'one',
        { type: 'RunScript', scriptName: 'a.ps1', args: '{host} {user}' },
        { type: 'RunScript', scriptName: 'a.ps1' },
      ),
      recipe(
        'two',
        { type: 'PutFile', fileName: 'tool.exe' },
        { type: 'RunScript', scriptName: 'A.ps1', args: '-Quick' },
      ),
      recipe('three', { type: 'RunScript', scriptName: 'a.ps1' }, { type: 'GetFile', path: 'C:\\x' }),
      recipe('four', { type: 'PutFile', fileName: '{name}.exe' }, { type: 'RunScript', scriptName: 'b.ps1' }),
    ]),
  };

  test('name the files that they need, each with its recipes once', () => {
    expect([...neededFiles(today)]).toEqual([
      ['a.ps1', ['one', 'three']],
      ['tool.exe', ['two']],
      ['A.ps1', ['two']],
      ['b.ps1', ['four']],
    ]);
  });

  test('hand a script what its places are called, or text that is written out', () => {
    expect(parametersOf(today, 'a.ps1')).toBe('host, user, text');
    expect(parametersOf(today, 'B.PS1')).toBeUndefined();
    expect(parametersOf(today, 'tool.exe')).toBeUndefined();
  });
});

describe('a reading of the library', () => {
  const commands = [{ type: 'RunScript', scriptName: 'a.ps1' }] as const;
  const files = [{ name: 'a.ps1', sha256: a }] as never;

  test('tells of what commands name when it is whole, or holds it', () => {
    expect(tellsOf(commands, { at: 1, files: [], whole: true })).toBe(true);
    expect(tellsOf(commands, { at: 1, files, whole: false })).toBe(true);
    expect(tellsOf(commands, { at: 1, files: [], whole: false })).toBe(false);
  });

  test('gives the content of the files, or says that it was not read', () => {
    const error = new DefenderError('refused', 'no', {});
    expect(contentSeen(commands, { at: 7, files, whole: false })).toEqual({
      at: 7,
      files: [{ name: 'a.ps1', sha256: a }],
    });
    expect(contentSeen(commands, { at: 7, files: [], whole: false })).toEqual({
      at: 7,
      notRead: 'unavailable',
    });
    expect(contentSeen(commands, { at: 7, files: [], whole: true })).toEqual({
      at: 7,
      files: [{ name: 'a.ps1' }],
    });
    expect(contentSeen(commands, { at: 7, notRead: 'forbidden', error })).toEqual({
      at: 7,
      notRead: 'forbidden',
    });
  });

  test('is kept for a minute to look at, and for five to ask by', () => {
    expect([libraryMemory, askMemory]).toEqual([60_000, 300_000]);
  });
});

describe('what an approval binds', () => {
  const hash = { sha256: (text: string) => text.padEnd(64, '.') } as never;
  const seal = (change: object): string => approvalDigest({ hash }, { ...flat(asked), ...change }).digest;

  test('is tenant, device, commands and content, where that was read', () => {
    const content = { at: 1, files: [{ name: 'minidump.ps1', sha256: a }] };
    const all = [
      seal({}),
      seal({ tenant: 'other' }),
      seal({ device: { id: 'other' } }),
      seal({ commands: [] }),
      seal({ content }),
      seal({ content: { at: 1, files: [{ name: 'minidump.ps1', sha256: 'b'.repeat(64) }] } }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(seal({ content: { at: 1, notRead: 'forbidden' } })).toBe(seal({}));
    expect(seal({ content: { ...content, at: 99 } })).toBe(seal({ content }));
  });

  test('is shown by the start of its digest', () => {
    const { digest, fingerprint } = approvalDigest({ hash }, flat(asked));
    expect(digest.startsWith(fingerprint)).toBe(true);
    expect(fingerprint).toHaveLength(8);
  });
});

describe('the kept text of an output', () => {
  const logged: unknown[] = [];
  const deps = (text: string | undefined) =>
    ({
      outputs: { get: () => Promise.resolve(text) },
      hash: { sha256: (one: string) => `hash of ${one}` },
      log: { error: (...words: readonly unknown[]) => logged.push(words[0]) },
    }) as never;
  const session = sessionIn(requests.finished, 'finished');
  const read = (...sums: readonly string[]): Request => {
    const excerpts = sums.map((sha256) => ({
      index: 0,
      at: 1,
      length: 3,
      sha256,
      errors: false,
      cut: false,
    }));
    const run = { ...session.stage.run, results: { ...session.stage.run.results, excerpts } };
    return { ...requests.finished, sessions: [{ ...session, stage: { ...session.stage, run } }] };
  };

  test('is given when it is the one that was read last', async () => {
    expect(await keptOutput(deps('new'), read('hash of old', 'hash of new'), 0)).toBe('new');
    expect(await keptOutput(deps('any'), requests.queued, 0)).toBe('any');
    expect(await keptOutput(deps('any'), read('hash of old'), 1)).toBe('any');
    expect(await keptOutput(deps(undefined), read('hash of old'), 0)).toBeUndefined();
    expect(logged).toEqual([]);
  });

  test('is not given when it is another, and that is logged', async () => {
    expect(await keptOutput(deps('old'), read('hash of old', 'hash of new'), 0)).toBeUndefined();
    expect(logged).toEqual(['outputChanged']);
  });
});

describe('a record put back from an older copy', () => {
  const restored = (...times: readonly number[]) => ({ restores: () => times }) as never;

  test('may have lost what came after the copy of a request that was open then', () => {
    expect(lostAt(requests.running, restored(asked.asked.at, asked.asked.at + 5))).toBe(asked.asked.at + 5);
    expect(lostAt(requests.running, restored(asked.asked.at))).toBe(asked.asked.at);
    expect(lostAt(requests.running, restored(asked.asked.at - 1))).toBeUndefined();
    expect(lostAt(requests.running, restored())).toBeUndefined();
  });

  test('has lost nothing of a request that had ended before', () => {
    const session = sessionIn(requests.finished, 'finished');
    const ended: Request = {
      ...requests.finished,
      sessions: [{ ...session, stage: { ...session.stage, endedAt: asked.asked.at + 10 } }],
    };
    expect(lostAt(ended, restored(asked.asked.at + 9))).toBe(asked.asked.at + 9);
    expect(lostAt(ended, restored(asked.asked.at + 10))).toBeUndefined();
  });
});

test('each part of the policy is the newest one, for all who hold it', () => {
  const todays = createCurrentPolicy(policy);
  const held = todays.policy;
  expect({ ...held }).toEqual({ ...policy });
  const next: Policy = {
    people: [],
    roles: new Map(),
    recipes: new Map(),
    raw: {},
    devices: { ...policy.devices },
    tiers: [],
    places: [],
    results: { read: [] },
    freeze: [],
  };
  todays.replace(next);
  expect(todays.now()).toBe(next);
  for (const part of Object.keys(next) as readonly (keyof Policy)[]) expect(held[part]).toBe(next[part]);
});
