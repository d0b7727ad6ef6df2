// The console's JSON API: the same commands and presses as any chat, with the person named by the caller. docs/console.md describes it.
import express from 'express';
import type { Express, Request, Response } from 'express';
import { adaptiveCard } from '../../../cards/adaptiveCard.ts';
import { blockKit } from '../../../cards/blockKit.ts';
import { plainText } from '../../../cards/plainText.ts';
import { verbs } from '../../../cards/view.ts';
import type { CardView, Verb } from '../../../cards/view.ts';
import type { Policy } from '../../bot/policy.ts';
import type { Account, Bot, Place, Reply } from '../../bot/ports.ts';
import type { Clock, Random } from '../../liveResponse/ports.ts';
import { surface } from './chat.ts';
import type { ConsoleChat, ConsoleMessage } from './chat.ts';
import { guard } from './guard.ts';

export interface ConsoleOptions {
  readonly chat: ConsoleChat;
  readonly bot: Bot;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
  readonly port: () => number;
  /** Further routes below /console, mounted behind the same guard. */
  readonly extra?: (app: Express) => void;
}

/** Larger than any command can be, smaller than anything that hurts. */
const bodyLimit = '32kb';
const heartbeat = 15_000;

/** Answers how to end the event streams, which would hold a stopping server open. */
export function mountConsole(app: Express, options: ConsoleOptions): () => Promise<void> {
  const { chat, bot, policy } = options;
  const streams = new Set<Response>();
  const guarded = guard(options.port);
  app.use('/console', guarded, express.json({ limit: bodyLimit, strict: true }));

  app.get('/console/api/cards', (_request, response) => {
    response.json({ now: options.clock.now(), people: peopleOf(policy), places: placesOf(policy), messages: chat.messages().map(drawn) });
  });

  app.get('/console/api/events', (request, response) => stream(request, response, chat, streams));

  app.post('/console/api/commands', async (request, response) => {
    const body = fieldsOf(request.body);
    const account = accountOf(policy, body['as']);
    const place = placeOf(policy, body['place']);
    const { text } = body;
    if (account === undefined || place === undefined || typeof text !== 'string') {
      response.status(400).json({ error: 'Send {"as": <console account>, "place": <console place>, "text": <what follows /lr>}.' });
      return;
    }
    const deliveryId = typeof body['deliveryId'] === 'string' ? body['deliveryId'] : options.random.hex(12);
    chat.add({ kind: 'said', place: place.id, by: account.id, text });
    const reply = await bot.command({ surface, account, place, text, deliveryId });
    response.json(answer(chat, account, place, reply));
  });

  app.post('/console/api/presses', async (request, response) => {
    const body = fieldsOf(request.body);
    const account = accountOf(policy, body['as']);
    const place = placeOf(policy, body['place'] ?? cardPlace(chat, body['request']));
    const { request: requestId, verb, revision, fingerprint, index, input } = body;
    if (account === undefined || place === undefined || typeof requestId !== 'string' || !isVerb(verb) || typeof revision !== 'number' || typeof fingerprint !== 'string') {
      response.status(400).json({ error: 'Send {"as", "request", "verb", "revision", "fingerprint"} and where they apply "place", "index", "input".' });
      return;
    }
    const reply = await bot.press({
      surface,
      account,
      place,
      verb,
      requestId,
      revision,
      fingerprint,
      deliveryId: options.random.hex(12),
      ...(typeof index === 'number' ? { index } : {}),
      ...(typeof input === 'string' ? { input } : {}),
    });
    response.json(answer(chat, account, place, reply));
  });

  options.extra?.(app);
  return () => {
    for (const response of streams) response.end();
    return Promise.resolve();
  };
}

/** What a reply says privately also stands in the chat, seen by that person alone. */
function answer(chat: ConsoleChat, account: Account, place: Place, reply: Reply): unknown {
  switch (reply.kind) {
    case 'nothing':
    case 'form':
      return reply;
    case 'asked':
      if (!reply.shown) chat.add({ kind: 'whisper', place: place.id, to: account.id, text: reply.text });
      return reply;
    case 'sentence': {
      const { kind: _kind, ...said } = reply;
      chat.add({ kind: 'whisper', place: place.id, to: account.id, ...said });
      return reply;
    }
    case 'card':
      chat.add({ kind: 'whisper', place: place.id, to: account.id, text: reply.text, view: reply.view });
      return { ...reply, ...renderings(reply.view) };
  }
}

function renderings(view: CardView) {
  return { adaptiveCard: adaptiveCard(view), blockKit: blockKit(view), plainText: plainText(view) };
}

function drawn(message: ConsoleMessage): unknown {
  return 'view' in message ? { ...message, ...renderings(message.view) } : message;
}

/** Server-sent events: one per new or redrawn message. */
function stream(request: Request, response: Response, chat: ConsoleChat, streams: Set<Response>): void {
  streams.add(response);
  response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' });
  response.flushHeaders();
  response.write('retry: 1000\n\n');
  const stop = chat.listen((message) => void response.write(`data: ${JSON.stringify(drawn(message))}\n\n`));
  const beat = setInterval(() => void response.write(': still here\n\n'), heartbeat);
  request.on('close', () => {
    clearInterval(beat);
    streams.delete(response);
    stop();
  });
}

function peopleOf(policy: Policy): readonly { readonly account: string; readonly id: string; readonly name: string }[] {
  const prefix = `${surface}:`;
  return policy.people.flatMap((person) =>
    person.accounts.flatMap((account) => (account.startsWith(prefix) ? [{ account: account.slice(prefix.length), id: person.id, name: person.name }] : [])),
  );
}

function placesOf(policy: Policy): readonly { readonly id: string; readonly approvals: boolean; readonly results: string }[] {
  const prefix = `${surface}:`;
  return policy.places.flatMap((rule) => (rule.place.startsWith(prefix) ? [{ id: rule.place.slice(prefix.length), approvals: rule.approvals, results: rule.results }] : []));
}

export function consolePlaces(policy: Policy): readonly string[] {
  return placesOf(policy).map((place) => place.id);
}

/** Any account name may be tried, so that a stranger's refusal can be seen too. */
function accountOf(policy: Policy, as: unknown): Account | undefined {
  if (typeof as !== 'string' || !/^[\w.-]{1,64}$/.test(as)) return undefined;
  const person = peopleOf(policy).find((one) => one.account === as);
  return { surface, id: as, trust: 'member', ...(person === undefined ? {} : { name: person.name }) };
}

function placeOf(policy: Policy, place: unknown): Place | undefined {
  if (typeof place !== 'string' || !consolePlaces(policy).includes(place)) return undefined;
  return { surface, id: place, direct: false, external: false };
}

function cardPlace(chat: ConsoleChat, requestId: unknown): string | undefined {
  return chat.messages().find((message) => message.kind === 'card' && message.view.requestId === requestId)?.place;
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {};
}

function isVerb(value: unknown): value is Verb {
  return (verbs as readonly unknown[]).includes(value);
}
