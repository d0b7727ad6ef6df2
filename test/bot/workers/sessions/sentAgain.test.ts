// A session that is sent again after its answer was lost: it is looked for once more right before the POST.
import { describe, expect, test } from '@jest/globals';
import type { DefenderApi } from '../../../../src/liveResponse/ports.ts';
import { actionWith, asked, exampleMoves } from '../../../support/requests/lifecycle.ts';
import { askedFor, history, portsStart } from '../../../support/apps/workerPorts.ts';
import { device, opened, says } from './sending.ts';

describe('after a lost answer a person had it sent again', () => {
  const again = history(askedFor(), 'approved', 'claimed', 'lost', 'resubmitted');
  const mine = { ...actionWith('InProgress'), comment: `${exampleMoves.claimed.attempt.tag} | x` };

  test('it is looked for once more; what is there is followed and not sent', async () => {
    const house = opened([again]);
    house.defender.recent = () => Promise.resolve({ actions: [mine], whole: true });
    await house.run();
    expect(house.calls).toEqual([`machine ${device.id}`, `recent ${device.id}`]);
    expect(house.stage()).toMatchObject({ state: 'running', run: { actionId: mine.id } });
    expect(house.logged).toEqual([
      { event: 'earlierAttemptFound', fields: { request: asked.id, action: mine.id } },
    ]);
    expect(house.learned).toEqual([]);
  });

  test('it is sent where it is not there', async () => {
    const house = opened([again]);
    house.defender.recent = () => Promise.resolve({ actions: [], whole: true });
    await house.run();
    expect(house.stage()).toMatchObject({ state: 'running', run: { actionId: 'action 1' } });
  });

  test('it is not sent while that cannot be told', async () => {
    const house = opened([again]);
    house.defender.recent = () => says('unavailable', { status: 503 });
    await house.run();
    expect(house.stage()).toMatchObject({
      state: 'queued',
      waitsFor: 'unavailable',
      notBefore: portsStart + 15_000,
      error: { code: 'unavailable', status: 503 },
    });
    expect(house.logged).toEqual([
      { event: 'lookFailed', fields: { request: asked.id, code: 'unavailable', detail: 'why' } },
    ]);
    const later = opened([again]);
    later.defender.recent = () => says('throttled', { retryAfterMs: 7 });
    await later.run();
    expect(later.stage()).toMatchObject({ notBefore: portsStart + 7 });
    const bug = opened([again]);
    bug.defender.recent = () => Promise.reject(new TypeError('a bug'));
    await bug.run();
    expect(bug.calls).not.toContain(`submit ${device.id}`);
    expect(bug.logged).toMatchObject([{ event: 'submissionFailed' }]);
  });

  test('its scripts are read once more after the search', async () => {
    const content = { at: 1, files: [{ name: 'minidump.ps1', sha256: 'aa' }] };
    const verified = history(askedFor({ content }), 'approved', 'claimed', 'lost', 'resubmitted');
    const house = (second: () => ReturnType<DefenderApi['library']>) => {
      const one = opened([verified]);
      one.defender.recent = () => Promise.resolve({ actions: [], whole: true });
      let reads = 0;
      const first = () => Promise.resolve({ files: content.files, whole: true });
      one.defender.library = () => ((reads += 1) === 1 ? first() : second());
      return one;
    };
    const same = house(() => Promise.resolve({ files: content.files, whole: true }));
    await same.run();
    expect(same.stage()?.state).toBe('running');
    const changed = house(() =>
      Promise.resolve({ files: [{ name: 'minidump.ps1', sha256: 'bb' }], whole: true }),
    );
    await changed.run();
    expect(changed.stage()).toMatchObject({ ending: { code: 'scriptChanged' } });
    const gone = house(() => says('unavailable'));
    await gone.run();
    expect(gone.stage()).toMatchObject({
      waitsFor: 'library',
      notBefore: portsStart + 15_000,
      error: { code: 'unavailable' },
    });
    const held = house(() => says('throttled', { retryAfterMs: 7 }));
    await held.run();
    expect(held.stage()).toMatchObject({ notBefore: portsStart + 7 });
    for (const one of [changed, gone, held]) expect(one.calls).not.toContain(`submit ${device.id}`);
    expect(same.events()).toEqual(['claimed', 'submitted']);
  });

  test('it is not sent where a freeze or the end of its time came during the search', async () => {
    const searched = async (meanwhile: (house: ReturnType<typeof opened>) => void) => {
      const house = opened([again]);
      house.defender.recent = () => {
        meanwhile(house);
        return Promise.resolve({ actions: [], whole: true });
      };
      await house.run();
      expect(house.calls).toEqual([`machine ${device.id}`, `recent ${device.id}`]);
      return house;
    };
    const frozen = await searched((house) => {
      house.store.frozen = { by: 'b', why: 'w', at: 0 };
    });
    expect(frozen.stage()).toMatchObject({ state: 'queued', waitsFor: 'frozen' });
    frozen.store.frozen = undefined;
    frozen.defender.recent = () => Promise.resolve({ actions: [], whole: true });
    await frozen.run();
    expect(frozen.stage()).toMatchObject({ state: 'running', run: { actionId: 'action 1' } });
    const late = await searched((house) => {
      house.clock.jump(31 * 60_000);
    });
    await late.run();
    expect(late.events()).toEqual(['claimed', 'deferred', 'lapsed']);
  });
});
