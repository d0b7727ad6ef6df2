// Hands a call on to a stand-in that speaks plain HTTP: for those that play a cloud under its real name.
import { request as ask } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** @param to address of the stand-in */
export function forward(to: string): (message: IncomingMessage, response: ServerResponse) => void {
  return (message, response) => {
    const target = new URL(message.url ?? '/', to);
    const onward = ask(
      target,
      { method: message.method, headers: { ...message.headers, host: target.host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    message.pipe(onward);
  };
}
