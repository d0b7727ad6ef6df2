// Elements of the page. Text only ever becomes text nodes and attributes: nothing in this page reads HTML
// from anywhere.

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] a function is a listener for the event of that name; false
 * and undefined are left out
 * @param {...(Node | string | undefined | false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...present(children));
  return made;
}

/** Replaces the children of an element; omitted values are the same as in `el`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
}

function present(children) {
  return children.filter((child) => child !== undefined && child !== false);
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page lacks #${id}`);
  return found;
}

/** Says something to screen readers, once, without moving anything. @param {string} text */
export function announce(text) {
  const region = byId('announcer');
  // A repeated sentence is read again only when it is new text.
  region.replaceChildren(el('p', {}, text));
}

/** @param {string} name "Riley Responder" */
export function initials(name) {
  return name
    .split(/\s+/)
    .map((part) => part.charAt(0))
    .slice(0, 2)
    .join('')
    .toUpperCase();
}
