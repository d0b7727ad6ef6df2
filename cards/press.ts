// What a button carries, for both chats, and how it is read back: a verb and which card it was on, never what
// will run.
import type { Button, CardView, Verb } from './view.ts';
import { verbs } from './view.ts';
import { field, parseJson, recordOf } from '../src/liveResponse/text/json.ts';

export interface Press {
  readonly verb: Verb;
  readonly requestId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly index?: number;
  /** A text given with the press; Teams only, Slack asks in a modal. */
  readonly input?: string;
}

/** Id of the text field in a Teams card; its value arrives beside `lr` in the action's data. */
export const teamsInputId = 'lrInput';

/** Slack's name for a press. The index makes it unique in its block, which Slack demands. */
export function slackActionId(verb: Verb | 'open', index?: number): string {
  return index === undefined ? `lr.${verb}.v1` : `lr.${verb}.v1.${index}`;
}

/** `{"r": request, "v": revision, "f": fingerprint, "i": index}` */
export function slackValue(view: CardView, button: Button): string {
  return JSON.stringify({
    r: view.requestId,
    v: view.revision,
    f: view.fingerprint,
    ...(button.index === undefined ? {} : { i: button.index }),
  });
}

/**
 * Reads a Slack action back; `open` for a link button (only to be acknowledged), undefined for what is not
 * ours or of another version.
 */
export function readSlackPress(actionId: string, value: string | undefined): Press | 'open' | undefined {
  const found = /^lr\.([a-z]+)\.v1(?:\.\d{1,2})?$/.exec(actionId)?.[1];
  if (found === 'open') return 'open';
  if (value === undefined || value.length > 2000) return undefined;
  const { r, v, f, i } = recordOf(parseJson(value)?.value);
  return press(found, r, v, f, i);
}

export interface TeamsData {
  readonly lr: Press;
}

export function teamsData(view: CardView, button: Button): TeamsData {
  return {
    lr: {
      verb: button.verb,
      requestId: view.requestId,
      revision: view.revision,
      fingerprint: view.fingerprint,
      ...(button.index === undefined ? {} : { index: button.index }),
    },
  };
}

/** Reads the data of an Action.Execute or Action.Submit back; undefined for what is not ours. */
export function readTeamsPress(data: unknown): Press | undefined {
  const { verb, requestId, revision, fingerprint, index } = recordOf(field(data, 'lr'));
  const read = press(verb, requestId, revision, fingerprint, index);
  const input = field(data, teamsInputId);
  return read === undefined || typeof input !== 'string' || input === '' ? read : { ...read, input };
}

function press(
  verb: unknown,
  requestId: unknown,
  revision: unknown,
  fingerprint: unknown,
  index: unknown,
): Press | undefined {
  const known = verbs.find((one) => one === verb);
  if (known === undefined || typeof requestId !== 'string' || typeof fingerprint !== 'string')
    return undefined;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return undefined;
  if (index === undefined) return { verb: known, requestId, revision, fingerprint };
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return undefined;
  return { verb: known, requestId, revision, fingerprint, index };
}
