// Reader of a multipart/form-data body, as far as a library upload uses it. Node's own reader is deprecated
// for servers.

export interface Part {
  readonly name: string;
  /** Given for files only. */
  readonly fileName: string | undefined;
  readonly bytes: Uint8Array;
}

/**
 * The parts of the body; undefined when the content type names no boundary or the body does not follow it.
 */
export function partsOf(contentType: string, body: Uint8Array): readonly Part[] | undefined {
  const named = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = named?.[1] ?? named?.[2];
  if (boundary === undefined) return undefined;
  // Latin-1 keeps every byte as one character, so that the text can be cut and turned back into bytes.
  const pieces = `\r\n${Buffer.from(body).toString('latin1')}`.split(`\r\n--${boundary}`);
  if (pieces.length < 2 || pieces.at(-1)?.startsWith('--') !== true) return undefined;
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf('\r\n\r\n');
    const head = piece.slice(0, end);
    const attribute = (name: string): string | undefined =>
      new RegExp(`[;\\s]${name}="?([^";\\r\\n]*)"?`, 'i').exec(head)?.[1];
    return {
      name: attribute('name') ?? '',
      fileName: attribute('filename'),
      bytes: Buffer.from(piece.slice(end + 4), 'latin1'),
    };
  });
}
