// What the image's HEALTHCHECK runs: asks /healthz on this container's own port. Exit code 0 while the
// process should be left running, 1 when it should be started again. Whether it may be given deliveries is
// another question (/readyz, docs/health.md), and a restart is no answer to it.
import { request } from 'node:http';

/** Below the HEALTHCHECK's own timeout of 5 s, so that the reason is said. Milliseconds. */
const patience = 4_000;
/** The answer is a few words. Bytes. */
const mostBytes = 64 * 1024;

/** @param {string} why one sentence; an orchestrator keeps the last ones */
function end(why, code) {
  process.stdout.write(`${why}\n`);
  process.exit(code);
}

// The loopback address also where HOST is 0.0.0.0; a HOST of its own is listened on alone.
const host = ['', '0.0.0.0', '::', 'localhost'].includes(process.env.HOST ?? '')
  ? '127.0.0.1'
  : process.env.HOST;
const port = Number(process.env.PORT || 3978);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  end(`PORT is ${process.env.PORT}, so the port to ask is not known. Give PORT a number from 1 to 65535.`, 1);
const asked = request({ host, port, path: '/healthz', agent: false }, (answer) => {
  let text = '';
  answer.setEncoding('utf8');
  answer.on('data', (chunk) => {
    text += chunk;
    if (text.length > mostBytes) end('/healthz answers with more than it may', 1);
  });
  answer.on('end', () =>
    end(
      `/healthz ${answer.statusCode}${answer.statusCode === 200 ? '' : `: ${text.slice(0, 2_000)}`}`,
      answer.statusCode === 200 ? 0 : 1,
    ),
  );
});
asked.on('error', (error) => end(`/healthz at ${host}:${port} does not answer: ${error.message}`, 1));
setTimeout(() => end(`/healthz at ${host}:${port} does not answer within ${patience} ms`, 1), patience);
asked.end();
