/**
 * A Program compiled for WebGPU: shaders, temporary buffers and a schedule of dispatches. Plain data, so it serialises as
 * it is; it is all that the WebGPU runtime knows of the compiler.
 *
 * Buffers hold the same bytes as on Wasm: elements of 1 and 2 bytes are packed, every buffer is padded to 4 bytes.
 * A dispatch never has one GPU buffer in two bindings of which one is written: WebGPU tracks usage by whole buffers.
 */

import type { DType } from "../types/dtype.ts";
import type { ArtifactConstant } from "./artifact.ts";
import type { LoopId, ProgramInterface } from "./program.ts";

/** A program for WebGPU: shaders, buffers and schedule. */
export interface WebGpuExecutable {
  /** `tempBytes` is the sum of `slots`. Output o with `aliases[o] = i` is input i's own buffer, written in place. */
  readonly interface: ProgramInterface;
  readonly shaders: readonly GpuShader[];
  /**
   * Sizes in bytes of the temporary GPU buffers of one call. Each holds several temporaries one after the other, each
   * from its beginning.
   */
  readonly slots: readonly number[];
  readonly schedule: readonly GpuStep[];
}

/** `NAME.wgsl.json`: an executable whose constant segment is made from tensors of the artifact's file of weights. */
export interface WebGpuFile extends Omit<WebGpuExecutable, "interface"> {
  readonly interface: Omit<ProgramInterface, "constants"> & {
    readonly constantBytes: number;
    readonly constants: readonly ArtifactConstant[];
  };
}

/**
 * What an adapter may have and a shader may need. `subgroups`: with numbers in the workgroup (`subgroup_id` of WGSL). There is
 * no `shader-f16`: float16 is computed in float32 and rounded when stored, as on Wasm, which needs no feature.
 */
export type GpuFeature = "subgroups";

export interface GpuShader {
  /** The kernel's name: label of the pipeline, and what errors name. */
  readonly name: string;
  /** One module whose entry point is `main`. */
  readonly wgsl: string;
  /** Storage buffers: `@group(0) @binding(i)`. */
  readonly bindings: readonly GpuBinding[];
  /**
   * Counters of enclosing loops that it reads: counter k is `@group(1)`, uniforms `low_k` at binding 2k and `high_k` at
   * binding 2k + 1, each one u32 with a dynamic offset into a table of 0 … COUNTER_BASE-1, one number every
   * `minUniformBufferOffsetAlignment` bytes. The counter is high · COUNTER_BASE + low.
   */
  readonly counters: number;
  /** Workgroups of a dispatch, within 65 535 along each dimension. */
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly features: readonly GpuFeature[];
  /** Lines of the user's program, as `file:line:column`, for errors. */
  readonly sources: readonly string[];
}

/** Numbers of one digit of a loop's counter: two digits count to a million. */
export const COUNTER_BASE = 1024;

export interface GpuBinding {
  readonly access: "read" | "readwrite";
  /** Name of the kernel's parameter. */
  readonly label: string;
  /** Bytes of the whole buffer that is bound, a multiple of 4. */
  readonly bytes: number;
}

/** A whole GPU buffer of a call. `constant`: one buffer holds the segment `interface.constants`. */
export type GpuBuffer =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "slot"; readonly index: number }
  | { readonly kind: "constant" };

/** A place in a buffer: byte offset, and further bytes by the counters of enclosing loops. */
export interface GpuPlace {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  readonly strides: readonly { readonly loop: LoopId; readonly stride: number }[];
}

export type GpuStep = DispatchStep | GpuCopyStep | GpuForStep | GpuWhileStep | GpuBranchStep;

/** Runs a shader. Offsets and moving slices are in the shader's own indices. */
export interface DispatchStep {
  readonly kind: "dispatch";
  readonly shader: number;
  /** One per binding. */
  readonly buffers: readonly GpuBuffer[];
  /** The loops whose counters the shader reads, in the order of its counters. */
  readonly counters: readonly LoopId[];
}
/** Copies between different buffers; places and size are multiples of 4 bytes. */
export interface GpuCopyStep {
  readonly kind: "copy";
  readonly from: GpuPlace;
  readonly to: GpuPlace;
  readonly bytes: number;
}
/** Runs body `trips` times with counter 0, 1, …: encoded that many times into the command buffer. */
export interface GpuForStep {
  readonly kind: "for";
  readonly loop: LoopId;
  readonly trips: number;
  readonly body: readonly GpuStep[];
}
/** Runs `cond`, then, while the byte at `predicate` (a bool, the lowest byte of its word) is not 0, `body` and `cond` again. */
export interface GpuWhileStep {
  readonly kind: "while";
  readonly cond: readonly GpuStep[];
  readonly predicate: GpuPlace;
  readonly body: readonly GpuStep[];
  /**
   * Lets turns be encoded before it is known whether they are to be made; null where `body` and `cond` are not dispatches
   * alone. It reads the predicate and writes to its second buffer, a slot of its own, three numbers for every dispatch of
   * `body` and then of `cond`, as they stand there: its workgroups, or zeros where the predicate does not hold.
   */
  readonly guard: DispatchStep | null;
}
/** Runs cases[clamp(index, 0, cases.length - 1)], index an int32. */
export interface GpuBranchStep {
  readonly kind: "branch";
  readonly index: GpuPlace;
  readonly cases: readonly (readonly GpuStep[])[];
}

/** What the compiler has to know of an adapter. */
export interface GpuLimits {
  /** Storage buffers that one shader may bind. */
  readonly storageBuffers: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Invocations of a workgroup. */
  readonly invocations: number;
  /** Bytes of one storage binding; a larger buffer is refused. */
  readonly bindingBytes: number;
  readonly features: readonly GpuFeature[];
  /**
   * Invocations run one after the other on a few cores (SwiftShader, llvmpipe): few are enough, workgroup memory is memory
   * like any other, and a barrier is dear.
   */
  readonly software: boolean;
  /** The tile measured as the fastest for a class of products; null or absent: the default. Changes no result. */
  readonly tile?: (product: ProductClass) => TileShape | null;
}

/** Products that take the same tile: extents are powers of two. */
export interface ProductClass {
  readonly dtype: DType;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** How a product is cut. */
export interface TileShape {
  /** Of the results, what an invocation computes. */
  readonly rows: number;
  readonly columns: number;
  /** Side of a workgroup's block at the most, and depth of the blocks in its memory; 0 where it has none. */
  readonly block: number;
  readonly depth: number;
}

/** What every WebGPU adapter grants. */
export const DEFAULT_LIMITS: GpuLimits = {
  storageBuffers: 8,
  workgroupBytes: 16384,
  invocations: 256,
  bindingBytes: 134217728,
  features: [],
  software: false,
};
