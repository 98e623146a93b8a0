/** Both variants of a program as one WebAssembly file. */

/** A portable module and the one for relaxed SIMD within it. */
export interface WasmFile {
  readonly bytes: Uint8Array;
  /** [start, end) of the module for engines with relaxed SIMD; null if it is the same. */
  readonly relaxed: readonly [number, number] | null;
}

/**
 * The portable module, with the other variant as the contents of a custom section `weft.relaxed`: engines and tools take
 * the file for the portable module that it is, and a loader on an engine with relaxed SIMD compiles the inner one.
 */
export function wasmFile(simd: Uint8Array, relaxed: Uint8Array): WasmFile {
  if (equalBytes(simd, relaxed)) return { bytes: simd, relaxed: null };
  const name = new TextEncoder().encode("weft.relaxed");
  const size = 1 + name.length + relaxed.length;
  const head = [0, ...leb128(size), name.length];
  const bytes = new Uint8Array(simd.length + head.length + name.length + relaxed.length);
  bytes.set(simd);
  bytes.set(head, simd.length);
  bytes.set(name, simd.length + head.length);
  const start = simd.length + head.length + name.length;
  bytes.set(relaxed, start);
  return { bytes, relaxed: [start, bytes.length] };
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb128(value >>> 7)];
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
