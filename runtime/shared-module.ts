/**
 * The same module over a shared memory. Whether a memory is shared is part of its type, so a module says it in the
 * import; nothing else of compiled code depends on it. Rewriting the import here spares every artifact two variants.
 */

/** Pages of 64 KiB in 4 GiB. A shared memory must declare a maximum. */
const MAX_PAGES = 65_536;
const IMPORT_SECTION = 2;
const FUNCTION = 0;
const MEMORY = 2;

/** Where a section's parts are read from. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    return this.bytes[this.at++];
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  skipName(): void {
    const length = this.unsigned();
    this.at += length;
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** A copy of a compiled module that imports a shared memory of at most `maximum` pages. */
export function sharedModule(module: Uint8Array, maximum = MAX_PAGES): Uint8Array<ArrayBuffer> {
  const reader = new Reader(module, 8);
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.unsigned();
    const content = reader.at;
    if (id !== IMPORT_SECTION) {
      reader.at = content + size;
      continue;
    }
    const limits = memoryLimits(reader);
    if (limits === null) break;
    const changed = [0x03, ...unsigned(limits.min), ...unsigned(maximum)];
    const before = module.subarray(content, limits.start);
    const after = module.subarray(limits.end, content + size);
    const head = [IMPORT_SECTION, ...unsigned(before.length + changed.length + after.length)];
    const parts = [
      module.subarray(0, start),
      Uint8Array.from(head),
      before,
      Uint8Array.from(changed),
      after,
      module.subarray(content + size),
    ];
    const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  throw new TypeError("not a compiled program: it imports no memory");
}

/** Where the limits of the imported memory stand; the reader is at the start of the section's content. */
function memoryLimits(reader: Reader): { start: number; end: number; min: number } | null {
  for (let count = reader.unsigned(); count > 0; count--) {
    reader.skipName();
    reader.skipName();
    const kind = reader.byte();
    if (kind === MEMORY) {
      const start = reader.at;
      const hasMaximum = (reader.byte() & 1) !== 0;
      const min = reader.unsigned();
      if (hasMaximum) reader.unsigned();
      return { start, end: reader.at, min };
    }
    if (kind !== FUNCTION) return null;
    reader.unsigned();
  }
  return null;
}
