// The switchers of person and place, and the description of the place above the timeline.
import { announce, byId, el, initials } from './dom.js';
import { isVisible, me, on, setWhere, setWho, state } from './state.js';

const unread = new Map();

/** "responder and approver", or "no role" */
export function rolesOf(person) {
  return person.roles.length === 0 ? 'no role' : person.roles.join(' and ');
}

export function avatar(person) {
  const at = state.people.indexOf(person);
  return el(
    'span',
    { class: `avatar avatar-${at < 0 ? 'none' : at % 6}`, 'aria-hidden': 'true' },
    initials(person.name),
  );
}

function personRow(person) {
  return el(
    'label',
    { class: 'choice' },
    el('input', {
      type: 'radio',
      name: 'person',
      value: person.account,
      ...(person.account === state.as ? { checked: true } : {}),
      change: () => setWho(person.account),
    }),
    avatar(person),
    el(
      'span',
      { class: 'choice-text' },
      el('span', { class: 'choice-name' }, person.name),
      el('span', { class: 'subtle small' }, rolesOf(person)),
    ),
  );
}

function placeRow(place) {
  const news = unread.get(place.id) ?? 0;
  return el(
    'label',
    { class: 'choice place' },
    el('input', {
      type: 'radio',
      name: 'place',
      value: place.id,
      ...(place.id === state.place ? { checked: true } : {}),
      change: () => setWhere(place.id),
    }),
    el('span', { class: 'hash', 'aria-hidden': 'true' }, '#'),
    el(
      'span',
      { class: 'choice-text' },
      el('span', { class: 'choice-name' }, place.id),
      el('span', { class: 'subtle small' }, shortMode(place)),
    ),
    news > 0 && el('span', { class: 'badge' }, String(news), el('span', { class: 'quiet' }, ' new')),
  );
}

function shortMode(place) {
  return place.results === 'card' ? 'results on the card' : 'results in private';
}

function modeOf(place) {
  const results =
    place.results === 'card'
      ? 'Output and links stand on the card'
      : 'Output and links are given privately, to those who may read them';
  return place.approvals ? `${results}. Every request is decided here.` : `${results}.`;
}

function drawPeople() {
  const focused =
    document.activeElement instanceof HTMLInputElement && document.activeElement.name === 'person';
  byId('people').replaceChildren(...state.people.map(personRow));
  if (focused) byId('people').querySelector('input:checked')?.focus();
  const person = me();
  if (person === undefined) return;
  const opener = byId('open-who');
  opener.replaceChildren(avatar(person), el('span', { class: 'opener-text' }, person.name.split(' ')[0]));
  opener.setAttribute('aria-label', `You are ${person.name}, ${rolesOf(person)}. Switch person or place.`);
}

function drawPlaces() {
  unread.delete(state.place);
  const focused =
    document.activeElement instanceof HTMLInputElement && document.activeElement.name === 'place';
  byId('places').replaceChildren(...state.places.map(placeRow));
  if (focused) byId('places').querySelector('input:checked')?.focus();
  const place = state.places.find((one) => one.id === state.place);
  byId('title').textContent = `#${state.place}`;
  byId('mode').textContent = place === undefined ? '' : modeOf(place);
  document.title = `#${state.place}, live-response-bot console`;
}

export function mountPeople() {
  drawPeople();
  drawPlaces();
  on('who', () => {
    drawPeople();
    const person = me();
    if (person !== undefined) announce(`You are ${person.name}, ${rolesOf(person)}.`);
  });
  on('where', () => {
    drawPlaces();
    announce(`You are in ${state.place}.`);
  });
  on('messages', (message) => {
    if (message === undefined || message.place === state.place || !isVisible(message)) return;
    unread.set(message.place, (unread.get(message.place) ?? 0) + 1);
    drawPlaces();
  });
}
