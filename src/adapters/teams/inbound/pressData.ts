// Data of a button press in Teams: an invoke of Action.Execute, or a message with a value where
// Action.Execute does not work.
import { readTeamsPress, teamsInputId } from '../../../../cards/press.ts';
import type { PressIn } from '../../../bot/ports.ts';
import { asksForText } from '../../../liveResponse/verbs.ts';
import type { Inbound } from './activity.ts';

/**
 * What a card's button carries, and whether somebody pressed it (`manual`) or a client refreshed by itself
 * (`automatic`).
 */
export function actionOf(value: unknown): { readonly action: unknown; readonly trigger: unknown } {
  if (typeof value !== 'object' || value === null) return { action: undefined, trigger: undefined };
  const action = 'action' in value ? value.action : undefined;
  const data = typeof action === 'object' && action !== null && 'data' in action ? action.data : undefined;
  return { action: data, trigger: 'trigger' in value ? value.trigger : undefined };
}

/** A press as the card's data describe it. */
export type Read = Pick<PressIn, 'verb' | 'requestId' | 'revision' | 'fingerprint' | 'index' | 'input'>;

/**
 * Our card holds the field for the reason, so a denial without one is intended; clients may leave empty
 * fields out.
 */
export function pressOf(data: unknown): Read | undefined {
  const press = readTeamsPress(data);
  if (press === undefined) return undefined;
  const given = typeof data === 'object' && data !== null && teamsInputId in data;
  return press.input === undefined && (given || asksForText(press.verb)) ? { ...press, input: '' } : press;
}

/** Which button of which request, for a sentence. */
export function pressedOn(message: Inbound): string {
  const press = pressOf(message.type === 'invoke' ? actionOf(message.value).action : message.value);
  return press === undefined ? 'a button' : `${press.verb} ${press.requestId}`;
}
