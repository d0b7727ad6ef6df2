// The simulator panel of the page: its time, its faults, and its devices.
import { post } from './api.js';
import { announce, byId, el, fill } from './dom.js';
import { tell } from './timeline/press.js';
import { on, setWorld, simulatedNow, state } from './state.js';
import { clockTime, dayOf, exactTime } from './time.js';

const speeds = [
  { speed: 0, label: 'Pause' },
  { speed: 1, label: '1×' },
  { speed: 5, label: '5×' },
  { speed: 10, label: '10×' },
  { speed: 60, label: '60×' },
];

async function change(path, body, spoken) {
  try {
    setWorld(await post(`world/${path}`, body));
    announce(spoken);
  } catch (error) {
    tell(error);
    draw();
  }
}

function speedChoice({ speed, label }) {
  return el(
    'label',
    { class: 'segment' },
    el('input', {
      type: 'radio',
      name: 'speed',
      value: speed,
      ...(state.world?.speed === speed ? { checked: true } : {}),
      change: () =>
        void change('speed', { speed }, speed === 0 ? 'Time stands still.' : `Time runs at ${speed} times.`),
    }),
    el('span', {}, label),
  );
}

/** A row with a switch; the whole row can be pressed. */
function toggle({ id, label, explains, mark, on: isOn, change: changed }) {
  const input = el('input', {
    type: 'checkbox',
    role: 'switch',
    id,
    ...(isOn ? { checked: true } : {}),
    ...(explains === '' ? {} : { 'aria-describedby': `${id}-more` }),
    change: (event) => changed(event.target.checked),
  });
  return el(
    'li',
    {},
    el(
      'label',
      { class: 'toggle', for: id },
      el(
        'span',
        { class: 'toggle-text' },
        el('span', { class: 'toggle-label' }, label, mark !== undefined && ' ', mark),
        explains !== '' && el('span', { id: `${id}-more`, class: 'subtle small' }, explains),
      ),
      input,
      el('span', { class: 'switch', 'aria-hidden': 'true' }),
    ),
  );
}

function trouble({ id, label, explains, on: isOn, once }) {
  const mark = isOn ? el('span', { class: 'tag warn' }, once ? 'the next time' : 'now') : undefined;
  return toggle({
    id: `trouble-${id}`,
    label,
    explains,
    mark,
    on: isOn,
    change: (next) => void change('troubles', { trouble: id, on: next }, `${label}: ${next ? 'on' : 'off'}.`),
  });
}

function device({ name, os, hint, online }) {
  const short = name.split('.')[0];
  const rest = name.slice(short.length);
  const label = el('span', {}, el('strong', {}, short), el('span', { class: 'subtle' }, rest));
  return toggle({
    id: `device-${name}`,
    label,
    explains: [online ? 'online' : 'offline', hint === '' || hint === 'Linux' ? os : hint].join(', '),
    on: online,
    change: (next) =>
      void change('devices', { device: name, online: next }, `${name} is ${next ? 'online' : 'offline'}.`),
  });
}

function drawTime() {
  const now = simulatedNow();
  for (const one of document.querySelectorAll('[data-time]')) one.textContent = exactTime(now);
  for (const one of document.querySelectorAll('[data-day]')) one.textContent = `${dayOf(now)}, UTC`;
  for (const one of document.querySelectorAll('[data-minute]')) one.textContent = clockTime(now);
}

function speedWords() {
  const speed = state.world?.speed ?? 1;
  return speed === 0 ? 'paused' : `${speed}×`;
}

function draw() {
  const { world } = state;
  if (world === undefined) return;
  const focused = document.activeElement?.id ?? '';
  const focusedSpeed =
    document.activeElement instanceof HTMLInputElement && document.activeElement.name === 'speed';
  byId('speeds').replaceChildren(...speeds.map(speedChoice));
  byId('troubles').replaceChildren(...world.troubles.map(trouble));
  byId('devices').replaceChildren(...world.devices.map(device));
  if (focusedSpeed) byId('speeds').querySelector('input:checked')?.focus();
  else if (/^(trouble|device)-/.test(focused))
    document.getElementById(focused)?.focus({ preventScroll: true });
  const opener = byId('open-world');
  const wrong = world.troubles.filter((one) => one.on).length;
  fill(
    opener,
    el('span', { class: 'opener-time', 'data-minute': '' }),
    el('span', { class: 'subtle small' }, speedWords()),
    wrong > 0 && el('span', { class: 'badge' }, String(wrong)),
  );
  opener.setAttribute(
    'aria-label',
    `Simulator: time ${speedWords()}, ${wrong === 0 ? 'no trouble' : `${wrong} in trouble`}. Open its switches.`,
  );
  drawTime();
}

export function mountWorld() {
  const panel = byId('world');
  if (state.world === undefined) {
    panel.hidden = true;
    byId('open-world').hidden = true;
    return;
  }
  fill(
    panel,
    el(
      'button',
      {
        type: 'button',
        class: 'icon close-side',
        'aria-label': 'Close the simulator',
        popovertarget: 'world',
        popovertargetaction: 'hide',
      },
      '×',
    ),
    el(
      'section',
      { class: 'group clock', 'aria-label': 'Simulated time' },
      el('h2', {}, 'Simulated time'),
      el('p', { class: 'clock-time', 'data-time': '' }),
      el('p', { class: 'subtle small', 'data-day': '' }),
      el(
        'fieldset',
        { class: 'segments' },
        el('legend', { class: 'quiet' }, 'Speed of time'),
        el('div', { id: 'speeds', class: 'segment-row' }),
      ),
    ),
    el(
      'section',
      { class: 'group' },
      el('h2', { id: 'troubles-title' }, 'Let something go wrong'),
      el('ul', { id: 'troubles', class: 'toggles', 'aria-labelledby': 'troubles-title' }),
    ),
    el(
      'section',
      { class: 'group' },
      el('h2', { id: 'devices-title' }, 'Devices'),
      el('ul', { id: 'devices', class: 'toggles devices', 'aria-labelledby': 'devices-title' }),
    ),
  );
  draw();
  on('world', draw);
  setInterval(drawTime, 250);
}
