// Calls to the console’s JSON API, which docs/console.md describes.

/** An error in words: the API refused the call, or the bot does not answer. */
export class ApiError extends Error {}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    // The connection may have broken before or after the call arrived.
    throw new ApiError(
      `The bot does not answer. ${options === undefined ? 'Try again once it is back.' : 'It may have taken what you sent: look once it is back, before you send it again.'}`,
      { cause: error },
    );
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer.error ?? `The bot answered ${response.status}.`);
  return answer;
}

/** @param {string} path below /console/api/ */
export function get(path) {
  return call(`/console/api/${path}`);
}

/** @param {string} path below /console/api/ @param {unknown} body */
export function post(path, body) {
  return call(`/console/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
