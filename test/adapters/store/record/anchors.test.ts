import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Http } from '../../../../src/adapters/outbound/http.ts';
import { anchorHook } from '../../../../src/adapters/store/journal/anchorHook.ts';
import {
  anchorFile,
  anchorOf,
  appendAnchor,
  createAnchoring,
  readAnchors,
} from '../../../../src/adapters/store/journal/anchors.ts';
import type { Anchor, AnchorPlace, Anchoring } from '../../../../src/adapters/store/journal/anchors.ts';
import { keysFrom } from '../../../../src/adapters/store/journal/keys.ts';
import type { Head } from '../../../../src/adapters/store/journal/line.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { ManualClock } from '../../../support/manualClock.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { collectLog, noon } from '../sample.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lr-anchors-'));
  path = join(folder, 'anchors.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const head = (seq: number, letter = 'a'): Head => ({ seq, hash: letter.repeat(64) });

describe('the anchor file', () => {
  test('holds each head in a line of its own, and tells the newest', async () => {
    expect(await readAnchors(path, testKeys)).toEqual({ anchors: [], unproven: 0, missing: true });
    for (const seq of [1, 5, 9]) await appendAnchor(path, anchorOf(head(seq), noon + seq, testKeys));
    expect(await readAnchors(path, testKeys)).toMatchObject({
      newest: head(9),
      newestAt: noon + 9,
      unproven: 0,
      missing: false,
    });
  });

  test('counts no line that was edited, made with another key, or torn; the next one is not swallowed', async () => {
    await appendAnchor(path, anchorOf(head(1), noon, testKeys));
    const edited = JSON.stringify({ ...anchorOf(head(2), noon, testKeys), seq: 900 });
    writeFileSync(
      path,
      `${readFileSync(path, 'utf8')}${edited}\n${JSON.stringify(anchorOf(head(800), noon, keysFrom([Buffer.alloc(32, 'mallory ')])))}\nnull\n`,
    );
    appendFileSync(path, '{"seq":7,"ha');
    await appendAnchor(path, anchorOf(head(3), noon, testKeys));
    expect(await readAnchors(path, testKeys)).toMatchObject({
      anchors: [head(1), head(3)],
      newest: head(3),
      unproven: 4,
    });
  });

  test('goes on from what was accepted after a restore; that cannot be said without the key', async () => {
    for (const seq of [1, 5, 9]) await appendAnchor(path, anchorOf(head(seq), noon, testKeys));
    appendFileSync(path, `${JSON.stringify({ ...anchorOf(head(5), noon, testKeys), accepted: true })}\n`);
    expect((await readAnchors(path, testKeys)).newest).toEqual(head(9));
    await appendAnchor(path, anchorOf(head(5, 'b'), noon, testKeys, true));
    expect((await readAnchors(path, testKeys)).newest).toEqual(head(5, 'b'));
    expect((await readAnchors(path, testKeys)).anchors).toEqual([head(1), head(5, 'b')]);
  });
});

describe('anchoring', () => {
  let clock: ManualClock;
  let now: Head;
  let put: Anchor[];
  let fails: string | undefined;
  let anchoring: Anchoring;
  let log = collectLog();
  const place: AnchorPlace = {
    name: 'the test',
    put: (anchor) => {
      if (fails !== undefined) return Promise.reject(new Error(fails));
      put.push(anchor);
      return Promise.resolve();
    },
  };
  beforeEach(() => {
    clock = createManualClock(noon);
    now = head(3);
    put = [];
    fails = undefined;
    log = collectLog();
    anchoring = createAnchoring({
      places: [place, anchorFile(path)],
      head: () => now,
      keys: testKeys,
      clock,
      log,
      everyLines: 10,
      everyMs: 60_000,
    });
  });
  const after = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await anchoring.look();
  };
  const seqs = (): readonly number[] => put.map(({ seq }) => seq);

  test('notes the head at once, then after so many lines or so long, and never the same twice', async () => {
    await after(0);
    expect(seqs()).toEqual([3]);
    now = head(12);
    await after(5_000);
    expect(seqs()).toEqual([3]);
    now = head(13);
    await after(1_000);
    expect(seqs()).toEqual([3, 13]);
    now = head(14);
    await after(59_999);
    expect(seqs()).toEqual([3, 13]);
    await after(1);
    expect(seqs()).toEqual([3, 13, 14]);
    await after(600_000);
    expect(seqs()).toEqual([3, 13, 14]);
    now = head(15);
    await anchoring.stop();
    expect(seqs()).toEqual([3, 13, 14, 15]);
    expect((await readAnchors(path, testKeys)).newest).toEqual(head(15));
  });

  test('at a place that never answers keeps no head from the others, the last one included', async () => {
    const hangs: AnchorPlace = { name: 'a hanging webhook', put: () => new Promise<void>(() => undefined) };
    const both = createAnchoring({
      places: [hangs, place],
      head: () => now,
      keys: testKeys,
      clock,
      log,
      everyLines: 10,
      everyMs: 60_000,
    });
    both.start();
    await clock.settle();
    now = head(13);
    await clock.advance(1_000);
    expect(seqs()).toEqual([3, 13]);
    now = head(14);
    void both.stop();
    await clock.settle();
    expect(seqs()).toEqual([3, 13, 14]);
  });

  test('that fails is told, tried again after growing pauses, and keeps nothing else from being noted', async () => {
    fails = 'it answers 503';
    const tried: number[] = [];
    const looks = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 1_000) {
        const before = log.lines.length + put.length;
        await anchoring.look();
        if (log.lines.length + put.length > before) tried.push(clock.elapsed());
        await clock.advance(1_000);
      }
    };
    await looks(3_000);
    expect(anchoring.trouble()).toBe(
      'the head of the journal cannot be noted at the test (it answers 503); nothing was noted there since the start',
    );
    expect(log.lines.filter(({ event }) => event === 'anchorFailed')).toHaveLength(1);
    expect((await readAnchors(path, testKeys)).newest).toEqual(head(3));
    fails = undefined;
    await looks(1_000);
    expect(seqs()).toEqual([]);
    await looks(3_000);
    expect(seqs()).toEqual([3]);
    expect(anchoring.trouble()).toBeUndefined();
    expect(log.lines.at(-1)).toMatchObject({ event: 'anchoredAgain' });
  });
});

describe('the webhook', () => {
  let server: Server;
  let asked: { readonly type: string | undefined; readonly body: unknown }[];
  let answer: { readonly status: number; readonly body?: string } | 'nothing';
  let http: Http;
  let url: URL;
  beforeEach(async () => {
    asked = [];
    answer = { status: 204 };
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push({
          type: request.headers['content-type'],
          body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
        });
        if (answer === 'nothing') request.socket.destroy();
        else
          response
            .writeHead(answer.status, answer.status === 302 ? { location: '/elsewhere' } : {})
            .end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors`);
    http = new Http();
  });
  afterEach(async () => {
    await http.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('is posted the head with what proves it, and nothing else', async () => {
    await anchorHook(http, url).put(anchorOf(head(7), noon, testKeys));
    expect(asked).toEqual([
      {
        type: 'application/json',
        body: { type: 'live-response-bot.anchor', ...anchorOf(head(7), noon, testKeys) },
      },
    ]);
  });

  test.each([
    [{ status: 302 }, /answers 302/],
    [{ status: 500, body: 'x'.repeat(100_000) }, /answers 500/],
    ['nothing', /no whole answer/],
  ] as const)('that answers %j has not noted it', async (with_, words) => {
    answer = with_;
    await expect(anchorHook(http, url).put(anchorOf(head(7), noon, testKeys))).rejects.toThrow(words);
    expect(asked).toHaveLength(1);
  });
});
