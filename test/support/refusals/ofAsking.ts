// Refusals of whoever asks: who it is, of what, and on which device.
import { askedAt } from '../requests/requests.ts';
import { by, id } from './samples.ts';
import type { RefusalSamples } from './samples.ts';

const candidates = Array.from({ length: 10 }, (_, index) => ({
  id: String(index).repeat(40),
  name: `kiosk${index}\u202E`,
  os: 'Windows11',
  health: 'Active',
}));

export const refusalsOfAsking = {
  unlisted: [{ refused: 'unlisted', account: 'slack:U0' }],
  ambiguousPerson: [{ refused: 'ambiguousPerson', account: 'slack:U0', people: ['a', 'b'] }],
  notMember: (['guest', 'external', 'bot', 'anonymous', 'foreignTenant', 'deactivated'] as const).map(
    (trust) => ({ refused: 'notMember', trust }),
  ),
  identityUnread: [
    { refused: 'identityUnread', platform: 'Slack' },
    { refused: 'identityUnread', platform: 'Teams', undone: 'approved', pressed: true },
  ],
  missingRole: [
    { refused: 'missingRole', deed: 'approve', need: ['approver'], unread: [] },
    { refused: 'missingRole', deed: 'see', need: [], unread: ['slack:S1', 'entra:x'] },
    { refused: 'missingRole', deed: 'approve', need: ['approver', 'lead'], unread: [], all: true },
  ],
  selfApproval: [
    { refused: 'selfApproval', id, deed: 'approve' },
    { refused: 'selfApproval', id, deed: 'resend' },
  ],
  ownRequest: [{ refused: 'ownRequest', id }],
  notYourRequest: [
    { refused: 'notYourRequest', id, deed: 'cancel', requester: by, role: 'approver', unread: [] },
  ],
  nobodyCanApprove: [{ refused: 'nobodyCanApprove', role: 'approver' }],
  placeNotAllowed: [
    { refused: 'placeNotAllowed', place: 'slack:C0', direct: false },
    { refused: 'placeNotAllowed', place: 'slack:D0', direct: true },
  ],
  unknownRecipe: [{ refused: 'unknownRecipe', recipe: 'dump' }],
  commandNotAllowed: [{ refused: 'commandNotAllowed', command: 'RunScript' }],
  wrongSystem: [
    {
      refused: 'wrongSystem',
      recipe: 'collect',
      systems: 'Windows',
      device: 'web1\u202E',
      os: 'Ubuntu',
      family: 'Linux',
      fits: [{ line: 'collect-unix web1', whole: true }],
    },
    {
      refused: 'wrongSystem',
      recipe: 'collect',
      systems: 'Windows',
      device: 'web1',
      os: 'Ubuntu',
      family: 'Linux',
      fits: [],
    },
  ],
  reasonRequired: [{ refused: 'reasonRequired', tier: 'high' }],
  notInLibrary: [
    {
      refused: 'notInLibrary',
      name: 'colect.ps1',
      suggestions: ['collect.ps1'],
      line: 'run hosta collect.ps1',
    },
    { refused: 'notInLibrary', name: 'colect.ps1', suggestions: ['collect.ps1'] },
    { refused: 'notInLibrary', name: 'nope.exe', suggestions: [] },
    { refused: 'notInLibrary', name: 'minidump.ps1', suggestions: [], recipe: 'dump' },
  ],
  unknownDevice: [
    { refused: 'unknownDevice', name: 'hostz' },
    { refused: 'unknownDevice', name: '_hosta_' },
    ...(['recipe', 'command', 'file', 'request'] as const).map((meant) => ({
      refused: 'unknownDevice' as const,
      name: 'lr-7f3k2q',
      meant,
    })),
  ],
  requestAsDevice: [{ refused: 'requestAsDevice', id, device: 'hosta.corp.example' }],
  noRequestId: (['recipe', 'command', 'file', 'fingerprint', 'device'] as const).flatMap((meant) =>
    [
      [],
      [{ id, status: 'Running' }],
      [
        { id, status: 'Running' },
        { id: 'lr-8g4m3r', status: 'Queued' },
      ],
    ].map((requests) => ({
      refused: 'noRequestId' as const,
      verb: 'cancel',
      word: 'hosta',
      meant,
      requests,
    })),
  ),
  ambiguousDevice: [
    { refused: 'ambiguousDevice', name: 'kiosk', candidates },
    {
      refused: 'ambiguousDevice',
      name: 'kiosk',
      candidates: candidates.map((one) => ({
        ...one,
        name: 'kiosk',
        group: 'Branch kiosks',
        lastReportAt: askedAt,
        duplicate: true,
      })),
      leftOut: Array.from({ length: 5 }, (_, n) => ({
        id: String(n).repeat(40),
        name: 'kiosk',
        unfit: { why: 'merged' as const, into: 'a'.repeat(40) },
      })),
    },
    {
      refused: 'ambiguousDevice',
      name: 'kiosk0',
      candidates: candidates
        .slice(0, 2)
        .map((one, n) => ({ ...one, name: n === 0 ? 'kiosk0' : 'kiosk0.corp.example' })),
    },
  ],
  unfitDevice: (['notOnboarded', 'tooLittle', 'unsupported', 'system', 'merged'] as const).flatMap((why) => {
    const unfit = why === 'merged' ? { why, into: 'b'.repeat(40) } : { why };
    const record = {
      id: 'a'.repeat(40),
      name: 'kiosk0',
      os: 'Android',
      health: 'Active',
      lastReportAt: askedAt,
      unfit,
    };
    const into = { id: 'b'.repeat(40), name: 'kiosk9', os: 'Windows11', health: 'Active' };
    return [[record], [record, record]].flatMap((records) => [
      { refused: 'unfitDevice' as const, name: 'kiosk0', records },
      ...(why === 'merged' && records.length === 1
        ? [
            { refused: 'unfitDevice' as const, name: 'kiosk0', records, into },
            {
              refused: 'unfitDevice' as const,
              name: 'kiosk0',
              records,
              into: { ...into, unfit: { why: 'notOnboarded' as const } },
            },
          ]
        : []),
    ]);
  }),
  devicesPartlyRead: [
    { refused: 'devicesPartlyRead', name: 'kiosk', candidates },
    { refused: 'devicesPartlyRead', name: 'kiosk', candidates: [] },
  ],
  outOfScope: [
    { refused: 'outOfScope', device: 'dc1', cause: { rule: 'never', by: 'tag', value: 'no-lr' } },
    { refused: 'outOfScope', device: 'x', cause: { rule: 'notAllowed', tags: [] } },
    {
      refused: 'outOfScope',
      device: 'x',
      cause: { rule: 'notAllowed', group: 'Servers', tags: ['a', 'b'] },
    },
  ],
} satisfies Partial<RefusalSamples>;
