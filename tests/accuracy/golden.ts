/** The golden points of golden.bin and iterated.bin; their format is described in golden.py. */
import { readFileSync } from "node:fs";
import { floats, type Points } from "./points.ts";

export interface Golden {
  readonly points: Points;
  /** The exact result is rounded[i] + lost[i] ULP. */
  readonly rounded: Float64Array;
  readonly lost: Float64Array;
}

interface Entry {
  readonly name: string;
  readonly arity: number;
  readonly count: number;
}

/** Arguments and results, without the results' rounding errors. */
export interface GoldenColumns {
  readonly args: readonly Float64Array[];
  readonly results: Float64Array;
}

/** Walks over a file: its entries, and columns in the order they stand. */
class Columns {
  readonly entries: readonly Entry[];
  readonly #view: DataView;
  #at: number;

  constructor(file: Buffer) {
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const headerBytes = this.#view.getUint32(0, true);
    this.entries = JSON.parse(file.toString("utf8", 4, 4 + headerBytes));
    this.#at = 4 + headerBytes;
  }

  doubles(count: number): Float64Array {
    const start = this.#at;
    this.#at += 8 * count;
    return Float64Array.from({ length: count }, (_, i) => this.#view.getFloat64(start + 8 * i, true));
  }

  bytes(count: number): Float64Array {
    const start = this.#at;
    this.#at += count;
    return Float64Array.from({ length: count }, (_, i) => this.#view.getInt8(start + i));
  }
}

export function readGolden(): ReadonlyMap<string, Golden> {
  const columns = new Columns(readFileSync(new URL("golden.bin", import.meta.url)));
  const goldens = new Map<string, Golden>();
  for (const { name, arity, count } of columns.entries) {
    const points = Array.from({ length: arity }, () => floats("float64", columns.doubles(count)));
    const rounded = columns.doubles(count);
    const lost = columns.bytes(count).map((x) => x / 254);
    goldens.set(name, { points, rounded, lost });
  }
  return goldens;
}

export function readColumns(file: Buffer): ReadonlyMap<string, GoldenColumns> {
  const columns = new Columns(file);
  return new Map(
    columns.entries.map(({ name, arity, count }) => {
      const args = Array.from({ length: arity }, () => columns.doubles(count));
      return [name, { args, results: columns.doubles(count) }];
    }),
  );
}
