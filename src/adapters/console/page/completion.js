// Completion of the command line: from the text so far and the known words to suggestions. Pure.

/**
 * @typedef {{ words: { word: string, usage: string, does: string, example: string, recipe: boolean,
 * completes: (string | null)[], reasonFrom?: number }[], topics: string[], lists: string[], library: string[],
 * hosts: { name: string, hint: string }[], requests: { id: string, hint: string, code: string }[] }} Known
 * @typedef {{ insert: string, label: string, hint: string }} Suggestion `insert` replaces the whole text
 */

const most = 8;

/**
 * @param {string} text what follows the chat command's name
 * @param {Known} known
 * @returns {{ usage?: { parts: string[], at: number, does: string }, suggestions: Suggestion[] }}
 */
export function complete(text, known) {
  const words = text.trimStart().split(/\s+/);
  const typed = words.at(-1) ?? '';
  const position = words.length - 1;
  if (position === 0) return { suggestions: firstWords(typed, known) };
  const form = known.words.find((one) => one.word === words[0].toLowerCase());
  if (form === undefined) return { suggestions: [] };
  const parts = form.usage.split(' ');
  const before = text.slice(0, text.length - typed.length);
  const suggestions = choices(form, words, known)
    .filter(({ value }) => value.toLowerCase().startsWith(typed.toLowerCase()) && value !== typed)
    .slice(0, most)
    .map(({ value, hint, open }) => ({
      insert: `${before}${value}${open === true ? '' : ' '}`,
      label: value,
      hint,
    }));
  return { usage: { parts, at: Math.min(position, parts.length - 1), does: form.does }, suggestions };
}

function firstWords(typed, known) {
  const start = typed.toLowerCase();
  return known.words
    .filter(({ word }) => word.startsWith(start))
    .sort((one, other) => Number(other.recipe) - Number(one.recipe))
    .slice(0, most)
    .map(({ word, usage, does }) => ({
      insert: usage === word ? word : `${word} `,
      label: usage,
      hint: does,
    }));
}

/** What is possible in the place of the last word. */
function choices(form, words, known) {
  const position = words.length - 1;
  const completes = form.completes[position - 1] ?? null;
  if (completes !== null) return offers[completes](known, { form, words, position });
  return form.reasonFrom !== undefined && position >= form.reasonFrom && !words.includes('--reason')
    ? [{ value: '--reason "', hint: 'why, for the approver', open: true }]
    : [];
}

/** What the page has for each kind of argument. */
const offers = {
  hosts: ({ hosts }) =>
    hosts.map(({ name, hint }) => ({
      value: shortest(name, hosts),
      hint: hint === '' ? name : `${name}, ${hint}`,
    })),
  requests: ({ requests }) => requests.map(({ id, hint }) => ({ value: id, hint })),
  codes: ({ requests }, { words }) =>
    requests
      .filter(({ id }) => id === words[1].toLowerCase())
      .map(({ code, hint }) => ({ value: code, hint })),
  topics: ({ topics, words }) =>
    [...topics, ...words.filter((one) => one.recipe).map((one) => one.word)].map((value) => ({
      value,
      hint: 'a topic of help',
    })),
  lists: ({ lists }) => lists.map((value) => ({ value, hint: 'which requests' })),
  library: ({ library }) => library.map((value) => ({ value, hint: 'in the library' })),
  scripts: ({ library }) =>
    library.filter((name) => /\.(ps1|sh)$/.test(name)).map((value) => ({ value, hint: 'in the library' })),
  example: (_known, { form, position }) => {
    const value = form.example.split(' ')[position];
    return value === undefined || value.startsWith('-') ? [] : [{ value, hint: 'an example' }];
  },
};

/** The first label, unless two devices share it. */
function shortest(name, hosts) {
  const label = name.split('.')[0];
  return hosts.filter((one) => one.name.split('.')[0] === label).length === 1 ? label : name;
}
