// Which door to Teams the tests of this file go through. A file below `direct` imports `direct.ts` first and
// then the very tests of the other door, so that both pass the same ones.
let chosen: 'botbuilder' | 'direct' = 'botbuilder';

export function teamsDoor(): 'botbuilder' | 'direct' {
  return chosen;
}

export function throughDirectDoor(): void {
  chosen = 'direct';
}
