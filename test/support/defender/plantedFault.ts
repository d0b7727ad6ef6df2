// A fault of the simulated Defender, planted before a request is approved.
import type { TestApp } from '../apps/testApp.ts';

export const plant =
  (fault: Parameters<TestApp['simulator']['tenant']['faults']['plant']>[0]) =>
  (opened: TestApp): void => {
    opened.simulator.tenant.faults.plant(fault);
  };
