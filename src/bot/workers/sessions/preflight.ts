// Preflight: what must hold right before the POST, read again: what was approved is one thing, in one tenant,
// on one device in scope, with library files as approved; and by the policy as it is now, the same people may
// still do it.
import { unfitCode, unfitWords } from '../../../../cards/messages/deviceContext.ts';
import { changeWords } from '../../../../cards/results.ts';
import { changesBetween, contentOf, wasRead } from '../../../liveResponse/request/content.ts';
import type { ContentRead } from '../../../liveResponse/request/content.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import { unfitness } from '../../../liveResponse/device/records.ts';
import type { Unfit, Device } from '../../../liveResponse/device/records.ts';
import type { SessionTransition } from '../../../liveResponse/request/events.ts';
import type { Session, WaitCause } from '../../../liveResponse/request/session.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { outageOf } from './admission.ts';
import { approvalDigest, readLibrary, tellsOf } from '../reads/approvalDigest.ts';
import { ownerOf, readGroups } from '../../policy/people/people.ts';
import type { GroupReading } from '../../policy/people/people.ts';
import { explain } from '../../policy/refusals/refusal.ts';
import { inScope } from '../../policy/devices/scope.ts';
import { judgeToday } from '../../policy/today.ts';
import type { Judgement, Readings } from '../../policy/today.ts';

/**
 * What was read of the world for one submission. `content` is there when the approval has something to
 * compare it with.
 */
export interface Reading {
  readonly device: Device;
  readonly people: Readings;
  readonly content?: ContentRead;
}

/**
 * Why a submission cannot be judged: Defender's refusal ends it, anything else is tried again while the
 * approval lasts.
 */
export type NotRead =
  { readonly ended: DefenderError } | { readonly again: DefenderError; readonly cause: WaitCause };

type PreflightRefusal = Extract<SessionTransition, { readonly type: 'refused' }>;

/**
 * The device first: without its tags and group the scope cannot be checked. The library last, so that it is
 * as fresh as can be.
 */
export async function readForPreflight(
  deps: Deps,
  queued: RequestSession<'queued'>,
): Promise<Reading | NotRead> {
  const { defender, log } = deps;
  let device: Device;
  try {
    device = await defender.machine(queued.session.device.id);
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('deviceNotRead', { request: queued.request.id, code: error.code, detail: error.message });
    return error.code === 'notFound' || error.code === 'refused'
      ? { ended: error }
      : { again: error, cause: error.code === 'paced' ? 'slot' : outageOf(error) };
  }
  const [content, people] = await Promise.all([readContent(deps, queued), readPeople(deps, queued)]);
  if (content === undefined) return { device, people };
  return 'again' in content ? content : { device, people, content };
}

/**
 * Never from memory. What was verified at the approval is not sent unverified, whatever keeps the library
 * from being read.
 */
export async function readContent(
  deps: Deps,
  { request: { subject }, session: { grant } }: RequestSession<'queued' | 'submitting'>,
): Promise<ContentRead | Extract<NotRead, { readonly cause: WaitCause }> | undefined> {
  if (!wasRead(grant.content)) return undefined;
  const reading = await readLibrary(deps);
  if (!('files' in reading)) return { again: reading.error, cause: 'library' };
  if (!tellsOf(subject.commands, reading))
    return {
      again: new DefenderError('unreadable', 'the list of the script library could be read only in part', {
        call: 'library',
      }),
      cause: 'library',
    };
  return contentOf(subject.commands, reading.files, reading.at);
}

/**
 * What the platforms say of both people, at most half a minute old. Never rejects: a group that cannot be
 * read is reported as that.
 */
export async function readPeople(
  { policy, groups }: Pick<Deps, 'policy' | 'groups'>,
  { request, session }: RequestSession<'queued' | 'submitting'>,
): Promise<Readings> {
  const read = async (of: string): Promise<GroupReading | undefined> => {
    const person = ownerOf(policy, of);
    return person === undefined ? undefined : (await readGroups(policy, person, groups, 'recent')).reading;
  };
  const [requester, approver] = await Promise.all([
    read(request.asked.account),
    read(session.grant.votes[0].account),
  ]);
  return { requester, approver };
}

/**
 * Whether today's policy lets it run, and the device can: judged at this very moment, on the device as it was
 * just read.
 */
export function judgePreflight(
  deps: Pick<Deps, 'policy' | 'clock'>,
  { request, session }: RequestSession<'queued' | 'submitting'>,
  device: Device,
  people: Readings,
): Judgement | { readonly no: DeviceNo } {
  const [target, ...others] = request.targets;
  const judged = judgeToday(
    deps.policy,
    { ...request, targets: [{ ...target, device }, ...others] },
    deps.clock.now(),
    { approver: session.grant.votes[0], readings: people },
  );
  return judged !== undefined && 'no' in judged ? judged : (deviceNo(device) ?? judged);
}

interface DeviceNo {
  readonly code: (typeof unfitCode)[Unfit['why']];
  readonly detail: string;
}

/** Offboarded or merged since it was asked for. */
function deviceNo(device: Device): { readonly no: DeviceNo } | undefined {
  const unfit = unfitness(device);
  if (unfit === undefined) return undefined;
  return {
    no: {
      code: unfitCode[unfit.why],
      detail: unfit.why === 'merged' ? `merged into ${unfit.into}` : unfitWords(unfit, device.os),
    },
  };
}

/**
 * The first reason why this must not be sent, as the event that ends it. A restart may have brought another
 * tenant.
 */
export function preflightFailure(
  deps: Deps,
  submitting: RequestSession<'submitting'>,
  { device, content }: Pick<Reading, 'device' | 'content'>,
): PreflightRefusal | undefined {
  const {
    request: { asked, subject },
    session: { grant },
  } = submitting;
  if (asked.tenant !== deps.settings.tenant) return refused('otherTenant');
  const { digest } = approvalDigest(deps, {
    tenant: asked.tenant,
    device: submitting.session.device,
    commands: subject.commands,
    content: grant.content ?? subject.content,
  });
  if (digest !== subject.digest || digest !== grant.digest) return refused('digestMismatch');
  const problem = inScope(deps.policy, device);
  if (problem !== undefined) return refused('deviceOutOfScope', explain(problem, deps.settings.command));
  return contentFailure(submitting.session, content);
}

/** Compared by whole hash. Which script, from which content to which, and since when. */
export function contentFailure(
  { grant }: Pick<Session, 'grant'>,
  now: ContentRead | undefined,
): PreflightRefusal | undefined {
  if (now === undefined || !wasRead(grant.content)) return undefined;
  const changes = changesBetween(grant.content, now);
  return changes.length === 0
    ? undefined
    : refused('scriptChanged', changes.map((change) => changeWords(change)).join('; '));
}

export function refused(code: string, detail?: string): PreflightRefusal {
  return { type: 'refused', code, ...(detail === undefined ? {} : { detail }) };
}
