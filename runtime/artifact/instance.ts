/** The programs of an artifact in WebAssembly memory: constants and weights placed once, a pointer table for each. */
import type { Artifact, ArtifactProgram } from "../../compiler/program/artifact.ts";
import { constantSegment } from "./constant-segment.ts";
import { ArtifactError } from "./errors.ts";
import type { Heap } from "./heap.ts";
import { Weights } from "./weights.ts";

interface LoadedProgram {
  readonly run: (table: number) => void;
  /** Address of the pointers to scratch, constants, inputs and outputs. */
  readonly table: number;
  readonly constants: number;
  readonly weights: readonly number[];
}

export class Instance {
  readonly #name: string;
  readonly #heap: Heap;
  readonly #blocks: [start: number, bytes: number][] = [];
  readonly #programs = new Map<ArtifactProgram, LoadedProgram>();
  readonly #tensors: Weights;
  readonly #weights = new Map<string, number>();

  /** `modules[i]` is that of program i. */
  constructor({ manifest, sections }: Artifact, modules: readonly WebAssembly.Module[], heap: Heap) {
    this.#name = manifest.name;
    this.#heap = heap;
    this.#tensors = new Weights(manifest, sections);
    for (const [i, program] of manifest.programs.entries()) {
      this.#programs.set(program, this.#load(program, modules[i]));
    }
  }

  /** Runs a program. Addresses of its arguments' leaves and of its results. */
  run(program: ArtifactProgram, inputs: readonly number[], outputs: readonly number[]): void {
    const loaded = this.#programs.get(program);
    if (loaded === undefined) throw new Error(`${this.#name} was disposed`);
    const { run, table, constants, weights } = loaded;
    const scratch = this.#heap.scratch(program.tempBytes);
    // After all allocations, as memory may have moved.
    const pointers = new Uint32Array(this.#heap.memory.buffer, table);
    pointers.set([scratch, constants, ...inputs, ...weights, ...outputs]);
    run(table);
  }

  dispose(): void {
    this.#programs.clear();
    for (const [start, bytes] of this.#blocks.splice(0)) this.#heap.release(start, bytes);
  }

  #load(program: ArtifactProgram, module: WebAssembly.Module): LoadedProgram {
    const heap = this.#heap;
    // This thread runs all grains of a kernel itself.
    const share = (table: number, kernel: number, count: number): void =>
      exported("grains")(table, kernel, 0, count);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: heap.memory, share } });
    const exported = (name: "run" | "grains"): ((...args: number[]) => void) => {
      const found = exports[name];
      if (typeof found !== "function") throw new ArtifactError(`the module exports no function ${name}`);
      return found as (...args: number[]) => void;
    };
    const run = exported("run");
    const constants = this.#put(constantSegment(program, (tensor) => this.#tensors.bytesOf(tensor)));
    const weights = program.weights.map((name) => this.#weight(name));
    const pointers = 2 + program.inputs.length + weights.length + program.outputs.length;
    const table = this.#put(new Uint8Array(4 * pointers));
    heap.scratch(program.tempBytes);
    return { run, table, constants, weights };
  }

  /** Where a weight is; programs of several sizes share it. */
  #weight(name: string): number {
    let start = this.#weights.get(name);
    if (start === undefined) {
      start = this.#put(this.#tensors.bytesOf(name));
      this.#weights.set(name, start);
    }
    return start;
  }

  /** The address of a copy that lives as long as this. */
  #put(bytes: Uint8Array): number {
    const start = this.#heap.put(bytes);
    this.#blocks.push([start, bytes.length]);
    return start;
  }
}
