/** The golden points of golden.bin; its format is described in golden.py. */
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

export function readGolden(): ReadonlyMap<string, Golden> {
  const file = readFileSync(new URL("golden.bin", import.meta.url));
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = view.getUint32(0, true);
  const entries: readonly Entry[] = JSON.parse(file.toString("utf8", 4, 4 + headerBytes));
  let at = 4 + headerBytes;
  const doubles = (count: number): Float64Array => {
    const column = Float64Array.from({ length: count }, (_, i) => view.getFloat64(at + 8 * i, true));
    at += 8 * count;
    return column;
  };
  const goldens = new Map<string, Golden>();
  for (const { name, arity, count } of entries) {
    const points = Array.from({ length: arity }, () => floats("float64", doubles(count)));
    const rounded = doubles(count);
    const lost = Float64Array.from({ length: count }, (_, i) => view.getInt8(at + i) / 254);
    at += count;
    goldens.set(name, { points, rounded, lost });
  }
  return goldens;
}
