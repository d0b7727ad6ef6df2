// What a card says of another request for the same commands on the same device: which it is, how it stands,
// who asked.
import type { Request } from '../src/liveResponse/request/request.ts';
import { isOpen, stageOf } from '../src/liveResponse/request/request.ts';
import { oneLine } from './clip.ts';
import { timeOf } from './time.ts';
import type { FactLine, Twin } from './view.ts';

const shown = 3;

export function twinFacts(request: Request, twins: readonly Twin[]): readonly FactLine[] {
  const stage = stageOf(request);
  const open = twins.filter((twin) => twin.open);
  const ended =
    stage.state === 'awaitingApproval' || stage.state === 'queued' ? twins.filter((twin) => !twin.open) : [];
  const named = [...open.slice(0, shown), ...ended.slice(0, shown)].some(
    (twin) => twin.id === request.asked.apartFrom,
  );
  const apart =
    request.asked.apartFrom !== undefined && !named
      ? `${request.asked.apartFrom}, for the reason given`
      : undefined;
  return [
    ...(isOpen(request) && open.length > 0
      ? [{ label: 'Same, open', value: several(open, (twin) => told(request, twin, '')) }]
      : []),
    ...(ended.length > 0
      ? [
          {
            label: 'Same, ended',
            value: several(ended, (twin) =>
              told(
                request,
                twin,
                twin.endedAt === undefined ? '' : ` at ${timeOf(twin.endedAt, request.asked.at)}`,
              ),
            ),
          },
        ]
      : []),
    ...(apart === undefined ? [] : [{ label: 'Separate from', value: apart }]),
  ];
}

function told(request: Request, { id, status, askedBy, askedAt }: Twin, when: string): string {
  const apart = request.asked.apartFrom === id ? '; this one was asked separately, for the reason given' : '';
  return `${id}: ${oneLine(status, 60)}${when}, asked by ${oneLine(askedBy, 60)} at ${timeOf(askedAt, request.asked.at)}${apart}`;
}

function several(twins: readonly Twin[], words: (twin: Twin) => string): string {
  return `${twins.slice(0, shown).map(words).join('; ')}${twins.length > shown ? `; and ${twins.length - shown} more` : ''}`;
}

/** For the sentence above the rows, and before an approval. Empty while no other is open. */
export function twinWarning(twins: readonly Twin[] = []): string {
  const [twin, ...more] = twins.filter((one) => one.open);
  return twin === undefined
    ? ''
    : ` The same is open as ${twin.id} (${oneLine(twin.status, 60)})${more.length === 0 ? '' : ` and ${more.length} more`}: approving this one too runs it again.`;
}
