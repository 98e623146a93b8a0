/** What fusion is told of WebAssembly. */
import type { FusionTarget } from "../fusion/target.ts";
import { timesPacked } from "./contraction/packed-reads.ts";

/** A function of WebAssembly may have 1000 parameters; engines pass a good many of them on the stack. */
export const WASM_FUSION: FusionTarget = {
  buffers: 200,
  reads: Infinity,
  rowsInOrder: true,
  merges: true,
  timesPacked,
};
