// The places of Teams that the policy names: where a running bot has heard from one, a small reading with its
// own token tells whether it is still in it. Where it has heard nothing, nobody can tell from here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../systemErrors.ts';
import { diskWords } from '../store/journal/disk.ts';
import { isConnector } from './inbound/hosts.ts';
import type { Secret } from '../secret.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { idsOn } from '../../liveResponse/request/surfaceKey.ts';
import { surface } from './ids.ts';
import { field, parseJson } from '../../liveResponse/text/json.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { Caller } from '../checks/call.ts';
import { fail, ok, skip, warn } from '../checks/line.ts';
import type { Line, Tell } from '../checks/line.ts';

const check = 'teams.place';
const addIt =
  'Add the app to that team or chat and mention it once; "/lr whoami" there prints the id for the policy.';

export interface TeamsPlaces {
  readonly policy: Policy | undefined;
  readonly dataDir: string;
  /** Undefined where none could be had. */
  readonly token: Secret | undefined;
  /** Origins of connectors beside Microsoft's, for tests. */
  readonly origins?: readonly string[];
}

export async function examineTeamsPlaces(
  { policy, dataDir, token, origins = [] }: TeamsPlaces,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  const places = idsOn(
    surface,
    (policy?.places ?? []).map(({ place }) => place),
  );
  if (places.length === 0) return;
  const known = heardFrom(dataDir);
  if (typeof known === 'string') {
    tell(
      warn(
        check,
        `where the bot has been heard from could not be read: ${known}`,
        'Run the doctor as the bot\u2019s user.',
      ),
    );
    return;
  }
  for (const place of places) {
    const serviceUrl = known.get(place);
    if (serviceUrl === undefined)
      tell(
        skip(
          check,
          `no message of ${place} has reached the bot yet, so nobody can tell from here whether it is in it`,
          addIt,
        ),
      );
    else if (token === undefined) tell(skip(check, `${place} not looked at`, 'Fix teams.token first.'));
    // The file says where a token of ours would go.
    else if (!isConnector(serviceUrl, origins))
      tell(
        fail(
          check,
          `${place} is noted with an address that is not Microsoft\u2019s`,
          'Remove teams-conversations.json from the data folder; the bot learns it again.',
        ),
      );
    else tell(await look(place, serviceUrl, token, caller));
  }
}

async function look(place: string, serviceUrl: string, token: Secret, caller: Caller): Promise<Line> {
  const url = new URL(
    `v3/conversations/${encodeURIComponent(place)}/pagedmembers?pageSize=1`,
    serviceUrl.endsWith('/') ? serviceUrl : `${serviceUrl}/`,
  );
  const answer = await call(caller, {
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${token.reveal()}` },
  });
  if (!isAnswer(answer))
    return fail(
      check,
      `${place} cannot be looked at: ${answer.why}`,
      'Let this machine reach Teams over https (proxy, firewall, DNS).',
    );
  if (answer.status === 200) return ok(check, `the bot is in ${place}`);
  const code = field(field(answer.body?.value, 'error'), 'code');
  const said = `Teams answers ${answer.status}${typeof code === 'string' ? ` ${code.slice(0, 60)}` : ''}`;
  if (answer.status === 403 || answer.status === 404)
    return fail(check, `the bot is not in ${place} (${said}), so no card can stand there`, addIt);
  return warn(
    check,
    `${place} cannot be looked at: ${said}`,
    'Run the doctor again; if it stays so, look at teams.token.',
  );
}

/** Each place with its service URL, or why that could not be read. */
function heardFrom(dataDir: string): ReadonlyMap<string, string> | string {
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'teams-conversations.json'), 'utf8');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? new Map() : diskWords(error);
  }
  const file = parseJson(text)?.value;
  // The bot writes it as a text with its authentication code; only the bot needs to believe it.
  const inner = field(file, 'text');
  const places = field(typeof inner === 'string' ? parseJson(inner)?.value : file, 'places');
  if (typeof places !== 'object' || places === null) return new Map();
  return new Map(
    Object.entries(places).flatMap(([id, one]): [string, string][] => {
      const url = field(one, 'serviceUrl');
      return typeof url === 'string' ? [[id, url]] : [];
    }),
  );
}
