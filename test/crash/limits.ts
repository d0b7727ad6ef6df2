// The simulated Defender of the crash tests takes as many calls as come.

const most = [{ max: 1_000_000, perMs: 60_000 }];
/** The rates of Defender are not what this is about, and would stretch it to an hour. */
export const wide = {
  run: most,
  list: most,
  get: most,
  link: most,
  cancel: most,
  machines: most,
  library: most,
} as const;

export async function liftLimits(api: string): Promise<void> {
  const answer = await fetch(`${api}/simulator/profile`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ limits: wide }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
