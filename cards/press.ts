// Data of a button, for both chats, and its reader: a verb and which card it was on, never what will run; and
// the words of forms that ask for a text with a press.
import { field, parseJson, recordOf } from '../src/liveResponse/text/json.ts';
import type { JsonRecord } from '../src/liveResponse/text/json.ts';
import { pressedVerb } from '../src/liveResponse/verbs.ts';
import type { TextLabel } from '../src/liveResponse/verbs.ts';
import type { Button, CardView, Verb, ViewContext } from './view.ts';

export interface Press {
  readonly verb: Verb;
  readonly requestId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly index?: number;
  /** A text given with the press; Teams only, Slack asks in a modal. */
  readonly input?: string;
}

/** Id of the text field in a Teams card; its value arrives next to `lr` in the action's data. */
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
  return press({ verb: found, requestId: r, revision: v, fingerprint: f, index: i });
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
  const read = press(recordOf(field(data, 'lr')));
  const input = field(data, teamsInputId);
  return read === undefined || typeof input !== 'string' || input === '' ? read : { ...read, input };
}

function press({ verb, requestId, revision, fingerprint, index }: JsonRecord): Press | undefined {
  const known = pressedVerb(verb);
  if (known === undefined || typeof requestId !== 'string' || typeof fingerprint !== 'string')
    return undefined;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return undefined;
  if (index === undefined) return { verb: known, requestId, revision, fingerprint };
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return undefined;
  return { verb: known, requestId, revision, fingerprint, index };
}

interface AskedText {
  /** Above the field on a card, which many people read. */
  readonly onCard: (reasons: ViewContext['reasons']) => string;
  /** Of a form that opens after the press: its title and button, and what is asked of a request. */
  readonly action: string;
  readonly inForm: (title: string) => string;
}

const texts: Readonly<Record<TextLabel, AskedText>> = {
  whyDenied: {
    onCard: (reasons) =>
      reasons === 'private'
        ? 'Reason, told to the requester and the approvers'
        : 'Reason, shown to everybody on the card',
    action: 'Deny',
    inForm: (title) => `Why is "${title}" denied? The requester reads this.`,
  },
};

export function labelOnCard(label: TextLabel, reasons: ViewContext['reasons']): string {
  return texts[label].onCard(reasons);
}

/** @param title the request's title, in one line */
export function formWords(
  label: TextLabel,
  title: string,
): { readonly action: string; readonly label: string } {
  const { action, inForm } = texts[label];
  return { action, label: inForm(title) };
}
