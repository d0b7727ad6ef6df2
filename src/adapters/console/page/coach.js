// The hint above the composer, which teaches the two-person rule by saying what to do next, and the page
// before the first request.
import { post } from './api.js';
import { propose } from './composer.js';
import { byId, el, fill } from './dom.js';
import { tell } from './timeline/press.js';
import { cards, me, on, setWho, setWorld, state } from './state.js';

const ask = 'dump hosta OfficeClickToRun --reason "beacon seen at 02:40"';
let dismissed = sessionStorage.getItem('coach') === 'off';

/** @typedef {{ text: string, action?: { label: string, run: () => void } }} Advice */

function become(person, label = `Be ${person.name}`) {
  return { label, run: () => setWho(person.account) };
}

/** @returns {Advice | undefined} */
function advice() {
  const newest = cards().findLast((card) => card.place === state.place);
  const person = me();
  if (newest === undefined || person === undefined) return undefined;
  // The words come from the server, which makes them from the card. Only who may decide is worked out by the
  // page.
  if (newest.hint === undefined)
    return newest.state === 'awaitingApproval' ? decide(newest, person) : undefined;
  const next =
    newest.state === 'closed' || newest.state === 'finished'
      ? again(newest)
      : newest.state === 'awaitingApproval'
        ? {}
        : faster();
  return { text: newest.hint, ...next };
}

/** @returns {Advice} */
function decide(card, person) {
  const asker = state.people.find((one) => one.id === card.requester);
  const others = state.people.filter(
    (one) => one.id !== card.requester && one.roles.includes(card.approveRole),
  );
  const other = alone(others);
  const asked = asker?.name ?? 'The requester';
  if (others.includes(person))
    return {
      text: `${asked} asks. Read what will run, then approve or deny as ${person.name}. Nothing runs before.`,
    };
  const why =
    person === asker
      ? 'You asked, so somebody else has to decide. Press Approve yourself and see, or change sides.'
      : `${person.name} may not decide this. Press Approve and see, or change sides.`;
  return other === undefined ? { text: why } : { text: why, action: become(other) };
}

/** A person with only that one role shows best what the role is. */
function alone(people) {
  return people.toSorted((one, other) => one.roles.length - other.roles.length)[0];
}

function again(card) {
  const asker = state.people.find((one) => one.id === card.requester);
  if (asker === undefined) return {};
  return {
    action: {
      label: `Ask again as ${asker.name.split(' ')[0]}`,
      run: () => {
        if (asker.account !== state.as) setWho(asker.account);
        propose(ask);
      },
    },
  };
}

function faster() {
  if (state.world === undefined || state.world.speed >= 60) return {};
  return {
    action: {
      label: 'Run time at 60×',
      run: () => void post('world/speed', { speed: 60 }).then(setWorld, tell),
    },
  };
}

function draw() {
  const box = byId('coach');
  const said = dismissed ? undefined : advice();
  box.hidden = said === undefined;
  if (said === undefined) return;
  const key = `${said.text}${said.action?.label ?? ''}`;
  // Drawn again only when its text changes: a button must not vanish under a finger.
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  fill(
    box,
    el('p', {}, said.text),
    said.action !== undefined &&
      el('button', { type: 'button', class: 'plain', click: said.action.run }, said.action.label),
    el(
      'button',
      {
        type: 'button',
        class: 'icon',
        'aria-label': 'Hide these hints',
        title: 'Hide these hints',
        click: () => {
          dismissed = true;
          sessionStorage.setItem('coach', 'off');
          draw();
        },
      },
      '×',
    ),
  );
}

function drawEmpty() {
  const responder = state.people.find((one) => one.roles.length > 0) ?? me();
  const approver = alone(state.people.filter((one) => one.id !== responder?.id && one.roles.length > 0));
  if (responder === undefined || approver === undefined) return;
  const step = (title, ...text) => el('li', {}, el('strong', {}, title), el('p', {}, ...text));
  byId('empty').replaceChildren(
    el('h2', {}, 'Ask here, decide as somebody else, watch it run'),
    el(
      'p',
      { class: 'subtle' },
      'A whole Defender tenant is simulated on this machine. Nothing you do here reaches a real device.',
    ),
    el(
      'ol',
      { class: 'steps' },
      step(
        'Ask',
        `As ${responder.name}, type `,
        el('code', {}, `${state.command} ${ask}`),
        ' or pick it up here.',
      ),
      step(
        'Decide',
        `Nobody approves what they asked for. Change to ${approver.name} and press Approve on the card.`,
      ),
      step(
        'Follow',
        'One card follows the session: each command, what the script printed, and a download link at the end.',
      ),
    ),
    el(
      'p',
      {},
      el(
        'button',
        {
          type: 'button',
          class: 'primary',
          click: () => {
            if (state.as !== responder.account) setWho(responder.account);
            propose(ask);
          },
        },
        'Put the first command into the composer',
      ),
    ),
    el(
      'p',
      { class: 'subtle small' },
      'Other things to type: ',
      ...['help', 'recipes', 'whoami', 'host kiosk'].flatMap((text) => [
        el(
          'button',
          { type: 'button', class: 'chip', click: () => propose(text) },
          `${state.command} ${text}`,
        ),
        ' ',
      ]),
    ),
  );
}

export function mountCoach() {
  drawEmpty();
  draw();
  for (const topic of ['messages', 'who', 'where', 'world']) on(topic, draw);
}
