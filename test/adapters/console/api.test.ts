// The console’s JSON API as docs/console.md describes it, over the whole service at sixty times real speed: a
// request expires after an hour, and a busy machine needs its seconds.
import { stateIn } from '../../support/requests/requests.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ConsoleMessage } from '../../../src/adapters/console/chat.ts';
import { openConsole } from './console.ts';
import type { TestConsole } from './console.ts';

let open: TestConsole;
beforeEach(async () => {
  open = await openConsole();
});
afterEach(() => open.close());

type Card = Extract<ConsoleMessage, { kind: 'card' }>;
const isCard = (message: ConsoleMessage): message is Card => message.kind === 'card';

async function asked(text = 'dump hosta OfficeClickToRun'): Promise<Card> {
  await open.post('/console/api/commands', { as: 'responder1', place: 'incidents', text });
  return (await open.seen(
    (message) => isCard(message) && message.view.buttons.some((button) => button.verb === 'approve'),
  )) as Card;
}

function press(as: string, verb: string, { view }: Card, more: object = {}) {
  return open.post('/console/api/presses', {
    as,
    request: view.requestId,
    verb,
    revision: view.revision,
    fingerprint: view.fingerprint,
    ...more,
  });
}

describe('commands and presses', () => {
  test('tell the main job: asked, refused to the requester, approved by another, finished with a link', async () => {
    const card = await asked();
    const self = await press('responder1', 'approve', card);
    expect(self.json()).toMatchObject({ kind: 'sentence' });
    expect(stateIn(open.service.store.get(card.view.requestId))).toBe('awaitingApproval');
    expect((await press('approver1', 'approve', card)).json()).toMatchObject({
      kind: 'asked',
      requestId: card.view.requestId,
    });
    const finished = (await open.seen(
      (message) => isCard(message) && message.view.links.length === 1,
    )) as Card;
    expect((await fetch(finished.view.links[0]?.url ?? '')).status).toBe(200);
    const journal = (await open.get(`/console/api/journal/${card.view.requestId}`)).text;
    expect(journal).toMatch(/pressRefused[\s\S]*approved[\s\S]*ended/);
    expect(journal).not.toMatch(/sig=|http:/);
  });

  test('keep what was typed and whispered, each for the one it was said to', async () => {
    const card = await asked();
    await press('onlooker1', 'approve', card);
    const messages = await open.messages();
    expect(messages.find((message) => message.kind === 'said')).toMatchObject({
      by: 'responder1',
      text: 'dump hosta OfficeClickToRun',
      place: 'incidents',
    });
    expect(messages.find((message) => message.kind === 'whisper')).toMatchObject({
      to: 'onlooker1',
      request: card.view.requestId,
    });
  });

  test('take a repeated delivery once', async () => {
    const body = { as: 'responder1', place: 'incidents', text: 'hosts hosta', deliveryId: 'again' };
    const answers = [
      await open.post('/console/api/commands', body),
      await open.post('/console/api/commands', body),
    ];
    expect(answers[0]?.json()).toEqual(answers[1]?.json());
    expect(open.service.store.all()).toHaveLength(1);
    expect((await open.messages()).filter((message) => message.kind === 'said')).toHaveLength(1);
  });

  test.each([
    {},
    [],
    'text',
    { as: 'responder1', place: 'elsewhere', text: 'help' },
    { as: '../x', place: 'incidents', text: 'help' },
    { as: 'responder1', place: 'incidents', text: 7 },
  ])('answer 400 to %j and change nothing', async (body) => {
    const before = open.service.store.health().seq;
    expect((await open.post('/console/api/commands', body)).status).toBe(400);
    expect((await open.post('/console/api/presses', body)).status).toBe(400);
    expect(open.service.store.health().seq).toBe(before);
    expect(await open.messages()).toEqual([]);
  });

  test('let an account nobody listed be tried, and refuse it', async () => {
    const { kind, text } = (
      await open.post('/console/api/commands', {
        as: 'stranger',
        place: 'incidents',
        text: 'dump hosta lsass',
      })
    ).json();
    expect(kind).toBe('sentence');
    expect(text).toMatch(/not listed/i);
  });
});

test('a request that is not for everybody: the page is told who finds it, and its journal is nobody else’s', async () => {
  await open.close();
  open = await openConsole({
    policy: (text) => text.replace('high: { request', 'high: { visibility: [requester, approvers], request'),
  });
  const card = await asked('dump hosta OfficeClickToRun --reason "HR case 77"');
  const { requestId } = card.view;
  expect((await open.messages()).find(isCard)).toMatchObject({
    finders: ['responder1', 'responder2', 'approver1'],
  });
  const unknown = (await open.get('/console/api/journal/lr-zzzzzz?as=onlooker1')).text;
  expect(
    (await open.get(`/console/api/journal/${requestId}?as=onlooker1`)).text.replaceAll(
      requestId,
      'lr-zzzzzz',
    ),
  ).toBe(unknown);
  for (const query of ['?as=approver1', ''])
    expect((await open.get(`/console/api/journal/${requestId}${query}`)).text).toContain('HR case 77');
  const refused = (await press('onlooker1', 'withdraw', card)).json();
  expect(refused['text']).toContain(`There is no request ${requestId}.`);
});

describe('the event stream', () => {
  test('gives a page that lost the connection exactly what it missed', async () => {
    const { position } = (await open.get('/console/api/cards')).json();
    await asked();
    const text = await open.events(String(position), (read) => read.includes('"kind":"card"'));
    expect(text).toMatch(/id: [0-9a-f]+-1\ndata: .*"kind":"said"/);
    expect(text).toMatch(/"adaptiveCard".*"blockKit".*"plainText"/);
    expect(text).not.toContain('event: reset');
  });

  test('tells a page of an earlier process to ask for everything', async () => {
    const { position } = (await open.get('/console/api/cards')).json();
    await asked();
    await open.restart();
    expect(await open.events(String(position), (read) => read.includes('event: '))).toContain('event: reset');
  });

  test('tells of a change of the simulated world', async () => {
    const { position } = (await open.get('/console/api/cards')).json();
    const reading = open.events(String(position), (read) => read.includes('"speed":5'));
    await open.post('/console/api/world/speed', { speed: 5 });
    expect(await reading).toContain('event: world');
  });
});

describe('a restart', () => {
  test('draws every card again where it stood, from the store', async () => {
    const card = await asked();
    await open.restart();
    const again = (await open.seen(isCard)) as Card;
    expect({ ...again.view, buttons: again.view.buttons.length }).toEqual({
      ...card.view,
      buttons: card.view.buttons.length,
    });
    expect(again).toMatchObject({ id: card.id, place: card.place });
    expect(again.at).toBe(open.service.store.get(card.view.requestId)?.asked.at);
  });
});

describe('the simulated world', () => {
  test('runs at the speeds the page offers and no others', async () => {
    expect((await open.post('/console/api/world/speed', { speed: 0 })).json()).toMatchObject({ speed: 0 });
    for (const speed of [-1, 1e9, '5', null])
      expect((await open.post('/console/api/world/speed', { speed })).status).toBe(400);
    expect(open.service.scaledClock?.speed()).toBe(0);
  });

  test('switches devices off and on', async () => {
    const state = (
      await open.post('/console/api/world/devices', { device: 'hostb.corp.example', online: false })
    ).json() as unknown as {
      readonly devices: readonly { readonly name: string; readonly online: boolean }[];
    };
    expect(state.devices.find((device) => device.name.startsWith('hostb'))?.online).toBe(false);
    expect((await open.post('/console/api/world/devices', { device: 'nobody', online: false })).status).toBe(
      400,
    );
  });

  test('is a tenant in its first days where the settings or the switch say so, and the switch turns that off again', async () => {
    type State = { readonly troubles: readonly { readonly id: string; readonly on: boolean }[] };
    const isNew = async (): Promise<boolean | undefined> =>
      ((await open.get('/console/api/world')).json() as unknown as State).troubles.find(
        ({ id }) => id === 'freshTenant',
      )?.on;
    expect(await isNew()).toBe(false);
    await open.close();
    open = await openConsole({ variables: { LR_SIMULATOR_PROFILE: 'fresh' } });
    expect([await isNew(), open.service.simulator?.tenant.profile.unsignedScripts]).toEqual([true, 'fail']);
    await open.post('/console/api/world/troubles', { trouble: 'freshTenant', on: false });
    const { unsignedScripts, maxSessions, offlineQueueMs, contextOrigin } =
      open.service.simulator?.tenant.profile ?? {};
    expect([await isNew(), unsignedScripts, maxSessions, offlineQueueMs, contextOrigin]).toEqual([
      false,
      'run',
      25,
      72 * 3_600_000,
      '',
    ]);
    await open.post('/console/api/world/troubles', { trouble: 'freshTenant', on: true });
    expect([await isNew(), open.service.simulator?.tenant.profile.offlineQueueMs]).toEqual([
      true,
      2 * 3_600_000,
    ]);
  });

  test('switches every trouble on and off by itself', async () => {
    type State = { readonly troubles: readonly { readonly id: string; readonly on: boolean }[] };
    const onOf = (state: unknown) => (state as State).troubles.filter((one) => one.on).map((one) => one.id);
    const { troubles } = (await open.get('/console/api/world')).json() as unknown as State;
    expect(troubles.length).toBeGreaterThan(8);
    for (const { id } of troubles)
      expect(
        onOf((await open.post('/console/api/world/troubles', { trouble: id, on: true })).json()),
      ).toContain(id);
    expect(onOf((await open.get('/console/api/world')).json())).toHaveLength(troubles.length);
    for (const [at, { id }] of troubles.entries())
      expect(
        onOf((await open.post('/console/api/world/troubles', { trouble: id, on: false })).json()),
      ).toHaveLength(troubles.length - at - 1);
    expect((await open.post('/console/api/world/troubles', { trouble: 'meteor', on: true })).status).toBe(
      400,
    );
  });
});
