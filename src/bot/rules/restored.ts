// What a record that was put back from an older copy cannot tell: whether a request went on in the lines that are lost.
import { isOpen } from '../../liveResponse/request.ts';
import type { Request } from '../../liveResponse/request.ts';

/** Of a request in the copy that had not come to its end there. @param restoredAt epoch ms; undefined where the record never was restored */
export function mayHaveGoneOn(request: Request, restoredAt: number | undefined): restoredAt is number {
  return restoredAt !== undefined && request.at <= restoredAt && (isOpen(request) || ('endedAt' in request && request.endedAt > restoredAt));
}
