// What the bot loads only when it starts is loaded before a day begins: reading files takes turns of the event loop
// that a simulated day does not wait for.
export async function loadModules(): Promise<void> {
  await Promise.all([
    import('../../../src/adapters/slack/open.ts'),
    import('../../../src/adapters/teams/open.ts'),
    import('../../../src/adapters/teams/direct/directDoor.ts'),
  ]);
}
