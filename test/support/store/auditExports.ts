// An export that agrees with the journal, for the stories on `npm run audit -- compare`.
import { actionId, chatter, day, deviceId, minute, said, tagOf } from './auditLog.ts';
import type { AuditBench, Said } from './auditLog.ts';

export const api = 'RunLiveResponseApi';
export const window = ['--from', '2026-01-01', '--to', '2026-02-01'];

/** Three sessions that both know, each by another thing, among records of other kinds. */
export function agreed(bench: AuditBench): readonly Said[] {
  bench.journal(
    { id: 'r1', at: 0, action: actionId(1) },
    { id: 'r2', at: day, action: actionId(2), device: 'hostb.corp.example' },
    { id: 'r3', at: 2 * day, action: actionId(3), device: 'hostc.corp.example' },
  );
  return [
    chatter(-day),
    said(api, 0, { ActionId: actionId(1), ActionComment: `${tagOf('r1')} | requested by A` }),
    chatter(minute),
    said(api, day + minute, {
      DeviceName: 'hostb.corp.example',
      ActionComment: `${tagOf('r2')} | requested by A`,
    }),
    said(api, 2 * day + 2 * minute, { DeviceId: deviceId('hostc.corp.example'), DeviceName: undefined }),
    chatter(3 * day),
  ];
}
