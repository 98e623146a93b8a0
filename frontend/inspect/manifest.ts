/** What `manifest.json` of a dump says. */
import type { Level } from "../../compiler/pass-runner.ts";

export interface Manifest {
  /** Version of Weft. */
  readonly weft: string;
  readonly modules: readonly ModuleRecord[];
}

/** One compiled function. */
export interface ModuleRecord {
  readonly index: number;
  readonly name: string;
  /** `compiling` where the program ended, or the next file could not be written, in the middle of it. */
  status: "compiling" | "compiled" | "failed";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Positions of donated inputs. */
  readonly donated: readonly number[];
  /** Of all passes together. */
  milliseconds: number;
  readonly passes: PassEntry[];
  kernels: readonly KernelRecord[];
  memory: MemoryRecord | null;
  wasm: WasmRecord | null;
  failure: FailureRecord | null;
  /** Every file of this module, in the order they were written. */
  readonly files: string[];
}

export interface PassEntry {
  /** 0 is the graph as it was traced. */
  readonly index: number;
  readonly name: string;
  readonly level: Level;
  readonly milliseconds: number;
  readonly changed: boolean;
  /** Equations of the graph and its sub-graphs; null below the level of graphs. */
  readonly equations: { readonly before: number; readonly after: number } | null;
  /** What the pass made; null where it changed nothing. */
  readonly file: string | null;
}

export interface KernelRecord {
  readonly name: string;
  readonly file: string;
  /** Its part of the portable module's text; null until that is known, or where WABT is not installed. */
  wat: string | null;
  /** The user's lines fused into it: `src/loss.ts:7:12`. */
  readonly sources: readonly string[];
}

export interface MemoryRecord {
  /** Size of the arena for temporary buffers. */
  readonly tempBytes: number;
  /** No plan of this program's buffers can be smaller. */
  readonly lowerBound: number;
  readonly constantBytes: number;
}

export interface WasmRecord {
  readonly simd: ModuleFiles;
  /** The variant for engines with relaxed SIMD. */
  readonly relaxed: ModuleFiles;
}

export interface ModuleFiles {
  readonly file: string;
  readonly bytes: number;
  wat: string | null;
}

export interface FailureRecord {
  readonly pass: string;
  readonly message: string;
  /** The file of what the pass was given. */
  readonly input: string;
  /** Reproduces the failure. */
  readonly command: string;
}
