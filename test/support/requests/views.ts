// A small card view for tests of what carries cards, not of what they say.
import type { CardView } from '../../../cards/view.ts';

export function aView(more: Partial<CardView> = {}): CardView {
  return {
    requestId: 'lr-7f3k2q',
    revision: 1,
    fingerprint: 'a1b2-c3d4',
    title: 'dump OfficeClickToRun on hosta.corp.example',
    status: 'Waiting for approval',
    tone: 'attention',
    lead: 'Nothing has run.',
    facts: [{ label: 'Requester', value: 'Ana Requester' }],
    steps: [
      { index: 0, command: 'RunScript minidump.ps1 OfficeClickToRun', status: 'waiting', tone: 'neutral' },
    ],
    excerpts: [],
    links: [],
    notes: [],
    buttons: [{ verb: 'approve', label: 'Approve', style: 'primary', spoken: 'Approve' }],
    fallback: 'Waiting for approval: dump OfficeClickToRun on hosta.corp.example, asked by Ana Requester',
    ...more,
  };
}
