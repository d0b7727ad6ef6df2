// The library as it is read for an approval and for those who only look, what an approval binds of it, and groups
// that remember what they last said.
import { describe, expect, test } from '@jest/globals';
import type { Groups } from '../../../../src/bot/ports.ts';
import {
  approvalDigest,
  contentSeen,
  createLibraryCache,
  createRecentLibrary,
  currentContent,
  libraryRefresh,
  readLibrary,
  refreshContent,
  tellsOf,
} from '../../../../src/bot/workers/reads/approvalDigest.ts';
import type { LibraryReading } from '../../../../src/bot/workers/reads/approvalDigest.ts';
import { rememberingGroups } from '../../../../src/bot/workers/reads/lastKnown.ts';
import { hash } from '../../../../src/adapters/clock.ts';
import type { Command } from '../../../../src/liveResponse/commands.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Content } from '../../../../src/liveResponse/request/content.ts';
import { asked } from '../../../support/requests/lifecycle.ts';
import { avery, policy, riley } from '../../../support/policy.ts';
import { askedFor, createWorkerPorts, history, portsStart, sent } from '../../../support/apps/workerPorts.ts';

const { commands } = asked.subject;
const files = [{ name: 'minidump.ps1', sha256: 'AA' }];
const get: readonly Command[] = [{ type: 'GetFile', path: 'C:\\a' }];

describe('one reading', () => {
  test('is what the library holds, and when', async () => {
    const { deps, defender } = createWorkerPorts([]);
    defender.library = () => Promise.resolve({ files, whole: false });
    expect(await readLibrary(deps)).toEqual({ at: portsStart, files, whole: false });
  });

  test('that fails is a missing right where Defender says 403, and an outage else', async () => {
    const { deps, defender, logged } = createWorkerPorts([]);
    const no = new DefenderError('refused', '', { status: 403, apiCode: 'A', target: 't' });
    defender.library = () => Promise.reject(no);
    expect(await readLibrary(deps)).toEqual({ at: portsStart, notRead: 'forbidden', error: no });
    expect(logged).toEqual([
      { event: 'libraryNotRead', fields: { code: 'refused', status: 403, apiCode: 'A', target: 't' } },
    ]);
    const down = new DefenderError('unauthorized', '', { status: 401 });
    defender.library = () => Promise.reject(down);
    expect(await readLibrary(deps)).toMatchObject({ notRead: 'unavailable' });
    defender.library = () => Promise.reject(new TypeError('a bug'));
    await expect(readLibrary(deps)).rejects.toThrow('a bug');
  });

  test('tells of commands where it is whole, or holds all that they name', () => {
    expect(tellsOf(commands, { at: 1, files: [], whole: true })).toBe(true);
    expect(tellsOf(commands, { at: 1, files, whole: false })).toBe(true);
    expect(tellsOf(commands, { at: 1, files: [], whole: false })).toBe(false);
    const seen = { at: 1, files: [{ name: 'minidump.ps1', sha256: 'aa' }] };
    expect(contentSeen(commands, { at: 1, files, whole: true })).toEqual(seen);
    expect(contentSeen(commands, { at: 1, files: [], whole: false })).toEqual({
      at: 1,
      notRead: 'unavailable',
    });
    const error = new DefenderError('refused', '');
    expect(contentSeen(commands, { at: 1, notRead: 'forbidden', error })).toEqual({
      at: 1,
      notRead: 'forbidden',
    });
  });

  test('is made for commands that name a file', async () => {
    const { deps, defender, calls } = createWorkerPorts([]);
    defender.library = () => Promise.resolve({ files, whole: true });
    expect(await currentContent(deps, get)).toBeUndefined();
    expect(calls).toEqual([]);
    expect(await currentContent(deps, commands)).toMatchObject({ files: [{ sha256: 'aa' }] });
  });
});

describe('a recent reading', () => {
  test('serves while it is young, one for all who ask at once, and longer for those who need less', async () => {
    const { deps, defender, calls, clock } = createWorkerPorts([]);
    defender.library = () => Promise.resolve({ files, whole: true });
    const recent = createRecentLibrary(deps);
    await Promise.all([recent(), recent()]);
    await clock.advance(59_999);
    await recent();
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    await recent(60_001);
    expect(calls).toHaveLength(1);
    await recent();
    expect(calls).toHaveLength(2);
    // What is remembered is not enough for this one.
    await recent(60_000, () => false);
    expect(calls).toHaveLength(3);
  });

  test('that failed is not remembered', async () => {
    const { deps, defender, calls } = createWorkerPorts([]);
    defender.library = () => Promise.reject(new DefenderError('unavailable', ''));
    const recent = createRecentLibrary(deps);
    await recent();
    await recent();
    expect(calls).toHaveLength(2);
  });
});

describe('the list at hand', () => {
  const reading: LibraryReading = { at: 1, files, whole: true };

  test('is looked at by the minute where recipes name a file', async () => {
    const { deps } = createWorkerPorts([]);
    const asks: unknown[] = [];
    const look = createLibraryCache(deps, (memory) => (asks.push(memory), Promise.resolve(reading)));
    expect(await look()).toBe(60_000);
    expect(await look()).toBe(60_000);
    expect(asks).toEqual([libraryRefresh, libraryRefresh]);
    expect(libraryRefresh).toBe(4 * 60_000);
    const [dump] = policy.recipes.values();
    if (dump === undefined) throw new Error('there is a recipe');
    for (const recipes of [new Map(), new Map([['get', { ...dump, commands: get }]])]) {
      const nothing = createLibraryCache({ ...deps, policy: { ...policy, recipes } }, () => {
        throw new Error('nobody needs it');
      });
      expect(await nothing()).toBe(60_000);
    }
    const both = new Map([
      ['dump', dump],
      ['get', { ...dump, commands: get }],
    ]);
    asks.length = 0;
    await createLibraryCache(
      { ...deps, policy: { ...policy, recipes: both } },
      (memory) => (asks.push(memory), Promise.resolve(reading)),
    )();
    expect(asks).toHaveLength(1);
  });

  test('is left for five minutes where it may not be read, and only then', async () => {
    const { deps, clock } = createWorkerPorts([]);
    let asks = 0;
    let notRead: 'forbidden' | 'unavailable' = 'unavailable';
    const look = createLibraryCache(deps, () => {
      asks += 1;
      return Promise.resolve({ at: 1, notRead, error: new DefenderError('refused', '') });
    });
    await look();
    await look();
    expect(asks).toBe(2);
    notRead = 'forbidden';
    await look();
    await clock.advance(5 * 60_000 - 1);
    expect(await look()).toBe(60_000);
    expect(asks).toBe(3);
    await clock.advance(1);
    await look();
    expect(asks).toBe(4);
  });
});

test('an approval binds tenant, device, commands, and contents that were read', () => {
  const bound = { tenant: 't', device: { id: 'd' }, commands };
  const digest = (content?: Content): string => approvalDigest({ hash }, { ...bound, content }).digest;
  const seen: Content = { at: 1, files: [{ name: 'minidump.ps1', sha256: 'aa' }] };
  expect(digest(seen)).not.toBe(digest());
  expect(digest({ at: 1, notRead: 'forbidden' })).toBe(digest());
  expect(approvalDigest({ hash }, bound).fingerprint).toBe(digest().slice(0, 8));
});

describe('content that is read once more', () => {
  const seen: Content = { at: 1, files: [{ name: 'minidump.ps1', sha256: 'bb' }] };
  const waiting = history(askedFor({ content: seen }));
  const house = (request = waiting) => {
    const ports = createWorkerPorts([request]);
    ports.defender.library = () => Promise.resolve({ files, whole: true });
    return ports;
  };

  test('has the cards drawn again where it is another', async () => {
    const { deps, store, now } = house();
    const { request, departed } = await refreshContent(deps, waiting);
    expect(departed).toBeDefined();
    const content = { at: portsStart, files: [{ name: 'minidump.ps1', sha256: 'aa' }] };
    const { digest, fingerprint } = askedFor({ content }).subject;
    expect(store.written).toEqual([
      { id: asked.id, event: { type: 'contentSeen', content, digest, fingerprint } },
    ]);
    expect(request).toEqual(now());
    expect(request.subject.digest).toBe(digest);
  });

  test('changes nothing where it is the same, or no file is named', async () => {
    const same = history(askedFor({ content: { at: 1, files: [{ name: 'minidump.ps1', sha256: 'aa' }] } }));
    const one = house(same);
    // Not even asks for a change, so that no full disk is in the way of it.
    one.store.before = () => Promise.reject(new Error('full'));
    expect(await refreshContent(one.deps, same)).toEqual({ request: same, departed: undefined });
    const none = history(askedFor({ commands: get }));
    const other = house(none);
    expect(await refreshContent(other.deps, none)).toEqual({ request: none, departed: undefined });
    expect([...one.events(), ...other.events(), ...other.calls]).toEqual([]);
  });

  test('leaves what was decided meanwhile, and what somebody else has shown already; one that is unknown is drawn', async () => {
    const decided = history(askedFor({ content: seen }), ...sent);
    const one = house(decided);
    expect((await refreshContent(one.deps, waiting)).request).toEqual(decided);
    const shown = history(askedFor({ content: { at: 2, files: [{ name: 'minidump.ps1', sha256: 'aa' }] } }));
    const other = house(shown);
    const answer = await refreshContent(other.deps, waiting);
    expect(answer.request).toEqual(shown);
    expect(answer.departed).toBeDefined();
    expect([...one.events(), ...other.events()]).toEqual([]);
    const unknown = house(history(askedFor({ content: seen }), 'approved', 'claimed', 'lost'));
    await refreshContent(unknown.deps, unknown.now());
    expect(unknown.events()).toEqual(['contentSeen']);
    const gone = createWorkerPorts([]);
    gone.defender.library = () => Promise.resolve({ files, whole: true });
    expect((await refreshContent(gone.deps, waiting)).request).toBe(waiting);
  });
});

test('groups remember the last answer of each person, by their accounts', async () => {
  let yes = true;
  const asks: unknown[] = [];
  const includes: Groups['includes'] = (...ask) => (asks.push(ask), Promise.resolve(yes));
  const groups: Groups = {
    includes,
    platformOf: (group) => `platform of ${group}`,
  };
  const memory = new Map<string, string>();
  const remembering = rememberingGroups(groups, memory);
  expect(remembering.lastKnown?.('g', riley)).toBeUndefined();
  expect(await remembering.includes('g', riley, true, 5)).toBe(true);
  expect(asks).toEqual([['g', riley, true, 5]]);
  expect(remembering.lastKnown?.('g', riley)).toBe(true);
  expect(remembering.lastKnown?.('g', { ...riley, id: 'x', accounts: [...riley.accounts].reverse() })).toBe(
    true,
  );
  expect(remembering.lastKnown?.('g', { ...riley, accounts: ['console:other'] })).toBeUndefined();
  expect(remembering.lastKnown?.('h', riley)).toBeUndefined();
  yes = false;
  await remembering.includes('g', riley);
  expect(remembering.lastKnown?.('g', riley)).toBe(false);
  expect([...memory.values()]).toEqual(['no']);
  expect(remembering.platformOf?.('g')).toBe('platform of g');
  const silent = rememberingGroups(
    { includes },
    new Map([[`g ${[...avery.accounts].sort().join(' ')}`, 'yes']]),
  );
  expect(silent.platformOf?.('g')).toBeUndefined();
  expect(silent.lastKnown?.('g', avery)).toBe(true);
});
