// Answers in the shapes that other people’s connectors record and read, written by us
// (test/fixtures/defender): each is served unchanged.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { countingTokens, json, ListLog, serve, StepClock } from '../../support/defender/defenderFakes.ts';
import { root } from '../../support/root.ts';

interface Shape {
  /** Where it comes from, and what is particular about it. */
  readonly about: string;
  readonly submitted: readonly Command[];
  /** An action, or a page of them. */
  readonly answer: { readonly value?: readonly { readonly id: string }[]; readonly id?: string };
  readonly read: {
    readonly status: string;
    readonly type: string;
    readonly steps: readonly string[];
    /** Whether each command has a start. */
    readonly starts: readonly boolean[];
    readonly errors: readonly (readonly string[])[];
    readonly hresult?: number;
    readonly troubleshoot?: string;
    readonly cancelledBy?: string;
  };
}

const folder = join(root, 'test', 'fixtures', 'defender');
const shapes = readdirSync(folder).map(
  (name) =>
    [name.replace('.json', ''), JSON.parse(readFileSync(join(folder, name), 'utf8')) as Shape] as const,
);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('an answer in the shape of', () => {
  test.each(shapes)('%s is read as what it says', async (_name, { answer, read, submitted }) => {
    const api = await serve((ask, response) => {
      const single = /machineactions\/[^?]+$/.test(ask.path);
      json(
        response,
        200,
        single && answer.value !== undefined
          ? answer.value[0]
          : !single && answer.value === undefined
            ? { value: [answer] }
            : answer,
      );
    });
    const http = new Http();
    closing.push(
      () => http.close(),
      () => api.close(),
    );
    const client = new DefenderClient({
      http,
      tokens: countingTokens(),
      budgets: new CallRates(),
      clock: new StepClock(),
      log: new ListLog(),
      endpoint: customEndpoint(api.origin),
    });
    const id = answer.value?.[0]?.id ?? answer.id ?? '';
    const [action] = await client.actions([id]);
    expect(action).toMatchObject({ id, status: read.status, type: read.type, commands: submitted });
    expect(action?.progress.map(({ status }) => status)).toEqual(read.steps);
    expect(action?.progress.map(({ startedAt }) => startedAt !== undefined)).toEqual(read.starts);
    expect(action?.progress.map(({ errors }) => errors)).toEqual(read.errors);
    expect([action?.hresult, action?.troubleshoot, action?.cancelledBy]).toEqual([
      read.hresult,
      read.troubleshoot,
      read.cancelledBy,
    ]);
    expect(new Date(action?.createdAt ?? 0).getUTCFullYear()).toBe(2026);
    // Every wanted id was on the first page.
    expect(api.asked).toHaveLength(1);
  });

  test('each connector has one', () => {
    expect(shapes.length).toBeGreaterThanOrEqual(8);
    for (const [, { about }] of shapes) expect(about).toMatch(/\.$/);
  });
});
