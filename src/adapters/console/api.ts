// The JSON API of the console, and the routes of its page. Commands and presses are the same as in any chat;
// the caller names the person. docs/console.md describes every call.
import express from 'express';
import type { Express, Response } from 'express';
import type { Policy } from '../../bot/policy/policy.ts';
import { saidOfAsked } from '../../bot/ports.ts';
import type { Account, Bot, Place, Reply } from '../../bot/ports.ts';
import type { Clock, Random, RequestStore } from '../../liveResponse/ports.ts';
import { accountOf, findersOf, peopleOf, placeOf, placesOf, surface } from './people.ts';
import { pressedVerb } from '../../liveResponse/verbs.ts';
import type { ConsoleChat, ConsoleMessage } from './chat.ts';
import { vocabulary } from './completion.ts';
import { drawn, renderings } from './drawing.ts';
import { guard } from './guard.ts';
import { pageFiles } from './pageFiles.ts';
import { Streams } from './stream.ts';
import type { SimulatorControls } from './simulatorControls.ts';
import { mountSimulatorControls } from './simulatorControls.ts';
import { recordOf } from '../../liveResponse/text/json.ts';

export interface ConsoleOptions {
  readonly chat: ConsoleChat;
  readonly bot: Bot;
  readonly policy: Policy;
  readonly store: Pick<RequestStore, 'get'>;
  /** One request's journal lines in words, oldest first. */
  readonly journal: (requestId: string) => readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** The chat command's name. */
  readonly command: string;
  readonly port: () => number;
  /** Absent where Defender is not the embedded simulator. */
  readonly world?: SimulatorControls;
}

/** Larger than any command can be, smaller than anything that hurts. */
const bodyLimit = '32kb';

/** Returns a function that ends the event streams, which would keep a stopping server open. */
export function mountConsole(app: Express, options: ConsoleOptions): () => Promise<void> {
  const { chat, bot, policy, store, world, random, command } = options;
  const boot = random.hex(4);
  const draw = (message: ConsoleMessage): unknown => drawn(message, (id) => store.get(id), policy);
  const streams = new Streams({ chat, draw, boot, world });
  const guarded = guard(options.port);

  for (const { path, handler } of pageFiles()) app.get(path, guarded, handler);
  app.use('/console', guarded, express.json({ limit: bodyLimit, strict: true }));

  app.get('/console/api/cards', (_request, response) => {
    response.json({
      position: `${boot}-${chat.seq()}`,
      now: options.clock.now(),
      command,
      people: peopleOf(policy),
      places: placesOf(policy),
      messages: chat.messages().map(draw),
      ...(world === undefined ? {} : { world: world.state() }),
    });
  });
  app.get('/console/api/events', (request, response) => streams.open(request, response));
  app.get(
    '/console/api/completion',
    (_request, response) => void response.json(vocabulary(policy, world?.library() ?? [])),
  );
  app.get('/console/api/journal/:request', (request, response) => {
    const { request: id } = request.params;
    const { as } = request.query;
    const there = store.get(id);
    // Without a person, the caller is somebody who runs this machine and can read the journal itself.
    const finders = there === undefined || typeof as !== 'string' ? undefined : findersOf(policy, there);
    if (there === undefined || (typeof as === 'string' && finders?.includes(as) === false))
      response.status(404).json({ error: `There is no request "${id}".` });
    else response.json({ request: id, lines: options.journal(id) });
  });

  app.post(['/console/api/commands', '/console/api/presses'], (_request, response, next) => {
    // A command may wait minutes for its turn without a byte being sent.
    response.setTimeout(0);
    next();
  });

  app.post('/console/api/commands', async (request, response) => {
    const body = recordOf(request.body);
    const account = accountOf(policy, body['as']);
    const place = placeOf(policy, body['place']);
    const { text } = body;
    if (account === undefined || place === undefined || typeof text !== 'string') {
      response.status(400).json({
        error: `Send {"as": <console account>, "place": <console place>, "text": <what follows ${command}>}.`,
      });
      return;
    }
    const deliveryId =
      typeof body['deliveryId'] === 'string' ? body['deliveryId'].slice(0, 100) : random.hex(12);
    chat.add({ kind: 'said', place: place.id, by: account.id, text }, `said-${deliveryId}`);
    answer(
      response,
      chat,
      { account, place },
      await bot.command({ surface, account, place, text, deliveryId }),
    );
  });

  app.post('/console/api/presses', async (request, response) => {
    const body = recordOf(request.body);
    const account = accountOf(policy, body['as']);
    const place = placeOf(policy, body['place'] ?? cardPlace(chat, body['request']));
    const { request: requestId, revision, fingerprint, index, input } = body;
    const verb = pressedVerb(body['verb']);
    if (
      account === undefined ||
      place === undefined ||
      typeof requestId !== 'string' ||
      verb === undefined ||
      typeof revision !== 'number' ||
      typeof fingerprint !== 'string'
    ) {
      response.status(400).json({
        error:
          'Send {"as", "request", "verb", "revision", "fingerprint"} and where they apply "place", "index", "input".',
      });
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
      deliveryId: random.hex(12),
      ...(typeof index === 'number' ? { index } : {}),
      ...(typeof input === 'string' ? { input } : {}),
    });
    answer(response, chat, { account, place, requestId }, reply);
  });

  if (world !== undefined) mountSimulatorControls(app, world, () => streams.worldChanged());
  return () => {
    streams.close();
    return Promise.resolve();
  };
}

interface Asker {
  readonly account: Account;
  readonly place: Place;
  /** The card that was pressed. */
  readonly requestId?: string;
}

/** A private reply also appears in the chat, visible to that person alone. */
function answer(
  response: Response,
  chat: ConsoleChat,
  { account, place, requestId }: Asker,
  reply: Reply,
): void {
  const whisper = {
    kind: 'whisper',
    place: place.id,
    to: account.id,
    ...(requestId === undefined ? {} : { request: requestId }),
  } as const;
  switch (reply.kind) {
    case 'nothing':
    case 'form':
      break;
    case 'asked': {
      const text = saidOfAsked(reply);
      if (text !== undefined) chat.add({ ...whisper, text });
      break;
    }
    case 'sentence':
      chat.add({ ...reply, ...whisper });
      break;
    case 'card':
      chat.add({ ...whisper, text: reply.text, view: reply.view });
  }
  response.json(withRenderings(reply));
}

function withRenderings(reply: Reply): unknown {
  return 'view' in reply ? { ...reply, ...renderings(reply.view) } : reply;
}

/** The place of the newest card of a request, for callers that do not say where they pressed. */
function cardPlace(chat: ConsoleChat, requestId: unknown): string | undefined {
  return chat
    .messages()
    .findLast((message) => message.kind === 'card' && message.view.requestId === requestId)?.place;
}
