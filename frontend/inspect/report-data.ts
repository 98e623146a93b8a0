/** What the inspector's page shows, as plain data: the page's script gets it as JSON and knows nothing else of Weft. */
import type { Cost } from "../../compiler/analysis/cost.ts";
import type { Machine } from "./measure/machine.ts";

/** A value of the graph through all stages, by its number in `InspectData.values`. */
export interface ValueInfo {
  /** The same in all texts: `%12`. */
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  /** The equation that makes it; null for an input of the graph or of a loop's body. */
  readonly op: string | null;
  readonly source: SourceInfo | null;
}

export interface SourceInfo {
  /** Position in `InspectData.files`. */
  readonly file: number;
  readonly line: number;
  readonly column: number;
  readonly function: string | null;
}

export interface FileInfo {
  readonly name: string;
  /** Null where the file could not be read. */
  readonly lines: readonly string[] | null;
}

export interface PassInfo {
  readonly index: number;
  readonly name: string;
  readonly level: string;
  readonly milliseconds: number;
  readonly changed: boolean;
  readonly equations: { readonly before: number; readonly after: number } | null;
  /** What it made, with the values' names; null where that is what the pass before made. */
  readonly lines: readonly string[] | null;
}

/** An equation of the optimised graph, or of a graph inside it. */
export interface NodeInfo {
  readonly op: string;
  /** Numbers of values. */
  readonly outputs: readonly number[];
  readonly source: SourceInfo | null;
  /** Kernels that compute it, by position in `kernels`: several where it is computed again. */
  readonly kernels: readonly number[];
  /** The loop or branch whose body it is in, by position among the nodes. */
  readonly parent: number | null;
}

/** A value on its way from an equation to another. */
export interface EdgeInfo {
  readonly value: number;
  /** Positions among the nodes. */
  readonly from: number;
  readonly to: number;
  /** Whether it goes through memory from one kernel to another. */
  readonly boundary: boolean;
  readonly reason: string;
  /** That the boundary costs: written once and read back. */
  readonly bytes: number;
}

/** What the card of a kernel shows, whatever it was compiled for. */
export interface KernelCard {
  readonly name: string;
  /** Of the fusion plan; empty for a kernel that only fills memory. */
  readonly group: string;
  readonly lines: readonly string[];
  /** What the names in the text stand for, where that is a value of the graph. */
  readonly values: Readonly<Record<string, number>>;
  readonly params: readonly { readonly name: string; readonly type: string; readonly access: string }[];
  readonly loops: readonly {
    readonly depth: number;
    readonly kind: string;
    readonly name: string;
    readonly extent: number;
  }[];
  /** Of one launch. */
  readonly cost: Cost;
  /** Of one call of the function. */
  readonly launches: number;
  readonly sources: readonly SourceInfo[];
  /** Of the middle launch, in milliseconds; null where it was not run. */
  readonly milliseconds: number | null;
}

export interface KernelInfo extends KernelCard {
  readonly wat: readonly string[] | null;
}

/** A kernel of the same function compiled for WebGPU, where fusion and loops are others. */
export interface GpuKernelInfo extends KernelCard {
  /** Values that it computes, stored or not. */
  readonly makes: readonly number[];
  readonly wgsl: readonly string[];
}

export interface BufferInfo {
  readonly label: string;
  readonly type: string;
  readonly kind: "input" | "output" | "constant" | "temp";
  readonly bytes: number;
  /** Of a temporary: where it lies, and from which moment to which. */
  readonly place: { readonly offset: number; readonly start: number; readonly end: number } | null;
}

export interface MemoryInfo {
  readonly tempBytes: number;
  readonly lowerBound: number;
  readonly constantBytes: number;
  readonly buffers: readonly BufferInfo[];
  readonly moments: readonly {
    readonly position: number;
    readonly step: string;
    readonly depth: number;
    readonly bytes: number;
  }[];
  /** Outputs that take over the memory of a donated input. */
  readonly donations: readonly { readonly output: string; readonly input: string; readonly bytes: number }[];
  /** Donated inputs whose memory no output takes over. */
  readonly unused: readonly string[];
}

export interface InspectData {
  readonly weft: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly files: readonly FileInfo[];
  readonly values: readonly ValueInfo[];
  readonly passes: readonly PassInfo[];
  readonly nodes: readonly NodeInfo[];
  readonly edges: readonly EdgeInfo[];
  readonly kernels: readonly KernelInfo[];
  readonly memory: MemoryInfo;
  readonly gpu: readonly GpuKernelInfo[];
  /** What this machine can do at most; null where nothing was run. */
  readonly machine: Machine | null;
  /** The same of the GPU. */
  readonly gpuMachine: Machine | null;
  readonly wasmBytes: { readonly simd: number; readonly relaxed: number };
}
