// Times as the cards show them: UTC, to the minute.

/** "14:08" @param {number} at epoch milliseconds */
export function clockTime(at) {
  return new Date(at).toISOString().slice(11, 16);
}
/** "14:08:12" @param {number} at */
export function exactTime(at) {
  return new Date(at).toISOString().slice(11, 19);
}
/** "Mon 23 Nov 2026" @param {number} at */
export function dayOf(at) {
  return new Date(at)
    .toLocaleDateString('en-GB', {
      timeZone: 'UTC',
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    })
    .replace(',', '');
}
