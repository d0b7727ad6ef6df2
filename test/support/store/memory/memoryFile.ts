// A file of the disk in memory: what it holds, what of that would survive a power cut, and what may be left
// of the rest.

/** What a disk writes whole; of a write that was under way when the power went, any of them may be missing. */
const sector = 512;

/** What the file held between two truncations. */
interface Stretch {
  /** Its length when the stretch began. */
  readonly begun: number;
  bytes: Buffer;
  /** So many of its first bytes are durable. */
  safe: number;
}

/** Bytes that a failed sync threw away: readable until the power goes, and durable never. */
interface Lost {
  readonly from: number;
  to: number;
}

export class MemoryFile {
  /** When it was last changed, epoch milliseconds. */
  time: number;
  /** What a power cut may leave: the durable bytes, and what came after each truncation since. */
  #stretches: readonly [Stretch, ...Stretch[]];
  #lost: readonly Lost[] = [];

  constructor(bytes: Buffer, time: number) {
    this.time = time;
    this.#stretches = [{ begun: bytes.length, bytes, safe: bytes.length }];
  }

  get bytes(): Buffer {
    return this.#last.bytes;
  }

  append(bytes: Uint8Array): void {
    this.#last.bytes = Buffer.concat([this.bytes, bytes]);
  }

  truncate(length: number): void {
    const bytes = this.bytes.subarray(0, length);
    const next = { begun: bytes.length, bytes, safe: Math.min(this.#last.safe, bytes.length) };
    this.#stretches = [...this.#stretches, next];
    this.#lost = this.#lost
      .filter(({ from }) => from < length)
      .map(({ from, to }) => ({ from, to: Math.min(to, length) }));
  }

  /** Makes what was written until now durable once it is called: a sync covers nothing that came later. */
  syncing(): () => void {
    const mark = this.#last;
    const { length } = mark.bytes;
    return () => {
      const at = this.#stretches.indexOf(mark);
      if (at < 0) return;
      const [, ...later] = this.#stretches.slice(at);
      mark.safe = length;
      let { safe } = mark;
      for (const one of later) one.safe = safe = Math.min(safe, one.begun);
      this.#stretches = [mark, ...later];
    };
  }

  /** A sync fails and the system gives up what it could not write: the next one succeeds without it. */
  loseUnsynced(): void {
    const { safe, bytes } = this.#last;
    if (safe < bytes.length) this.#lost = [...this.#lost, { from: safe, to: bytes.length }];
  }

  /** What a power cut leaves. `pick(n)` chooses 0..n-1: always 0 leaves least, always n-1 most. */
  remains(pick: (n: number) => number): Buffer {
    const { bytes, safe } = this.#stretches[pick(this.#stretches.length)] ?? this.#last;
    const length = safe + pick(bytes.length - safe + 1);
    const left = Buffer.from(bytes.subarray(0, length));
    for (let at = safe; at < length; at += sector - (at % sector)) {
      const end = Math.min(at + sector - (at % sector), length);
      if (pick(4) === 0) left.fill(0, at + pick(end - at), end);
    }
    for (const { from, to } of this.#lost) left.fill(0, Math.min(from, length), Math.min(to, length));
    return left;
  }

  get #last(): Stretch {
    return this.#stretches.at(-1) ?? this.#stretches[0];
  }
}
