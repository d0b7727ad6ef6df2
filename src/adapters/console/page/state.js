// The state of the page: the chat as the bot reports it, and the reader’s person and place. Everything is
// drawn from it.
import { get } from './api.js';

/** @typedef {{ account: string, id: string, name: string, roles: string[] }} Person */
/**
 * @typedef {{ id: string, seq: number, place: string, at: number, kind: 'said' | 'card' | 'note' | 'whisper',
 * [field: string]: any }} Message
 */

export const state = {
  command: '/lr',
  /** @type {Person[]} */ people: [],
  /** @type {{ id: string, approvals: boolean, results: string }[]} */ places: [],
  /** @type {Map<string, Message>} */ messages: new Map(),
  /** @type {{ speed: number, devices: any[], troubles: any[] } | undefined} */ world: undefined,
  /** @type {{ words: any[], topics: string[], lists: string[], library: string[] }} */ vocabulary: {
    words: [],
    topics: [],
    lists: [],
    library: [],
  },
  as: '',
  place: '',
  connected: true,
  /** The simulated time of the last report, and the time of this machine then. */
  told: { now: Date.now(), at: performance.now() },
};

/** @type {Map<string, Set<(value?: any) => void>>} */
const listeners = new Map();

/**
 * Topics: `messages` (with the message, or nothing after a reload), `who`, `where`, `world`, `connection`.
 */
export function on(topic, listener) {
  const known = listeners.get(topic) ?? new Set();
  listeners.set(topic, known.add(listener));
}
function emit(topic, value) {
  for (const listener of listeners.get(topic) ?? []) listener(value);
}

export function me() {
  return state.people.find((person) => person.account === state.as) ?? state.people[0];
}
/** @param {string} account */
export function nameOf(account) {
  return state.people.find((person) => person.account === account)?.name ?? account;
}
export function isVisible(message) {
  return message.kind !== 'whisper' || message.to === state.as;
}
/** Newest cards last. */
export function cards() {
  return [...state.messages.values()]
    .filter((message) => message.kind === 'card')
    .sort((one, other) => one.at - other.at);
}

export function simulatedNow() {
  return state.told.now + (performance.now() - state.told.at) * (state.world?.speed ?? 1);
}

export function setWho(account) {
  state.as = account;
  sessionStorage.setItem('as', account);
  emit('who');
}
export function setWhere(place) {
  state.place = place;
  sessionStorage.setItem('place', place);
  emit('where');
}
export function setWorld(world) {
  if (state.world !== undefined && world.speed !== state.world.speed)
    state.told = { now: simulatedNow(), at: performance.now() };
  state.world = world;
  emit('world');
}
function setConnected(connected) {
  if (state.connected === connected) return;
  state.connected = connected;
  emit('connection');
}

/** Reads everything again; returns the position from which the event stream continues. */
async function load() {
  const all = await get('cards');
  state.command = all.command;
  state.people = all.people;
  state.places = all.places;
  state.messages = new Map(all.messages.map((message) => [message.id, message]));
  state.told = { now: all.now, at: performance.now() };
  state.world = all.world;
  const known = (list, key, wanted) =>
    list.some((one) => one[key] === wanted) ? wanted : (list[0]?.[key] ?? '');
  state.as = known(state.people, 'account', state.as || sessionStorage.getItem('as'));
  state.place = known(state.places, 'id', state.place || sessionStorage.getItem('place'));
  return all.position;
}

/** Loads the chat and follows it while the page is open. */
export async function start() {
  const position = await load();
  state.vocabulary = await get('completion');
  follow(position);
}

function follow(position) {
  const events = new EventSource(`/console/api/events?since=${encodeURIComponent(position)}`);
  events.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    state.messages.set(message.id, message);
    emit('messages', message);
  });
  events.addEventListener('world', ({ data }) => setWorld(JSON.parse(data)));
  events.addEventListener('open', () => setConnected(true));
  // Another process answers, whose numbers start again: its state is the valid one.
  events.addEventListener('reset', () => {
    events.close();
    void reload();
  });
  events.addEventListener('error', () => {
    setConnected(false);
    if (events.readyState !== EventSource.CLOSED) return;
    setTimeout(() => void reload(), 1000);
  });
}

async function reload() {
  try {
    const position = await load();
    setConnected(true);
    emit('messages');
    emit('who');
    emit('where');
    emit('world');
    follow(position);
  } catch {
    // Still unreachable: tried again until it answers.
    setConnected(false);
    setTimeout(() => void reload(), 1000);
  }
}
