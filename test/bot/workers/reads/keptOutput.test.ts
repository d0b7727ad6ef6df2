// What is kept of results: the text that was read and no other, and download links while they live.
import { describe, expect, test } from '@jest/globals';
import { hash } from '../../../../src/adapters/clock.ts';
import { createLinkBox, keptOutput } from '../../../../src/bot/workers/reads/keptOutput.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import { askedFor, createWorkerPorts, history, sent } from '../../../support/apps/workerPorts.ts';

const excerpt = { index: 1, at: 1, length: 4, errors: false, cut: false };
const read = (text: string) =>
  history(askedFor(), ...sent, {
    type: 'excerptRead',
    excerpt: { ...excerpt, sha256: hash.sha256(text) },
  });

describe('the kept text of an output', () => {
  test('is handed out while it is what was read', async () => {
    const { deps, outputs } = createWorkerPorts([]);
    expect(await keptOutput(deps, read('text'), 1)).toBeUndefined();
    outputs.set('lr-7f3k2q:1', 'text');
    expect(await keptOutput(deps, read('text'), 1)).toBe('text');
    // Of another command, and where the journal has no hash, there is nothing to compare with.
    outputs.set('lr-7f3k2q:0', 'other');
    expect(await keptOutput(deps, read('text'), 0)).toBe('other');
  });

  test('is held back where it changed, and the log says so', async () => {
    const { deps, outputs, logged } = createWorkerPorts([]);
    outputs.set('lr-7f3k2q:1', 'text');
    expect(await keptOutput(deps, read('what was read'), 1)).toBeUndefined();
    expect(logged).toEqual([
      {
        event: 'outputChanged',
        fields: {
          request: 'lr-7f3k2q',
          index: 1,
          why: 'the kept text is not the one whose hash is in the journal',
        },
      },
    ]);
  });
});

describe('the links of a request', () => {
  const clock = createManualClock();
  const link = (url: string, ms: number) => ({ url, expiresAt: clock.now() + ms });

  test('are there by their index until they die or are taken back', async () => {
    const box = createLinkBox(clock);
    expect(box.of('a', clock.now()).size).toBe(0);
    box.put('a', 1, link('one', 1000));
    box.put('a', 2, link('two', 2000));
    box.put('b', 1, link('b', 2000));
    await clock.advance(999);
    expect([...box.of('a', clock.now())]).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    await clock.advance(1);
    expect([...box.of('a', clock.now())]).toEqual([[2, 'two']]);
    box.drop('a', 1);
    expect([...box.of('a', clock.now())]).toEqual([[2, 'two']]);
    box.drop('a', 2);
    box.drop('c', 1);
    expect(box.of('a', clock.now()).size).toBe(0);
    expect([...box.of('b', clock.now())]).toEqual([[1, 'b']]);
  });

  test('die by their own time, and no later than they were to, whatever the clock is set to', async () => {
    const box = createLinkBox(clock);
    box.put('a', 1, link('one', 1000));
    expect(box.of('a', clock.now() + 1000).size).toBe(0);
    clock.jump(-5000);
    await clock.advance(999);
    expect(box.of('a', clock.now()).size).toBe(1);
    await clock.advance(1);
    expect(box.of('a', clock.now()).size).toBe(0);
  });
});
