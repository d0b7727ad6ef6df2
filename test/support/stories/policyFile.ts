// Policies that a file changes to, in the stories on reading it again.
import { examplePolicy } from '../apps/testApp.ts';

export const looser = examplePolicy.replace(
  'groups: [Workstations, Servers]',
  'groups: [Workstations, Servers, Kiosks]',
);
export const broken = examplePolicy.replace('freeze: [approver]', 'freeze: [approvr]');
