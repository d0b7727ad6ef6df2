// The start of the page: it loads the chat, mounts the parts, and opens the side panels over the timeline
// where there is no room next to it.
import { byId } from './dom.js';
import { mountCoach } from './coach.js';
import { mountComposer } from './composer.js';
import { mountPeople } from './people.js';
import { tell } from './timeline/press.js';
import { on, start, state } from './state.js';
import { mountTimeline } from './timeline/timeline.js';
import { mountWorld } from './world.js';

/** A panel is a popover exactly where the style sheet has no column for it. */
function panel(id, narrow) {
  const element = byId(id);
  const opener = byId(`open-${id}`);
  const media = matchMedia(narrow);
  const adapt = () => {
    if (media.matches) element.setAttribute('popover', 'auto');
    else element.removeAttribute('popover');
    opener.hidden = !media.matches;
  };
  media.addEventListener('change', adapt);
  adapt();
  opener.addEventListener('click', () => {
    element.togglePopover();
    if (element.matches(':popover-open'))
      (element.querySelector('input:checked') ?? element.querySelector('input'))?.focus({
        preventScroll: true,
      });
  });
}

async function main() {
  await start();
  panel('who', '(max-width: 759px)');
  panel('world', '(max-width: 1119px)');
  mountPeople();
  mountTimeline();
  mountComposer();
  mountWorld();
  mountCoach();
  on('connection', () => (byId('offline').hidden = state.connected));
  // After changing the person on a phone, one wants to see the chat again.
  for (const topic of ['who', 'where'])
    on(topic, () => byId('who').matches(':popover-open') && byId('who').hidePopover());
  document.body.classList.add('ready');
  if (matchMedia('(min-width: 760px)').matches) byId('text').focus();
}

main().catch(tell);
