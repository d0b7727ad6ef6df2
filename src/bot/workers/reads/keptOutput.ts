// The kept text of a script's output, if it is still the one that was read from Defender: its file lies in
// the data folder, and the journal has its hash.
import type { Request } from '../../../liveResponse/request/request.ts';
import { stageOf, resultsOf } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';

/**
 * Undefined where it is gone, or is not what was read: then it is read from Defender once more, as long as
 * that has it.
 */
export async function keptOutput(
  { outputs, hash, log }: Pick<Deps, 'outputs' | 'hash' | 'log'>,
  request: Request,
  index: number,
): Promise<string | undefined> {
  const excerpt = resultsOf(stageOf(request)).excerpts.findLast((one) => one.index === index);
  const text = await outputs.get(request.id, index);
  if (text === undefined || excerpt === undefined || hash.sha256(text) === excerpt.sha256) return text;
  log.error('outputChanged', {
    request: request.id,
    index,
    why: 'the kept text is not the one whose hash is in the journal',
  });
  return undefined;
}
