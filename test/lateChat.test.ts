// A chat behind the one that may be late: nothing that a chat can do may get lost on the way.
import { expect, test } from '@jest/globals';
import type { ChatPort } from '../src/bot/ports.ts';
import type { CardRef } from '../src/liveResponse/request/request.ts';
import { LateChat } from '../src/app/lateChat.ts';
import type { OpenChat } from '../src/adapters/chatPlatform.ts';
import { ConfigError } from '../src/adapters/config/environment.ts';
import { createManualClock } from './support/manualClock.ts';
import type { ManualClock } from './support/manualClock.ts';
import { createLogBook } from './support/slack/slackHarness.ts';
import { aView } from './support/requests/views.ts';

const ref: CardRef = { surface: 'slack', place: 'C1', id: '1' };

/** A chat that can do everything, and tells what it was asked. */
function able(): { readonly chat: Required<Omit<ChatPort, 'ephemeralMessages'>>; readonly asked: string[] } {
  const asked: string[] = [];
  const done = (what: string) => (): Promise<void> => {
    asked.push(what);
    return Promise.resolve();
  };
  const chat: Required<Omit<ChatPort, 'ephemeralMessages'>> = {
    surface: 'slack',
    name: 'Slack',
    acquireSlot: done('turn'),
    external: () => done('external')().then(() => false),
    post: () => done('post')().then(() => ref),
    update: done('update'),
    showsLess: () => {
      asked.push('bare');
      return true;
    },
    supersede: done('supersede'),
    note: done('note'),
    announce: done('announce'),
    probe: done('probe'),
    replyPrivately: done('whisper'),
  };
  return { chat, asked };
}

function openedWith(chat: ChatPort, stop: () => void = () => undefined): OpenChat {
  const stopped = (): Promise<void> => {
    stop();
    return Promise.resolve();
  };
  return {
    chat,
    groups: { includes: () => Promise.resolve(false) },
    keepers: [],
    mount: () => undefined,
    open: () => Promise.resolve(),
    checks: () => [],
    drain: () => Promise.resolve(),
    stop: stopped,
  };
}

function lateWith(
  start: () => Promise<OpenChat>,
  more: { readonly alone?: boolean; readonly clock?: ManualClock; readonly onConnected?: () => void } = {},
): LateChat {
  return new LateChat({
    name: 'Slack',
    surface: 'slack',
    path: '/slack/events',
    alone: true,
    onConnected: () => undefined,
    clock: createManualClock(),
    log: createLogBook(),
    start,
    ...more,
  });
}

test('a setting that is wrong ends the start where no other chat works, and nothing else', async () => {
  const wrong = (): Promise<OpenChat> => Promise.reject(new ConfigError('SLACK_BOT_TOKEN is wrong.'));
  await expect(lateWith(wrong).prepare()).rejects.toThrow('SLACK_BOT_TOKEN');
  const beside = lateWith(wrong, { alone: false });
  await beside.prepare();
  expect(beside.checks()).toEqual([
    { name: 'slack', ok: false, why: expect.stringContaining('SLACK_BOT_TOKEN') as unknown as string },
  ]);
});

test('a chat out of reach takes no deliveries where it is the only one', async () => {
  const late = lateWith(() => Promise.reject(new Error('no route')));
  await late.prepare();
  expect(late.checks()).toMatchObject([{ name: 'slack', ok: false, blocks: true }]);
});

test('what connects while the bot stops is closed again', async () => {
  const clock = createManualClock();
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  let closed = 0;
  const late = lateWith(() => gate.then(() => openedWith(able().chat, () => (closed += 1))), { clock });
  await late.open('http://127.0.0.1:1');
  await clock.advance(2_000);
  const stopping = late.stop();
  release();
  await stopping;
  expect(closed).toBe(1);
});

test('a chat that may be late hands on everything a chat can do, also that an older card is superseded and which cards are not whole', async () => {
  const { chat, asked } = able();
  const late = lateWith(() => Promise.resolve(openedWith(chat)), {
    onConnected: () => asked.push('connected later'),
  });
  // Not connected, nobody knows who reads along: results stay off the cards.
  await expect(late.port.external?.('C1')).rejects.toMatchObject({ code: 'unavailable' });
  await late.prepare();
  const { port } = late;
  await port.acquireSlot?.({ kind: 'post', place: 'C1', requestId: 'lr-abc123' }, true);
  expect(await port.external?.('C1')).toBe(false);
  await port.post('C1', aView(), 'a');
  await port.update(ref, aView());
  expect(port.showsLess?.(ref)).toBe(true);
  await port.supersede?.(ref, 'lr-abc123', ref);
  await port.note(ref, 'text', []);
  await port.announce('C1', 'text');
  await port.probe?.('C1');
  await port.replyPrivately('C1', 'U1', 'text');
  expect(asked).toEqual([
    'turn',
    'external',
    'post',
    'update',
    'bare',
    'supersede',
    'note',
    'announce',
    'probe',
    'whisper',
  ]);
  await late.stop();
});

test('what connects later, or again, is told when it has, and what connects at the start is not', async () => {
  const { chat } = able();
  const clock = createManualClock();
  const connected: boolean[] = [];
  let refusals = 1;
  const late = new LateChat({
    name: 'Slack',
    surface: 'slack',
    path: '/slack/events',
    alone: true,
    onConnected: () => connected.push(late.checks().length === 0),
    clock,
    log: createLogBook(),
    start: () => {
      refusals -= 1;
      if (refusals >= 0) return Promise.reject(new Error('not now'));
      return Promise.resolve({
        chat,
        groups: { includes: () => Promise.resolve(false) },
        keepers: [],
        mount: () => undefined,
        open: () => Promise.resolve(),
        checks: () => [],
        drain: () => Promise.resolve(),
        stop: () => Promise.resolve(),
      });
    },
  });
  await late.prepare();
  await late.open('http://127.0.0.1:1');
  expect(connected).toEqual([]);
  await clock.advance(2_000);
  // It works by then.
  expect(connected).toEqual([true]);
  late.reconnect('its socket is deaf');
  await clock.advance(2_000);
  expect(connected).toEqual([true, true]);
  await late.stop();
});
