// What clients of the field do with a simulated tenant: they meet it, start sessions and fetch results.
import { defender } from '../defender.ts';
import type { ActionJson, Defender } from '../defender.ts';
import { actionIn, stranger } from './stranger.ts';
import type { Heard, Stranger, StrangerOptions } from './stranger.ts';

export const windows = 'https://api.securitycenter.windows.com';
export const microsoft = 'https://api.securitycenter.microsoft.com';
export const liveResponse = ['Machine.LiveResponse', 'Machine.ReadWrite.All'];

export interface Link {
  readonly value: string;
}
export interface Transcript {
  readonly script_name: string;
  readonly exit_code: number;
  readonly script_output: string;
  readonly script_errors: string;
}

export const strict = (): Promise<Defender> => defender({ profile: { auth: 'token' } });
export async function meets(
  options: StrangerOptions,
): Promise<{ readonly tenant: Defender; readonly client: Stranger; readonly hosta: string }> {
  const tenant = await strict();
  return {
    tenant,
    client: stranger(tenant, options),
    hosta: tenant.tenant.device('hosta.corp.example')?.id ?? '',
  };
}
export const idOf = (answer: Heard): string => actionIn(answer, 201).id;
export const resultOf = async (client: Stranger, id: string, index = 0): Promise<Heard> =>
  client.download(
    (await client.get<Link>(`/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`))
      .value,
  );
export const ended = (action: ActionJson): boolean =>
  ['Succeeded', 'Failed', 'Cancelled', 'TimeOut'].includes(action.status);
