// A card of the timeline: drawn by the real Adaptive Cards renderer, and the same state as Block Kit JSON,
// plain text and journal lines.
import { el } from '../dom.js';
import { hostConfig } from './hostConfig.js';
import { journalOf, press, pressed, tell } from './press.js';

const { AdaptiveCard, HostConfig } = globalThis.AdaptiveCards;
const config = new HostConfig(hostConfig);
// No Markdown: the few texts that are Markdown are turned back into plain text below, so that nothing ever
// becomes HTML.
AdaptiveCard.onProcessMarkdown = (_text, result) => {
  result.didProcess = false;
};

const tabs = [
  { id: 'card', label: 'Card' },
  { id: 'slack', label: 'Slack', spoken: 'Slack, Block Kit JSON' },
  { id: 'text', label: 'Text', spoken: 'Plain text' },
  { id: 'journal', label: 'Journal', spoken: 'Journal lines' },
];
/**
 * Cards whose head is scrolled out of sight show their state in the bar that stays. The observer watches a
 * mark at the start of the head: it is either visible or not, whereas the visible part of a tall card is the
 * same at its end as at its start.
 */
const heads = new IntersectionObserver(
  (entries) => {
    for (const { target, boundingClientRect, rootBounds } of entries)
      target
        .closest('.card')
        ?.classList.toggle('scrolled', rootBounds !== null && boundingClientRect.top < rootBounds.top);
  },
  { root: document.getElementById('timeline'), rootMargin: '30px 0px 0px 0px' },
);

/** Which tab is open, by message id; it stays open when the card is drawn again. */
const open = new Map();

/** TextBlock texts are Markdown; ours escape with backslashes, which are removed here. */
function withoutMarkdown(value) {
  if (Array.isArray(value)) return value.map(withoutMarkdown);
  if (typeof value !== 'object' || value === null) return value;
  const read = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutMarkdown(one)]));
  return read.type === 'TextBlock' && typeof read.text === 'string'
    ? { ...read, text: read.text.replace(/\\([!-/:-@[-`{-~])/g, '$1') }
    : read;
}

function actionTaken(message, action, show) {
  const type = action.getJsonTypeName();
  if (type === 'Action.OpenUrl') {
    // A link of the simulator’s blob server works as a key, so its server does not learn where it was
    // followed from.
    el('a', { href: action.url, target: '_blank', rel: 'noopener noreferrer' }).click();
    return;
  }
  const json = action.toJSON();
  const lr = (type === 'Action.ShowCard' ? json.card.actions[0]?.data : json.data)?.lr;
  if (lr !== undefined) void press(message, lr, show);
}

function drawAdaptive(message, panel) {
  const card = new AdaptiveCard();
  card.hostConfig = config;
  const root = el('div', { class: 'adaptive' });
  const show = (busy) => {
    const now = panel.querySelector('.adaptive') ?? root;
    showBusy(now, busy ? pressed.get(message.id) : undefined);
  };
  card.onExecuteAction = (action) => actionTaken(message, action, show);
  card.parse(withoutMarkdown(message.adaptiveCard));
  const drawn = card.render();
  if (drawn !== undefined) {
    // With Tab it would be one more stop that does nothing.
    drawn.removeAttribute('tabindex');
    root.append(drawn);
  }
  markBlocks(card);
  // The spoken name starts with the visible one; otherwise nobody could ask for the button by its name.
  for (const button of root.querySelectorAll('button[title]')) {
    const { title, textContent: label } = button;
    button.setAttribute('aria-label', title.startsWith(label) ? title : `${label}, ${title}`);
  }
  showBusy(root, pressed.get(message.id));
  return root;
}

/**
 * Finds the filled containers that hold commands and output; the head, filled too, reaches to the card's
 * edge.
 */
function markBlocks(container) {
  for (let at = 0; at < container.getItemCount(); at += 1) {
    const item = container.getItemAt(at);
    if (item.getJsonTypeName() !== 'Container') continue;
    if (item.style === 'emphasis' && !item.bleed) item.renderedElement?.classList.add('block');
    markBlocks(item);
  }
}

/** `label` is the pressed button, if any. Buttons keep the focus: a disabled one would lose it. */
function showBusy(root, label) {
  root.classList.toggle('busy', label !== undefined);
  root.setAttribute('aria-busy', String(label !== undefined));
  for (const button of root.querySelectorAll('button.ac-pushButton')) {
    if (label === undefined) button.removeAttribute('aria-disabled');
    else button.setAttribute('aria-disabled', 'true');
    button.classList.toggle('pressed', button.textContent === label);
  }
}

function code(text, label) {
  const copy = el(
    'button',
    {
      type: 'button',
      class: 'plain small copy',
      'aria-label': `Copy: ${label}`,
      click: async () => {
        try {
          await navigator.clipboard.writeText(text);
          copy.textContent = 'Copied';
        } catch (error) {
          tell(error);
        }
      },
    },
    'Copy',
  );
  return el('div', { class: 'code' }, copy, el('pre', { tabindex: '0', 'aria-label': label }, text));
}

async function drawJournal(message, panel) {
  try {
    const lines = await journalOf(message.view.requestId);
    if (open.get(message.id) !== 'journal') return;
    const rows = lines.map((line) => {
      const [, at = '', seq = '', type = line, words = ''] =
        /^(\S+) {2}#(\d+) {2}(\S+) {2}([^]*)$/.exec(line) ?? [];
      return el(
        'li',
        {},
        el('span', { class: 'journal-at subtle' }, `#${seq} ${at.slice(11, 19)}`),
        el('span', { class: 'journal-type' }, type),
        el('span', { class: 'journal-words subtle' }, words),
      );
    });
    panel.replaceChildren(
      el(
        'ol',
        { class: 'journal', tabindex: '0', 'aria-label': 'Journal lines of this request, oldest first' },
        ...rows,
      ),
    );
  } catch (error) {
    tell(error);
  }
}

function fill(message, panel) {
  switch (open.get(message.id) ?? 'card') {
    case 'slack':
      return panel.replaceChildren(
        code(JSON.stringify(message.blockKit, null, 2), 'This card as Block Kit JSON, as Slack gets it'),
      );
    case 'text':
      return panel.replaceChildren(code(message.plainText, 'This card as plain text'));
    case 'journal':
      if (panel.querySelector('.journal') === null)
        panel.replaceChildren(el('p', { class: 'subtle' }, 'Reading the journal…'));
      return void drawJournal(message, panel);
    default:
      return panel.replaceChildren(drawAdaptive(message, panel));
  }
}

/**
 * @param {import('../state.js').Message} first
 * @returns {{ element: HTMLElement, update(message: import('../state.js').Message): void }} `update` draws the
 * new state at once, and keeps tab and focus
 */
export function cardOf(first) {
  let message = first;
  const panelId = `panel-${message.id}`;
  const panel = el('div', { id: panelId, class: 'panel', role: 'tabpanel' });
  const buttons = tabs.map(({ id, label, spoken }) =>
    el(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${message.id}-${id}`,
        'aria-controls': panelId,
        'data-tab': id,
        ...(spoken === undefined ? {} : { title: spoken }),
        click: () => choose(id),
      },
      label,
    ),
  );
  const list = el(
    'div',
    {
      class: 'tabs',
      role: 'tablist',
      'aria-label': 'Views of this card',
      keydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step === undefined) return;
        const at = buttons.indexOf(document.activeElement);
        const next = buttons[(at + step + buttons.length) % buttons.length];
        next.focus();
        choose(next.dataset.tab);
      },
    },
    ...buttons,
  );
  const status = el('span', { class: 'card-status', 'aria-hidden': 'true' });
  const head = el('div', { class: 'card-head', 'aria-hidden': 'true' });
  const element = el(
    'article',
    { class: 'card', 'aria-label': 'Card' },
    el('div', { class: 'card-bar' }, list, status),
    head,
    panel,
  );

  function choose(tab) {
    if (tab === 'card') open.delete(message.id);
    else open.set(message.id, tab);
    mark();
    fill(message, panel);
  }
  function mark() {
    const chosen = open.get(message.id) ?? 'card';
    for (const button of buttons) {
      const selected = button.dataset.tab === chosen;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      if (selected) panel.setAttribute('aria-labelledby', button.id);
    }
    element.setAttribute('aria-label', message.view.fallback);
    // Everything here is simulated; the head says so.
    status.textContent = message.view.status.replace(/^SIMULATED TENANT: /, '');
    status.dataset.tone = message.view.tone;
  }

  mark();
  fill(message, panel);
  heads.observe(head);
  return {
    element,
    update(next) {
      message = next;
      const focused = panel.contains(document.activeElement) ? document.activeElement : undefined;
      const label = focused?.textContent;
      const scrolled = panel.querySelector('pre, .journal')?.scrollTop ?? 0;
      mark();
      fill(message, panel);
      const scroller = panel.querySelector('pre, .journal');
      if (scroller !== null) scroller.scrollTop = scrolled;
      if (focused === undefined) return;
      const again =
        [...panel.querySelectorAll('button')].find((button) => button.textContent === label) ??
        panel.querySelector('button') ??
        list.querySelector('[aria-selected=true]');
      again?.focus({ preventScroll: true });
    },
  };
}
