// Stories with many requests at once are not about how many may wait.
export function manyPending(policy: string): string {
  return policy.replaceAll(
    '{ request: responder,',
    '{ pending: { person: 1000, device: 1000 }, request: responder,',
  );
}
