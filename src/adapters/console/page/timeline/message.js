// A message of the timeline: typed by a person, a card, a public note below a card, or a private reply to one
// person.
import { cardOf } from './card.js';
import { el } from '../dom.js';
import { avatar } from '../people.js';
import { nameOf, state } from '../state.js';
import { clockTime } from '../time.js';

function time(at) {
  return el(
    'time',
    {
      datetime: new Date(at).toISOString(),
      class: 'subtle small',
      title: `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC, simulated`,
    },
    clockTime(at),
  );
}

function botMark() {
  return el('img', { class: 'avatar', src: '/console/icon.svg', alt: '', width: 32, height: 32 });
}

function head(name, message, ...more) {
  return el('p', { class: 'head' }, el('strong', {}, name), ...more, time(message.at));
}

function row(kind, mark, ...body) {
  return el('li', { class: `message ${kind}` }, mark, el('div', { class: 'body' }, ...body));
}

function said(message) {
  const person = state.people.find((one) => one.account === message.by) ?? {
    name: message.by,
    account: message.by,
    id: message.by,
    roles: [],
  };
  return {
    element: row(
      'said',
      avatar(person),
      head(person.name, message),
      el('p', { class: 'typed' }, el('span', { class: 'typed-command' }, state.command), ` ${message.text}`),
    ),
    update() {},
  };
}

function card(message) {
  const drawn = cardOf(message);
  return {
    element: row(
      'posted',
      botMark(),
      head('live-response-bot', message, el('span', { class: 'tag' }, 'bot')),
      drawn.element,
    ),
    update: drawn.update,
  };
}

function note(message) {
  const whom = message.mention.map((account) => el('span', { class: 'mention' }, `@${nameOf(account)}`));
  return {
    element: row(
      'note',
      botMark(),
      head('live-response-bot', message, el('span', { class: 'tag' }, 'bot')),
      el('p', {}, ...whom.flatMap((one) => [one, ' ']), message.text),
    ),
    update() {},
  };
}

function whisper(message) {
  const drawn = message.view === undefined ? undefined : cardOf(message);
  const element = row(
    'whisper',
    botMark(),
    head('live-response-bot', message, el('span', { class: 'tag' }, 'bot')),
    el(
      'p',
      { class: 'private small' },
      el('span', { class: 'lock', 'aria-hidden': 'true' }),
      `Only ${nameOf(message.to)} sees this`,
    ),
    el('p', { class: 'whisper-text' }, message.text),
    message.block !== undefined && el('pre', { tabindex: '0', 'aria-label': 'Details' }, message.block),
    message.link !== undefined &&
      el(
        'p',
        {},
        el('a', { href: message.link.url, target: '_blank', rel: 'noopener noreferrer' }, message.link.label),
      ),
    drawn?.element,
  );
  return { element, update: (next) => drawn?.update(next) };
}

/** @param {import('../state.js').Message} message */
export function draw(message) {
  return { said, card, note, whisper }[message.kind](message);
}
