/** One kernel of a compiled function as a value: its text, its cost, and a run of it alone. */
import type { Cost } from "../../compiler/analysis/cost.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import { formatSource } from "../../compiler/types/source.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { loadWasm } from "../../runtime/loader.ts";
import { bytesOfTypedArray, dtypeOfTypedArray, typedArrayOf } from "../../runtime/typed-array.ts";
import { WeftTypeError } from "../core/errors.ts";
import { kernelProgram } from "../inspect/kernel-program.ts";
import { loadWat, watOfKernel } from "../inspect/wat.ts";

/** A buffer that a kernel is given. */
export interface KernelParameter {
  readonly name: string;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
  readonly access: "read" | "write" | "readwrite";
}

export class KernelHandle {
  /** Of one launch. */
  readonly cost: Cost;
  /** How often a call of the function launches it; at least, where a loop is ended by its data. */
  readonly launches: number;
  readonly #kernel: Kernel;
  readonly #module: () => Uint8Array;
  #run: ((buffers: readonly TypedArray[]) => void) | null = null;

  constructor(kernel: Kernel, cost: Cost, launches: number, module: () => Uint8Array) {
    this.#kernel = kernel;
    this.cost = cost;
    this.launches = launches;
    this.#module = module;
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

  /** Floating operations of a launch for each byte it has to read or write. */
  get arithmeticIntensity(): number {
    const bytes = this.cost.bytesRead + this.cost.bytesWritten;
    return bytes === 0 ? 0 : this.cost.flops / bytes;
  }

  /** Loops, index expressions and statements. */
  asText(): string {
    return printKernel(this.#kernel);
  }

  /** Its functions in the portable module. Rejects where the optional package `wabt` is not installed. */
  async wat(): Promise<string> {
    const toWat = await loadWat();
    return watOfKernel(toWat(this.#module()), this.name);
  }

  /**
   * Runs the kernel alone on one typed array for each parameter, in order; those it writes are written in place. float16
   * is given as its bits (Uint16Array), bool as Uint8Array of 0 and 1.
   *
   * Throws WeftTypeError that lists every array that does not fit.
   */
  run(buffers: readonly TypedArray[]): void {
    this.#check(buffers);
    this.#run ??= loadKernel(this.#kernel);
    this.#run(buffers);
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

/** The kernel as a program of its own: what it reads is copied in, what it writes is copied out. */
function loadKernel(kernel: Kernel): (buffers: readonly TypedArray[]) => void {
  const positions = [...kernel.params.keys()];
  const read = positions.filter((i) => kernel.params[i].access !== "write");
  const written = positions.filter((i) => kernel.params[i].access !== "read");
  const loaded = loadWasm(compileWasm(kernelProgram(kernel)));
  const { memory } = loaded.device;
  return (given) => {
    const inputs = read.map((i) => memory.store(bytesOfTypedArray(given[i])));
    const outputs = loaded.run(inputs);
    for (const input of inputs) input.release();
    for (const [at, i] of written.entries()) {
      bytesOfTypedArray(given[i]).set(outputs[at].bytes());
      outputs[at].release();
    }
  };
}
