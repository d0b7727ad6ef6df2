// Button presses on a card: a dialog for the second step where the button needs one, then the API call, and
// its answer.
import { get, post } from '../api.js';
import { announce, byId, el } from '../dom.js';
import { state } from '../state.js';

/** Presses in progress, by message id: the label of the button, kept while the card is drawn again. */
export const pressed = new Map();

/**
 * @param {import('../state.js').Message} message the card, or the private reply with one
 * @param {{ verb: string, requestId: string, revision: number, fingerprint: string, index?: number }} lr what
 * the button carries
 * @param {(busy: boolean) => void} show draws the card as busy, or not
 */
export async function press(message, lr, show) {
  if (pressed.has(message.id)) return;
  const button = message.view.buttons.find((one) => one.verb === lr.verb && one.index === lr.index);
  const label = button?.label ?? lr.verb;
  let input;
  if (button?.confirm !== undefined || button?.asks !== undefined) {
    input = await secondStep({
      title: button.confirm?.title ?? `${label} this request?`,
      subject: message.view.title,
      text: button.confirm?.text,
      asks: button.asks,
      ok: button.confirm?.ok ?? label,
      style: button.style,
    });
    if (input === undefined) return;
  }
  await send(message, lr, label, input === '' && button?.asks === undefined ? undefined : input, show);
}

async function send(message, lr, label, input, show) {
  pressed.set(message.id, label);
  show(true);
  announce(`${label}: under way.`);
  const { verb, requestId, revision, fingerprint, index } = lr;
  try {
    const reply = await post('presses', {
      as: state.as,
      place: message.place,
      request: requestId,
      verb,
      revision,
      fingerprint,
      index,
      input,
    });
    pressed.delete(message.id);
    show(false);
    if (reply.kind === 'form') {
      const { form } = reply;
      const given = await secondStep({
        title: form.title,
        subject: form.label,
        asks: form,
        ok: form.submit,
        style: 'danger',
      });
      if (given !== undefined) await send(message, lr, label, given, show);
    } else if (reply.text !== undefined) announce(reply.text);
  } catch (error) {
    pressed.delete(message.id);
    show(false);
    tell(error);
  }
}

/** Shows a problem of the page or the API next to the composer. @param {unknown} error */
export function tell(error) {
  byId('problem').textContent = error instanceof Error ? error.message : String(error);
}

/**
 * Asks in a dialog. Returns the text ('' where none is requested), or undefined when the person cancels.
 * @param {{ title: string, subject: string, text?: string, asks?: { label: string, optional: boolean, max:
 * number }, ok: string, style: string }} step
 * @returns {Promise<string | undefined>}
 */
function secondStep({ title, subject, text, asks, ok, style }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
  return new Promise((resolve) => {
    const field =
      asks === undefined
        ? undefined
        : el('textarea', {
            id: 'dialog-input',
            maxlength: asks.max,
            rows: 3,
            ...(asks.optional ? {} : { required: true }),
          });
    const form = el(
      'form',
      { method: 'dialog', submit: () => (dialog.returnValue = 'ok') },
      el('h2', { id: 'dialog-title' }, title),
      el('p', { class: 'subtle' }, subject),
      text !== undefined && el('p', { class: 'dialog-text' }, text),
      asks !== undefined &&
        el('label', { for: 'dialog-input' }, asks.optional ? `${asks.label} (optional)` : asks.label),
      field,
      el(
        'div',
        { class: 'dialog-buttons' },
        el('button', { type: 'button', class: 'plain', click: () => dialog.close('') }, 'Go back'),
        el('button', { type: 'submit', class: style === 'danger' ? 'danger' : 'primary' }, ok),
      ),
    );
    dialog.replaceChildren(form);
    dialog.returnValue = '';
    dialog.addEventListener(
      'close',
      () => resolve(dialog.returnValue === 'ok' ? (field?.value.trim() ?? '') : undefined),
      { once: true },
    );
    dialog.showModal();
    (field ?? form.querySelector('button[type=submit]'))?.focus();
  });
}

/** @param {string} request */
export async function journalOf(request) {
  return (await get(`journal/${encodeURIComponent(request)}?as=${encodeURIComponent(state.as)}`)).lines;
}
