// What every answer needs: who speaks, how a refusal is told and written down, and how a bug or a broken journal reaches the person.
import { StoreError } from '../liveResponse/ports.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import type { Request } from '../liveResponse/request.ts';
import type { Deps } from './deps.ts';
import type { Loop } from './loop.ts';
import { identify, rolesOf } from './people.ts';
import type { Actor } from './people.ts';
import type { Account, Place, Reply } from './ports.ts';
import { explain } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { normaliseId } from './requestId.ts';

export interface Conversation extends Deps {
  readonly loop: Loop;
}

/** A Refusal on its way out of an answer. Thrown inside the bot only, and turned into a sentence at its door. */
export class Refused extends Error {
  readonly refusal: Refusal;
  readonly requestId: string | undefined;
  constructor(refusal: Refusal, requestId?: string) {
    super(refusal.reason);
    this.name = 'Refused';
    this.refusal = refusal;
    this.requestId = requestId;
  }
}

export function sentence(text: string, block?: string): Reply {
  return block === undefined ? { kind: 'sentence', text } : { kind: 'sentence', text, block };
}

/** @throws Refused */
export async function actorOf(deps: Deps, account: Account): Promise<Actor> {
  const person = identify(deps.policy, account);
  if ('reason' in person) throw new Refused(person);
  return { person, account: `${account.surface}:${account.id}`, ...(await rolesOf(deps.policy, person, deps.groups)) };
}

/** The request somebody named. @throws Refused */
export function requestNamed(deps: Deps, typed: string): Request {
  const id = normaliseId(typed);
  const request = id === undefined ? undefined : deps.store.get(id);
  if (request === undefined) throw new Refused({ reason: 'unknownRequest', id: typed });
  return request;
}

/** The value, unless it is a refusal. @throws Refused */
export function allowed<T>(value: T | Refusal, requestId?: string): T {
  if (isRefusal(value)) throw new Refused(value, requestId);
  return value;
}

function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'reason' in value && typeof value.reason === 'string' && !('terms' in value);
}

export interface Speaker {
  readonly account: Account;
  readonly place: Place;
  /** The verb or the typed text, for the journal. */
  readonly said: string;
}

/** Runs an answer; whatever goes wrong becomes one clear private sentence, and every refusal a line in the journal. */
export async function answering(deps: Deps, speaker: Speaker, answer: () => Promise<Reply>): Promise<Reply> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Refused) {
      await writeDown(deps, speaker, error);
      return sentence(explain(error.refusal));
    }
    if (error instanceof StoreError) {
      deps.log.error('storeUnavailable', { error });
      return sentence(explain({ reason: 'storeUnavailable' }));
    }
    if (error instanceof DefenderError) {
      deps.log.warn('defenderFailed', { code: error.code, status: error.detail.status, apiCode: error.detail.apiCode, target: error.detail.target });
      return sentence(explain({ reason: 'defender', code: error.code, message: error.message, ...(error.detail.target === undefined ? {} : { target: error.detail.target }) }));
    }
    const reference = deps.random.hex(3);
    deps.log.error('bug', { reference, error, said: speaker.said });
    return sentence(`Something broke in the bot (reference ${reference}). Nothing was changed by this. Tell whoever runs the bot the reference, and use the Defender portal if it is urgent.`);
  }
}

async function writeDown(deps: Deps, speaker: Speaker, { refusal, requestId }: Refused): Promise<void> {
  const by = `${speaker.account.surface}:${speaker.account.id}`;
  try {
    if (requestId !== undefined && deps.store.get(requestId) !== undefined) {
      await deps.store.change(requestId, () => ({ event: { type: 'pressRefused', by, verb: speaker.said.slice(0, 200), reason: refusal.reason } }));
    } else {
      await deps.store.note({ type: 'commandRefused', by, place: `${speaker.place.surface}:${speaker.place.id}`, reason: refusal.reason, text: speaker.said.slice(0, 200) });
    }
  } catch (error) {
    // The refusal itself stands whether or not it could be written down: it let nothing happen.
    deps.log.error('refusalNotJournaled', { reason: refusal.reason, error });
  }
}
