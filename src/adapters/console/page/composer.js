// The command line of the page: completion, history, and sending.
import { post } from './api.js';
import { complete } from './completion.js';
import { byId, el } from './dom.js';
import { tell } from './timeline/press.js';
import { cards, me, on, state } from './state.js';
import { showNewest } from './timeline/timeline.js';

/** @type {string[]} newest first */
let history = JSON.parse(sessionStorage.getItem('history') ?? '[]');
/** How far back in the history; -1 is what is being typed. */
let back = -1;
let draft = '';
/** @type {import('./completion.js').Suggestion[]} */
let suggestions = [];
let active = -1;
/** Commands are sent one after another, in the order in which they were typed. */
let sent = Promise.resolve();
let underWay = 0;

const keptLines = 50;
const field = () => /** @type {HTMLInputElement} */ (byId('text'));

function known() {
  const requests = [
    ...new Map(
      cards()
        .filter(({ finders }) => finders === undefined || finders.includes(state.as))
        .reverse()
        .map(({ view }) => [
          view.requestId,
          {
            id: view.requestId,
            hint: `${view.title}: ${view.status}`,
            code: `r${view.revision}-${view.fingerprint}`,
          },
        ]),
    ).values(),
  ];
  return { ...state.vocabulary, hosts: state.world?.devices ?? [], requests };
}

function suggest() {
  const { value } = field();
  const found = value.trim() === '' ? { suggestions: [] } : complete(value, known());
  suggestions = found.suggestions;
  active = -1;
  draw(found.usage);
}

function draw(usage) {
  const box = byId('suggestions');
  const shown = suggestions.length > 0 || usage !== undefined;
  box.hidden = !shown;
  field().setAttribute('aria-expanded', String(suggestions.length > 0));
  byId('usage').hidden = usage === undefined;
  if (usage !== undefined) {
    const parts = usage.parts.flatMap((part, at) => [
      el('span', { class: at === usage.at ? 'usage-now' : '' }, part),
      ' ',
    ]);
    byId('usage').replaceChildren(
      el('span', { class: 'usage-form' }, `${state.command} `, ...parts),
      el('span', { class: 'subtle' }, usage.does),
    );
  }
  byId('options').hidden = suggestions.length === 0;
  byId('options').replaceChildren(
    ...suggestions.map((one, at) =>
      el(
        'li',
        {
          id: `option-${at}`,
          role: 'option',
          'aria-selected': 'false',
          mousedown: (event) => event.preventDefault(),
          click: () => accept(at),
        },
        el('span', { class: 'option-label' }, one.label),
        el('span', { class: 'option-hint subtle' }, one.hint),
      ),
    ),
  );
  mark();
}

function mark() {
  const options = [...byId('options').children];
  options.forEach((option, at) => option.setAttribute('aria-selected', String(at === active)));
  if (active < 0) field().removeAttribute('aria-activedescendant');
  else {
    field().setAttribute('aria-activedescendant', `option-${active}`);
    options[active]?.scrollIntoView({ block: 'nearest' });
  }
}

function close() {
  suggestions = [];
  active = -1;
  draw(undefined);
}

function accept(at) {
  const chosen = suggestions[at];
  if (chosen === undefined) return;
  write(chosen.insert);
  suggest();
}

function write(text) {
  field().value = text;
  field().setSelectionRange(text.length, text.length);
  field().focus();
}

function walk(step) {
  const to = back + step;
  if (to < -1 || to >= history.length) return;
  if (back === -1) draft = field().value;
  back = to;
  write(back === -1 ? draft : history[back]);
  close();
}

function keyed(event) {
  if (event.isComposing) return;
  const listed = suggestions.length > 0 && back === -1;
  switch (event.key) {
    case 'ArrowDown':
    case 'ArrowUp': {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (!listed) return walk(-step);
      active =
        (active + step + suggestions.length + (active === -1 && step === -1 ? 1 : 0)) % suggestions.length;
      return mark();
    }
    case 'Tab':
      if (!listed || event.shiftKey) return undefined;
      event.preventDefault();
      return accept(Math.max(active, 0));
    case 'Enter':
      if (!listed || active < 0) return undefined;
      event.preventDefault();
      return accept(active);
    case 'Escape':
      return close();
    default:
      return undefined;
  }
}

/**
 * Removes the text from the line at once, so that the next command can be typed before this one is answered.
 * If it were removed with the answer, text typed in the meantime would be lost, because a message may appear
 * before the call that caused it has returned.
 */
function send(event) {
  event.preventDefault();
  const text = withoutName(field().value).trim();
  if (text === '') return;
  const command = { as: state.as, place: state.place, text, deliveryId: crypto.randomUUID() };
  history = [text, ...history.filter((one) => one !== text)].slice(0, keptLines);
  sessionStorage.setItem('history', JSON.stringify(history));
  back = -1;
  field().value = '';
  close();
  // Cleared here and not when the command is sent: an error of the command before it has to stay visible.
  byId('problem').textContent = '';
  underWay += 1;
  byId('composer').setAttribute('aria-busy', 'true');
  sent = sent.then(() => deliver(command));
}

async function deliver(command) {
  try {
    await post('commands', command);
    if (command.place === state.place) showNewest();
  } catch (error) {
    tell(error);
    // The text is put back into the line to be sent again, unless something else is being typed there, or by
    // another person: then the arrow key brings it back.
    if (field().value === '' && state.as === command.as && state.place === command.place) write(command.text);
  } finally {
    underWay -= 1;
    if (underWay === 0) byId('composer').removeAttribute('aria-busy');
  }
}

/** The name of the chat command may be typed as well. */
function withoutName(text) {
  const trimmed = text.trimStart();
  return trimmed === state.command || trimmed.startsWith(`${state.command} `)
    ? trimmed.slice(state.command.length)
    : text;
}

function label() {
  byId('prefix').textContent = state.command;
  const person = me();
  if (person === undefined) return;
  byId('composer-label').textContent = `Type as ${person.name} in #${state.place}`;
}

/** Puts a command into the composer for the reader to look at and send. @param {string} text */
export function propose(text) {
  write(text);
  close();
}

export function mountComposer() {
  label();
  on('who', label);
  on('where', label);
  field().addEventListener('input', () => {
    back = -1;
    if (field().value.startsWith(`${state.command} `)) field().value = withoutName(field().value).trimStart();
    suggest();
  });
  field().addEventListener('keydown', keyed);
  field().addEventListener('blur', close);
  byId('composer').addEventListener('submit', send);
}
