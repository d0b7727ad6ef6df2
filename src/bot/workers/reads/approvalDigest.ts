// What an approval binds: tenant, device, commands, and the content of the library files they name. Seen when
// it is asked, compared at the approval, and held against the library again right before the POST
// (`preflight`).
import { digestText, fingerprintOf } from '../../../liveResponse/commands.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { contentOf, contentDrift, libraryNames, wasRead } from '../../../liveResponse/request/content.ts';
import type { Content } from '../../../liveResponse/request/content.ts';
import type { Request, Subject } from '../../../liveResponse/request/request.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import { stageOf } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { readLibrary, tellsOf } from './library.ts';
import type { LibraryReading } from './library.ts';

/** Everything that an approval binds. */
export interface Bound extends Pick<Subject, 'commands'> {
  readonly tenant: string;
  readonly device: Pick<Device, 'id'>;
  readonly content?: Content | undefined;
}

/** Digest and fingerprint over everything that an approval binds. */
export function approvalDigest(
  { hash }: Pick<Deps, 'hash'>,
  { tenant, device, commands, content }: Bound,
): Pick<Subject, 'digest' | 'fingerprint'> {
  const files = wasRead(content) ? content.files : [];
  const digest = hash.sha256(digestText(tenant, device.id, commands, files));
  return { digest, fingerprint: fingerprintOf(digest) };
}

/**
 * What the library holds now of the files that commands name; undefined when they name none, and then nothing
 * is read.
 */
export async function currentContent(
  deps: Pick<Deps, 'defender' | 'clock' | 'log'>,
  commands: readonly Command[],
): Promise<Content | undefined> {
  if (libraryNames(commands).length === 0) return undefined;
  return contentSeen(commands, await readLibrary(deps));
}

/** What a reading of the library tells of the files that commands name. */
export function contentSeen(commands: readonly Command[], reading: LibraryReading): Content {
  if (!('files' in reading)) return { at: reading.at, notRead: reading.notRead };
  return tellsOf(commands, reading)
    ? contentOf(commands, reading.files, reading.at)
    : { at: reading.at, notRead: 'unavailable' };
}

/**
 * Reads the library once more and, where the cards of the request no longer say what is so, has them drawn
 * again. Answers the request as its cards show it then.
 */
export async function refreshContent(
  deps: Deps,
  request: Request,
): Promise<{ readonly request: Request; readonly departed: ReturnType<typeof contentDrift> }> {
  const now = await currentContent(deps, request.subject.commands);
  if (now === undefined) return { request, departed: undefined };
  const departed = contentDrift(request.subject.content, now);
  if (departed === undefined) return { request, departed };
  const changed = await deps.store.change(request.id, (current) => {
    const stage = stageOf(current);
    if (stage.state !== 'awaitingApproval' && stage.state !== 'unknown') return { no: 'decided' };
    // Somebody else's press may have shown it already.
    if (contentDrift(current.subject.content, now) === undefined) return { no: 'shown' };
    const bound: Bound = {
      tenant: current.asked.tenant,
      device: current.targets[0].device,
      commands: current.subject.commands,
      content: now,
    };
    return { event: { type: 'contentSeen', content: now, ...approvalDigest(deps, bound) } };
  });
  return {
    request: 'request' in changed ? changed.request : (deps.store.get(request.id) ?? request),
    departed,
  };
}
