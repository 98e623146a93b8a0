/**
 * The Program: what a compiled function is once no graph is left. Kernels, buffers with planned offsets, and a
 * schedule with structured loops and branches. It is serialisable and it is all the runtime knows of the compiler.
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { DType } from "../types/dtype.ts";
import type { Shape } from "../types/tensor-type.ts";

/**
 * - `input`, `output`: given by the caller at each call.
 * - `constant`: data of the program, placed once when it is loaded.
 * - `temp`: within the program's temporary arena, at `offset`.
 */
export type BufferKind = "input" | "output" | "constant" | "temp";

export interface ProgramBuffer {
  readonly id: number;
  readonly kind: BufferKind;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bytes: number;
  /** temp: byte offset in the temporary arena; constant: byte offset in `constants`; input/output: its position. */
  readonly offset: number;
  /** What it holds, for dumps: the graph value's name. */
  readonly label: string;
}

/** A counted loop being run, for offsets that move with it. Identity by id. */
export type LoopId = number;

/** Bytes of a buffer from an offset that may move with enclosing loops' counters. */
export interface BufferRef {
  readonly buffer: number;
  /** Constant byte offset. */
  readonly offset: number;
  /** Further bytes: counter of the loop times stride (may be negative for reverse scans). */
  readonly strides: readonly { readonly loop: LoopId; readonly stride: number }[];
}

export type Step = LaunchStep | CopyStep | ForStep | WhileStep | BranchStep;

/** Runs a kernel with one buffer per kernel parameter. */
export interface LaunchStep {
  readonly kind: "launch";
  readonly kernel: string;
  readonly args: readonly BufferRef[];
}
/** Copies bytes; source and target do not overlap unless they are equal. */
export interface CopyStep {
  readonly kind: "copy";
  readonly from: BufferRef;
  readonly to: BufferRef;
  readonly bytes: number;
}
/** Runs body `trips` times with counter 0, 1, … */
export interface ForStep {
  readonly kind: "for";
  readonly loop: LoopId;
  readonly trips: number;
  readonly body: readonly Step[];
}
/** Runs `cond`, then, while the bool at `predicate` holds, `body` and `cond` again. */
export interface WhileStep {
  readonly kind: "while";
  readonly cond: readonly Step[];
  readonly predicate: BufferRef;
  readonly body: readonly Step[];
}
/**
 * Runs cases[clamp(index, 0, cases.length - 1)], index an int32. With the index "threads" the first of two cases is for
 * one thread and the second for several; both give the same bits.
 */
export interface BranchStep {
  readonly kind: "branch";
  readonly index: BufferRef | "threads";
  readonly cases: readonly (readonly Step[])[];
}

/** What the caller has to know: the interface without the kernels. */
export interface ProgramInterface {
  readonly name: string;
  readonly inputs: readonly { readonly dtype: DType; readonly shape: Shape; readonly label: string }[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape; readonly label: string }[];
  /** Output i may be written into the buffer of the donated input aliases[i]; null: a fresh buffer. */
  readonly aliases: readonly (number | null)[];
  readonly tempBytes: number;
  /** Contents of the constant segment. */
  readonly constants: Uint8Array;
}

export interface Program extends ProgramInterface {
  readonly buffers: readonly ProgramBuffer[];
  readonly kernels: readonly Kernel[];
  readonly schedule: readonly Step[];
}

/** Buffers start at multiples of this many bytes: a cache line. */
export const BUFFER_ALIGNMENT = 64;

/**
 * A Program compiled for Wasm. Each module imports `env.memory` and exports `run(table: i32)`. `table` points to
 * int32 byte addresses: temporary arena, constant segment, then the inputs, then the outputs. A module that does some
 * things differently for several threads exports `threads`, a variable i32 that is 0 for one thread.
 */
export interface WasmExecutable {
  readonly interface: ProgramInterface;
  readonly modules: { readonly simd: Uint8Array; readonly relaxed: Uint8Array };
}
