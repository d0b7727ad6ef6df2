// The calls to the console's JSON API, as docs/console.md has them.

/** A refusal of the API or a bot that does not answer, in words. */
export class ApiError extends Error {}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    // The connection may have been lost before the call or after it.
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
