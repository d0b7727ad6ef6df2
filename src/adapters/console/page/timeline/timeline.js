// The timeline of one place. It keeps the drawn messages up to date, and stays where the reader is looking.
import { announce, byId, el } from '../dom.js';
import { draw } from './message.js';
import { isVisible, on, state } from '../state.js';
import { dayOf } from '../time.js';

/** @type {Map<string, { element: HTMLElement, seq: number, status?: string, update(message: any): void }>} */
const drawn = new Map();
let shownPlace = '';

function visible() {
  return [...state.messages.values()]
    .filter((message) => message.place === state.place && isVisible(message))
    .sort((one, other) => one.at - other.at);
}

/** The message at the upper edge, and its distance from that edge: it must not move. */
function anchorOf(timeline) {
  const top = timeline.getBoundingClientRect().top;
  for (const one of drawn.values()) {
    const box = one.element.getBoundingClientRect();
    if (box.bottom > top) return { element: one.element, offset: box.top };
  }
  return undefined;
}

function isAtEnd(timeline) {
  return (
    timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight - byId('spacer').offsetHeight < 60
  );
}

function tellChange(known, message) {
  if (message.kind === 'card' && known?.status !== message.view.status) announce(message.view.fallback);
  else if (known === undefined && message.kind === 'whisper') announce(`Only you see this: ${message.text}`);
  else if (known === undefined && message.kind === 'note') announce(message.text);
}

function sync({ quiet = false } = {}) {
  const timeline = byId('timeline');
  const list = byId('messages');
  const moved = shownPlace !== state.place;
  const wasAtEnd = isAtEnd(timeline);
  const anchor = anchorOf(timeline);
  const heightBefore = timeline.scrollTop + timeline.clientHeight;
  const wanted = visible();
  const ids = new Set(wanted.map((message) => message.id));
  for (const [id, one] of drawn) {
    if (ids.has(id)) continue;
    one.element.remove();
    drawn.delete(id);
  }
  const added = [];
  let day = '';
  let at = list.firstElementChild;
  const place = (element) => {
    if (at === element) at = element.nextElementSibling;
    else list.insertBefore(element, at);
  };
  for (const old of list.querySelectorAll('.day')) {
    if (old === at) at = old.nextElementSibling;
    old.remove();
  }
  for (const message of wanted) {
    const today = dayOf(message.at);
    if (today !== day) list.insertBefore(el('li', { class: 'day' }, el('span', {}, `${today}, UTC`)), at);
    day = today;
    let one = drawn.get(message.id);
    if (one === undefined) {
      one = { ...draw(message), seq: message.seq };
      drawn.set(message.id, one);
      added.push(one.element);
      if (!quiet && !moved) tellChange(undefined, message);
    } else if (one.seq !== message.seq) {
      if (!quiet) tellChange(one, message);
      one.update(message);
      one.seq = message.seq;
    }
    one.status = message.view?.status;
    place(one.element);
  }
  byId('empty').hidden = wanted.length > 0;
  shownPlace = state.place;
  settle(timeline, { moved, wasAtEnd, anchor, heightBefore, added });
}

/**
 * Scrolls to where the reader expects to be: to the new messages if the end was visible, otherwise exactly
 * where it was.
 */
function settle(timeline, { moved, wasAtEnd, anchor, heightBefore, added }) {
  const spacer = byId('spacer');
  const [first] = added;
  if (moved || (first !== undefined && wasAtEnd)) {
    spacer.style.height = '0';
    timeline.scrollTop = timeline.scrollHeight;
    // Anything taller than the screen is shown from its start.
    const above =
      (first ?? timeline.lastElementChild).getBoundingClientRect().top - timeline.getBoundingClientRect().top;
    if (!moved && above < 0) timeline.scrollTop += above - 12;
    byId('more').hidden = true;
    return;
  }
  if (anchor?.element.isConnected === true) {
    // A card that became shorter must not pull the rest of the page down: its empty space stays until the
    // reader scrolls.
    const short = heightBefore - (timeline.scrollHeight - spacer.offsetHeight);
    spacer.style.height = `${Math.max(0, short)}px`;
    timeline.scrollTop += anchor.element.getBoundingClientRect().top - anchor.offset;
  }
  if (first !== undefined) byId('more').hidden = isAtEnd(timeline);
}

/**
 * What appears below the timeline (a hint, a problem) takes space from it: a reader at the end stays at the
 * end.
 */
function keepEndInSight(timeline) {
  let atEnd = true;
  let height = timeline.clientHeight;
  timeline.addEventListener(
    'scroll',
    () => {
      // A timeline that has just become lower says nothing about where its reader was; the observer below
      // runs next.
      if (timeline.clientHeight === height) atEnd = isAtEnd(timeline);
    },
    { passive: true },
  );
  new ResizeObserver(() => {
    height = timeline.clientHeight;
    const end = timeline.scrollHeight - byId('spacer').offsetHeight - height;
    if (atEnd && timeline.scrollTop < end) timeline.scrollTop = end;
  }).observe(timeline);
}

/** Scrolls to the newest message that the reader caused. */
export function showNewest() {
  const timeline = byId('timeline');
  byId('spacer').style.height = '0';
  timeline.scrollTop = timeline.scrollHeight;
  byId('more').hidden = true;
}

export function mountTimeline() {
  sync({ quiet: true });
  on('messages', () => sync());
  on('who', () => sync({ quiet: true }));
  on('where', () => sync({ quiet: true }));
  byId('timeline').addEventListener(
    'scroll',
    () => {
      if (isAtEnd(byId('timeline'))) byId('more').hidden = true;
    },
    { passive: true },
  );
  byId('more').addEventListener('click', showNewest);
  keepEndInSight(byId('timeline'));
}
