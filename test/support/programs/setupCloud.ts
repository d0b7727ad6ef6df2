// Microsoft's cloud for the tests of the assistant: opened once, and before each test as it was at first.
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allRoles, startMicrosoftCloud } from '../entra/microsoftCloud.ts';
import type { MicrosoftCloud } from '../entra/microsoftCloud.ts';
import { SetupBench } from './setupBench.ts';

class SetupCloud {
  readonly cloud: MicrosoftCloud;
  readonly #folder: string;
  readonly #library: ReturnType<MicrosoftCloud['simulator']['tenant']['library']>;

  private constructor(cloud: MicrosoftCloud, folder: string) {
    this.cloud = cloud;
    this.#folder = folder;
    this.#library = cloud.simulator.tenant.library();
  }

  static async open(): Promise<SetupCloud> {
    const folder = mkdtempSync(join(tmpdir(), 'lr-cloud-'));
    return new SetupCloud(await startMicrosoftCloud(folder), folder);
  }

  reset(): void {
    for (const file of this.#library) this.cloud.simulator.tenant.keepFile(file);
    Object.assign(this.cloud.world, { roles: allRoles, expired: false, down: false, off: false });
  }

  async close(): Promise<void> {
    await this.cloud.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface SetupWithMicrosoft {
  cloud: MicrosoftCloud;
  bench: SetupBench;
}

/** Microsoft's cloud, and the assistant new for each test; to be called once in the file. */
export function setupWithMicrosoft(): SetupWithMicrosoft {
  const stage = {} as SetupWithMicrosoft;
  let opened: SetupCloud;
  beforeAll(async () => {
    opened = await SetupCloud.open();
    stage.cloud = opened.cloud;
  });
  beforeEach(() => {
    opened.reset();
    stage.bench = new SetupBench();
  });
  afterEach(() => {
    stage.bench.close();
  });
  afterAll(() => opened.close());
  return stage;
}
