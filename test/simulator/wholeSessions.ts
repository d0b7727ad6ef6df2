// Sessions that are run to their end in a simulated tenant, and files put into its library.
import { expect } from '@jest/globals';
import { wholeSession } from './defender.ts';
import type { ActionJson, Defender } from './defender.ts';

export interface Failed extends ActionJson {
  readonly troubleshootInfo: string | null;
}

export async function outcome(
  tenant: Defender,
  commands: readonly object[],
  device = 'hosta.corp.example',
): Promise<Failed> {
  const { id } = await tenant.start(device, commands);
  tenant.pass(wholeSession);
  return (await tenant.action(id)) as Failed;
}
export async function upload(
  tenant: Defender,
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob([content]), name);
  form.set('OverrideIfExists', 'true');
  expect((await tenant.fetch('/api/libraryfiles', { method: 'POST', body: form })).status).toBe(200);
}
