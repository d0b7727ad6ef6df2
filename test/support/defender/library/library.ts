// Changes the simulated tenant's live response library the way anybody with Library.Manage would: over HTTP,
// with OverrideIfExists.
import type { TestApp } from '../../apps/testApp.ts';

/** Uploads `content` under `name`, over what is there. */
export async function upload(
  { simulator }: Pick<TestApp, 'simulator'>,
  name: string,
  content: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob([content]), name);
  for (const [key, value] of Object.entries({ OverrideIfExists: 'true', ...more })) form.set(key, value);
  const answer = await fetch(`${simulator.url}/api/libraryfiles`, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`upload of ${name}: ${answer.status} ${await answer.text()}`);
}

export async function remove({ simulator }: Pick<TestApp, 'simulator'>, name: string): Promise<void> {
  const answer = await fetch(`${simulator.url}/api/libraryfiles/${name}`, { method: 'DELETE' });
  if (answer.status !== 204) throw new Error(`removal of ${name}: ${answer.status}`);
}
