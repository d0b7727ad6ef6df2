// Words that several refusals share, and the shape of their tables.

/** The sentence of each kind of a refusal. `command`: the chat command's name. */
export type Sentences<Of extends { readonly refused: string }> = {
  readonly [Kind in Of['refused']]: (
    refusal: Extract<Of, { readonly refused: Kind }>,
    command: string,
  ) => string;
};

export function unreadSentence(unread: readonly string[]): string | undefined {
  if (unread.length === 0) return undefined;
  return `The members of ${unread.join(' and ')} could not be read just now, so that group gave no role. Try again in a minute.`;
}

/** What Microsoft's support asks for. */
export function correlation(target: string | undefined): string {
  return target === undefined ? '' : ` Correlation id: ${target}.`;
}

/** `15:04 UTC`; the date is on the card. */
export function clock(at: number): string {
  const minutes = Math.floor(at / 60_000) % 1440;
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')} UTC`;
}
