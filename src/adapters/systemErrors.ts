// System error codes, such as ENOENT, of anything that was thrown. They are read by shape: errors of Node’s
// own parts may belong to another realm, where `instanceof Error` is false.

/** The system's code of an error; empty when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Whether a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/**
 * The code of a connection that failed; empty when there is none. Where several addresses were tried (an
 * AggregateError), the first attempt counts.
 */
export function networkCodeOf(error: unknown): string {
  const own = codeOf(error);
  if (own !== '' || typeof error !== 'object' || error === null || !('errors' in error)) return own;
  return Array.isArray(error.errors) ? networkCodeOf(error.errors[0]) : '';
}
