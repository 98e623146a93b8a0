/** One kernel of a compiled function as a value: its text, its cost, and a run of it alone. */
import { type Cost, operationsOf } from "../../compiler/analysis/cost.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import { type KernelAccess, kernelAccesses } from "../../compiler/text/kernel-accesses.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import { formatSource } from "../../compiler/types/source.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { dtypeOfTypedArray, typedArrayOf } from "../../runtime/typed-array.ts";
import { WeftTypeError } from "../core/errors.ts";

/** A buffer that a kernel is given. */
export interface KernelParameter {
  readonly name: string;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
  readonly access: "read" | "write" | "readwrite";
}

/** Runs a kernel on an array for each parameter, those it writes in place. */
export type RunKernel = (buffers: readonly TypedArray[]) => void | Promise<void>;

/** What kernels were compiled to. */
export interface KernelCode {
  /** The text of the kernel's code: `wat`, `wgsl`. */
  text(kernel: Kernel, language: "wat" | "wgsl"): string | Promise<string>;
  load(kernel: Kernel): RunKernel;
}

/** One kernel of a compiled function: its texts, what it costs, and how to run it alone. */
export class KernelHandle {
  /** Of one launch. */
  readonly cost: Cost;
  /** How often a call of the function launches it; at least, where a loop is ended by its data. */
  readonly launches: number;
  readonly #kernel: Kernel;
  readonly #code: KernelCode;
  #run: RunKernel | null = null;

  constructor(kernel: Kernel, cost: Cost, launches: number, code: KernelCode) {
    this.#kernel = kernel;
    this.cost = cost;
    this.launches = launches;
    this.#code = code;
  }

  get name(): string {
    return this.#kernel.name;
  }

  get parameters(): readonly KernelParameter[] {
    return this.#kernel.params;
  }

  /** The user's lines that were fused into it: `model.ts:9:40`. */
  get sources(): string[] {
    return this.#kernel.sources.flatMap((source) => {
      const location = source.resolve();
      return location === null ? [] : [formatSource(location)];
    });
  }

  /** The index expression of every load and store, over the axes of its loops. */
  get accesses(): KernelAccess[] {
    return kernelAccesses(this.#kernel);
  }

  /** Floating operations of a launch, those within math functions included, for each byte it has to read or write. */
  get arithmeticIntensity(): number {
    const bytes = this.cost.bytesRead + this.cost.bytesWritten;
    return bytes === 0 ? 0 : operationsOf(this.cost) / bytes;
  }

  /** Loops, index expressions and statements. */
  asText(): string {
    return printKernel(this.#kernel);
  }

  /**
   * Its functions in the portable module. Rejects where the function was compiled for WebGPU, and where the optional
   * package `wabt` is not installed.
   */
  async wat(): Promise<string> {
    return this.#code.text(this.#kernel, "wat");
  }

  /** Its shader; one for each placement of its buffers. Rejects where the function was compiled for WebAssembly. */
  async wgsl(): Promise<string> {
    return this.#code.text(this.#kernel, "wgsl");
  }

  /**
   * Runs the kernel alone on one typed array for each parameter, in order; those it writes are written in place. float16
   * is given as its bits (Uint16Array), bool as Uint8Array of 0 and 1. On WebAssembly that is done when it returns; on a
   * GPU it returns a promise, which rejects with NoAdapterError where there is none.
   *
   * Throws WeftTypeError that lists every array that does not fit.
   */
  run(buffers: readonly TypedArray[]): void | Promise<void> {
    this.#check(buffers);
    this.#run ??= this.#code.load(this.#kernel);
    return this.#run(buffers);
  }

  #check(buffers: readonly TypedArray[]): void {
    const { params } = this.#kernel;
    const problems = params.flatMap(({ name, dtype, size }, i) => {
      const given = buffers[i];
      const wanted = `${dtype}[${size}]`;
      if (given === undefined) return [`buffer ${i} (${name}): expected ${wanted}, got none`];
      const got = `${dtypeOfTypedArray(given)}[${given.length}]`;
      return holds(dtype, given) && given.length === size
        ? []
        : [`buffer ${i} (${name}): expected ${wanted}, got ${got}`];
    });
    if (buffers.length > params.length) {
      problems.push(`it takes ${params.length} buffers, got ${buffers.length}`);
    }
    if (problems.length === 0) return;
    throw new WeftTypeError(
      `Buffers do not fit the kernel ${this.name}:\n${problems.map((x) => `  * ${x}`).join("\n")}`,
    );
  }

  toString(): string {
    return this.asText();
  }
}

/** Whether elements of a dtype are kept in this kind of typed array. */
function holds(dtype: DType, given: TypedArray): boolean {
  return typedArrayOf(dtype, new ArrayBuffer(0)).constructor === given.constructor;
}
