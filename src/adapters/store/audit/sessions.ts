// Sessions, attempts and links that the journal says were sent to Defender, for the comparison with the
// tenant's audit log: every session with its action, every attempt with its tag, and every link that was
// made. Reads only, also next to a running bot, and needs no key: none of it is personal.
import { field, parseJson } from '../../../liveResponse/text/json.ts';
import type { Disk } from '../journal/disk.ts';
import { linesOf, segmentsIn } from '../journal/segments.ts';

/** A session that Defender answered for, or that was found there. Times in epoch milliseconds. */
export interface JournalSession {
  readonly actionId: string;
  /** When Defender says it was made; when the journal learned of it, where it does not say. */
  readonly at: number;
}

export interface JournalAttempt {
  /** What the Comment begins with. */
  readonly tag: string;
  readonly at: number;
}

/** A request of which anything was sent. */
export interface JournalRequest {
  readonly id: string;
  readonly tenant: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly attempts: readonly JournalAttempt[];
  readonly sessions: readonly JournalSession[];
  /** When links were made for people. */
  readonly links: readonly number[];
}

interface Open {
  readonly tenant: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly attempts: JournalAttempt[];
  readonly sessions: Map<string, JournalSession>;
  readonly links: number[];
}

const maxDepth = 32;
const wanted: ReadonlySet<string> = new Set([
  'asked',
  'claimed',
  'submitted',
  'found',
  'foundLate',
  // As they were called before format 3.
  'adopted',
  'foundAfterDrop',
  'linkMinted',
]);
/** Most lines are about cards: looking at bytes is cheaper than reading them. */
const marks = [...wanted].map((type) => Buffer.from(`"type":"${type}"`));

export function journalRequests(disk: Disk, folder: string): readonly JournalRequest[] {
  const requests = new Map<string, Open>();
  for (const segment of segmentsIn(disk, folder)) {
    for (const batch of linesOf(disk, segment.path)) {
      for (const { bytes, ended } of batch) {
        if (ended && marks.some((mark) => bytes.includes(mark)))
          take(parseJson(bytes.toString('utf8'), maxDepth)?.value, requests);
      }
    }
  }
  return [...requests]
    .filter(([, { attempts, sessions }]) => attempts.length > 0 || sessions.size > 0)
    .map(([id, { sessions, ...rest }]) => ({ id, ...rest, sessions: [...sessions.values()] }));
}

function take(line: unknown, requests: Map<string, Open>): void {
  const request = field(line, 'request');
  const at = field(line, 'at');
  const event = field(line, 'event');
  const type = field(event, 'type');
  if (typeof request !== 'string' || typeof at !== 'number' || typeof type !== 'string' || !wanted.has(type))
    return;
  if (type === 'asked') {
    const { tenant, device } = askedIn(event);
    requests.set(request, {
      tenant: tenant.toLowerCase(),
      deviceId: text(device, 'id').toLowerCase(),
      deviceName: text(device, 'name').toLowerCase(),
      attempts: [],
      sessions: new Map(),
      links: [],
    });
    return;
  }
  const known = requests.get(request);
  if (known === undefined) return;
  if (type === 'claimed') known.attempts.push({ tag: text(field(event, 'attempt'), 'tag'), at });
  else if (type === 'linkMinted') known.links.push(at);
  else {
    const action = field(event, 'action');
    const actionId = text(action, 'id').toLowerCase();
    const created = field(action, 'createdAt');
    if (actionId !== '' && !known.sessions.has(actionId))
      known.sessions.set(actionId, {
        actionId,
        at: typeof created === 'number' && created > 0 ? created : at,
      });
  }
}

/** Tenant and device of a line as any version wrote it: before format 3 both were in one flat object. */
function askedIn(event: unknown): { readonly tenant: string; readonly device: unknown } {
  const made = field(event, 'request');
  const asked = field(made ?? event, 'asked');
  const targets = field(made, 'targets');
  const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
  return { tenant: text(asked, 'tenant'), device: field(made === undefined ? asked : first, 'device') };
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}
