// Frames of the Slack socket: the SDK gets only those that it can take, and an envelope that nobody can read
// is still acknowledged.
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';
import { bodyLimit } from '../limits.ts';

export interface Frame {
  /** For the SDK; undefined when there is nothing in it that it could use. */
  readonly text?: string;
  /** Why nothing, or nothing but an acknowledgement, comes of it. */
  readonly odd?: string;
  /** Why Slack ends this connection. */
  readonly disconnect?: string;
}

/**
 * The SDK reads `payload.event.type` without looking whether it is there, and tells its own listeners of a
 * type of any name, `close` and `error` among them. So every envelope reaches it as one kind, with an object
 * as its payload.
 */
export function readFrame(data: unknown, isBinary: boolean): Frame {
  if (isBinary || typeof data !== 'string') return { odd: 'binary' };
  if (data.length > bodyLimit) return { ...bare(idWithin(data)), odd: 'too large' };
  const read = parseJson(data);
  if (read === undefined) return { ...bare(idWithin(data)), odd: 'no JSON, or nested too deeply' };
  const frame = recordOf(read.value);
  const { type, envelope_id: id, payload, reason } = frame;
  if (type === 'hello') return { text: JSON.stringify({ type }) };
  if (type === 'disconnect')
    return {
      text: JSON.stringify({ type }),
      disconnect: typeof reason === 'string' ? reason.slice(0, 60) : 'no reason',
    };
  if (typeof id !== 'string' || id === '') return { odd: 'no envelope' };
  const body = recordOf(payload);
  if (Object.keys(body).length === 0) return { ...bare(id), odd: 'no payload' };
  return { text: envelope(id, body) };
}

function bare(id: string | undefined): Pick<Frame, 'text'> {
  return id === undefined ? {} : { text: envelope(id, {}) };
}

function envelope(id: string, payload: object): string {
  return JSON.stringify({ type: 'envelope', envelope_id: id, payload });
}

/**
 * The id of an envelope that cannot be read as a whole. Too long a text is looked through at both ends only.
 */
function idWithin(text: string): string | undefined {
  return /"envelope_id"\s{0,8}:\s{0,8}"([^"\\]{1,100})"/.exec(
    text.length > 2 * bodyLimit ? `${text.slice(0, bodyLimit)}\n${text.slice(-bodyLimit)}` : text,
  )?.[1];
}
